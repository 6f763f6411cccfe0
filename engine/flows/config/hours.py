"""Opening hours as an operator writes them: `mon-fri: "09:00-18:00"`, holidays by date."""

import re
from itertools import pairwise
from typing import Annotated

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from engine.core.inventory import Hours, Span
from engine.flows.config.fields import Day, Strict, Timezone, refuse
from engine.flows.config.problems import closest, quoted

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY_MIN = 24 * 60
_TIMES = re.compile(r"([0-9]{1,2}):([0-9]{2})\s*-\s*([0-9]{1,2}):([0-9]{2})", re.ASCII)


def _read_days(value: object) -> str:
    """One weekday or a range of them, `sat-mon` too."""
    text = str(value).lower()
    for day in text.split("-"):
        if day not in WEEKDAYS:
            message = f"must be a weekday or a range such as mon-fri, not {quoted(text)}"
            meant = closest(day, WEEKDAYS)
            raise refuse("bad_weekday", message, meant and text.replace(day, meant))
    if text.count("-") > 1:
        raise refuse("bad_weekday", "must be a weekday or one range, such as mon-fri")
    return text


def _read_times(value: object) -> tuple[int, int]:
    """Minutes since midnight from and to; the end may lie after midnight and is then smaller."""
    message = 'must be times such as "09:00-18:00"'
    match = _TIMES.fullmatch(str(value).strip()) if isinstance(value, str) else None
    if match is None:
        shown = f", not {quoted(value)}" if isinstance(value, str) else ""
        raise refuse("bad_time", f"{message}{shown}")
    opens_h, opens_m, closes_h, closes_m = (int(part) for part in match.groups())
    opens_min, closes_min = opens_h * 60 + opens_m, closes_h * 60 + closes_m
    if max(opens_m, closes_m) > 59 or opens_min >= _DAY_MIN or closes_min > _DAY_MIN:
        raise refuse("bad_time", f"{message}, from 00:00 to 24:00, not {quoted(match[0])}")
    if opens_min == closes_min:
        raise refuse("bad_time", f"{message}; {quoted(match[0])} is no time at all")
    return opens_min, closes_min


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Days = Annotated[str, BeforeValidator(_read_days)]
Times = Annotated[tuple[int, int], BeforeValidator(_read_times), WithJsonSchema({"type": "string"})]
TimesOfDay = Annotated[
    list[Times],
    Field(min_length=1),
    BeforeValidator(_as_list),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]


class HoursInFile(Strict):
    """When a service is open; outside these hours, and on holidays, callers hear that it is not."""

    timezone: Timezone = Field("Europe/Berlin", description="IANA name of the local time")
    open: dict[Days, TimesOfDay] = Field(
        default_factory=dict,
        description=(
            "weekday or range of weekdays: times from-to (several as a list); a closing time "
            "before the opening time is the next day's; without any entry always open"
        ),
    )
    holidays: list[Day] = Field(
        default_factory=list, max_length=400, description="dates on which it is closed all day"
    )

    @model_validator(mode="after")
    def _no_overlap(self) -> "HoursInFile":
        spans = self._spans()
        for first, second in pairwise(spans):
            if first.weekday == second.weekday and second.opens_min < first.closes_min:
                day = WEEKDAYS[first.weekday]
                message = f"must not be open twice at a time (on {day})"
                raise refuse("hours_overlap", message, day=day)
        return self

    def built(self) -> Hours:
        return Hours(
            timezone=self.timezone,
            spans=tuple(self._spans()),
            holidays=tuple(sorted(set(self.holidays))),
        )

    def _spans(self) -> list[Span]:
        spans = [
            span
            for days, times in self.open.items()
            for weekday in _weekdays(days)
            for opens_min, closes_min in times
            for span in _day_spans(weekday, opens_min, closes_min)
        ]
        return sorted(spans, key=lambda span: (span.weekday, span.opens_min))


def _weekdays(days: str) -> list[int]:
    first, _, last = days.partition("-")
    begin, end = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
    return [(begin + n) % 7 for n in range((end - begin) % 7 + 1)]


def _day_spans(weekday: int, opens_min: int, closes_min: int) -> list[Span]:
    """One span, or two if it goes on after midnight."""
    if closes_min > opens_min:
        return [_span(weekday, opens_min, closes_min)]
    late = _span(weekday, opens_min, _DAY_MIN)
    return [late, _span((weekday + 1) % 7, 0, closes_min)] if closes_min else [late]


def _span(weekday: int, opens_min: int, closes_min: int) -> Span:
    return Span(weekday=weekday, opens_min=opens_min, closes_min=closes_min)
