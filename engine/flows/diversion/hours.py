"""The times of a week at which a target answers, as they are typed and shown."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import ValidationError

from engine.core.inventory import Span
from engine.errors import CallerError
from engine.flows.config.hours import WEEKDAYS, HoursInFile

Times = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Days that follow each other with the same times; Monday is 0, both days included."""

    first: int
    last: int
    times: Times

    @property
    def clocks(self) -> str:
        """The times as clocks show them: `09:00-12:30, 14:00-18:00`."""
        return ", ".join(f"{clock(opens)}-{clock(closes)}" for opens, closes in self.times)


def stretches(spans: Sequence[Span]) -> Iterator[Stretch]:
    """The week from Monday on; days without times are left out."""
    week = [(day, _times(spans, day)) for day in range(len(WEEKDAYS))]
    for times, alike in groupby(week, key=lambda one: one[1]):
        days = [day for day, _ in alike]
        if times:
            yield Stretch(days[0], days[-1], times)


def typed(spans: Sequence[Span]) -> str:
    """The times as `read` reads them, a line for each stretch: `mon-fri: 09:00-17:30`."""
    return "\n".join(f"{_days(one)}: {one.clocks}" for one in stretches(spans))


def read(text: str, field: str) -> tuple[Span, ...]:
    """The times that were typed; none: always. Raises `CallerError`."""
    week: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        days, _, times = line.partition(":") if ":" in line.split()[0] else line.partition(" ")
        week.setdefault(days.strip(), []).extend(map(str.strip, times.split(",")))
    try:
        return HoursInFile.model_validate({"open": week}).built().spans
    except ValidationError:
        raise CallerError("must be lines such as mon-fri: 09:00-17:30", field) from None


def _times(spans: Sequence[Span], day: int) -> Times:
    return tuple(sorted((s.opens_min, s.closes_min) for s in spans if s.weekday == day))


def _days(one: Stretch) -> str:
    first, last = WEEKDAYS[one.first], WEEKDAYS[one.last]
    return first if first == last else f"{first}-{last}"


def clock(minutes: int) -> str:
    """Minutes since midnight as a clock shows them: `09:00`."""
    return f"{minutes // 60:02}:{minutes % 60:02}"
