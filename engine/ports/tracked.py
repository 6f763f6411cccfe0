"""What is known of tracking calls: kept once, without their callers, and reported from sums.

Every method is one transaction, with the errors of `ports.ledger`. A caller's number is given to
`keep` and nowhere else; it is written down by nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from engine.core.tracked import Counts, Measure, Origin, Terms, TrackedCall
from engine.ports.reading.sums import Bucket

DAYS_MOST = 800
"""The most days that are reported at once."""

HOUR_DAYS_MOST = 100
"""The most days that are told apart by the hour."""

ROWS_MOST = 1000
"""The most calls of a page; who asks for more gets so many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFilter:
    """What is reported: the local days from `first`, before `after`.

    `CallerError` for days in the wrong order or too many.
    """

    organisation: str
    first: date
    after: date
    bucket: Bucket = Bucket.WHOLE
    source: str | None = None
    number: str | None = None


@dataclass(frozen=True, slots=True)
class ReportLine:
    """The calls of a number in a bucket of local time; see `CallSums` for the bucket's name."""

    source: str
    number: str
    bucket: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class MedianLine:
    """The median of a time of `calls` calls of a source (None: of all; "" is a source too, that of
    calls without one), in whole seconds: the least time that at least half of them do not exceed.
    It is exact up to 31, from there on within 4 %.
    """

    measure: Measure
    source: str | None
    calls: int
    seconds: int


@dataclass(frozen=True, slots=True)
class OriginLine:
    """The calls of a source from one origin in a local month (its first day), and how many of them
    were first calls."""

    month: date
    source: str
    origin: Origin
    calls: int
    firsts: int


@dataclass(frozen=True, slots=True)
class ListedCall:
    """A call with its origin, which is told as far as `flows.tracked.rules` lets it be."""

    call: TrackedCall
    origin: Origin


@dataclass(frozen=True, slots=True)
class CallPlace:
    """A place among the calls, which are in the order of their arrival."""

    arrived_ms: int
    call_id: str


class Tracked(Protocol):
    """The tracking calls of all organisations."""

    async def keep(self, call: TrackedCall, caller: str | None) -> None:
        """Keep a call, once by its id: what is kept already stands.

        `caller` is his number in E.164; None if there is none, or he withheld it. With the call
        its sums are raised, hits are queued for those who are told of it (`ports.analytics`) and,
        if it was missed, mails, all or nothing.
        """
        ...

    async def report(self, wanted: ReportFilter) -> Sequence[ReportLine]:
        """By source, number and bucket, in that order; what is empty is left out."""
        ...

    async def medians(self, wanted: ReportFilter) -> Sequence[MedianLine]:
        """By measure and source, that of all first, in that order; the bucket is not asked."""
        ...

    async def origins(self, wanted: ReportFilter) -> Sequence[OriginLine]:
        """By month, source and origin, in that order, small groups too; the bucket is not asked.

        `CallerError` for days that are no whole months.
        """
        ...

    async def rows(
        self, wanted: ReportFilter, before: CallPlace | None = None, most: int = ROWS_MOST
    ) -> Sequence[ListedCall]:
        """The calls themselves, newest first; the bucket is not asked."""
        ...

    async def destroy_keys(self, until: date) -> int:
        """Destroy the keys of periods that end by a day, and every hash made with them; how many.

        Who calls in such a period after that is neither a first nor a repeated caller.
        """
        ...

    async def terms(self, organisation: str) -> Terms:
        """How an organisation's calls are counted and told; the default if it never said. A
        smallest group below the floor, kept before there was one, is told as the floor."""
        ...

    async def set_terms(self, terms: Terms) -> None:
        """Change how its calls are counted and told from now on; of a key period that runs the
        length stays, so that nobody who is known becomes new within it."""
        ...
