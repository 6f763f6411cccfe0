"""The widget's page, and the key that its tokens are checked with.

Nothing runs or is drawn that is not a file of ours; only the merchant's sites may frame it, and to
no other origin does it tell its outcome.
"""

from functools import cache

from aiohttp import web
from jinja2 import Environment, PackageLoader

from engine.core.inventory import Merchant, OnInvalid
from engine.core.verification import Mode
from engine.flows.verification.verifier import REFERENCE_MOST
from engine.web.parts.files import FRAME
from engine.web.parts.templates import environment
from engine.web.site import SITE
from engine.web.verify.assets import FILES
from engine.web.verify.door import guest_of
from engine.web.verify.wording import Texts, texts_for

NUMBER_MOST = 40
"""The most characters of a number that the address may fill in."""

CORRECTIONS_MOST = 3
KEY_SET_KEPT_S = 3_600

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors "
)


@cache
def _templates() -> Environment:
    return environment(PackageLoader("engine.web.verify"))


async def show(request: web.Request) -> web.Response:
    """The widget of a merchant."""
    guest = guest_of(request)
    merchant, texts = guest.merchant, texts_for(request)
    target = _target(request, merchant)
    content = (
        _templates()
        .get_template("widget.html")
        .render(
            t=texts,
            sheets=(FRAME.address("frame.css"), FILES.address("verify.css")),
            js=FILES.address("verify.js"),
            key=request.match_info["key"],
            title=merchant.title or merchant.name,
            test=guest.test,
            target=target,
            mode=_mode(request, merchant),
            call_lang=_call_lang(texts, merchant),
            reference=request.query.get("reference", "")[:REFERENCE_MOST],
            number=request.query.get("number", "")[:NUMBER_MOST],
            corrections=CORRECTIONS_MOST if merchant.on_invalid is OnInvalid.CORRECT else 0,
        )
    )
    ancestors = target or " ".join(merchant.sites) or "'none'"
    headers = {"Content-Security-Policy": POLICY + ancestors, "Cache-Control": "no-store"}
    return web.Response(text=content, content_type="text/html", headers=headers)


def _target(request: web.Request, merchant: Merchant) -> str:
    """The origin that is told the outcome: the one that the address names, if it is a site of the
    merchant's; else his only one; "" for nobody."""
    named = request.query.get("origin", "")
    if named in merchant.sites:
        return named
    return merchant.sites[0] if len(merchant.sites) == 1 else ""


def _mode(request: web.Request, merchant: Merchant) -> Mode:
    named = request.query.get("mode", "")
    return next((mode for mode in merchant.modes if mode == named), merchant.modes[0])


def _call_lang(texts: Texts, merchant: Merchant) -> str:
    """The language of the call: the page's, if the merchant's calls speak it."""
    return texts.lang if texts.lang in merchant.languages else merchant.languages[0]


async def key_set(request: web.Request) -> web.Response:
    """The public key of all tokens (RFC 7517)."""
    headers = {"Cache-Control": f"public, max-age={KEY_SET_KEPT_S}"}
    return web.json_response(request.app[SITE].tokens.key_set(), headers=headers)
