"""Sums as rows of a table and bars of a chart; pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from engine.ports.reading.sums import Bucket, CallSums

BAR_HEIGHT = 180
CHART_WIDTH = 1_000
LABELS_MOST = 16
WEEKDAYS = (
    "statistics.weekday_0",
    "statistics.weekday_1",
    "statistics.weekday_2",
    "statistics.weekday_3",
    "statistics.weekday_4",
    "statistics.weekday_5",
    "statistics.weekday_6",
)
"""What weekdays are called, from Monday on."""


class By(StrEnum):
    """What calls are told apart by."""

    DAY = "day"
    WEEKDAY = "weekday"
    HOUR = "hour"
    MONTH = "month"
    SERVICE = "service"

    @property
    def bucket(self) -> Bucket:
        """How the sums are asked for."""
        return Bucket.WHOLE if self is By.SERVICE else Bucket(self.value)


class Measure(StrEnum):
    """What a chart shows."""

    CHARGE = "charge"
    CALLS = "calls"
    MINUTES = "minutes"


@dataclass(frozen=True, slots=True)
class Sum:
    """Calls of one bucket (`name`), in one currency."""

    name: str
    calls: int = 0
    joined: int = 0
    charged_s: int = 0
    charge_micros: int = 0

    def value(self, measure: Measure) -> int:
        """What a chart shows of it: calls, whole minutes or micro-units."""
        match measure:
            case Measure.CALLS:
                return self.calls
            case Measure.MINUTES:
                return self.charged_s // 60
        return self.charge_micros


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar and, behind it, that of the period before; measures are of the drawing. Where there
    are many, only some have a label below (`is_labelled`)."""

    name: str
    x: int
    width: int
    height: int
    height_before: int
    is_labelled: bool


def gathered(sums: Iterable[CallSums], by: By, currency: str) -> dict[str, Sum]:
    """The sums of a currency by bucket (or by service), in the order they came."""
    found: dict[str, Sum] = {}
    for one in sums:
        if one.currency != currency:
            continue
        name = one.service if by is By.SERVICE else one.bucket
        so_far = found.get(name, Sum(name))
        found[name] = replace(
            so_far,
            calls=so_far.calls + one.calls,
            joined=so_far.joined + one.joined,
            charged_s=so_far.charged_s + one.charged_s,
            charge_micros=so_far.charge_micros + one.charge_micros,
        )
    return found


def total(sums: Iterable[Sum]) -> Sum:
    """All of them together."""
    listed = list(sums)
    return Sum(
        "",
        calls=sum(one.calls for one in listed),
        joined=sum(one.joined for one in listed),
        charged_s=sum(one.charged_s for one in listed),
        charge_micros=sum(one.charge_micros for one in listed),
    )


def names(by: By, first: date, last: date, services: Sequence[str]) -> list[str]:
    """Every bucket of the days from `first` to `last`, also those without calls."""
    return list(services) if by is By.SERVICE else by.bucket.names(first, last)


def paired(
    now: dict[str, Sum], before: dict[str, Sum], these: Sequence[str], those: Sequence[str]
) -> list[tuple[Sum, Sum]]:
    """Each bucket with the one in its place in the period before."""
    rows = []
    for at, name in enumerate(these):
        earlier = those[at] if at < len(those) else ""
        rows.append((now.get(name, Sum(name)), before.get(earlier, Sum(earlier))))
    return rows


def bars(values: Sequence[tuple[str, int, int]]) -> list[Bar]:
    """Values by name, each with the one before, as bars side by side, the highest as high as the
    drawing."""
    most = max((value for _, *pair in values for value in pair), default=0) or 1
    step = CHART_WIDTH // max(len(values), 1)
    every = -(-len(values) // LABELS_MOST)
    return [
        Bar(
            name=name,
            x=at * step + step // 8,
            width=max(step * 3 // 4, 2),
            height=BAR_HEIGHT * now // most,
            height_before=BAR_HEIGHT * before // most,
            is_labelled=at % every == 0,
        )
        for at, (name, now, before) in enumerate(values)
    ]
