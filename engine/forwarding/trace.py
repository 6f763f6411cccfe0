"""What would happen to a call to a toll-free number, who is put through told before it is.

Under the route's caps there is room: nothing of its day and month is used up.
"""

from functools import partial
from typing import ClassVar

from engine.core import actions as a
from engine.core import events as e
from engine.core.diversion.caps import Used, admission
from engine.core.diversion.route import Forwarding, Found
from engine.core.imagined import Answers, Step
from engine.core.money import format_shortest
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
        if self.call.joined_ms is None:
            self.tell(
                "caps",
                calls_at_once=caps.calls_at_once,
                minutes_a_day=caps.minutes_a_day,
                minutes_a_month=caps.minutes_a_month,
                timezone=order.terms.timezone,
            )
            if caps.cost is not None:
                self.tell(
                    "cost",
                    currency=caps.cost.currency,
                    a_day=format_shortest(caps.cost.a_day_micros),
                    a_month=format_shortest(caps.cost.a_month_micros),
                    minute=tuple(map(format_shortest, caps.cost.minute_micros)),
                )
        held_ms = self.call.talk_most_ms if self.call.joined_ms is not None else None
        price, wanted_ms = order.call.minute_micros, talk_most_ms(order.wanted_ms)
        told = admission(caps, Used(), price, wanted_ms, held_ms)
        self.waiting.append(e.CallAdmitted(at_ms=self.now_ms, left_ms=told.left_ms, cap=told.cap))

    answers: ClassVar[Answers] = {**DivertedWorld.ANSWERS, a.AdmitForwarded: admit}
