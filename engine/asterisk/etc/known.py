"""What an Asterisk 22 with our `modules.conf` can do in a dialplan.

The lists hold for the modules of `engine.asterisk.dialplan`; a test compares them with what a
running Asterisk says of itself. Asterisk tells them over AMI only to a user who may run commands,
which the engine's may not.
"""

_APPLICATIONS = """
    AGI Answer BackGround Bridge Busy CallCompletionCancel CallCompletionRequest ClearHash
    Congestion DeadAGI EAGI ExecIfTime Gosub GosubIf Goto GotoIf GotoIfTime Hangup Incomplete
    MessageSend MSet MusicOnHold NoOp PJSIPHangup Playback Proceeding Progress RaiseException
    Return Ringing SayAlpha SayAlphaCase SayDigits SayMoney SayNumber SayOrdinal SayPhonetic Set
    StackPop StartMusicOnHold Stasis StasisBroadcast StopMusicOnHold Wait WaitDigit WaitExten
"""

_FUNCTIONS = """
    AMI_CLIENT ARRAY CALLERID CHANNEL CHANNELS CHANNEL_EXISTS CONNECTEDLINE CSV_QUOTE DELETE
    EVAL EXCEPTION EXISTS FEATURE FEATUREMAP FIELDNUM FIELDQTY FILTER HASH HASHKEYS IF IFTIME
    IMPORT ISNULL KEYPADHASH LEN LISTFILTER LOCAL LOCAL_PEEK LOG_GROUP LTRIM MASTER_CHANNEL
    MESSAGE MESSAGE_DATA PASSTHRU PJSIP_DIAL_CONTACTS PJSIP_DTMF_MODE PJSIP_HEADER PJSIP_HEADERS
    PJSIP_HEADER_PARAM PJSIP_INHERITABLE_HEADER PJSIP_MEDIA_OFFER PJSIP_MOH_PASSTHROUGH
    PJSIP_PARSE_URI PJSIP_PARSE_URI_FROM PJSIP_RESPONSE_HEADER PJSIP_RESPONSE_HEADERS
    PJSIP_SEND_SESSION_REFRESH PJSIP_TRANSFER_HANDLING POP PUSH QUOTE REDIRECTING REGEX REPLACE
    RTRIM SET SHIFT STACK_PEEK STRBETWEEN STRFTIME STRPTIME STRREPLACE TESTTIME TIMEOUT TOLOWER
    TOUPPER TRIM UNSHIFT VARIABLE_EXISTS
"""

APPLICATIONS = frozenset(_APPLICATIONS.split())
FUNCTIONS = frozenset(_FUNCTIONS.split())
