"""What can happen to a call. Events are named in the past tense and carry plain facts.

Every event has `at_ms`: for what Asterisk saw, Asterisk's own time of it (wall clock,
milliseconds); for answers of the store or ledger and for timers, the time the engine took note.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.account import AccountView
from engine.core.diversion.caps import Cap
from engine.core.diversion.route import Found
from engine.core.identity import SignalledIdentity
from engine.core.verification import CallStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Base of all events."""

    at_ms: int


# --- telephony -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallArrived(Event):
    """A trunk's call to one of our numbers waits, unanswered, for orders; `leg` is its channel."""

    leg: str
    did: str
    trunk: str
    identity: SignalledIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRinging(Event):
    """The far side of a leg we dialled is being alerted."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegAnswered(Event):
    """A leg we dialled was answered, or the caller's leg is now answered by our order."""

    leg: str


class LegFailure(StrEnum):
    """Why a leg we dialled never answered (from SIP code and Q.850 cause)."""

    BUSY = "busy"
    NO_ANSWER = "no_answer"
    REJECTED = "rejected"
    UNREACHABLE = "unreachable"
    WRONG_NUMBER = "wrong_number"
    NETWORK = "network"


@dataclass(frozen=True, slots=True, kw_only=True)
class LegFailed(Event):
    """A leg we dialled is gone without an answer."""

    leg: str
    reason: LegFailure
    sip_code: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegEnded(Event):
    """A leg that stood (the caller's, or an answered one) is gone."""

    leg: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegJoined(Event):
    """A leg entered the conversation's bridge."""

    leg: str
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LegLeft(Event):
    """A leg left the conversation's bridge."""

    leg: str
    bridge: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptStarted(Event):
    """The `nth` prompt (from 0) of a playback of ours is to be heard from now on."""

    playback: str
    nth: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaybackEnded(Event):
    """A playback of ours is over; `complete` is false if it was stopped or its audio is missing."""

    playback: str
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DigitPressed(Event):
    """A key (`0-9*#`) was pressed on a leg."""

    leg: str
    digit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFailed(Event):
    """Asterisk refused or did not carry out an order for a leg or bridge, for good."""

    order: str
    target: str
    reason: str


# --- money ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFound(Event):
    """The caller's account, as the store sees it; `returning` if he has been here before, `blocked`
    if the organisation's staff let him in no more."""

    view: AccountView
    returning: bool
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstCallSettled(Event):
    """The first-call offer is ours (`granted`) or has been had already."""

    granted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PinChecked(Event):
    """Number and PIN entered by the caller fit an account, or do not (`view` is None); `blocked` as
    of `AccountFound`."""

    view: AccountView | None
    blocked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserved(Event):
    """The store's answer to `Reserve` number `step`: increments granted in all, and the account."""

    step: int
    granted_n: int
    view: AccountView


@dataclass(frozen=True, slots=True, kw_only=True)
class BalanceChanged(Event):
    """The account's balance or the holds on it changed; `credited_micros` if money came in."""

    view: AccountView
    credited_micros: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyUnreachable(Event):
    """Store or ledger did not answer `order` (an action's class name) within its time."""

    order: str
    step: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class CallSettled(Event):
    """The call's record, and what is booked of it, are durable."""


# --- agents --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentsClaimed(Event):
    """These agents (in ringing order, may be empty) are now ours to ring."""

    round: int
    agents: tuple[str, ...]


# --- the engine itself ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerFired(Event):
    """The timer `name`, set for `due_ms`, is due."""

    name: str
    due_ms: int


@dataclass(frozen=True, slots=True)
class LegFacts:
    """What Asterisk knows of a leg: alive or not, and when it was in the conversation's bridge."""

    leg: str
    alive: bool
    answered: bool = False
    ended_ms: int | None = None
    joined_ms: int | None = None
    left_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAdopted(Event):
    """This engine took the call over: what Asterisk (`legs`) and the store (`view`) know."""

    legs: tuple[LegFacts, ...]
    view: AccountView | None
    granted_n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOrdered(Event):
    """A person (`by`), or the engine in its last moments (""), ends the call."""

    reason: str
    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarnOrdered(Event):
    """A person (`by`) wants both to hear how long they may talk on."""

    by: str


# --- verification --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class CallWanted(Event):
    """A call of ours is to be placed now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationTold(Event):
    """The verification knows of `step`. `over`: it needs no call any more; `verified`: proved."""

    step: CallStep
    over: bool
    verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeDrawn(Event):
    """The code to be spoken, its digits; kept out of snapshots and logs."""

    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeChecked(Event):
    """Whether the keyed code fits, and how many further tries there are."""

    fits: bool
    tries_left: int


# --- diversion -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteFound(Event):
    """What is known of the number that was called."""

    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAdmitted(Event):
    """The call holds `left_ms` of talk in all; None: the route's caps are reached. `cap` is the one
    that left no more."""

    left_ms: int | None
    cap: Cap | None = None
