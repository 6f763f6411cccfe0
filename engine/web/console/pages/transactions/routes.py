"""Transactions, newest first, with filters."""

from aiohttp import web

from engine.core.posting import EntryKind
from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.reading.transactions import LinePlace, TransactionFilter
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.forms.filters import Days, amount_of, number_of, wanted_days, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.transactions import booking
from engine.web.console.route import Route, Subject, Whose

TRANSACTIONS = "/console/transactions"


async def show_all(asked: Asked) -> web.StreamResponse:
    """What moved on customers' accounts."""
    days = wanted_days(asked)
    try:
        wanted = _wanted(asked, days)
    except CallerError as error:
        asked.fault, wanted = error, None
    page = await asked.site.reading.transactions.search(wanted) if wanted else None
    more = ""
    if page and page.following:
        place = page.following
        more = asked.link(before=f"{place.at_ms}.{place.entry_id}.{place.line}")
    return asked.render(
        "transactions/list.html",
        page=page,
        more=more,
        days=days,
        kinds=tuple(kind for kind in EntryKind if kind is not EntryKind.SUSPENSE),
        profiles=booking.profiles(asked),
    )


def _wanted(asked: Asked, days: Days) -> TransactionFilter:
    """What the address asks for; `CallerError` for a number or an amount that is none."""
    typed, least, most = (asked.wanted(name) for name in ("number", "least", "most"))
    return TransactionFilter(
        organisation=asked.owner,
        profile=asked.wanted("profile") or None,
        kind=word_of(EntryKind, asked.wanted("kind")),
        author=asked.wanted("author") or None,
        from_ms=days.from_ms,
        to_ms=days.to_ms,
        least_micros=amount_of(least, "least", None) if least else None,
        most_micros=amount_of(most, "most", None) if most else None,
        account_id=asked.wanted("account") or None,
        e164=number_of(typed) if typed else None,
        before=_place(asked.wanted("before")),
        most=PAGE_ROWS,
    )


def _place(text: str) -> LinePlace | None:
    parts = text.split(".")
    if len(parts) != 3 or not all(part.isascii() and part.isdecimal() for part in parts):
        return None
    at_ms, entry_id, line = (min(int(part), 2**53) for part in parts)
    return LinePlace(at_ms, entry_id, line)


SUBJECT = Subject(
    routes=(
        Route("GET", TRANSACTIONS, Right.MONEY_READ, show_all, whose=Whose.ONE),
        Route(
            "GET",
            f"{TRANSACTIONS}/new",
            Right.MONEY_WRITE_LIMITED,
            booking.show_new,
            whose=Whose.ONE,
        ),
        Route(
            "POST",
            f"{TRANSACTIONS}/preview",
            Right.MONEY_WRITE_LIMITED,
            booking.preview,
            whose=Whose.ONE,
            action="transactions.preview",
            again=booking.show_new,
        ),
        Route(
            "POST",
            f"{TRANSACTIONS}/new",
            Right.MONEY_WRITE_LIMITED,
            booking.book,
            whose=Whose.ONE,
            action="transactions.book",
            again=booking.show_new,
        ),
    ),
    menu=(Item(Section.BUSINESS, TRANSACTIONS, Right.MONEY_READ, "transactions.title", place=20),),
)
