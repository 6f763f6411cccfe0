"""A premium call as it lives: its record, its states, and a step in the making.

`PremiumCall` is frozen and made of plain values only, so that any engine can read it back from
the store and go on. `Turn` collects what one step changes and orders.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from operator import attrgetter
from typing import Any

from engine.core import turn
from engine.core.account import AccountView
from engine.core.actions import (
    Action,
    FreeAgent,
    HangUp,
    Part,
    Play,
    StopPlayback,
    Whisper,
)
from engine.core.cdr import Disposition, Refusal
from engine.core.course import (
    HEARD_MOST,
    SLICES_MOST,
    STAYS_MOST,
    Heard,
    Playing,
    Slice,
    Stay,
    bounded,
)
from engine.core.inventory import Agent, HuntGroup, Service, Trunk
from engine.core.prompt import Prompt
from engine.core.quota import Meter
from engine.core.rating import Rate, charge
from engine.core.tariff import Line

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
    `heard` is what each side was given to hear and what became of it, `playing` what is not over;
    `slices` are what was held when, `stays` who was joined when.
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
    heard: tuple[Heard, ...] = ()
    playing: tuple[Playing, ...] = ()
    slices: tuple[Slice, ...] = ()
    stays: tuple[Stay, ...] = ()
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

    @property
    def told(self) -> tuple[tuple[int, str, str], ...]:
        """What each side was given to hear so far: when it was ordered, who, which prompt."""
        now = [(one.ordered_ms, one.who, key) for one in self.playing for key in one.prompts]
        return tuple(sorted([*(row[:3] for row in self.heard), *now], key=lambda row: row[0]))

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

    def say(self, who: str, order: Play | Whisper) -> None:
        """Let `who` (caller or agent) hear prompts, and keep for the record what comes of it."""
        self.order(order)
        playing = Playing(
            playback=order.playback,
            leg=order.leg,
            who=who,
            lang=order.lang,
            ordered_ms=self.now.wall_ms,
            prompts=tuple(prompt.key() for prompt in order.prompts),
            begun_ms=(None,) * len(order.prompts),
        )
        self.change(playing=(*self.call.playing, playing))

    def stop(self, playback: str) -> None:
        """Stop a playback, if it still runs."""
        self.order(StopPlayback(playback=playback))
        self.note_playing(
            lambda one: one.stopped(self.now.wall_ms) if one.playback == playback else one
        )

    def note_playing(self, become: Callable[[Playing], Playing]) -> None:
        """Change what is kept of all that plays."""
        playing = tuple(become(one) for one in self.call.playing)
        if playing != self.call.playing:
            self.change(playing=playing)

    def note_heard(self, playing: Playing, rows: Iterable[Heard]) -> None:
        """Keep for the record what was heard of a playback that is over."""
        rest = tuple(one for one in self.call.playing if one is not playing)
        self.change(heard=bounded((*self.call.heard, *rows), HEARD_MOST + 1), playing=rest)

    def note_slice(self, at_ms: int) -> None:
        """Keep for the record what is held from now on, and until when that pays. What was held
        before the meter ran is told its end once it runs."""
        call = self.call
        if call.meter is None or call.meter.granted_n == 0:
            return
        until_ms = call.meter.paid_until_ms() if call.meter.running else None
        row = Slice(at_ms, charge(call.meter.rate, call.meter.granted_n), until_ms)
        *before, last = call.slices or (row,)
        if (last.held_micros, last.paid_until_ms) == (row.held_micros, None):
            rows = (*before, row._replace(at_ms=last.at_ms))
        else:
            rows = (*call.slices, row)
        self.change(slices=bounded(rows, SLICES_MOST + 1))

    def note_joined(self, agent: str, at_ms: int) -> None:
        """Keep for the record that an agent and the caller are in conversation."""
        self.change(stays=bounded((*self.call.stays, Stay(agent, at_ms)), STAYS_MOST + 1))

    def note_left(self, at_ms: int) -> None:
        """Keep for the record that they are so no more."""
        *before, last = self.call.stays or (None,)
        if last is not None and last.left_ms is None:
            self.change(stays=(*before, last._replace(left_ms=max(at_ms, last.joined_ms))))
