"""Local time as whole hours aside of UTC: what sums kept by the hour are told apart by."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import pairwise

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

Stretch = tuple[int, int]
"""A half-open time in milliseconds, from and to."""


def tiles(cuts: Iterable[int]) -> tuple[tuple[Stretch, ...], tuple[Stretch, ...]]:
    """Stretches of whole UTC days and of hours that together are the time between the first and
    the last of these whole hours (ms, rising), once; none reaches over a cut.

    So sums told apart by any local time whole hours aside of UTC need the hours of those days
    alone in which something is cut.
    """
    days: list[Stretch] = []
    hours: list[Stretch] = []
    for from_ms, to_ms in pairwise(cuts):
        first_ms = from_ms + -from_ms % DAY_MS
        last_ms = to_ms - to_ms % DAY_MS
        if first_ms < last_ms:
            days.append((first_ms, last_ms))
            hours += [(from_ms, first_ms), (last_ms, to_ms)]
        else:
            hours.append((from_ms, to_ms))
    return tuple(days), tuple(each for each in hours if each[0] < each[1])


def offsets(zone: tzinfo, from_ms: int, to_ms: int) -> tuple[tuple[int, int], ...]:
    """How far local time is ahead of UTC in [from_ms, to_ms): pairs of the hour (ms) from which
    it holds and the offset (ms), the first at `from_ms`.

    Clocks change on whole hours; the search goes by days, then by halving.
    """
    found = [(from_ms, _offset_ms(zone, from_ms))]
    at_ms = from_ms
    while at_ms < to_ms:
        next_ms = min(at_ms + DAY_MS, to_ms)
        if _offset_ms(zone, next_ms) != found[-1][1]:
            change_ms = _change_ms(zone, at_ms, next_ms)
            found.append((change_ms, _offset_ms(zone, change_ms)))
        at_ms = next_ms
    return tuple(pair for pair in found if pair[0] < to_ms or pair is found[0])


def month_starts(zone: tzinfo, from_ms: int, to_ms: int) -> tuple[int, ...]:
    """The starts (ms) of the local months that [from_ms, to_ms) touches."""
    first = datetime.fromtimestamp(from_ms // 1000, zone)
    found: list[int] = []
    place = first.year * 12 + first.month - 1
    while not found or found[-1] < to_ms:
        found.append(month_start_ms(zone, place))
        place += 1
    return tuple(start_ms for start_ms in found if start_ms < to_ms) or tuple(found[:1])


def month_start_ms(zone: tzinfo, place: int) -> int:
    """The start of a local month; its place is 12 times the year and the months before it."""
    start = datetime(place // 12, place % 12 + 1, 1, tzinfo=zone)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def day_start_ms(zone: tzinfo, at_ms: int) -> int:
    """The start of the local day of an instant."""
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    start = datetime(local.year, local.month, local.day, tzinfo=zone)
    return (start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def _change_ms(zone: tzinfo, before_ms: int, after_ms: int) -> int:
    """The first whole hour after `before_ms` at which the offset is that of `after_ms`."""
    early, late = before_ms // HOUR_MS, -(-after_ms // HOUR_MS)
    offset_ms = _offset_ms(zone, after_ms)
    while late - early > 1:
        middle = (early + late) // 2
        if _offset_ms(zone, middle * HOUR_MS) == offset_ms:
            late = middle
        else:
            early = middle
    return late * HOUR_MS


def _offset_ms(zone: tzinfo, at_ms: int) -> int:
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(zone)
    return (local.utcoffset() or timedelta()) // timedelta(milliseconds=1)
