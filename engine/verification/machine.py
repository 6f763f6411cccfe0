"""The verification call as a state table: what may happen in each state, and who decides about it.

A call has BEGUN; we are DIALING, it is RINGING. Who answers is ASKING-ed for a key: a mailbox
answers too, and presses none, so no code is ever spoken into one. After the key the code is
DRAWING and SPEAKING (twice, in groups), or the person is ENTERING the one his form shows, which is
CHECKING; where one key is all that is wanted, CHECKING waits for the verification alone. CLOSING
says good-bye, LEAVING ends the leg, REPORTING tells the verification how the call ended, until it
is known.

What the verification becomes is not decided here (`engine.verification.session`). An event that is
neither in the table nor in `IGNORED` is a fault of ours: it is counted, and the call goes on.
Answers follow RFC 3261, keys RFC 4733. Not handled: speech, and codes by any way but a call.
"""

from collections.abc import Callable, Mapping

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now
from engine.core.inventory import Merchant, Trunk
from engine.core.turn import Handler, Table
from engine.core.verification import Verification, call_id_of
from engine.verification import asking, dialling, leaving, proving
from engine.verification.call import State, Turn, VerificationCall

S = State
Key = tuple[State, type[e.Event] | str]

TRANSITIONS: Mapping[Key, Handler] = {
    (S.BEGUN, e.CallWanted): dialling.wanted,
    (S.DIALING, e.LegRinging): dialling.rings,
    (S.DIALING, e.LegAnswered): dialling.answered,
    (S.DIALING, e.LegFailed): dialling.failed,
    (S.DIALING, e.OrderFailed): dialling.not_dialled,
    (S.DIALING, "ring"): dialling.rung_too_long,
    (S.RINGING, e.LegAnswered): dialling.answered,
    (S.RINGING, e.LegFailed): dialling.failed,
    (S.RINGING, "ring"): dialling.rung_too_long,
    (S.ASKING, e.PlaybackEnded): asking.asked,
    (S.ASKING, e.DigitPressed): asking.key_pressed,
    (S.ASKING, "key"): asking.no_key,
    (S.DRAWING, e.CodeDrawn): proving.code_drawn,
    (S.SPEAKING, e.PlaybackEnded): proving.code_spoken,
    (S.ENTERING, e.PlaybackEnded): proving.code_asked_for,
    (S.ENTERING, e.DigitPressed): proving.digit_pressed,
    (S.ENTERING, "keypad"): proving.keypad_silent,
    (S.CHECKING, e.CodeChecked): proving.code_checked,
    (S.CHECKING, e.VerificationTold): leaving.key_told,
    (S.CLOSING, e.PlaybackEnded): leaving.closed,
    (S.LEAVING, e.LegEnded): leaving.gone,
    (S.LEAVING, e.LegFailed): leaving.gone,
    (S.LEAVING, "linger"): leaving.lingered,
    (S.REPORTING, e.VerificationTold): leaving.reported,
}

ENTRIES: Mapping[State, Callable[[Turn], None]] = {
    S.DIALING: dialling.enter_dialing,
    S.RINGING: dialling.enter_ringing,
    S.ASKING: asking.enter_asking,
    S.DRAWING: proving.enter_drawing,
    S.SPEAKING: proving.enter_speaking,
    S.ENTERING: proving.enter_entering,
    S.CHECKING: proving.enter_checking,
    S.CLOSING: leaving.enter_closing,
    S.LEAVING: leaving.enter_leaving,
    S.REPORTING: leaving.enter_reporting,
}
"""What is ordered on entering a state, and again when another engine takes the call over in it."""

STANDING = (S.ASKING, S.DRAWING, S.SPEAKING, S.ENTERING, S.CHECKING, S.CLOSING)
"""The states in which somebody has answered and is on the line."""


def _common() -> dict[Key, Handler]:
    """What is decided alike in many states."""
    common: dict[Key, Handler] = {}
    for state in (S.DIALING, S.RINGING, *STANDING):
        common[state, e.EndOrdered] = leaving.end_ordered
        common[state, "limit"] = leaving.took_too_long
    for state in (S.DIALING, S.RINGING, S.ASKING, S.DRAWING):
        common[state, e.VerificationTold] = leaving.verification_told
    for state in STANDING:
        common[state, e.LegEnded] = leaving.hung_up
        common[state, e.MoneyUnreachable] = leaving.fault
        common[state, "unheard"] = leaving.unheard
    return common


COMMON: Mapping[Key, Handler] = _common()

IGNORED: frozenset[type[e.Event]] = frozenset(
    {
        e.LegRinging,
        e.LegAnswered,
        e.LegEnded,
        e.LegFailed,
        e.PlaybackEnded,
        e.DigitPressed,
        e.TimerFired,
        e.OrderFailed,
        e.EndOrdered,
        e.WarnOrdered,
        e.VerificationTold,
        e.CodeDrawn,
        e.CodeChecked,
        e.MoneyUnreachable,
    }
)
"""Events that may come late to any state and then mean nothing."""

TABLE = Table(
    transitions=TRANSITIONS,
    common=COMMON,
    entries=ENTRIES,
    adopted=leaving.adopted,
    ignored=IGNORED,
)
is_expected = TABLE.is_expected


def begin(
    verification: Verification, merchant: Merchant, trunk: Trunk, now_ms: int
) -> VerificationCall:
    """The record of a call that is about to be placed for a verification."""
    assert verification.e164 is not None
    return VerificationCall(
        call_id=call_id_of(verification.verification_id, verification.calls),
        verification_id=verification.verification_id,
        call_n=verification.calls,
        organisation=verification.organisation,
        merchant=merchant.name,
        title=merchant.title or merchant.name,
        e164=verification.e164,
        mode=verification.mode,
        lang=verification.lang,
        trunk=trunk.name,
        show_number=trunk.caller_id,
        ring_timeout_s=merchant.ring_timeout_s,
        code_digits=verification.code_digits,
        begun_ms=now_ms,
    )


def step(
    call: VerificationCall, event: e.Event, now: Now
) -> tuple[VerificationCall, tuple[Action, ...]]:
    """What the call becomes by one event, and the orders that follow. Pure."""
    return TABLE.step(Turn(call, now), event)
