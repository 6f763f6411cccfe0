"""What people type into filters and forms: days, numbers, amounts, one of a few words."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import TypeVar

from engine.core.instant import YEARS
from engine.core.money import parse_micros
from engine.core.number import HOME_REGION, classify, meant_number
from engine.errors import CallerError
from engine.web.console.asked import Asked
from engine.web.console.wording import ZONE

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first` to `last`, both included, either of them open."""

    first: date | None
    last: date | None

    @property
    def from_ms(self) -> int | None:
        """When they begin."""
        return start_ms(self.first) if self.first else None

    @property
    def to_ms(self) -> int | None:
        """When they are over."""
        return start_ms(self.last + timedelta(days=1)) if self.last else None


def wanted_days(asked: Asked) -> Days:
    """The days that the address asks for by `from` and `to`."""
    return Days(day_of(asked.wanted("from")), day_of(asked.wanted("to")))


def day_of(text: str) -> date | None:
    """A day as a date field gives it; what is none filters nothing."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in YEARS else None


def start_ms(day: date) -> int:
    """When a day begins, where the operator is."""
    return int(datetime.combine(day, time(), ZONE).timestamp()) * 1000


def today(asked: Asked) -> date:
    """The day it is, where the operator is."""
    return datetime.fromtimestamp(asked.site.clock.now().wall_ms // 1000, ZONE).date()


def word_of(kind: type[Word], text: str) -> Word | None:
    """One of a few words; None for anything else."""
    return kind(text) if text in {word.value for word in kind} else None


def digits_of(text: str) -> str:
    """The digits of a part of a number as E.164 has them: a 0 in front is for dialling alone."""
    return re.sub("[^0-9]", "", text.replace("(0)", "")).lstrip("0")


def number_of(text: str, field: str = "number") -> str:
    """The number that was typed, in E.164; `CallerError` with what was probably meant."""
    info = classify(text, HOME_REGION)
    if info.e164 is not None:
        return info.e164
    meant = meant_number(info)
    raise CallerError(f"did you mean {meant}?" if meant else info.reason or "is none", field)


def amount_of(text: str, field: str = "amount", minimum: int | None = 0) -> int:
    """The micro-units of an amount typed with a point or a comma (`12.50`, `12,50`)."""
    point = text.replace(",", ".", 1) if "." not in text else text
    return parse_micros(point.replace("−", "-"), field=field, minimum=minimum)
