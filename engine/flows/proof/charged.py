"""When what a call was charged for was talked or waited: its increments on the wall clock; pure."""

from itertools import pairwise

from engine.core.cdr import CallRecord
from engine.core.rating import StartsFrom
from engine.flows.proof.timeline import Stretch, talks


def increments(record: CallRecord) -> tuple[Stretch, ...]:
    """Each charged increment, from its beginning to its end or that of the call's last talk; none
    where nothing was charged.

    The time that counts is that of the meter: it runs while both talk, and where waiting is
    charged from the end of the announcement on; its free seconds pass first.
    """
    if record.rate is None or record.billing_start is None or not record.charged_s:
        return ()
    runs = _runs(record)
    free_s, first_s, next_s = (
        record.billing_start.after_s,
        record.rate.increment.first_s,
        record.rate.increment.next_s,
    )
    begins_s = [0, *range(first_s, record.charged_s, next_s), record.charged_s]
    places = [_place((free_s + begin_s) * 1000, runs) for begin_s in begins_s]
    return tuple((begin_ms, end_ms) for begin_ms, end_ms in pairwise(places) if end_ms > begin_ms)


def _runs(record: CallRecord) -> tuple[Stretch, ...]:
    """When the meter ran."""
    runs = talks(record)
    start = record.billing_start
    if runs and start is not None and start.origin is StartsFrom.ANNOUNCEMENT:
        (joined_ms, left_ms), *more = runs
        return ((joined_ms - record.wait_ms, left_ms), *more)
    return runs


def _place(metered_ms: int, runs: tuple[Stretch, ...]) -> int:
    """The instant at which so much had been metered; the end of the last run if it never was."""
    for from_ms, until_ms in runs:
        if metered_ms < until_ms - from_ms:
            return from_ms + metered_ms
        metered_ms -= until_ms - from_ms
    return runs[-1][1] if runs else 0
