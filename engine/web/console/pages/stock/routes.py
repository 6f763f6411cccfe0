"""The stock of numbers, for the operator: orders, proposals, how many are free, blocks, prices."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import timedelta

from aiohttp import web

from engine.core.numbers.blocks import Faults
from engine.core.numbers.due import is_unused
from engine.core.numbers.holder import Proof
from engine.core.numbers.number import Area, Number, Purpose, Status
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.daily import Due
from engine.flows.numbers.stock import TEXT_BYTES_MOST, Stock
from engine.flows.numbers.words import fault_in
from engine.ports.numbers import NumberFilter, Offer
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import amount_of, day_of, start_ms, today, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.route import Handler, Route, Subject, Whose

STOCK = "/console/stock"
UNUSED_DAYS = 365
"""Nobody's twelve months are over earlier; the rule itself decides (`is_unused`)."""

WAITING_MOST = 200
LINES_MOST = 500
UPLOAD_BYTES_MOST = TEXT_BYTES_MOST + 64 * 1024
CURRENCIES = ("EUR", "USD", "GBP", "CHF")


async def show(asked: Asked) -> web.StreamResponse:
    """What waits for the operator, what is free, what it costs."""
    numbers = asked.site.numbering.numbers
    waiting = await numbers.numbers(NumberFilter(status=Status.ORDERED, most=WAITING_MOST + 1))
    return asked.render(
        "stock/stock.html",
        orders=waiting[:WAITING_MOST],
        unused=await _unused(asked),
        most=WAITING_MOST,
        is_more=len(waiting) > WAITING_MOST,
        shelves=await _shelves(asked),
        statuses=tuple(Status),
        offers=await numbers.offers(),
        purposes=tuple(Purpose),
        currencies=CURRENCIES,
        areas=asked.site.numbering.areas,
    )


async def _unused(asked: Asked) -> list[Number]:
    day = today(asked)
    since = day - timedelta(days=UNUSED_DAYS)
    found = await asked.site.numbering.numbers.unused(since, "", WAITING_MOST)
    return [number for number in found if is_unused(number, day)]


async def _shelves(asked: Asked) -> Mapping[Area, Mapping[str, int]]:
    """How many numbers of each area stand how."""
    found: dict[Area, dict[str, int]] = defaultdict(dict)
    for one in await asked.site.numbering.numbers.counts():
        found[Area(one.country, one.area_code)][one.status] = one.count
    return found


async def show_import(asked: Asked) -> web.StreamResponse:
    """The form for a file of blocks."""
    return asked.render("stock/import.html", faults_found=(), fault_in=fault_in)


async def take_in(asked: Asked) -> web.StreamResponse:
    """Take in a file's blocks: all of them, or none and every mistake."""
    try:
        text = asked.file("file").decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CallerError("must be UTF-8", "file") from error
    taken = await Stock(asked.site.numbering).take_in(text, asked.user.name)
    if isinstance(taken, Faults):
        asked.note(faults=len(taken.faults))
        return asked.render("stock/import.html", 422, faults_found=taken.faults, fault_in=fault_in)
    asked.note(new=taken)
    return asked.done(STOCK, "stock.taken_in", count=taken)


async def put_price(asked: Asked) -> web.StreamResponse:
    """Let a monthly price hold for orders from now on."""
    purpose = word_of(Purpose, asked.typed("purpose"))
    currency = asked.typed("currency")
    if purpose is None or currency not in CURRENCIES:
        raise CallerError("must be one of the list", "currency" if purpose else "purpose")
    offer = Offer(
        country=asked.typed("country").upper(),
        purpose=purpose,
        price_micros=amount_of(asked.typed("price"), "price"),
        currency=currency,
    )
    asked.note(country=offer.country, purpose=purpose, micros=offer.price_micros)
    await Stock(asked.site.numbering).put_offer(offer, asked.user.name)
    return asked.done(STOCK, "stock.priced")


async def show_due(asked: Asked) -> web.StreamResponse:
    """What the day's work would do on a day, today if none is named; nothing is done."""
    day = day_of(asked.wanted("at")) or today(asked)
    now_ms = asked.site.clock.now().wall_ms
    at_ms = now_ms if day == today(asked) else start_ms(day)
    lines = await Due(asked.site.numbering, at_ms, dry=True).carry_out()
    return asked.render(
        "stock/due.html",
        day=day,
        lines=lines[:LINES_MOST],
        count=len(lines),
        most=LINES_MOST,
        proofs=tuple(Proof),
    )


def _act(
    path: str, handler: Handler, verb: str, again: Handler, upload_bytes_most: int = 0
) -> Route:
    return Route(
        "POST",
        path,
        Right.NUMBERS_WRITE,
        handler,
        whose=Whose.OPERATOR,
        action=f"stock.{verb}",
        again=again,
        upload_bytes_most=upload_bytes_most,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", STOCK, Right.NUMBERS_READ, show, whose=Whose.OPERATOR),
        Route("GET", f"{STOCK}/import", Right.NUMBERS_WRITE, show_import, whose=Whose.OPERATOR),
        _act(f"{STOCK}/import", take_in, "take_in", show_import, UPLOAD_BYTES_MOST),
        _act(f"{STOCK}/price", put_price, "price", show),
        Route("GET", f"{STOCK}/due", Right.NUMBERS_READ, show_due, whose=Whose.OPERATOR),
    ),
    menu=(
        Item(
            Section.LINES, STOCK, Right.NUMBERS_READ, "stock.title", place=65, operator_alone=True
        ),
    ),
)
