"""Customers: listed, found by number; one with his money, calls and notes; what is done to him."""

import secrets

from aiohttp import web

from engine.core.account import AccountView
from engine.core.roles import Right
from engine.errors import CallerError, RemoteError
from engine.flows.agents.callers import CallerFile
from engine.flows.money.accounts import put_back
from engine.ports.ledger import Account
from engine.ports.operators import Customer, CustomerFilter, CustomerOrder, LineFilter, TopUps
from engine.ports.reading.records import CallFilter
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import number_of
from engine.web.console.forms.veil import unveil
from engine.web.console.menu import Item, Section
from engine.web.console.pages.customers import reports
from engine.web.console.pages.customers.renaming import change_number
from engine.web.console.route import Handler, Route, Subject, Whose

CUSTOMERS = "/console/customers"
ONE = f"{CUSTOMERS}/{{account_id}}"
ROWS_OF_ONE = 10
PIN_DIGITS = 6
ORDERS = (CustomerOrder.LAST_TOP_UP, CustomerOrder.BALANCE, CustomerOrder.ID)
"""Not by number: its place among the others would tell the first digits of a withheld one."""


async def find(asked: Asked) -> Belongs | None:
    """The account that the address names."""
    return await asked.site.ledger.account(asked.request.match_info["account_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Customers in an order, or those whom a number names or has named."""
    order = next((one for one in ORDERS if one == asked.wanted("order")), ORDERS[0])
    former: set[str] = set()
    more = ""
    if typed := asked.wanted("number"):
        found, former = await _named(asked, typed)
    else:
        wanted = CustomerFilter(
            organisation=asked.owner,
            order=order,
            after=asked.wanted("after"),
            most=PAGE_ROWS + 1,
        )
        found = list(await asked.site.customers.customers(wanted))
        more = found[PAGE_ROWS - 1].account.account_id if len(found) > PAGE_ROWS else ""
    page = found[:PAGE_ROWS]
    paid = await asked.site.customers.top_ups([one.account.account_id for one in page])
    is_first_page = not (typed or asked.wanted("after"))
    return asked.render(
        "customers/list.html",
        reports=await _file(asked).open_reports() if is_first_page else (),
        reports_shown=ROWS_OF_ONE,
        customers=page,
        paid=paid,
        none_paid=TopUps(),
        more=more,
        order=order,
        orders=ORDERS,
        typed=typed,
        former=former,
    )


async def _named(asked: Asked, typed: str) -> tuple[list[Customer], set[str]]:
    """Whom a typed number names; and of these the ids of those whom it named once."""
    try:
        e164 = number_of(typed)
    except CallerError as error:
        asked.fault = error
        return [], set()
    named = await asked.site.reading.kin.named(asked.owner, [e164])
    found = {one.customer.account.account_id: one.customer for one in named}
    present = {one.customer.account.account_id for one in named if one.until_ms is None}
    return list(found.values()), set(found) - present


async def show(asked: Asked) -> web.StreamResponse:
    """One customer."""
    return await _show(asked)


async def reveal(asked: Asked) -> web.StreamResponse:
    """One customer with his numbers in full, but for those that were withheld."""
    reason = asked.typed("reason", 200)
    if not reason:
        raise CallerError("must be given", "reason")
    asked.note(reason=reason)
    return await _show(asked, revealed=True)


async def _show(asked: Asked, *, revealed: bool = False) -> web.Response:
    account_id = asked.found(Account).account_id
    customer = await _customer(asked)
    paid = await asked.site.customers.top_ups([account_id])
    calls = CallFilter(organisation=asked.owner, account_id=account_id, most=ROWS_OF_ONE)
    lines = LineFilter(account_id=account_id, most=ROWS_OF_ONE)
    to = asked.wanted("to", 1_000)
    return asked.render(
        "customers/customer.html",
        customer=customer,
        account=customer.account,
        view=await _view(asked, customer.account),
        paid=paid.get(account_id, TopUps()),
        names=await asked.site.reading.kin.names(asked.owner, account_id),
        lines=await asked.site.customers.lines(lines),
        calls=(await asked.site.reading.records.search(calls)).records,
        notes=await _file(asked).notes(account_id),
        revealed=revealed,
        form_id=asked.typed("form_id") or secrets.token_hex(12),
        veiled=to if to and unveil(asked, to) else "",
    )


async def _customer(asked: Asked) -> Customer:
    account_id = asked.found(Account).account_id
    customer = await asked.site.customers.customer(asked.owner, account_id)
    if customer is None:
        raise web.HTTPNotFound
    return customer


async def _view(asked: Asked, account: Account) -> AccountView | None:
    """What calls hold of it; None while the store does not answer."""
    try:
        return await put_back(asked.site.ledger, asked.site.store, account)
    except RemoteError:
        return None


def _file(asked: Asked) -> CallerFile:
    return CallerFile(asked.site.callers, asked.site.clock, asked.owner)


async def note(asked: Asked) -> web.StreamResponse:
    """Keep a note on a customer."""
    account = asked.found(Account)
    form_id = f"{asked.user.user_id}:{asked.typed('form_id')}"
    await _file(asked).note(account.account_id, asked.user.name, _text(asked), note_id=form_id)
    return asked.done(_path(account), "customers.noted_now")


def _text(asked: Asked) -> str:
    text = asked.typed("text")
    if not text:
        raise CallerError("must not be empty", "text")
    return text


async def block(asked: Asked) -> web.StreamResponse:
    """Let him call no more."""
    account, reason = asked.found(Account), asked.typed("reason", 200)
    if not reason:
        raise CallerError("must be given", "reason")
    asked.note(reason=reason)
    await _file(asked).block(account.account_id, asked.user.name, reason)
    return asked.done(_path(account), "customers.blocked_now")


async def unblock(asked: Asked) -> web.StreamResponse:
    """Let him call again."""
    account = asked.found(Account)
    await _file(asked).unblock(account.account_id, asked.user.name)
    return asked.done(_path(account), "customers.unblocked_now")


async def reset_pin(asked: Asked) -> web.StreamResponse:
    """Give him a new PIN, shown once."""
    account = asked.found(Account)
    pin = f"{secrets.randbelow(10**PIN_DIGITS):0{PIN_DIGITS}}"
    await asked.site.ledger.set_pin(account.account_id, pin)
    return asked.render("customers/pin.html", account=account, pin=pin)


def _path(account: Account) -> str:
    return f"{CUSTOMERS}/{account.account_id}"


def _act(
    path: str,
    handler: Handler,
    verb: str,
    right: Right = Right.CUSTOMERS_WRITE,
    *,
    asks_first: bool = False,
) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        right,
        handler,
        finds=find,
        action=f"customers.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", CUSTOMERS, Right.CUSTOMERS_READ, show_all, whose=Whose.ONE),
        Route("GET", ONE, Right.CUSTOMERS_READ, show, finds=find),
        _act("reveal", reveal, "reveal", Right.NUMBER_REVEAL),
        _act("notes", note, "note"),
        _act("block", block, "block", asks_first=True),
        _act("unblock", unblock, "unblock"),
        _act("pin", reset_pin, "reset_pin", asks_first=True),
        _act("number", change_number, "change_number", asks_first=True),
        Route(
            "POST",
            f"{CUSTOMERS}/reports/{{note_id}}/see",
            Right.CUSTOMERS_WRITE,
            reports.see,
            finds=reports.find,
            action="customers.see_report",
        ),
    ),
    menu=(Item(Section.BUSINESS, CUSTOMERS, Right.CUSTOMERS_READ, "customers.title", place=10),),
)
