"""What a call can order. Actions are imperatives; the shell carries them out in their order.

Ids of legs, bridges and playbacks are made by the call before the order is sent, so a repeated
order is the same order. An order that fails for good comes back as `OrderFailed` or
`MoneyUnreachable`; nothing here raises into a step.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.diversion.record import ForwardedCall
from engine.core.diversion.route import Forwarding
from engine.core.probe import Probe
from engine.core.prompt import Prompt
from engine.core.quota import Meter
from engine.core.tracked import TrackedCall
from engine.core.verification import CallNews


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Base of all actions."""


# --- telephony -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer(Action):
    """Answer the caller's leg (SIP 200); outcome `LegAnswered`."""

    leg: str


class HangUpReason(StrEnum):
    """Why we end a leg; `asterisk` turns it into a Q.850 cause, and so a SIP code before answer."""

    NORMAL = "normal"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNALLOCATED = "unallocated"
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUp(Action):
    """End a leg, ringing or answered; outcome `LegEnded` or `LegFailed`. Gone already is fine."""

    leg: str
    reason: HangUpReason = HangUpReason.NORMAL


@dataclass(frozen=True, slots=True, kw_only=True)
class IndicateRinging(Action):
    """Let the unanswered caller hear ringing (SIP 180)."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Play(Action):
    """Play prompts one after the other on a leg that is in no bridge (as early media if it is
    unanswered); outcome one `PlaybackEnded` for all of them, and if they are `noted` a
    `PromptStarted` for each before."""

    leg: str
    playback: str
    prompts: tuple[Prompt, ...]
    lang: str
    noted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper(Action):
    """Play prompts to one leg in the conversation, mixed into it, unheard by the other leg;
    outcomes as of `Play`."""

    leg: str
    playback: str
    prompts: tuple[Prompt, ...]
    lang: str
    noted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StopPlayback(Action):
    """Stop a playback; it ends with `PlaybackEnded(complete=False)`. Over already is fine."""

    playback: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StartMusic(Action):
    """Let a leg outside the bridge hear music on hold."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMusic(Action):
    """End the music on hold of a leg."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialAgent(Action):
    """Call an agent on a new leg; outcomes `LegRinging`, `LegAnswered`, `LegFailed`.

    The agent is shown `show_number` (E.164) or, if None, the service's own number: that of a
    caller who withholds it is never in here. `deadline_ms` ends the leg inside Asterisk if nobody
    moves it.
    """

    leg: str
    agent: str
    ring_timeout_s: int
    show_number: str | None
    show_name: str
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Join(Action):
    """Make the bridge if it is not there and put the legs into it; outcome `LegJoined` for each."""

    bridge: str
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Part(Action):
    """Take the legs out of the bridge at once and destroy it; outcome `LegLeft` for each."""

    bridge: str
    legs: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDeadline(Action):
    """Let Asterisk itself end the leg at `at_ms` (wall clock) if no later order moves this."""

    leg: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CompareLegs(Action):
    """Ask the switch how the call's legs stand, since an event that was due has not come; outcome
    `CallAdopted`."""

    legs: tuple[str, ...]


# --- time ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTimer(Action):
    """Send `TimerFired(name)` at `at_ms` (wall clock); replaces the timer of that name."""

    name: str
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelTimer(Action):
    """Forget the timer of that name, set or not."""

    name: str


# --- money ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAccount(Action):
    """Find or open a verified number's account in a billing profile; outcome `AccountFound`."""

    profile: str
    e164: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckPin(Action):
    """Compare number and PIN entered by the caller; outcome `PinChecked`."""

    profile: str
    number: str
    pin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimFirstCall(Action):
    """Claim the first-call offer of a caller list for a number; outcome `FirstCallSettled`.

    With `days` the offer holds for all calls within that many days of the first.
    """

    caller_list: str
    e164: str
    days: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFirstCall(Action):
    """Give a claimed offer back, because charging never began."""

    caller_list: str
    e164: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve(Action):
    """Raise the call's hold; outcome `Reserved` with the same `step`.

    `levels[i]` is R(granted_n + 1 + i) in micro-units: the hold after that many increments. The
    store takes the highest level that a fair share of what is available covers, but offers at
    least `least` increments where they fit. Empty `levels` only writes the meter.
    """

    step: int
    meter: Meter
    levels: tuple[int, ...]
    least: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchAccount(Action):
    """From now on send `BalanceChanged` for this account."""

    account_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle(Action):
    """Write the record and book its charge once and for good; outcome `CallSettled`.

    Repeated until it succeeds; the hold stays until it has.
    """

    record: CallRecord


# --- agents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimAgents(Action):
    """Claim free agents of a hunt group to ring them; outcome `AgentsClaimed` with `round`.

    `exclude` are not wanted (tried already in this round), `only` limits to the named ones.
    """

    group: str
    round: int
    exclude: tuple[str, ...] = ()
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeAgent(Action):
    """Give an agent back; `talked` starts his wrap-up time."""

    agent: str
    talked: bool


# --- verification --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DialOut(Action):
    """Call an outside number (E.164) through a trunk, showing a number of the trunk's own;
    outcomes `LegRinging`, `LegAnswered`, `LegFailed`.

    `deadline_ms` ends the leg inside Asterisk if nobody moves it.
    """

    leg: str
    trunk: str
    e164: str
    show_number: str
    show_name: str
    ring_timeout_s: int
    deadline_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellVerification(Action):
    """Tell the call's verification how it stands, repeated until it is known; outcome
    `VerificationTold`."""

    news: CallNews


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawCode(Action):
    """Get the verification's code; outcome `CodeDrawn`, or `VerificationTold` if it is over."""

    verification_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCode(Action):
    """Compare a keyed code with the verification's; outcome `CodeChecked`."""

    verification_id: str
    code: str


# --- diversion -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class FindRoute(Action):
    """Look up who has a number and where its calls go; outcome `RouteFound`. `from_house`: the call
    shows the house's own number, and may be a probe of ours."""

    number: str
    from_house: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AdmitForwarded(Action):
    """Have a forwarded call hold a part of what its route's caps leave, before a target rings and
    again as it is talked away: `wanted_ms` of talk in all, or less. Outcome `CallAdmitted`."""

    call: ForwardedCall
    terms: Forwarding
    wanted_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepForwarded(Action):
    """Keep a forwarded call that is over, once and for good; outcome `CallSettled`."""

    call: ForwardedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class KeepTracked(Action):
    """Tell of a tracking call that is over, once and for good; outcome `CallSettled`.

    `caller` is his number, None if he withheld it; it is written down by nobody.
    """

    call: TrackedCall
    caller: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TellProbe(Action):
    """Tell how a probe came out, as far as its own leg has shown; outcome `CallSettled`."""

    probe: Probe
