"""Verifications: listed, and one with its steps as they are taken."""

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.core.roles import Right
from engine.core.verification import Status, Verification
from engine.errors import CallerError, RemoteError
from engine.ports.limits import Use
from engine.ports.verifications import VerificationFilter
from engine.web.console import live, look
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.verification import merchants
from engine.web.console.pages.verification.shown import steps
from engine.web.console.route import Route, Subject, Whose

VERIFICATIONS = "/console/verifications"
ONE = f"{VERIFICATIONS}/{{verification_id}}"
OF_ALL = ("per_merchant", "in_all", "merchant_unproved")
"""What limits more than one number: told on the merchant's page."""


async def find(asked: Asked) -> Belongs | None:
    """The verification that the address names."""
    return await asked.site.verifier.read(None, asked.request.match_info["verification_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Verifications as the filters want them, newest first."""
    wanted = VerificationFilter(
        organisation=asked.owner,
        merchant=asked.wanted("merchant") or None,
        reference=asked.wanted("reference", 200) or None,
        status=word_of(Status, asked.wanted("status")),
        before=asked.wanted("before") or None,
        most=PAGE_ROWS + 1,
    )
    found = await asked.site.verifier.listed(wanted)
    page = found[:PAGE_ROWS]
    known = asked.site.inventory().merchants
    return asked.render(
        "verification/list.html",
        page=page,
        more=asked.link(before=page[-1].verification_id) if len(found) > PAGE_ROWS else "",
        merchants=[one for one in known if one.organisation == asked.owner],
        statuses=tuple(Status),
    )


async def show(asked: Asked) -> web.StreamResponse:
    """One verification, and what limits further calls to its number."""
    one = asked.found(Verification)
    return asked.render(
        "verification/verification.html", **_now(asked, one), use=await _use(asked, one)
    )


async def watch(asked: Asked) -> web.StreamResponse:
    """One verification as it changes."""
    verification_id = asked.found(Verification).verification_id

    async def seen() -> str:
        one = await asked.site.verifier.read(None, verification_id)
        return "" if one is None else look.piece("verification/now.html", _now(asked, one))

    return await live.stream(asked, seen)


def _now(asked: Asked, one: Verification) -> Mapping[str, Any]:
    return {"asked": asked, "t": asked.texts, "one": one, "steps": tuple(steps(one))}


async def _use(asked: Asked, one: Verification) -> Use | None:
    """What is counted of its number, its prefix and the address that asked; None where nothing is,
    or nobody knows."""
    if one.e164 is None or one.test:
        return None
    try:
        use = await asked.site.verifier.use_by(one)
    except (RemoteError, CallerError):
        return None
    limits = tuple(used for used in use.limits if used.limit.name not in OF_ALL)
    breakers = tuple(used for used in use.breakers if used.breaker.name not in OF_ALL)
    return Use(limits, breakers)


SUBJECT = Subject(
    routes=(
        Route("GET", VERIFICATIONS, Right.VERIFICATION_READ, show_all, whose=Whose.ONE),
        Route("GET", ONE, Right.VERIFICATION_READ, show, finds=find),
        Route(
            "GET",
            "/console/live/verifications/{verification_id}",
            Right.VERIFICATION_READ,
            watch,
            finds=find,
            is_page=False,
        ),
        *merchants.ROUTES,
    ),
    menu=(
        Item(
            Section.BUSINESS, VERIFICATIONS, Right.VERIFICATION_READ, "verification.title", place=35
        ),
        Item(
            Section.LINES,
            merchants.MERCHANTS,
            Right.VERIFICATION_READ,
            "verification.merchants",
            place=30,
        ),
    ),
)
