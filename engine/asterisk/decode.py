"""What Asterisk says, in the engine's words: pure functions from its JSON to plain facts.

Times become milliseconds since 1970. Why a leg failed is read from the SIP answer first, which is
exact, and from the Q.850 cause only where no answer came (a dial's own status lumps 403, 404 and
603 together, and the cause of a hang-up request is a flag of Asterisk's, not Q.850).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from engine.asterisk.ari import api
from engine.core.actions import HangUpReason
from engine.core.events import LegFailure
from engine.core.identity import SignalledIdentity

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)

# Put on the channel by the dialplan: over REST one header that is missing fails the whole request.
# Two values are what RFC 3325 allows; a third is read to notice that there are too many.
ASSERTED = ("GROSCHEN_ASSERTED_1", "GROSCHEN_ASSERTED_2", "GROSCHEN_ASSERTED_3")
PRIVACY = "GROSCHEN_PRIVACY"
FROM = "GROSCHEN_FROM"
PRESENTATION = "CALLERID(num-pres)"
IDENTITY_VARIABLES = (*ASSERTED, PRIVACY, FROM, PRESENTATION)

HANG_UP_CAUSES: Mapping[HangUpReason, int] = {
    HangUpReason.NORMAL: 16,
    HangUpReason.BUSY: 17,
    HangUpReason.NO_ANSWER: 19,
    HangUpReason.REJECTED: 21,
    HangUpReason.UNALLOCATED: 1,
    HangUpReason.FAULT: 38,
}

_BY_SIP_CODE: Mapping[int, LegFailure] = {
    401: LegFailure.REJECTED,
    403: LegFailure.REJECTED,
    404: LegFailure.WRONG_NUMBER,
    407: LegFailure.REJECTED,
    408: LegFailure.NO_ANSWER,
    410: LegFailure.WRONG_NUMBER,
    480: LegFailure.NO_ANSWER,
    484: LegFailure.WRONG_NUMBER,
    486: LegFailure.BUSY,
    487: LegFailure.NO_ANSWER,
    600: LegFailure.BUSY,
    603: LegFailure.REJECTED,
    604: LegFailure.WRONG_NUMBER,
    607: LegFailure.REJECTED,
    608: LegFailure.REJECTED,
}
_BY_CAUSE: Mapping[int, LegFailure] = {
    1: LegFailure.WRONG_NUMBER,
    2: LegFailure.NETWORK,
    3: LegFailure.UNREACHABLE,
    16: LegFailure.NO_ANSWER,
    17: LegFailure.BUSY,
    18: LegFailure.NO_ANSWER,
    19: LegFailure.NO_ANSWER,
    20: LegFailure.UNREACHABLE,
    21: LegFailure.REJECTED,
    22: LegFailure.WRONG_NUMBER,
    26: LegFailure.NO_ANSWER,
    28: LegFailure.WRONG_NUMBER,
}


def event_of(raw: bytes | str) -> api.Event | None:
    """The event in a message of the event socket, None for a kind that is of no use here.

    Raises `msgspec.MsgspecError` if a kind that is used does not look as described.
    """
    kind = api.EVENTS.get(msgspec.json.decode(raw, type=api.Event).type)
    return None if kind is None else msgspec.json.decode(raw, type=kind)


def milliseconds(timestamp: str) -> int:
    """Milliseconds since 1970 of `2026-11-21T22:28:02.003+0000`."""
    return (datetime.fromisoformat(timestamp) - _EPOCH) // _MILLISECOND


def failure_of(cause: int, tech_cause: int | None) -> LegFailure:
    """Why a dialled leg was never answered, from the SIP answer code and the Q.850 cause."""
    if tech_cause is not None and tech_cause >= 300:
        if known := _BY_SIP_CODE.get(tech_cause):
            return known
        return LegFailure.UNREACHABLE if tech_cause < 500 else LegFailure.NETWORK
    return _BY_CAUSE.get(cause, LegFailure.NETWORK)


def sip_code_of(tech_cause: int | None) -> int | None:
    """The SIP answer, None where Asterisk only made the leg go."""
    return tech_cause if tech_cause is not None and tech_cause >= 300 else None


def identity_of(variables: Mapping[str, object]) -> SignalledIdentity:
    """The caller as the INVITE signalled him, from the values of `IDENTITY_VARIABLES`."""
    said = {name: str(variables.get(name) or "") for name in IDENTITY_VARIABLES}
    return SignalledIdentity(
        asserted=tuple(value for name in ASSERTED for value in values_of(said[name])),
        privacy=said[PRIVACY],
        from_user=said[FROM],
        presentation=said[PRESENTATION],
    )


def values_of(header: str) -> tuple[str, ...]:
    """The values of one header that may hold several, separated by commas (RFC 3261, 7.3.1).

    A comma in quotes or in angle brackets separates nothing.
    """
    values, start, quoted, bracketed, escaped = [], 0, False, False, False
    for at, char in enumerate(header):
        if escaped:
            escaped = False
        elif quoted:
            escaped, quoted = char == "\\", char != '"'
        elif char == '"':
            quoted = True
        elif char in "<>":
            bracketed = char == "<"
        elif char == "," and not bracketed:
            values.append(header[start:at])
            start = at + 1
    values.append(header[start:])
    return tuple(value.strip() for value in values if value.strip())
