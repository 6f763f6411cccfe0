"""An order from the page: its number, amount and provider, taken to the till.

The first order for a number opens its account, which takes longer than finding it. So that the
time of an answer does not tell who is a customer, it is given at a full step of `ANSWER_STEP_S`
after the request came, however the till answers: a few milliseconds hardly ever make a step more.

A number's orders are counted by who asks: nobody keeps a customer from paying, unless from as many
addresses as the number's limit in all takes.
"""

import asyncio

from aiohttp import web

from engine.core.inventory import BillingProfile
from engine.errors import CallerError
from engine.flows.payments.seals import Purpose
from engine.flows.payments.till import Wish
from engine.web.rates import HOUR_S, Limit
from engine.web.site import SITE
from engine.web.steps import full_step
from engine.web.topup.typed import home_region, profile_of, read_form, read_number
from engine.web.topup.wording import languages

BY_ADDRESS = Limit(60, HOUR_S)
BY_NUMBER = Limit(15, HOUR_S)
BY_NUMBER_IN_ALL = Limit(600, HOUR_S)
ANSWER_STEP_S = 0.4


async def begin(request: web.Request) -> web.Response:
    """Begin an order; 201 with where it is watched and where it is paid."""
    came_s = asyncio.get_running_loop().time()
    site = request.app[SITE]
    profile = profile_of(request)
    address = site.guard.address(request)
    if not site.guard.allows(BY_ADDRESS, "orders", address):
        raise web.HTTPTooManyRequests
    wish = await _wish(request, profile)
    number = ("orders", profile.name, wish.e164)
    if not site.guard.allows(BY_NUMBER, *number, address):
        raise web.HTTPTooManyRequests
    if not site.guard.allows(BY_NUMBER_IN_ALL, *number):
        raise web.HTTPTooManyRequests
    try:
        begun = await site.till.begin(wish)
    finally:
        await full_step(came_s, ANSWER_STEP_S)
    order_id = begun.order.order_id
    return web.json_response(
        {
            "order_id": order_id,
            "watch": site.seal.make(Purpose.WATCH, order_id),
            "url": begun.url,
        },
        status=201,
        headers={"Cache-Control": "no-store"},
    )


async def _wish(request: web.Request, profile: BillingProfile) -> Wish:
    """What the form asks for; `CallerError` with the field, about the number in its language."""
    form = await read_form(request)
    lang = form.text("lang")
    if lang not in languages():
        raise CallerError(f"must be one of {', '.join(languages())}", "lang")
    typed = read_number(form.text("number"), home_region(request))
    if typed.e164 is None:
        raise CallerError(f"{languages()[lang](typed.fault)} {typed.meant}".strip(), "number")
    wish = Wish(
        profile=profile.name,
        provider=form.text("provider"),
        e164=typed.e164,
        pay_micros=form.micros("amount"),
        lang=lang,
    )
    form.close()
    return wish
