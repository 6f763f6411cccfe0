"""Test mode: numbers nobody has, and how a call to each of them always goes. Pure.

They are of a range that the German regulator keeps free of subscribers (Bundesnetzagentur,
Mitteilung 148/2021: 030 23125 000 to 999). A call to one is told as a real one is, by its news,
but nobody is dialled. The code is always the first digits of `1234567890`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

from engine.core.number import classify
from engine.core.verification import CallStep, Failure, Mode

DIGITS = "1234567890"
STEP_MS = 700


@dataclass(frozen=True, slots=True)
class Scene:
    """What a rehearsed call tells, `at_ms` after it was placed; `keyed`: the code is keyed in."""

    at_ms: int
    step: CallStep
    failure: Failure | None = None
    keyed: bool = False


_FAILS: Mapping[str, Failure] = {
    "+493023125002": Failure.BUSY,
    "+493023125003": Failure.NO_ANSWER,
    "+493023125004": Failure.UNREACHABLE,
    "+493023125005": Failure.MACHINE,
    "+493023125006": Failure.REJECTED,
    "+493023125007": Failure.WRONG_NUMBER,
    "+493023125008": Failure.NETWORK,
}
PROVED = "+493023125001"
NUMBERS = (PROVED, *_FAILS)
_UNANSWERED = frozenset({Failure.BUSY, Failure.UNREACHABLE, Failure.WRONG_NUMBER, Failure.NETWORK})


def number_of(typed: str, region: str) -> str | None:
    """The test number that was typed, None if it is none."""
    e164 = classify(typed, region).e164
    return e164 if e164 in NUMBERS else None


def scenes(e164: str, mode: Mode) -> tuple[Scene, ...]:
    """How the call to a test number goes."""
    failure = _FAILS.get(e164)
    steps = [CallStep.DIALING]
    if failure not in _UNANSWERED:
        steps.append(CallStep.RINGING)
    if failure in (None, Failure.MACHINE, Failure.REJECTED):
        steps.append(CallStep.ANSWERED)
    if failure is None:
        steps.append(CallStep.KEY_PRESSED)
        steps += [CallStep.CODE_SPOKEN] if mode is Mode.SPEAK else []
    times = accumulate([0, *(STEP_MS for _ in steps)])
    keyed = mode is Mode.KEYPAD and failure is None
    return tuple(
        Scene(at_ms, step, failure if step is CallStep.ENDED else None, keyed and _ends(step))
        for at_ms, step in zip(times, [*steps, CallStep.ENDED], strict=True)
    )


def _ends(step: CallStep) -> bool:
    return step is CallStep.ENDED
