"""Call records, refused calls too: searched, and exported as they are found."""

import asyncio

from aiohttp import web

from engine.core.cdr import Disposition, Refusal
from engine.core.roles import Right
from engine.errors import CallerError
from engine.ports.reading.records import CallFilter, CallPlace
from engine.web.console.asked import PAGE_ROWS, Asked
from engine.web.console.forms.filters import Days, number_of, today, wanted_days, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.evn import call, exporting
from engine.web.console.route import Handler, Route, Subject, Whose

EVN = "/console/evn"
ONE = f"{EVN}/{{call_id}}"
EXPORT = "evn.export"


async def show_all(asked: Asked) -> web.StreamResponse:
    """Calls, newest first, and what they come to."""
    days = wanted_days(asked)
    try:
        wanted = filter_of(asked, days)
    except CallerError as error:
        asked.fault, wanted = error, None
    page, tally = None, None
    if wanted is not None:
        records = asked.site.reading.records
        page, tally = await asyncio.gather(records.search(wanted), records.tally(wanted))
    more = ""
    if page and page.following:
        more = asked.link(before=f"{page.following.ended_ms}.{page.following.call_id}")
    inventory = asked.site.inventory()
    return asked.render(
        "evn/list.html",
        page=page,
        tally=tally,
        more=more,
        days=days,
        services=[one for one in inventory.services if one.organisation == asked.owner],
        profiles=[one for one in inventory.profiles if one.organisation == asked.owner],
        outcomes=(*Disposition, *Refusal),
        month=f"{today(asked):%Y-%m}",
    )


def filter_of(asked: Asked, days: Days) -> CallFilter:
    """What the address asks for; `CallerError` for a number that is none."""
    typed, charged, outcome = (asked.wanted(name) for name in ("number", "charged", "outcome"))
    return CallFilter(
        organisation=asked.owner,
        profile=asked.wanted("profile") or None,
        service=asked.wanted("service") or None,
        from_ms=days.from_ms,
        to_ms=days.to_ms,
        e164=number_of(typed) if typed else None,
        account_id=asked.wanted("account") or None,
        disposition=word_of(Disposition, outcome),
        refusal=word_of(Refusal, outcome),
        agent=asked.wanted("agent") or None,
        charged={"yes": True, "no": False}.get(charged),
        before=_place(asked.wanted("before")),
        most=PAGE_ROWS,
    )


def _place(text: str) -> CallPlace | None:
    ended_ms, _, call_id = text.partition(".")
    if not (ended_ms.isascii() and ended_ms.isdecimal() and call_id):
        return None
    return CallPlace(min(int(ended_ms), 2**53), call_id)


async def export_csv(asked: Asked) -> web.StreamResponse:
    """What the filters find, as CSV."""
    return await exporting.as_csv(asked, filter_of(asked, wanted_days(asked)))


async def export_pdf(asked: Asked) -> web.StreamResponse:
    """What the filters find, as a document."""
    return await exporting.as_pdf(asked, filter_of(asked, wanted_days(asked)))


def _file(path: str, handler: Handler) -> Route:
    return Route(
        "GET",
        f"{EVN}/{path}",
        Right.CALLS_READ,
        handler,
        whose=Whose.ONE,
        action=EXPORT,
        is_page=False,
    )


def _of_call(path: str, handler: Handler) -> Route:
    return Route(
        "GET",
        f"{ONE}/{path}",
        Right.CALLS_READ,
        handler,
        finds=call.find,
        action=EXPORT,
        is_page=False,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", EVN, Right.CALLS_READ, show_all, whose=Whose.ONE),
        _file("export.csv", export_csv),
        _file("export.pdf", export_pdf),
        _file("month.csv", exporting.month),
        Route("GET", ONE, Right.CALLS_READ, call.show, finds=call.find),
        _of_call("proof.json", call.proof_json),
        _of_call("proof.pdf", call.proof_pdf),
        Route(
            "POST",
            f"{ONE}/reveal",
            Right.NUMBER_REVEAL,
            call.reveal,
            finds=call.find,
            action="evn.reveal",
            again=call.show,
        ),
    ),
    menu=(Item(Section.BUSINESS, EVN, Right.CALLS_READ, "evn.title", place=15),),
)
