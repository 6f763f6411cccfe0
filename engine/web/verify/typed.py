"""The number as it is typed: whether it would be called, or what is wrong with it.

The rule is the very one by which numbers are called; where the merchant lets no number be
corrected, nothing is said ahead.
"""

from collections.abc import Mapping

from aiohttp import web

from engine.core.inventory import OnInvalid
from engine.core.number import international
from engine.core.verification import Rejection
from engine.verification.rules import Dialable, Rejected, judge
from engine.web.rates import MINUTE_S, Limit
from engine.web.verify.door import NO_STORE, Guest, read_form
from engine.web.verify.wording import Texts, texts_for

CHECKS = Limit(60, MINUTE_S)

_FAULTS: Mapping[str, str] = {
    "too short": "number_short",
    "too long": "number_long",
    "no country code that exists": "number_country",
    "letters in the number": "number_letters",
}


def fault_of(rejected: Rejected, texts: Texts) -> str:
    """What is wrong with a number, as a sentence."""
    if rejected.suggestion:
        return texts("number_meant")
    if rejected.kind is Rejection.INVALID:
        return texts(_FAULTS.get(rejected.reason, "number_none"))
    return texts(f"number_{rejected.kind}")


async def check(request: web.Request, guest: Guest) -> web.Response:
    """Say what a number is, or what is wrong with it."""
    if not guest.site.guard.allows(CHECKS, "verify", guest.site.guard.address(request)):
        raise web.HTTPTooManyRequests
    form = await read_form(request)
    number = form.text("number")
    form.close()
    if guest.merchant.on_invalid is OnInvalid.END:
        raise web.HTTPNotFound(reason="Nothing is told ahead")
    told = _told(judge(number, guest.merchant), texts_for(request))
    return web.json_response(told, headers=NO_STORE)


def _told(judged: Dialable | Rejected, texts: Texts) -> Mapping[str, object]:
    if isinstance(judged, Dialable):
        return {"ok": True, "text": international(judged.e164), "meant": ""}
    return {"ok": False, "text": fault_of(judged, texts), "meant": judged.suggestion}
