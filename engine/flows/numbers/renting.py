"""Numbers' rentals booked: each number's month once, an hour after the month's end or later.

The history of numbers says what is owed (`core.numbers.rental`), the entry's key that it was
booked: whoever books twice, or beside another engine, books once.
"""

from collections.abc import AsyncIterator, Iterator, Sequence

from engine.core.numbers.rental import Rental, rental_of
from engine.core.posting import rental_entry
from engine.flows.numbers.numbering import PAGE, Numbering
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_before

CLOSED_AFTER_MS = 3_600_000
MONTHS_BACK = 12
"""How many months are made up for if no engine ran."""


async def rentals(
    numbering: Numbering, month: Month, organisation: str | None = None
) -> AsyncIterator[Sequence[Rental]]:
    """What a month's numbers cost, by number, some at a time; those that cost nothing left out."""
    after = ""
    while page := await numbering.numbers.tenures(
        month.from_ms, month.to_ms, organisation, after, PAGE
    ):
        first, end = month.first.date(), month.end.date()
        found = [rental_of(tenure, first, end, month.zone) for tenure in page]
        yield [rental for rental in found if rental.micros]
        after = page[-1].e164


def last_closed(at_ms: int) -> Month:
    """The last month that is over, and whose last changes are in the books."""
    return month_before(at_ms - CLOSED_AFTER_MS, HOME_TIMEZONE)


async def book(numbering: Numbering, at_ms: int) -> int:
    """Book what is not booked yet of the closed months, oldest first; how many entries."""
    booked = 0
    for month in _months(at_ms):
        async for page in rentals(numbering, month):
            known = await numbering.numbers.booked([rental.key for rental in page])
            fresh = [rental for rental in page if rental.key not in known]
            if fresh:
                # Dated in the month it is for, so that both its books and its statement have it.
                entries = [rental_entry(rental, month.to_ms - 1) for rental in fresh]
                await numbering.numbers.book(entries)
                booked += len(fresh)
    return booked


def _months(at_ms: int) -> Iterator[Month]:
    found = [last_closed(at_ms)]
    while len(found) < MONTHS_BACK:
        found.append(month_before(found[-1].from_ms, HOME_TIMEZONE))
    return reversed(found)
