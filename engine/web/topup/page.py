"""The pages themselves: the one in the operator's frame, the way back, and the snippet to paste.

Nothing runs or is drawn that is not a file of ours: the policy allows no script and no style
within the page, and only the profile's sites may show it in a frame.
"""

from functools import cache
from pathlib import Path

from aiohttp import web
from jinja2 import Environment, PackageLoader

from engine.core.inventory import BillingProfile, TopUpAmount
from engine.core.money import format_shortest
from engine.core.payment import PaymentOrder
from engine.core.tariff import Line
from engine.flows.payments.till import MANUAL
from engine.web.parts.files import FRAME, Files
from engine.web.parts.templates import environment
from engine.web.site import SITE, Site
from engine.web.topup.offers import price, reach, services_of
from engine.web.topup.told import Told, texts_of
from engine.web.topup.typed import profile_of
from engine.web.topup.wording import Texts, languages, texts_for

FILES = Files(Path(__file__).parent / "static", "/topup/static/", "topup.css", "topup.js")

NUMBER_MOST = 40
"""The most characters of a number that the address may fill in."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


@cache
def _templates() -> Environment:
    return environment(PackageLoader("engine.web.topup"))


def _html(name: str, texts: Texts, ancestors: str, **values: object) -> web.Response:
    """A page of ours that may be framed by `ancestors` (a source list)."""
    template = _templates().get_template(name)
    content = template.render(
        t=texts,
        sheets=(FRAME.address("frame.css"), FILES.address("topup.css")),
        js=FILES.address("topup.js"),
        **values,
    )
    headers = {"Content-Security-Policy": POLICY + ancestors, "Cache-Control": "no-store"}
    return web.Response(text=content, content_type="text/html", headers=headers)


async def show(request: web.Request) -> web.Response:
    """The top-up page of a billing profile."""
    site = request.app[SITE]
    profile = profile_of(request)
    texts = texts_for(request)
    services = services_of(site.inventory(), profile)
    prices = [price(service) for service in services]
    return _html(
        "page.html",
        texts,
        " ".join(("'self'", *profile.sites)),
        profile=profile,
        title=profile.title or profile.name,
        number=request.query.get("number", "")[:NUMBER_MOST],
        amounts=[_amount(site, profile, amount, texts) for amount in profile.amounts],
        providers=_providers(site, profile),
        manual=MANUAL,
        prices=prices,
        has_fee=any(sheet.connect_fee_micros for sheet in prices),
        other=next((lang for lang in languages() if lang != texts.lang), texts.lang),
    )


def _amount(site: Site, profile: BillingProfile, amount: TopUpAmount, texts: Texts) -> Told:
    """One amount as its card shows it."""
    services = services_of(site.inventory(), profile)
    whole = amount.pay_micros + amount.bonus_micros
    bonus = texts.round_money(amount.bonus_micros, profile.currency)
    return {
        "value": format_shortest(amount.pay_micros),
        "pay": texts.round_money(amount.pay_micros, profile.currency),
        "bonus": texts("bonus", amount=bonus) if amount.bonus_micros else "",
        "reaches": [
            (line, texts.reach(reach(services, line, whole), line)) for line in Line if services
        ],
    }


def _providers(site: Site, profile: BillingProfile) -> list[str]:
    """The profile's providers that money can be paid with now, in the operator's order."""
    names = (terms.provider for terms in profile.providers)
    return [name for name in names if site.till.provider(profile.name, name) is not None]


async def snippet(request: web.Request) -> web.Response:
    """What the operator pastes into his page, as text."""
    profile = profile_of(request)
    lang = request.query.get("lang", "")
    return web.Response(text=snippet_of(request.app[SITE], profile, lang, texts_for(request)))


def snippet_of(site: Site, profile: BillingProfile, lang: str, texts: Texts | None = None) -> str:
    """What shows the profile's page on another, in a language if it is one of ours."""
    return (
        _templates()
        .get_template("snippet.html")
        .render(
            t=texts or languages()[lang],
            title=profile.title or profile.name,
            origin=site.origin,
            path=f"/topup/{profile.name}" + (f"?lang={lang}" if lang in languages() else ""),
        )
    )


def back(site: Site, order: PaymentOrder, told: Told, path: str) -> web.Response:
    """The page to which the provider sends the payer."""
    profile = site.inventory().profile(order.profile)
    title = (profile.title or profile.name) if profile is not None else order.profile
    return _html("back.html", texts_of(order), "'none'", title=title, told=told, path=path)
