"""A browser's own sessions: begun, looked at, checked, called again, cancelled.

Whoever begins one is given its seal; without it there is no such session.
"""

from aiohttp import web

from engine.core.verification import Mode, Verification
from engine.flows.payments.seals import Purpose
from engine.flows.verification.verifier import Created, Wish
from engine.verification.rules import Rejected
from engine.verification.session import Unfit
from engine.web.problems import problem
from engine.web.rates import HOUR_S, Limit
from engine.web.verify.door import NO_STORE, Guest, read_form
from engine.web.verify.told import told_of
from engine.web.verify.typed import fault_of
from engine.web.verify.wording import Texts, texts_for

BY_ADDRESS = Limit(60, HOUR_S)
"""More than the merchant's own limit of calls, so that it is that one which most people meet."""

NUMBER_CHARS_MOST = 200


async def begin(request: web.Request, guest: Guest) -> web.Response:
    """Begin a session: 201, its seal within; 422 for a number that may be corrected."""
    address = guest.site.guard.address(request)
    if not guest.site.guard.allows(BY_ADDRESS, "sessions", guest.merchant.name, address):
        raise web.HTTPTooManyRequests
    wish = await _wish(request, guest, address)
    created = await guest.site.verifier.create(wish)
    if isinstance(created, Rejected):
        return _correctable(created, texts_for(request))
    return _told(guest, created, texts_for(request))


async def _wish(request: web.Request, guest: Guest, address: str) -> Wish:
    form = await read_form(request)
    wish = Wish(
        organisation=guest.merchant.organisation,
        merchant=guest.merchant.name,
        to=form.text("to")[:NUMBER_CHARS_MOST],
        mode=form.choice("mode", Mode),
        lang=form.text("lang"),
        reference=form.text("reference") if form.has("reference") else "",
        address=address,
        test=guest.test,
    )
    form.close()
    return wish


def _correctable(rejected: Rejected, texts: Texts) -> web.Response:
    return problem(
        422,
        "The number cannot be right",
        detail=fault_of(rejected, texts),
        field="to",
        code="invalid_number",
        more={"reason": rejected.reason, "did_you_mean": rejected.suggestion},
    )


def _told(guest: Guest, created: Created, texts: Texts) -> web.Response:
    told = dict(told_of(guest, created.verification, texts))
    if created.rejected is not None:
        told["text"] = fault_of(created.rejected, texts)
    return web.json_response(told, status=201, headers=NO_STORE)


async def session_of(request: web.Request, guest: Guest) -> Verification:
    """The session in the address; 404 unless its seal fits, before anything is looked up."""
    named, seal = request.match_info["verification_id"], request.match_info["seal"]
    if not guest.site.seal.fits(Purpose.VERIFY, named, seal):
        raise web.HTTPNotFound
    found = await guest.site.verifier.read(guest.merchant.organisation, named)
    if found is None or (found.merchant, found.test) != (guest.merchant.name, guest.test):
        raise web.HTTPNotFound
    return found


async def show(request: web.Request, guest: Guest) -> web.Response:
    """How the session stands, once."""
    found = await session_of(request, guest)
    return _as_it_stands(request, guest, found)


async def check(request: web.Request, guest: Guest) -> web.Response:
    """Compare the code that was typed; `message` says what a wrong one leaves."""
    found = await session_of(request, guest)
    form = await read_form(request)
    code = form.text("code")
    form.close()
    checked = await guest.site.verifier.check(
        found.organisation, found.verification_id, code[:NUMBER_CHARS_MOST]
    )
    texts = texts_for(request)
    message = ""
    if checked.refused:
        message = texts("code_not_now")
    elif not checked.fits and checked.tries_left:
        message = texts("code_wrong", count=checked.tries_left)
    return _as_it_stands(request, guest, checked.verification, message)


async def call_again(request: web.Request, guest: Guest) -> web.Response:
    """Call once more now; 409 where that cannot be."""
    found = await session_of(request, guest)
    became = await guest.site.verifier.call_again(found.organisation, found.verification_id)
    return _became(request, guest, became)


async def cancel(request: web.Request, guest: Guest) -> web.Response:
    """End the session; 409 if it is over."""
    found = await session_of(request, guest)
    became = await guest.site.verifier.cancel(found.organisation, found.verification_id)
    return _became(request, guest, became)


def _became(request: web.Request, guest: Guest, became: Verification | Unfit) -> web.Response:
    if isinstance(became, Unfit):
        more = {"reason": became.reason}
        return problem(409, "Not as the verification stands", code="not_now", more=more)
    return _as_it_stands(request, guest, became)


def _as_it_stands(
    request: web.Request, guest: Guest, found: Verification, message: str = ""
) -> web.Response:
    told = told_of(guest, found, texts_for(request))
    return web.json_response({**told, "message": message}, headers=NO_STORE)
