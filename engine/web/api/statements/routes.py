"""Each month of a billing profile, of a merchant and of numbers: as JSON, CSV and as a document.

The same bytes as the console and the command line give.
"""

import asyncio
from typing import Any

from engine.core.inventory import BillingProfile, Merchant
from engine.core.money import format_shortest
from engine.flows.papers.month import HOME_TIMEZONE, month_of, months_listed
from engine.flows.statement.merchant import (
    MerchantStatement,
    draw_up_merchant,
    merchant_csv,
    merchant_values,
)
from engine.flows.statement.pdf import merchant_pdf, pdf
from engine.flows.statement.rentals import (
    NumberStatement,
    draw_up_rentals,
    rentals_csv,
    rentals_values,
)
from engine.flows.statement.sheet import csv_text, plain
from engine.flows.statement.statement import Statement, draw_up
from engine.flows.statement.words import LANGUAGES
from engine.ports.operators import Scope
from engine.web.api.contract import (
    NOT_FOUND,
    Asked,
    NoBody,
    NoQuery,
    Paper,
    Refused,
    Result,
    Route,
    Sheet,
)
from engine.web.api.statements import models

_NO_PROFILE = Refused(NOT_FOUND, "There is no such billing profile.")
_NO_MERCHANT = Refused(NOT_FOUND, "There is no such merchant.")


async def list_statements(asked: Asked[NoQuery, NoBody]) -> Result:
    """Billing profiles and merchants of the organisation, and the last twelve months."""
    inventory, now_ms = asked.site.inventory(), asked.site.clock.now().wall_ms
    return models.ListedStatements(
        profiles=[_party(one) for one in inventory.profiles if _is_own(asked, one)],
        merchants=[_party(one) for one in inventory.merchants if _is_own(asked, one)],
        months=[
            models.ListedMonth(month=month.name, closed=now_ms >= month.to_ms)
            for month in months_listed(now_ms)
        ],
    )


