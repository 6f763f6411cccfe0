"""Why can't he talk? The reasons for a number or a refused call, each with its mend."""

from dataclasses import dataclass

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.why.finding import Finding, Reason, Why, why_call, why_number
from engine.flows.why.words import sentence
from engine.web.console.asked import Asked
from engine.web.console.forms.veil import veil
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

WHY = "/console/why"
_RENAMED = (Reason.NEAR_NUMBER, Reason.FORMER_NUMBER)
"""What a change of number mends."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding in words; `path` is of the customer it is about, empty if of none, and `mends`
    whether a change of number there mends it."""

    reason: str
    mend: str
    path: str
    mends: bool


async def show(asked: Asked) -> web.StreamResponse:
    """The form, and what was found for what was typed into it."""
    caller = asked.wanted("caller")
    found: Why | None = None
    if caller:
        try:
            found = await _found(asked, caller)
        except CallerError as error:
            asked.fault = error
    told = [_told(asked, one, found.e164) for one in found.findings] if found else []
    return asked.render("why/why.html", caller=caller, found=found, told=told)


async def _found(asked: Asked, caller: str) -> Why:
    reading = asked.site.reading
    record = await reading.records.record(asked.owner, caller)
    if record is not None:
        return await why_call(reading.kin, record)
    return await why_number(reading.kin, asked.owner, caller)


def _told(asked: Asked, finding: Finding, e164: str) -> Told:
    reason, mend = sentence(finding, asked.texts.lang)
    customer = finding.customer
    if customer is None:
        return Told(reason, mend, "", mends=False)
    path = f"/console/customers/{customer.account.account_id}"
    mends = finding.reason in _RENAMED and bool(e164) and asked.may(Right.CUSTOMERS_WRITE)
    return Told(reason, mend, f"{path}?to={veil(asked, e164)}#change" if mends else path, mends)


SUBJECT = Subject(
    routes=(Route("GET", WHY, Right.CUSTOMERS_READ, show, whose=Whose.ONE),),
    menu=(Item(Section.BUSINESS, WHY, Right.CUSTOMERS_READ, "why.title", place=12),),
)
