"""Where pages on numbers are, and how a refusal of theirs is shown."""

from typing import TypeVar

from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number
from engine.errors import CallerError

T = TypeVar("T")

NUMBERS = "/console/numbers"
CATALOGUE = f"{NUMBERS}/catalogue"


def path_of(number: Number) -> str:
    """A number's page."""
    return f"{NUMBERS}/{number.e164[1:]}"


def allowed(answer: T | Refused) -> T:
    """What was answered; a refusal is a `CallerError` that the page words by its reason."""
    if isinstance(answer, Refused):
        raise CallerError(answer.sentence, answer.reason)
    return answer
