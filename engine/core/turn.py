"""How a state table decides: the step in the making, and the handler that makes it.

Each service has its own record, states and rows (`TRANSITIONS`, `COMMON`, `ENTRIES`, `IGNORED`);
how an event finds its handler, and how states are entered, is the same for all.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import Field, dataclass, replace
from enum import StrEnum
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now, derived_id


class Record(Protocol):
    """The part of a call's record, a frozen dataclass, that a step needs; `made` counts the ids
    made so far."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]

    @property
    def call_id(self) -> str: ...

    @property
    def state(self) -> StrEnum: ...

    @property
    def made(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmeteredCall:
    """What records of calls have in common that talk on nobody's money; a state `finished` ends
    each of them."""

    call_id: str
    state: StrEnum
    made: int = 0

    @property
    def account_id(self) -> None:
        """No account pays for it."""
        return

    @property
    def finished(self) -> bool:
        """Nothing is left to do."""
        return self.state == "finished"


Call = TypeVar("Call", bound=Record)
State = TypeVar("State", bound=StrEnum)


class Turn(Generic[Call, State]):
    """One step in the making: the call as it becomes and the orders so far."""

    def __init__(self, call: Call, now: Now) -> None:
        self.call = call
        self.now = now
        self.actions: list[Action] = []
        self.entered = False

    def change(self, **changes: Any) -> None:
        """Replace fields of the call."""
        self.call = replace(self.call, **changes)

    def go(self, state: State, **fields: Any) -> None:
        """Enter a state; what is ordered on entering it follows in the same step."""
        self.change(state=state, **fields)
        self.entered = True

    def take(
        self,
        decide: Callable[[Any, Any], None],
        event: e.Event,
        entries: Mapping[Any, Callable[[Any], None]],
    ) -> None:
        """Let a handler decide about an event, and enter every state that this leads to."""
        decide(self, event)
        while self.entered:
            self.entered = False
            enter = entries.get(self.call.state)
            if enter is not None:
                enter(self)

    def order(self, *actions: Action) -> None:
        """Give orders, after those given before."""
        self.actions.extend(actions)

    def new_id(self, kind: str) -> str:
        """The id of the call's next leg (`a`), bridge (`b`) or playback (`p`)."""
        self.change(made=self.call.made + 1)
        return derived_id(self.call.call_id, kind, self.call.made)


Handler = Callable[[Any, Any], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A service's rows. Those of the state alone go before the `common` ones; a call that is taken
    over is `adopted` in whatever state it is; `ignored` may come late to any state."""

    transitions: Mapping[Any, Handler]
    common: Mapping[Any, Handler]
    entries: Mapping[Any, Callable[[Any], None]]
    adopted: Handler
    ignored: Set[type[e.Event]]

    def decide(self, turn: Turn[Any, Any], event: e.Event) -> None:
        """Let the event's handler decide, if it has one, and enter what this leads to."""
        handler = self._handler(turn.call.state, event)
        if handler is not None:
            turn.take(handler, event, self.entries)

    def step(self, turn: Turn[Call, Any], event: e.Event) -> tuple[Call, tuple[Action, ...]]:
        """What the call becomes by the event, and the orders that follow."""
        self.decide(turn, event)
        return turn.call, tuple(turn.actions)

    def is_expected(self, state: StrEnum, event: e.Event) -> bool:
        """Whether this event is decided about or deliberately ignored in this state."""
        return self._handler(state, event) is not None or type(event) in self.ignored

    def _handler(self, state: StrEnum, event: e.Event) -> Handler | None:
        """The handler of an event, a timer's by its name."""
        if isinstance(event, e.CallAdopted):
            return self.adopted
        key = event.name if isinstance(event, e.TimerFired) else type(event)
        return self.transitions.get((state, key)) or self.common.get((state, key))
