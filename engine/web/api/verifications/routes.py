"""Verifications: begun, read, checked, called again, cancelled, their tokens used up."""

from ipaddress import ip_address
from typing import Any

from engine.core.inventory import Merchant
from engine.core.money import format_shortest
from engine.core.verification import Verification
from engine.errors import CallerError
from engine.flows.verification.tokens import audience
from engine.flows.verification.verifier import Wish
from engine.ports.operators import Scope
from engine.ports.verifications import VerificationFilter
from engine.verification.rules import Rejected
from engine.verification.session import Unfit
from engine.web.api import models as wire
from engine.web.api.contract import (
    INVALID_NUMBER,
    NO_TOKEN,
    NOT_FOUND,
    NOT_NOW,
    TOKEN_USED,
    Asked,
    NoBody,
    NoQuery,
    Refused,
    Result,
    Route,
)
from engine.web.api.verifications import models
from engine.web.publishable import publishable_key
from engine.web.site import Site

_NOT_THERE = Refused(NOT_FOUND, "There is no such verification.")


async def _verification(asked: Asked[wire.Form, wire.Form]) -> Verification | None:
    """The verification the path names, if it is the organisation's."""
    return await asked.site.verifier.read(asked.organisation, asked.ids["verification_id"])


async def begin(asked: Asked[NoQuery, models.NewVerification]) -> Result:
    """Have a number verified: it is judged, and called within a second.

    A number that cannot be right is refused (`invalid_number`) where the merchant lets it be
    corrected. Else, and if it is foreign or a service number, its verification is over at once:
    nobody is called, nothing charged.
    """
    body = asked.body
    begun = await asked.site.verifier.create(
        Wish(
            organisation=asked.organisation,
            merchant=body.merchant,
            to=body.to,
            mode=body.mode,
            lang=body.lang,
            reference=body.reference,
            address=_address(body.address),
            key=asked.once,
            test=body.test,
        )
    )
    if isinstance(begun, Rejected):
        more = {"reason": begun.reason, "did_you_mean": begun.suggestion}
        return Refused(INVALID_NUMBER, begun.reason, "to", more)
    meant = begun.rejected.suggestion if begun.rejected else ""
    return shown(asked.site, begun.verification, meant=meant)


def _address(text: str) -> str:
    try:
        return str(ip_address(text)) if text else ""
    except ValueError:
        raise CallerError("must be a network address", "address") from None


async def show(asked: Asked[NoQuery, NoBody]) -> Result:
    """One verification; with the code that the form is to show, where it is keyed in."""
    found = await _verification(asked)
    if found is None:
        return _NOT_THERE
    return shown(asked.site, found, code=asked.site.verifier.shown_code(found))


async def list_all(asked: Asked[models.VerificationsQuery, NoBody]) -> Result:
    """A page of verifications, newest first."""
    query = asked.query
    wanted = VerificationFilter(
        organisation=asked.organisation,
        merchant=query.merchant,
        reference=query.reference,
        before=query.after,
        most=query.limit + 1,
    )
    found = await asked.site.verifier.listed(wanted)
    page = found[: query.limit]
    return models.Verifications(
        verifications=[shown(asked.site, one) for one in page],
        next=page[-1].verification_id if len(found) > query.limit else None,
    )


async def check(asked: Asked[NoQuery, models.Checking]) -> Result:
    """Compare the code that was typed into the form; a repeat costs no further try."""
    if await _verification(asked) is None:
        return _NOT_THERE
    checked = await asked.site.verifier.check(
        asked.organisation, asked.ids["verification_id"], asked.body.code
    )
    if checked.refused:
        return _not_now(checked.refused)
    verification = shown(asked.site, checked.verification)
    return models.Checked(
        fits=checked.fits, tries_left=checked.tries_left, verification=verification
    )


async def call_again(asked: Asked[NoQuery, NoBody]) -> Result:
    """Call once more now, with the same code."""
    if await _verification(asked) is None:
        return _NOT_THERE
    became = await asked.site.verifier.call_again(asked.organisation, asked.ids["verification_id"])
    return _became(asked.site, became)


async def cancel(asked: Asked[NoQuery, NoBody]) -> Result:
    """End a verification that is wanted no more; its call ends too."""
    if await _verification(asked) is None:
        return _NOT_THERE
    became = await asked.site.verifier.cancel(asked.organisation, asked.ids["verification_id"])
    return _became(asked.site, became)


async def consume(asked: Asked[NoQuery, models.Consuming]) -> Result:
    """Use up the token that a page brought: it is good once, for this reference."""
    body, site = asked.body, asked.site
    claims = site.tokens.read(body.token, site.clock.now().wall_ms)
    found = await site.verifier.read(asked.organisation, claims.verification_id) if claims else None
    if claims is None or found is None or claims.audience != audience(found):
        return Refused(NO_TOKEN, "It is not ours, was changed, or has expired.", "token")
    if found.reference != body.reference:
        return Refused(NO_TOKEN, "It is for another reference.", "reference")
    if found.test != body.test:
        return Refused(NO_TOKEN, "It is of the other mode: test or not.", "test")
    if not await site.verifier.consume(found.verification_id, asked.once):
        return Refused(TOKEN_USED, "Its number was proved once, and taken.", "token")
    return shown(site, found)


