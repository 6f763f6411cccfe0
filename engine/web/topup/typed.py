"""The number as it is typed: what it is, or what is wrong with it, said before anything is paid.

Answers come from the numbering plans alone: no account is looked for, so none can be found.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from aiohttp import web

from engine.core.form import Form, parse_object
from engine.core.inventory import BillingProfile
from engine.core.number import (
    NumberInfo,
    NumberType,
    caller_region,
    classify,
    international,
    meant_number,
)
from engine.core.tariff import Line
from engine.web.rates import MINUTE_S, Limit
from engine.web.site import SITE
from engine.web.topup.offers import home_of, services_of
from engine.web.topup.wording import Texts, texts_for

CHECKS = Limit(60, MINUTE_S)

_FAULTS: Mapping[str, str] = {
    "too short": "number_short",
    "too long": "number_long",
    "no country code that exists": "number_country",
    "letters in the number": "number_letters",
    "emergency number": "number_emergency",
}
_KINDS: Mapping[NumberType, str] = {
    NumberType.FIXED_LINE: "kind_landline",
    NumberType.MOBILE: "kind_mobile",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A number as typed: with `e164` it can have an account, else `fault` is the text's key.

    `meant` is what was probably meant, written internationally, "" where there is no guess.
    """

    info: NumberInfo
    fault: str
    meant: str = ""

    @property
    def e164(self) -> str | None:
        """The number, None if it will not do."""
        return None if self.fault else self.info.e164

    @property
    def line(self) -> Line:
        """What its owner pays for a minute."""
        return self.info.line or Line.OTHER


def read_number(text: str, region: str) -> Typed:
    """A number as a person in `region` types it; only one that people call from will do."""
    info = classify(text, region)
    if meant := meant_number(info):
        return Typed(info, "number_meant", meant)
    if not text.strip():
        return Typed(info, "number_missing")
    if fault := _FAULTS.get(info.reason or ""):
        return Typed(info, fault)
    if info.e164 is None:
        return Typed(info, "number_none")
    return Typed(info, "" if caller_region(info) else "number_service")


def profile_of(request: web.Request) -> BillingProfile:
    """The billing profile in the address; 404 if there is none."""
    profile = request.app[SITE].inventory().profile(request.match_info["profile"])
    if profile is None:
        raise web.HTTPNotFound
    return profile


async def read_form(request: web.Request) -> Form:
    """The JSON object that a page of ours has sent.

    403 for what another site's page sends, 415 for what is no JSON. A browser says itself where a
    request comes from, and no page can make it say something else.
    """
    fetch_site = request.headers.get("Sec-Fetch-Site")
    is_ours = request.headers.get("Origin") == request.app[SITE].origin
    if fetch_site != "same-origin" and (fetch_site is not None or not is_ours):
        raise web.HTTPForbidden(reason="Only for the page itself")
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    return parse_object((await request.read()).decode(errors="replace"))


def home_region(request: web.Request) -> str:
    """The country whose national numbers are read."""
    return home_of(services_of(request.app[SITE].inventory(), profile_of(request)))


async def check(request: web.Request) -> web.Response:
    """Say what a number is, or what is wrong with it."""
    guard = request.app[SITE].guard
    region = home_region(request)
    if not guard.allows(CHECKS, "typed", guard.address(request)):
        raise web.HTTPTooManyRequests
    form = await read_form(request)
    number = form.text("number")
    form.close()
    told = _told(read_number(number, region), texts_for(request))
    return web.json_response(told, headers={"Cache-Control": "no-store"})


def _told(typed: Typed, texts: Texts) -> Mapping[str, object]:
    if typed.e164 is None:
        told = texts(typed.fault)
        return {"ok": False, "text": told, "meant": typed.meant}
    return {
        "ok": True,
        "text": texts(_KINDS.get(typed.info.type, "kind_other")),
        "number": international(typed.e164),
        "region": typed.info.region,
        "line": typed.line,
    }
