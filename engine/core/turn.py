"""How a state table decides: the step in the making, and the handler that makes it.

Each service has its own record, states and table (`TRANSITIONS`, `COMMON`, `ENTRIES`); how an event
finds its handler, and how states are entered, is the same for all.
"""

from abc import abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from engine.core import events as e
from engine.core.actions import Action
from engine.core.call import Now, derived_id

Decision = TypeVar("Decision")


class Record(Protocol):
    """The part of a call's record that a step needs; `made` counts the ids made so far."""

    @property
    def call_id(self) -> str: ...

    @property
    def state(self) -> StrEnum: ...

    @property
    def made(self) -> int: ...


Call = TypeVar("Call", bound=Record)
State = TypeVar("State", bound=StrEnum)


class Turn(Generic[Call, State]):
    """One step in the making: the call as it becomes and the orders so far."""

    def __init__(self, call: Call, now: Now) -> None:
        self.call = call
        self.now = now
        self.actions: list[Action] = []
        self.entered = False

    @abstractmethod
    def change(self, **changes: Any) -> None:
        """Replace fields of the call."""

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


def decided_by(
    state: StrEnum,
    event: e.Event,
    transitions: Mapping[Any, Decision],
    common: Mapping[Any, Decision],
) -> Decision | None:
    """The handler of an event (a timer's by its name) in a state; the state's own goes first."""
    key = event.name if isinstance(event, e.TimerFired) else type(event)
    return transitions.get((state, key)) or common.get((state, key))
