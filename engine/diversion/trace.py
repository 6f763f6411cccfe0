"""What would happen to a diverted call: its state machine, driven through an imagined one.

It is driven twice (`engine.core.imagined`): first no target takes the call, so that each has its
turn; then the first one takes it, and nobody hangs up. What comes before that is told once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from engine.core import actions as a
from engine.core import events as e
from engine.core.diversion.route import Found
from engine.core.imagined import Answers, Step, Value, World
from engine.core.number import mask
from engine.diversion.call import DivertedCall, State


@dataclass(kw_only=True)
class DivertedWorld(World[Any]):
    """What a house that knows its number to be `found` answers to a diverted call's orders.

    With `takes` the first target takes the call, and nothing is told before it does.
    """

    other: ClassVar[str] = "target"

    found: Found
    takes: bool
    dialled: bool = False

    def stands(self) -> bool:
        return self.call.state is State.RINGING_ON

    def note_state(self) -> None:
        call = self.call
        if self.dialled and not self.takes and call.state in (State.RINGING_ON, State.KEEPING):
            rings_on = call.state is State.RINGING_ON
            self.tell("nobody_takes", outcome=call.outcome, rings_on=rings_on)
        elif call.state is State.RINGING_ON:
            self.tell("rings_on", outcome=call.outcome)

    def tell(self, name: str, **values: Value) -> None:
        if self.dialled or not self.takes:
            super().tell(name, **values)

    def find(self, order: a.FindRoute) -> None:
        self.waiting.append(e.RouteFound(at_ms=self.now_ms, found=self.found))

    def dial(self, order: a.DialOut) -> None:
        self.dialled = True
        if self.takes:
            self.tell("target_takes", target=order.e164)
            self.waiting.append(e.LegAnswered(at_ms=self.now_ms, leg=order.leg))
            return
        self.tell(
            "target",
            place=self.call.nth + 1,
            target=order.e164,
            ring_timeout_s=order.ring_timeout_s,
            shown=_told(self.call, order.show_number),
            shows_caller=order.show_number == self.call.caller,
        )

    def keep(self, order: a.KeepForwarded | a.KeepTracked) -> None:
        call = self.call
        if call.joined_ms is not None:
            talk_s = (call.ended_ms - call.joined_ms) // 1000
            self.tell("talk_ended", outcome=call.outcome, talk_s=talk_s)
        self.waiting.append(e.CallSettled(at_ms=self.now_ms))

    ANSWERS: ClassVar[Answers] = {
        **World.ANSWERS,
        a.FindRoute: find,
        a.DialOut: dial,
        a.KeepForwarded: keep,
        a.KeepTracked: keep,
    }
    answers: ClassVar[Answers] = ANSWERS


def run_twice(world: Callable[..., DivertedWorld]) -> tuple[Step, ...]:
    """What is told of a call that no target takes, then that the first one does, if one rang."""
    untaken = world(takes=False)
    untaken.run()
    if not untaken.dialled:
        return tuple(untaken.steps)
    taken = world(takes=True)
    taken.run()
    return (*untaken.steps, *taken.steps)


def caller_of(call: DivertedCall) -> Step:
    """Who calls, as he may be told of."""
    number = _told(call, call.caller)
    return Step(name="caller_number", values={"number": number, "withheld": call.withheld})


def _told(call: DivertedCall, number: str | None) -> str | None:
    """A number as it may be told: the caller's cut by three digits, or not at all."""
    if number is None or number != call.caller:
        return number
    return None if call.withheld else mask(number)
