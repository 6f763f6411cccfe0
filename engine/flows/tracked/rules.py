"""What a report may tell, and how it compares: pure rules over sums.

What is told of callers is told of groups alone. A group has at least as many callers as it has
first calls, so it is held against those: fewer than the organisation's `callers_least`, and it is
not shown. A sum is shown only if what it hides beside what is shown is no small group either, and
an origin only if what is left of its source beside those shown is none. Groups are the calls of a
source in a whole month that is over, and sums of those: of days chosen freely, or of a month that
goes on, the difference of two reports would tell of single callers.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.tracked import Counts, Origin
from engine.ports.tracked import OriginLine


@dataclass(frozen=True, slots=True)
class Days:
    """The days from `first`, before `after`."""

    first: date
    after: date

    @property
    def are_months(self) -> bool:
        """Whether they are whole months."""
        return self.first.day == 1 and self.after.day == 1

    def are_closed(self, closed: date) -> bool:
        """Whether they are whole months that were over by a day, with every call of theirs."""
        return self.are_months and self.after <= closed


def days_before(days: Days) -> Days:
    """As many days right before these; of whole months, as many months."""
    if not days.are_months:
        return Days(days.first - (days.after - days.first), days.first)
    months = (days.after.year - days.first.year) * 12 + days.after.month - days.first.month
    place = days.first.year * 12 + days.first.month - 1 - months
    return Days(date(place // 12, place % 12 + 1, 1), days.first)


def year_before(days: Days) -> Days:
    """The same days a year before; 29 February is the 28th then."""
    return Days(_year_before(days.first), _year_before(days.after))


def _year_before(day: date) -> date:
    return day.replace(year=day.year - 1, day=min(day.day, monthrange(day.year - 1, day.month)[1]))


def permille(part: int, whole: int) -> int | None:
    """A share in thousandths, rounded half up; None of nothing."""
    return None if not whole else (2000 * part + whole) // (2 * whole)


def mean(total: int, count: int) -> int | None:
    """A mean, rounded half up; None of nothing."""
    return None if not count else (2 * total + count) // (2 * count)


def may_tell(counts: Counts, callers_least: int) -> bool:
    """Whether the callers of a group may be told of."""
    return counts.firsts >= callers_least


def may_total(groups: Sequence[Counts], callers_least: int) -> bool:
    """Whether the callers of all groups together may be told of, beside those that are shown: what
    the sum would tell of the others is nothing, or of a group that is not small either."""
    hidden = [group.firsts for group in groups if not may_tell(group, callers_least)]
    return not hidden or sum(hidden) >= callers_least


@dataclass(frozen=True, slots=True)
class Callers:
    """First and repeated calls."""

    firsts: int
    repeats: int


@dataclass(frozen=True, slots=True)
class CallersTold:
    """What may be told of callers: of months (`2026-11`) and sources, None being all of them.

    A cell is None where nothing is told. What is told of several months is a sum of what is told
    of each, so that no two reports tell by their difference what neither does.
    """

    cells: Mapping[tuple[str, str | None], Callers | None]

    def of(self, source: str | None, month: str = "") -> Callers | None:
        """Of a source in a month, or in all of them."""
        found = [
            cell
            for (name, whose), cell in self.cells.items()
            if whose == source and month in ("", name)
        ]
        told = [cell for cell in found if cell is not None]
        if not told or len(told) < len(found):
            return None
        return Callers(sum(one.firsts for one in told), sum(one.repeats for one in told))


NOTHING_TOLD = CallersTold({})


def told_callers(groups: Mapping[tuple[str, str], Counts], callers_least: int) -> CallersTold:
    """What may be told of the callers of each month and source that had calls."""
    cells: dict[tuple[str, str | None], Callers | None] = {}
    months: defaultdict[str, list[Counts]] = defaultdict(list)
    for (month, source), counts in groups.items():
        months[month].append(counts)
        cells[month, source] = _told([counts], may_tell(counts, callers_least))
    for month, all_of_it in months.items():
        cells[month, None] = _told(all_of_it, may_total(all_of_it, callers_least))
    return CallersTold(cells)


def _told(groups: Sequence[Counts], is_told: bool) -> Callers | None:
    if not is_told:
        return None
    return Callers(sum(one.firsts for one in groups), sum(one.repeats for one in groups))


@dataclass(frozen=True, slots=True)
class OriginTold:
    """Calls of a source from one origin, over all months; with an `area` "" of its smaller ones."""

    source: str
    origin: Origin
    calls: int
    firsts: int


def told_places(
    lines: Iterable[OriginLine], callers_least: int
) -> Mapping[tuple[date, str, Origin], Origin]:
    """As what the origins of each month and source may be told; those that may not are missing.

    Each month of each source is judged by itself, so that no two reports tell by their difference
    what neither does.
    """
    found: defaultdict[tuple[date, str], list[OriginLine]] = defaultdict(list)
    for line in lines:
        found[line.month, line.source].append(line)
    return {
        (month, source, line.origin): origin
        for (month, source), those in found.items()
        for origin, group in _told_beside(those, callers_least).items()
        for line in group
    }


def _told_beside(
    lines: Iterable[OriginLine], callers_least: int
) -> Mapping[Origin, Sequence[OriginLine]]:
    """The origins of a month and source that may be told beside each other.

    Areas too small are one with the others of their country and line. What is too small then is
    not told, and, where all of that together is a small group as well, the smallest that may be
    told is not told either: calls from elsewhere are counted by subtraction, and listed one by
    one. Who calls again is somebody also where nobody is new; of withheld numbers nothing is known.
    """
    groups: defaultdict[Origin, list[OriginLine]] = defaultdict(list)
    for line in lines:
        is_small = line.firsts < callers_least
        groups[replace(line.origin, area="") if is_small else line.origin].append(line)
    firsts = {origin: sum(line.firsts for line in those) for origin, those in groups.items()}
    hidden = [
        origin
        for origin, count in firsts.items()
        if count < callers_least and (count or origin != Origin())
    ]
    told = [origin for origin, count in firsts.items() if count >= callers_least]
    if hidden and sum(firsts[origin] for origin in hidden) < callers_least:
        told = sorted(told, key=lambda one: (firsts[one], one.country, one.area, one.line))[1:]
    return {origin: groups[origin] for origin in told}


def told_origins(lines: Sequence[OriginLine], callers_least: int) -> tuple[OriginTold, ...]:
    """What may be told of where callers called from, over all months, most calls first."""
    places = told_places(lines, callers_least)
    found: defaultdict[tuple[str, Origin], list[OriginLine]] = defaultdict(list)
    for line in lines:
        origin = places.get((line.month, line.source, line.origin))
        if origin is not None:
            found[line.source, origin].append(line)
    told = (
        OriginTold(
            source, origin, sum(one.calls for one in those), sum(one.firsts for one in those)
        )
        for (source, origin), those in found.items()
    )
    return tuple(sorted(told, key=lambda one: (-one.calls, one.source, str(one.origin))))