async def show_profile(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """What the money of a profile's customers did in a month, and the operator's fees."""
    made = await _of_profile(asked)
    if isinstance(made, Refused):
        return made
    return models.ProfileStatement.model_validate(plain(made))


async def write_profile(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """The same as CSV: a line for each."""
    made = await _of_profile(asked)
    return made if isinstance(made, Refused) else Sheet(text=csv_text(made))


async def print_profile(asked: Asked[models.PaperQuery, NoBody]) -> Result:
    """The same as a document to be printed."""
    made = await _of_profile(asked)
    if isinstance(made, Refused):
        return made
    return Paper(content=await asyncio.to_thread(pdf, made, LANGUAGES[asked.query.lang]))


async def show_merchant(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """What a merchant's verifications came to in a month, and what the proved ones cost."""
    made = await _of_merchant(asked)
    if isinstance(made, Refused):
        return made
    lines = merchant_values(made)
    return models.MerchantStatement(
        merchant=made.merchant,
        owner=made.owner,
        currency=made.currency,
        month=made.month.name,
        timezone=made.month.zone.key,
        closed=made.is_closed,
        total=format_shortest(made.total_micros),
        lines=[models.StatementOutcome.model_validate(line) for line in lines],
    )


async def write_merchant(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """The same as CSV: a line for each outcome and price."""
    made = await _of_merchant(asked)
    return made if isinstance(made, Refused) else Sheet(text=merchant_csv(made))


async def print_merchant(asked: Asked[models.PaperQuery, NoBody]) -> Result:
    """The same as a document to be printed."""
    made = await _of_merchant(asked)
    if isinstance(made, Refused):
        return made
    return Paper(content=await asyncio.to_thread(merchant_pdf, made, asked.query.lang))


async def show_numbers(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """What the organisation's numbers cost in a month."""
    made = await _of_numbers(asked)
    return models.NumbersStatement(
        month=made.month.name,
        timezone=made.month.zone.key,
        booked=made.is_booked,
        lines=[models.RentedNumber.model_validate(line) for line in rentals_values(made)],
    )


async def write_numbers(asked: Asked[models.MonthQuery, NoBody]) -> Result:
    """The same as CSV: a line for each number."""
    return Sheet(text=rentals_csv(await _of_numbers(asked)))


async def _of_numbers(asked: Asked[models.MonthQuery, NoBody]) -> NumberStatement:
    site, name = asked.site, asked.organisation
    month, now_ms = month_of(asked.query.month, HOME_TIMEZONE), site.clock.now().wall_ms
    titles = {one.name: one.title for one in site.inventory().organisations}
    return await draw_up_rentals(site.numbering, name, titles.get(name) or name, month, now_ms)


async def _of_profile(asked: Asked[Any, Any]) -> Statement | Refused:
    """The statement that the request names; a profile of another is not there."""
    site, inventory = asked.site, asked.site.inventory()
    profile = inventory.profile(asked.ids["profile"])
    if profile is None or not _is_own(asked, profile):
        return _NO_PROFILE
    month, now_ms = month_of(asked.query.month, HOME_TIMEZONE), site.clock.now().wall_ms
    return await draw_up(site.reading.statements, inventory, profile.name, month, now_ms)


async def _of_merchant(asked: Asked[Any, Any]) -> MerchantStatement | Refused:
    """The statement that the request names; a merchant of another is not there."""
    site, inventory = asked.site, asked.site.inventory()
    merchant = inventory.merchant(asked.ids["merchant"])
    if merchant is None or not _is_own(asked, merchant):
        return _NO_MERCHANT
    month, now_ms = month_of(asked.query.month, HOME_TIMEZONE), site.clock.now().wall_ms
    verifications = site.reading.verifications
    return await draw_up_merchant(verifications, inventory, merchant.name, month, now_ms)


def _is_own(asked: Asked[Any, Any], one: BillingProfile | Merchant) -> bool:
    return one.organisation == asked.organisation


def _party(one: BillingProfile | Merchant) -> models.Party:
    return models.Party(name=one.name, title=one.title, currency=one.currency)


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/statements",
        name="listStatements",
        summary="List of whom and of which months there are statements",
        scope=Scope.STATEMENTS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.ListedStatements,
        run=list_statements,
    ),
    Route(
        method="GET",
        path="/profiles/{profile}/statement",
        name="showProfileStatement",
        summary="Show a billing profile's month",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=models.ProfileStatement,
        run=show_profile,
        exports=True,
    ),
    Route(
        method="GET",
        path="/profiles/{profile}/statement.csv",
        name="writeProfileStatement",
        summary="Give a billing profile's month as CSV",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=Sheet,
        run=write_profile,
    ),
    Route(
        method="GET",
        path="/profiles/{profile}/statement.pdf",
        name="printProfileStatement",
        summary="Give a billing profile's month as PDF",
        scope=Scope.STATEMENTS_READ,
        query=models.PaperQuery,
        body=NoBody,
        answer=Paper,
        run=print_profile,
    ),
    Route(
        method="GET",
        path="/merchants/{merchant}/statement",
        name="showMerchantStatement",
        summary="Show a merchant's month",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=models.MerchantStatement,
        run=show_merchant,
        exports=True,
    ),
    Route(
        method="GET",
        path="/merchants/{merchant}/statement.csv",
        name="writeMerchantStatement",
        summary="Give a merchant's month as CSV",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=Sheet,
        run=write_merchant,
    ),
    Route(
        method="GET",
        path="/merchants/{merchant}/statement.pdf",
        name="printMerchantStatement",
        summary="Give a merchant's month as PDF",
        scope=Scope.STATEMENTS_READ,
        query=models.PaperQuery,
        body=NoBody,
        answer=Paper,
        run=print_merchant,
    ),
    Route(
        method="GET",
        path="/statements/numbers",
        name="showNumbersStatement",
        summary="Show the month of the organisation's numbers",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=models.NumbersStatement,
        run=show_numbers,
        exports=True,
    ),
    Route(
        method="GET",
        path="/statements/numbers.csv",
        name="writeNumbersStatement",
        summary="Give the month of the organisation's numbers as CSV",
        scope=Scope.STATEMENTS_READ,
        query=models.MonthQuery,
        body=NoBody,
        answer=Sheet,
        run=write_numbers,
    ),
)
