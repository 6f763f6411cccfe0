"""What would happen to a call to a number of a sales channel: whose time it is, who is called."""

from functools import partial

from engine.core.diversion.route import Found, Tracking
from engine.core.events import CallArrived
from engine.core.imagined import Step, Value
from engine.diversion.trace import DivertedWorld, caller_of, run_twice
from engine.tracking import machine
from engine.tracking.call import TrackingCall
from engine.tracking.rules import on_duty


def trace(call: TrackingCall, arrived: CallArrived, found: Found) -> tuple[Step, ...]:
    """Step by step what would happen to a call that has just begun."""
    world = partial(DivertedWorld, machine.step, call, arrived, found=found)
    return (caller_of(call), *_duty(call, found), *run_twice(world))


def _duty(call: TrackingCall, found: Found) -> tuple[Step, ...]:
    """Who is to be called at that time of day, and who is not."""
    terms = found.route.terms if found.route is not None and not found.loops else None
    if not isinstance(terms, Tracking):
        return ()
    places = on_duty(terms, call.arrived_ms)
    on, off = (
        tuple(one.e164 for place, one in enumerate(terms.targets) if (place in places) is wanted)
        for wanted in (True, False)
    )
    values: dict[str, Value] = {
        "at_ms": call.arrived_ms,
        "timezone": terms.timezone,
        "on": on,
        "off": off,
    }
    return (Step(name="duty", values=values),)
