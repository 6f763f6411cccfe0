"""A premium call as it lives: its record, its states, and a step in the making.

`PremiumCall` is frozen and made of plain values only, so that any engine can read it back from
the store and go on. `Turn` collects what one step changes and orders.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any

from engine.core import turn
from engine.core.account import AccountView
from engine.core.actions import Action, FreeAgent, HangUp, Part
from engine.core.cdr import Disposition, Refusal
from engine.core.inventory import Agent, HuntGroup, Service, Trunk
from engine.core.prompt import Prompt
from engine.core.quota import Meter
from engine.core.rating import Rate
from engine.core.tariff import Line

HEARD_MOST = 200
ORDERED_MOST = 50


class State(StrEnum):
    """Where a call stands; `machine.TRANSITIONS` says what may happen in each."""

    ARRIVED = "arrived"
    FINDING = "finding"
    ENTERING = "entering"
    CLAIMING = "claiming"
    RESERVING = "reserving"
    REFUSING = "refusing"
    ANNOUNCING = "announcing"
    HUNTING = "hunting"
    BRIEFING = "briefing"
    JOINING = "joining"
    TALKING = "talking"
    CLOSING = "closing"
    HOLDING = "holding"
    LEAVING = "leaving"
    SETTLING = "settling"
    FINISHED = "finished"


SET_UP = (
    State.ARRIVED, State.FINDING, State.ENTERING, State.CLAIMING, State.RESERVING, State.REFUSING,
    State.ANNOUNCING,
)  # fmt: skip
"""The states before a caller knows the price."""

WAITING = (State.HUNTING, State.BRIEFING, State.JOINING)
"""The states in which an announced caller waits for an agent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls, as judged: `e164` is None if the signalling held no number at all.

    `verified`: the trunk's network vouches for it. `received` is what came, for the record.
    """

    leg: str
    did: str
    received: str
    e164: str | None
    verified: bool
    withheld: bool
    line: Line
    arrived_ms: int
    answered_ms: int | None = None
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLeg:
    """An agent who is rung, briefed, or talks."""

    name: str
    leg: str
    answered: bool = False
    gone: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Keypad:
    """What a caller has keyed in so far when he proves himself by number and PIN."""

    number: str = ""
    digits: str = ""
    tries: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """Orders of the last step that nobody may forget: whoever takes the call over repeats them."""

    hang_up: tuple[HangUp, ...] = ()
    part: tuple[Part, ...] = ()
    free: tuple[FreeAgent, ...] = ()

    @classmethod
    def of(cls, actions: Iterable[Action]) -> "Owed":
        orders = tuple(actions)
        return cls(
            hang_up=tuple(order for order in orders if isinstance(order, HangUp)),
            part=tuple(order for order in orders if isinstance(order, Part)),
            free=tuple(order for order in orders if isinstance(order, FreeAgent)),
        )

    @property
    def orders(self) -> tuple[Action, ...]:
        return (*self.part, *self.hang_up, *self.free)


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumCall:
    """One call to a premium line. Times are Asterisk's wall clock in milliseconds.

    `caller_ids` are the numbers that agents (by name) are shown where they must not see the
    caller's. `playback` is the playback the state waits for; `caller_whisper`/`agent_whisper` run
    inside the conversation. `step` numbers the reservations, `asked` says that one is under way,
    `short` that the last one gave less than the `wanted_n` increments. `must_hear` is what the
    running whisper tells the caller by law. `armed` are the warning thresholds (seconds) still
    due, `cut_ms` is when the money ends as far as is known, `told_ms` when a changed time was last
    told, `alive_ms` the last proof that the conversation went on. `looks` counts how often Asterisk
    was asked whether both are in the bridge, `looked` says that it has answered that they are not.
    `since_ms` is when the call came into its state, `ordered` what people ordered: when, who, what.
    """

    call_id: str
    state: State = State.ARRIVED
    service: Service
    trunk: Trunk
    group: HuntGroup
    agents: tuple[Agent, ...]
    caller_ids: dict[str, str] = field(default_factory=dict)
    currency: str
    config_version: int
    caller: Caller
    account_id: str | None = None
    returning: bool = False
    view: AccountView | None = None
    rate: Rate | None = None
    offer_asked: bool = False
    first_call: bool = False
    meter: Meter | None = None
    mono_since_ms: int | None = None
    clock_alarm: bool = False
    made: int = 0
    playback: str = ""
    keypad: Keypad = field(default_factory=Keypad)
    step: int = 0
    asked: bool = False
    wanted_n: int = 0
    short: bool = False
    announced_ms: int | None = None
    ringing: tuple[AgentLeg, ...] = ()
    accepted: bool = False
    looks: int = 0
    looked: bool = False
    tried: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    round: int = 1
    agent: AgentLeg | None = None
    served_by: tuple[str, ...] = ()
    bridge: str = ""
    in_bridge: tuple[str, ...] = ()
    entered_ms: int = 0
    joined_ms: int | None = None
    caller_whisper: str = ""
    agent_whisper: str = ""
    must_hear: tuple[Prompt, ...] = ()
    armed: tuple[int, ...] = ()
    cut_ms: int | None = None
    told_ms: int = 0
    price_told: bool = False
    limit_told: bool = False
    hold_until_ms: int | None = None
    rejoined: bool = False
    disposition: Disposition | None = None
    refusal: Refusal | None = None
    ended_ms: int | None = None
    heard: tuple[tuple[int, str, str], ...] = ()
    alive_ms: int = 0
    owed: Owed = field(default_factory=Owed)
    since_ms: int = 0
    ordered: tuple[tuple[int, str, str], ...] = ()

    @property
    def finished(self) -> bool:
        """Nothing is left to do and the record is durable."""
        return self.state is State.FINISHED

    @property
    def limit_ms(self) -> int | None:
        """When the forced end comes (§ 113 TKG): so many minutes after the connection."""
        if self.service.forced_end_min is None or self.caller.answered_ms is None:
            return None
        return self.caller.answered_ms + self.service.forced_end_min * 60_000

    def agent_named(self, name: str) -> Agent | None:
        return next((agent for agent in self.agents if agent.name == name), None)

    def rung(self, leg: str) -> AgentLeg | None:
        """The ringing agent on this leg."""
        return next((agent for agent in self.ringing if agent.leg == leg), None)


_NAMES = tuple(each.name for each in fields(PremiumCall))
_PLACES = {name: place for place, name in enumerate(_NAMES)}
_READ_ALL = attrgetter(*_NAMES)
_WRITERS = tuple(vars(PremiumCall)[name].__set__ for name in _NAMES)


def changed(call: PremiumCall, changes: Mapping[str, Any]) -> PremiumCall:
    """`dataclasses.replace` for calls, at a third of its time: a step changes fields ten times
    over, and all a call costs between its events is its steps. KeyError for an unknown field."""
    values = list(_READ_ALL(call))
    for name, value in changes.items():
        values[_PLACES[name]] = value
    new = object.__new__(PremiumCall)
    for write, value in zip(_WRITERS, values, strict=True):
        write(new, value)
    return new


class Turn(turn.Turn[PremiumCall, State]):
    """One step of a premium call in the making."""

    def change(self, **changes: Any) -> None:
        """Replace fields of the call."""
        self.call = changed(self.call, changes)

    def caller(self, **fields: Any) -> None:
        """Replace fields of the call's caller."""
        self.change(caller=replace(self.call.caller, **fields))

    def note_order(self, by: str, what: str) -> None:
        """Keep for the record what a person ordered."""
        ordered = (*self.call.ordered, (self.now.wall_ms, by, what))
        self.change(ordered=ordered[-ORDERED_MOST:])

    def note_heard(self, who: str, keys: Iterable[str]) -> None:
        """Keep for the record what `who` (caller or agent) is given to hear from now."""
        told = tuple((self.now.wall_ms, who, key) for key in keys)
        self.change(heard=(self.call.heard + told)[-HEARD_MOST:])
