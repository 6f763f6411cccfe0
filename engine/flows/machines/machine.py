"""What the shell needs to know of a service's machine; all else of a call is the service's own."""

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

import msgspec

from engine.core.account import AccountView
from engine.core.actions import Action
from engine.core.call import LiveCall, Now
from engine.core.events import CallArrived, Event
from engine.core.inventory import Inventory
from engine.core.quota import Meter
from engine.flows.errands import CallTerms
from engine.flows.machines.seen import LiveCall as Seen
from engine.flows.measures.call import Measures
from engine.ports.metrics import Metrics
from engine.ports.people.commands import CallOrder, Outcome

Call = TypeVar("Call", bound=LiveCall)


class Machine(ABC, Generic[Call]):
    """A service's calls, in the shell's hands. Pure. The defaults are for calls without money.

    `kind` names it in every snapshot; `record` is what its calls are. `asks_first`: whether a call
    has reached the service is known once the books were asked.
    """

    kind: ClassVar[str]
    asks_first: ClassVar[bool] = False
    record: type[Call]

    def begin(self, event: CallArrived, call_id: str, inventory: Inventory) -> Call | None:
        """The call that begins with an arrival, None if its number is none of the service's.

        Raises `ValueError` if the service lacks what it needs.
        """
        return None

    @abstractmethod
    def step(self, call: Call, event: Event, now: Now) -> tuple[Call, tuple[Action, ...]]:
        """What the call becomes by one event, and its orders."""

    @abstractmethod
    def is_expected(self, call: Call, event: Event) -> bool:
        """Whether the event is decided about, or deliberately ignored, as the call stands."""

    @abstractmethod
    def terms(self, call: Call) -> CallTerms:
        """What the call's orders need to know of it."""

    @abstractmethod
    def service(self, call: Call) -> str:
        """The name of the service that the call is counted for."""

    def measures(self, metrics: Metrics, call: Call) -> Measures:
        """What sees the call's steps."""
        return Measures(metrics)

    @abstractmethod
    def legs(self, call: Call) -> tuple[str, ...]:
        """Every leg the call knows of."""

    @abstractmethod
    def seen(self, call: Call, engine: str, view: AccountView | None, at_ms: int) -> Seen:
        """The call that `engine` has, as supervisors and agents see it."""

    def outcome(self, order: CallOrder, before: Call, after: Call, now_ms: int) -> Outcome:
        """What came of a person's order by the step it led to; most calls can only be ended."""
        if order is CallOrder.END and after.state != before.state:
            return Outcome.DONE
        return Outcome.GONE if before.finished else Outcome.NOT_TALKING

    def role(self, call: Call, leg: str) -> str:
        """Who is on a leg, as the log says it; a call that arrived is named by its caller's leg."""
        return "caller" if leg == call.call_id else "agent"

    def agents(self, call: Call) -> tuple[str, ...]:
        """The agents the call has, by name."""
        return ()

    def meter(self, call: Call) -> Meter | None:
        """What counts the call's money, if it has any."""
        return None

    def is_settling(self, call: Call) -> bool:
        """Whether its end is being booked, or is booked."""
        return call.finished

    def knows(self, call: Call, view: AccountView) -> bool:
        """Whether the call has just this view of its account."""
        return False

    def encode(self, call: Call) -> bytes:
        """The call as it is written down, without what nobody may read."""
        return msgspec.json.encode(call)

    def decode(self, body: bytes) -> Call:
        """The call as it was written down."""
        return msgspec.json.decode(body, type=self.record)
