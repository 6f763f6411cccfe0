"""An order from the page: its number, amount and provider, taken to the till."""

from aiohttp import web

from engine.core.inventory import BillingProfile
from engine.errors import CallerError
from engine.flows.payments.seals import Purpose
from engine.flows.payments.till import Wish
from engine.web.rates import HOUR_S, Limit
from engine.web.site import SITE
from engine.web.topup.typed import home_region, profile_of, read_form, read_number
from engine.web.topup.wording import languages

BY_ADDRESS = Limit(60, HOUR_S)
BY_NUMBER = Limit(15, HOUR_S)


async def begin(request: web.Request) -> web.Response:
    """Begin an order; 201 with where it is watched and where it is paid."""
    site = request.app[SITE]
    profile = profile_of(request)
    if not site.guard.allows(BY_ADDRESS, "orders", site.guard.address(request)):
        raise web.HTTPTooManyRequests
    wish = await _wish(request, profile)
    if not site.guard.allows(BY_NUMBER, "orders", profile.name, wish.e164):
        raise web.HTTPTooManyRequests
    begun = await site.till.begin(wish)
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
