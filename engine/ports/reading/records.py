"""Call records as an operator searches them: newest first, in pages, within bounded time."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.ports.ledger import JournalLine

PAGE_MOST = 100
"""The most rows of a page; who asks for more gets so many."""


@dataclass(frozen=True, slots=True)
class CallPlace:
    """A place among the calls, which are in the order of their end."""

    ended_ms: int
    call_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFilter:
    """Which calls are listed: `most` of them before a place.

    The time is half-open and that of the call's end; `charged` is whether the call cost anything.
    """

    organisation: str
    profile: str | None = None
    service: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    e164: str | None = None
    account_id: str | None = None
    disposition: Disposition | None = None
    refusal: Refusal | None = None
    agent: str | None = None
    charged: bool | None = None
    before: CallPlace | None = None
    most: int = 50


@dataclass(frozen=True, slots=True)
class CallPage:
    """Calls that were found, and the place before which more may be; None if there are no more.

    A page looks at a bounded number of calls: it may hold few, or none, and still be followed.
    """

    records: tuple[CallRecord, ...]
    following: CallPlace | None


@dataclass(frozen=True, slots=True)
class BookedPage:
    """A page of a profile's calls, and what the journal booked for calls in its stretch of time.

    The stretch goes from the place before which the page begins (or the filter's end) back to the
    last call on it, or to the filter's beginning if none follow: the stretches of all pages are the
    whole time, without gap or overlap. Charges are micro-units.
    """

    page: CallPage
    booked_micros: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Count and sums of a filter's newest calls; `charges` in micro-units by currency.

    `is_whole` is False where there were more calls than are added up: it is "more than" then.
    """

    calls: int
    charged_s: int
    charges: Mapping[str, int]
    is_whole: bool


@dataclass(frozen=True, slots=True)
class CallFile:
    """All that the books know of a call: its record, the line that booked it, and what else moved
    the account's balance while it ran, in order."""

    record: CallRecord
    booked: JournalLine | None
    meanwhile: tuple[JournalLine, ...]


class Records(Protocol):
    """The records of finished calls.

    Of a number that was withheld in any call of the organisation, search and file tell nothing in
    the others either: they are found by it, and come without it.
    """

    async def search(self, wanted: CallFilter) -> CallPage: ...

    async def booked_page(self, wanted: CallFilter) -> BookedPage:
        """A page and its bookings, on one snapshot, however many calls are booked meanwhile.

        `profile` is given, and beside it nothing but time, place and `most` is asked.
        """
        ...

    async def booked(self, wanted: CallFilter) -> int:
        """What the journal booked for a profile's calls before a place; asked as `booked_page`."""
        ...

    async def tally(self, wanted: CallFilter) -> Tally:
        """Count and sums; `before` and `most` are not asked."""
        ...

    async def record(self, organisation: str, call_id: str) -> CallRecord | None: ...

    async def file(self, call_id: str, organisation: str | None = None) -> CallFile | None:
        """A call with its money; without an organisation (for the operator himself) any call."""
        ...
