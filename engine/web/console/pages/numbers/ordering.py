"""The catalogue, and an order from it: at the price that was shown, once a form."""

import secrets

from aiohttp import web

from engine.core.money import format_shortest, parse_micros
from engine.core.numbers.holder import missing
from engine.core.numbers.number import Purpose
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.allocation import Allocation, Wish
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import day_of, today, word_of
from engine.web.console.pages.numbers.paths import CATALOGUE, NUMBERS, allowed, path_of
from engine.web.console.route import Route, Whose


async def show(asked: Asked) -> web.StreamResponse:
    """What numbers cost, and a form for each that the seat is good for."""
    numbering = asked.site.numbering
    holder = await numbering.numbers.holder(asked.owner)
    held = await numbering.numbers.held(asked.owner)
    wanting = missing(holder, held, today(asked), numbering.policy) if holder is not None else ()
    area = holder.seat.area if holder is not None else None
    offers = await numbering.numbers.offers()
    return asked.render(
        "numbers/catalogue.html",
        offers=[(offer, format_shortest(offer.price_micros)) for offer in offers],
        holder=holder,
        area=area,
        places=numbering.areas.names(area) if area is not None else (),
        wanting=sorted(wanting),
        today=today(asked),
        form_id=asked.typed("form_id") or secrets.token_hex(12),
    )


async def order(asked: Asked) -> web.StreamResponse:
    """Order a number; which one is the operator's choice."""
    purpose = word_of(Purpose, asked.typed("purpose"))
    if purpose is None:
        raise CallerError("must be one of the catalogue", "purpose")
    typed = asked.typed("starts_on")
    starts_on = day_of(typed)
    if typed and starts_on is None:
        raise CallerError("must be a day", "starts_on")
    wish = Wish(
        organisation=asked.owner,
        key=f"{asked.user.user_id}:{asked.typed('form_id', 50)}",
        purpose=purpose,
        price_micros=parse_micros(asked.typed("price"), field="price"),
        starts_on=starts_on,
    )
    asked.note(purpose=purpose, micros=wish.price_micros)
    ordered = allowed(await Allocation(asked.site.numbering).order(wish, asked.user.name))
    return asked.done(path_of(ordered), "numbers.ordered_now")


ROUTES = (
    Route("GET", CATALOGUE, Right.NUMBERS_READ, show, whose=Whose.ONE),
    Route(
        "POST",
        f"{NUMBERS}/order",
        Right.NUMBERS_WRITE,
        order,
        whose=Whose.ONE,
        action="numbers.order",
        asks_first=True,
        again=show,
    ),
)
