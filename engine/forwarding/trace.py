"""What would happen to a call to a toll-free number, who is put through told before it is.

Under the route's caps there is room: nothing of its day and month is used up.
"""

from functools import partial
from typing import ClassVar

from engine.core import actions as a
from engine.core import events as e
from engine.core.diversion.route import Forwarding, Found
from engine.core.imagined import Answers, Step
from engine.diversion.trace import DivertedWorld, caller_of, run_twice
from engine.forwarding import machine
from engine.forwarding.call import ForwardingCall
from engine.forwarding.rules import talk_most_ms


def trace(call: ForwardingCall, arrived: e.CallArrived, found: Found) -> tuple[Step, ...]:
    """Step by step what would happen to a call that has just begun."""
    world = partial(_World, machine.step, call, arrived, found=found)
    return (caller_of(call), *_policy(call, found), *run_twice(world))


def _policy(call: ForwardingCall, found: Found) -> tuple[Step, ...]:
    """The row of the policy that applies to the caller."""
    terms = found.route.terms if found.route is not None and not found.loops else None
    if not isinstance(terms, Forwarding):
        return ()
    verdict = terms.policy.verdict(call.caller_class)
    values = {"caller_class": call.caller_class.value, "verdict": verdict.value}
    return (Step(name="policy", values=values),)


class _World(DivertedWorld):
    def admit(self, order: a.AdmitForwarded) -> None:
        caps = order.terms.caps
        self.tell(
            "caps",
            calls_at_once=caps.calls_at_once,
            minutes_a_day=caps.minutes_a_day,
            minutes_a_month=caps.minutes_a_month,
            timezone=order.terms.timezone,
        )
        left_ms = talk_most_ms(caps.left_ms(day_ms=0, month_ms=0))
        self.waiting.append(e.CallAdmitted(at_ms=self.now_ms, left_ms=left_ms))

    answers: ClassVar[Answers] = {**DivertedWorld.ANSWERS, a.AdmitForwarded: admit}
