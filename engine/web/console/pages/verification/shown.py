"""A verification as its page tells it: the steps of its last call and its end. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from engine.core.verification import CallStep, Mode, Verification


@dataclass(frozen=True, slots=True)
class Step:
    """A step in its order: whether it was taken, and when, where that is known."""

    name: str
    is_done: bool
    at_ms: int | None = None


def steps(one: Verification) -> Iterator[Step]:
    """From its beginning over its last call to its end.

    Of a call that is over, only what has left a trace counts as taken: that it was answered, and
    that a code was told.
    """
    yield Step("begun", True, one.created_ms)
    if one.calls:
        for step in CallStep:
            if step is not CallStep.CODE_SPOKEN or one.mode is Mode.SPEAK:
                yield Step(step, _is_done(one, step), _at_ms(one, step))
    yield Step("finished", one.finished, one.ended_ms)


def _is_done(one: Verification, step: CallStep) -> bool:
    if one.step is None:
        return False
    if one.step is not CallStep.ENDED:
        order = tuple(CallStep)
        return order.index(step) <= order.index(one.step)
    match step:
        case CallStep.RINGING | CallStep.ANSWERED:
            return one.answered_ms is not None
        case CallStep.KEY_PRESSED | CallStep.CODE_SPOKEN:
            is_pressed = one.code_told or one.method is Mode.PRESS
            return one.answered_ms is not None and is_pressed
    return True


def _at_ms(one: Verification, step: CallStep) -> int | None:
    return {CallStep.ANSWERED: one.answered_ms, CallStep.ENDED: one.call_ended_ms}.get(step)
