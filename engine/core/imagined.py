"""A call that nobody makes, and what would happen in it: what every service's trace is made of.

Pure, and no second set of rules: the service's own `step` decides, and the `World` only gives the
answers that a house would give if everything went well. What is said takes no time here.
"""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from engine.core import actions as a
from engine.core import events as e
from engine.core.call import Now
from engine.core.calling import called
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Inventory, Trunk
from engine.core.number import classify
from engine.core.prompt import Prompt
from engine.errors import CallerError

MOST_STEPS = 5_000
LEG = "imagined"

Value = str | int | bool | None | tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Imagined:
    """The call that is asked about. `dialled` and `caller` as people write numbers in the trunk's
    country; no caller is one without any number. `balance_micros` None: enough for the longest
    call. `returning`: he has had the first-call offer. `trunk` empty: the first there is."""

    dialled: str
    at_ms: int
    caller: str = ""
    trunk: str = ""
    withheld: bool = False
    returning: bool = False
    balance_micros: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that happens. `name` is a stable word, `values` are its facts, `says` what `who`
    (caller, agent or target) then hears in `lang`; `talked_s` is the time since both were
    joined."""

    name: str
    values: Mapping[str, Value]
    talked_s: int | None = None
    who: str = ""
    lang: str = ""
    says: tuple[Prompt, ...] = ()


def trunk_of(imagined: Imagined, inventory: Inventory) -> Trunk:
    """The trunk the call comes in by. `CallerError` if there is none (of that name)."""
    if not imagined.trunk and inventory.trunks:
        return inventory.trunks[0]
    trunk = inventory.trunk(imagined.trunk)
    if trunk is None:
        raise CallerError("is no trunk in the operator's files", "trunk")
    return trunk


def arrived_of(imagined: Imagined, trunk: Trunk) -> e.CallArrived:
    """How the call arrives. `CallerError` for a caller's number that is none."""
    did = classify(imagined.dialled, trunk.region).e164 or imagined.dialled
    values: tuple[str, ...] = ()
    if imagined.caller:
        number = classify(imagined.caller, trunk.region).e164
        if number is None:
            raise CallerError("is no telephone number", "from")
        values = (f"<sip:{number}@{trunk.host}>",)
    shown = "" if imagined.withheld or not values else values[0]
    identity = SignalledIdentity(
        asserted=values,
        privacy="id" if imagined.withheld else "",
        from_user=shown or "<sip:anonymous@anonymous.invalid>",
    )
    return e.CallArrived(
        at_ms=imagined.at_ms, leg=LEG, did=did, trunk=trunk.name, identity=identity
    )


def begun(imagined: Imagined, trunk: Trunk) -> tuple[Step, Step]:
    """What is known of every call: the number, the trunk."""
    did = called(arrived_of(imagined, trunk), trunk)
    return (
        Step(name="number", values={"dialled": imagined.dialled, "did": did}),
        Step(name="trunk", values={"trunk": trunk.name, "vouches": trunk.vouches.value}),
    )


class Record(Protocol):
    """The part of a call's record that a world needs."""

    @property
    def state(self) -> StrEnum: ...

    @property
    def finished(self) -> bool: ...

    @property
    def joined_ms(self) -> int | None: ...


Call = TypeVar("Call", bound=Record)
Decide = Callable[[Call, e.Event, Now], tuple[Call, tuple[a.Action, ...]]]
Answers = Mapping[type[a.Action], Callable[[Any, Any], None]]


@dataclass
class World(Generic[Call]):
    """A house in which everything goes well, and what is worth telling of a call in it.

    A service's world has `answers` to its own orders beside `ANSWERS`; the others need none.
    `other` is whom the caller talks with.
    """

    other: ClassVar[str]
    answers: ClassVar[Answers]

    decide: Decide[Call]
    call: Call
    arrived: e.CallArrived
    steps: list[Step] = field(default_factory=list)
    waiting: deque[e.Event] = field(default_factory=deque)
    timers: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.now_ms = self.arrived.at_ms
        self.waiting.append(self.arrived)

    def run(self) -> None:
        """Step after step, until the call is over or there is nothing more to tell."""
        for _ in range(MOST_STEPS):
            if self.call.finished or self.stands():
                return
            event = self._next()
            if event is None:
                return
            before = self.call.state
            now = Now(self.now_ms, self.now_ms - self.arrived.at_ms)
            self.call, orders = self.decide(self.call, event, now)
            if self.call.state is not before:
                self.note_state()
            for order in orders:
                answer = self.answers.get(type(order))
                if answer is not None:
                    answer(self, order)

    def stands(self) -> bool:
        """Whether the caller has to do something now."""
        return False

    def note_state(self) -> None:
        """Tell of a state that the call has come into."""

    def _next(self) -> e.Event | None:
        """What happens next: an answer that waits, else the timer that is due first."""
        if self.waiting:
            return self.waiting.popleft()
        if not self.timers:
            return None
        name = min(self.timers, key=lambda each: self.timers[each])
        due_ms = self.timers.pop(name)
        self.now_ms = max(self.now_ms, due_ms)
        return e.TimerFired(at_ms=self.now_ms, name=name, due_ms=due_ms)

    # --- what is told --------------------------------------------------------------------

    def tell(self, name: str, **values: Value) -> None:
        """Something happens now."""
        self.steps.append(Step(name=name, values=values, talked_s=self._talked_s()))

    def _hear(self, leg: str, lang: str, prompts: tuple[Prompt, ...]) -> None:
        told = Step(
            name="hears",
            values={"prompts": tuple(prompt.key() for prompt in prompts)},
            talked_s=self._talked_s(),
            who="caller" if leg == LEG else self.other,
            lang=lang,
            says=prompts,
        )
        self.steps.append(told)

    def _talked_s(self) -> int | None:
        joined_ms = self.call.joined_ms
        return None if joined_ms is None else (self.now_ms - joined_ms) // 1000

    # --- how the house answers -----------------------------------------------------------

    def play(self, order: a.Play | a.Whisper) -> None:
        """It is heard to its end."""
        self._hear(order.leg, order.lang, order.prompts)
        ended = e.PlaybackEnded(at_ms=self.now_ms, playback=order.playback, complete=True)
        self.waiting.append(ended)

    def _answer(self, order: a.Answer) -> None:
        self.tell("answered")
        self.waiting.append(e.LegAnswered(at_ms=self.now_ms, leg=order.leg))

    def _join(self, order: a.Join) -> None:
        for leg in order.legs:
            joined = e.LegJoined(at_ms=self.now_ms, leg=leg, bridge=order.bridge)
            self.waiting.append(joined)

    def _hang_up(self, order: a.HangUp) -> None:
        if order.leg == LEG:
            self.tell("hung_up", reason=order.reason.value)

    def _set_timer(self, order: a.SetTimer) -> None:
        self.timers[order.name] = order.at_ms

    def _cancel_timer(self, order: a.CancelTimer) -> None:
        self.timers.pop(order.name, None)

    ANSWERS: ClassVar[Answers] = {
        a.Play: play,
        a.Whisper: play,
        a.Answer: _answer,
        a.Join: _join,
        a.HangUp: _hang_up,
        a.SetTimer: _set_timer,
        a.CancelTimer: _cancel_timer,
    }
    """What every service's orders are answered with."""