async def list_merchants(asked: Asked[NoQuery, NoBody]) -> Result:
    """The organisation's merchants, with the keys that their pages may hold."""
    merchants = asked.site.inventory().merchants
    own = [one for one in merchants if one.organisation == asked.organisation]
    return models.VerificationMerchants(merchants=[_merchant(asked.site, one) for one in own])


def _not_now(reason: str) -> Refused:
    return Refused(NOT_NOW, f"It is at: {reason}.", more={"reason": reason})


def _became(site: Site, became: Verification | Unfit) -> Result:
    return _not_now(became.reason) if isinstance(became, Unfit) else shown(site, became)


def _merchant(site: Site, merchant: Merchant) -> models.VerificationMerchant:
    return models.VerificationMerchant(
        name=merchant.name,
        title=merchant.title or merchant.name,
        sites=list(merchant.sites),
        modes=list(merchant.modes),
        languages=list(merchant.languages),
        on_invalid=merchant.on_invalid,
        live_key=publishable_key(site.seal, merchant.name, test=False),
        test_key=publishable_key(site.seal, merchant.name, test=True),
    )


def shown(
    site: Site, one: Verification, *, code: str | None = None, meant: str = ""
) -> models.Verification:
    """A verification as its merchant's server sees it."""
    return models.Verification(
        verification_id=one.verification_id,
        merchant=one.merchant,
        reference=one.reference,
        number=one.e164,
        status=one.status,
        reason=one.reason or None,
        step=one.step,
        mode=one.mode,
        lang=one.lang,
        code=code,
        tries_left=one.tries_left,
        calls=one.calls,
        calls_left=one.calls_left,
        last_failure=one.last_failure,
        did_you_mean=meant or None,
        created=wire.write_time(one.created_ms),
        expires=wire.write_time(one.expires_ms),
        ended=wire.write_time(one.ended_ms) if one.ended_ms is not None else None,
        currency=one.currency,
        charge=format_shortest(one.charge_micros),
        test=one.test,
        token=site.tokens.make(one),
    )


_SCOPE = Scope.VERIFICATIONS_WRITE

ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/verifications",
        name="listVerifications",
        summary="List verifications, newest first",
        scope=_SCOPE,
        query=models.VerificationsQuery,
        body=NoBody,
        answer=models.Verifications,
        run=list_all,
    ),
    Route(
        method="POST",
        path="/verifications",
        name="beginVerification",
        summary="Have a phone number verified by a call",
        scope=_SCOPE,
        query=NoQuery,
        body=models.NewVerification,
        answer=models.Verification,
        run=begin,
        status=201,
        refusals=(INVALID_NUMBER,),
        is_traffic=True,
    ),
    Route(
        method="GET",
        path="/verifications/{verification_id}",
        name="showVerification",
        summary="Show a verification, and how its call stands",
        scope=_SCOPE,
        query=NoQuery,
        body=NoBody,
        answer=models.Verification,
        run=show,
    ),
    Route(
        method="POST",
        path="/verifications/{verification_id}/check",
        name="checkVerification",
        summary="Compare the code that was typed into the form",
        scope=_SCOPE,
        query=NoQuery,
        body=models.Checking,
        answer=models.Checked,
        run=check,
        refusals=(NOT_NOW,),
        is_traffic=True,
    ),
    Route(
        method="POST",
        path="/verifications/{verification_id}/calls",
        name="callAgain",
        summary="Call once more, with the same code",
        scope=_SCOPE,
        query=NoQuery,
        body=NoBody,
        answer=models.Verification,
        run=call_again,
        status=201,
        refusals=(NOT_NOW,),
        is_traffic=True,
    ),
    Route(
        method="POST",
        path="/verifications/{verification_id}/cancel",
        name="cancelVerification",
        summary="End a verification that is wanted no more",
        scope=_SCOPE,
        query=NoQuery,
        body=NoBody,
        answer=models.Verification,
        run=cancel,
        refusals=(NOT_NOW,),
        is_traffic=True,
    ),
    Route(
        method="POST",
        path="/verification-tokens/consume",
        name="consumeToken",
        summary="Use up the token that says a number is proved",
        scope=_SCOPE,
        query=NoQuery,
        body=models.Consuming,
        answer=models.Verification,
        run=consume,
        refusals=(NO_TOKEN, TOKEN_USED),
        is_traffic=True,
    ),
    Route(
        method="GET",
        path="/verification-merchants",
        name="listVerificationMerchants",
        summary="List who has numbers verified, with their publishable keys",
        scope=_SCOPE,
        query=NoQuery,
        body=NoBody,
        answer=models.VerificationMerchants,
        run=list_merchants,
    ),
)
