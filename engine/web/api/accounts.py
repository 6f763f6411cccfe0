"""Accounts, customers, money by hand, change of number."""

from typing import Any

from engine.core.money import format_shortest, parse_micros
from engine.core.posting import EntryKind
from engine.flows.money.accounts import put_back
from engine.flows.money.movements import Booked, Denied, DenyReason, Why
from engine.ports.ledger import JournalLine
from engine.ports.operators import Customer, CustomerFilter, LineFilter, Scope, TopUps
from engine.web.api import models
from engine.web.api.contract import (
    MONEY_IS_HELD,
    NOT_AVAILABLE,
    NOT_FOUND,
    NUMBER_TAKEN,
    Asked,
    NoBody,
    NoQuery,
    Refused,
    Result,
    Route,
)

_DENIALS = {
    DenyReason.NOT_AVAILABLE: NOT_AVAILABLE,
    DenyReason.NUMBER_TAKEN: NUMBER_TAKEN,
    DenyReason.MONEY_IS_HELD: MONEY_IS_HELD,
}
_NOT_THERE = Refused(NOT_FOUND, "There is no such account.")


async def _customer(asked: Asked[models.Form, models.Form]) -> Customer | None:
    """The account the path names, if it is the organisation's."""
    return await asked.site.customers.customer(asked.organisation, asked.ids["account_id"])


# --- looking up ----------------------------------------------------------------------------


async def list_accounts(asked: Asked[models.AccountsQuery, NoBody]) -> Result:
    """A page of accounts."""
    found, further = await _page(asked)
    return models.Accounts(accounts=[_account(customer) for customer in found], next=further)


async def list_customers(asked: Asked[models.AccountsQuery, NoBody]) -> Result:
    """A page of accounts with what was paid in."""
    found, further = await _page(asked)
    ids = [customer.account.account_id for customer in found]
    paid = await asked.site.customers.top_ups(ids)
    shown = [_paying(one, paid.get(one.account.account_id, TopUps())) for one in found]
    return models.Customers(customers=shown, next=further)


async def _page(
    asked: Asked[models.AccountsQuery, NoBody],
) -> tuple[list[Customer], str | None]:
    """The customers of a page, and where the next one begins."""
    query = asked.query
    wanted = CustomerFilter(
        organisation=asked.organisation,
        profile=query.profile,
        e164=query.number,
        after=query.after or "",
        most=query.limit + 1,
    )
    found = list(await asked.site.customers.customers(wanted))
    page = found[: query.limit]
    return page, page[-1].account.account_id if len(found) > query.limit else None


async def show_account(asked: Asked[NoQuery, NoBody]) -> Result:
    """One account."""
    customer = await _customer(asked)
    return _NOT_THERE if customer is None else _account(customer)


async def show_balance(asked: Asked[NoQuery, NoBody]) -> Result:
    """The account as the store has it, what calls hold of it too."""
    customer = await _customer(asked)
    if customer is None:
        return _NOT_THERE
    view = await put_back(asked.site.ledger, asked.site.store, customer.account)
    return models.Balance(
        account_id=view.account_id,
        currency=view.currency,
        balance=format_shortest(view.balance_micros),
        held=format_shortest(view.held_micros),
        available=format_shortest(view.available_micros),
    )


async def list_transactions(asked: Asked[models.TransactionsQuery, NoBody]) -> Result:
    """A page of the account's journal, newest first."""
    customer = await _customer(asked)
    if customer is None:
        return _NOT_THERE
    query = asked.query
    wanted = LineFilter(
        account_id=customer.account.account_id,
        kind=query.kind,
        from_ms=query.from_ms,
        to_ms=query.to_ms,
        before_seq=int(query.after) if query.after else None,
        most=query.limit + 1,
    )
    found = await asked.site.customers.lines(wanted)
    page = found[: query.limit]
    return models.Transactions(
        transactions=[_transaction(line) for line in page],
        next=str(page[-1].seq) if len(found) > query.limit else None,
    )


# --- money and number ----------------------------------------------------------------------


async def credit(asked: Asked[NoQuery, models.Movement]) -> Result:
    """Give money; a caller who is talking can go on with it at once."""
    micros = parse_micros(asked.body.amount, field="amount")
    customer = await _customer(asked)
    if customer is None:
        return _NOT_THERE
    why = _why(asked, asked.body.reason)
    return _booking(await asked.site.money.credit(customer.account.account_id, micros, why))


async def debit(asked: Asked[NoQuery, models.Movement]) -> Result:
    """Take money that no call holds."""
    micros = parse_micros(asked.body.amount, field="amount")
    customer = await _customer(asked)
    if customer is None:
        return _NOT_THERE
    why = _why(asked, asked.body.reason)
    done = await asked.site.money.debit(customer.account.account_id, micros, why)
    return _denied(done) if isinstance(done, Denied) else _booking(done)


async def change_number(asked: Asked[NoQuery, models.NumberChange]) -> Result:
    """Name the account by another number, or merge it into the account that has the number."""
    customer = await _customer(asked)
    if customer is None:
        return _NOT_THERE
    why = _why(asked, asked.body.reason)
    changed = await asked.site.money.change_number(
        customer.account.account_id, asked.body.number, why, merge=asked.body.merge
    )
    if isinstance(changed, Denied):
        return _denied(changed)
    named = await asked.site.customers.customer(asked.organisation, changed.account_id)
    return _NOT_THERE if named is None else _account(named)


def _why(asked: Asked[models.Form, models.Form], reason: str) -> Why:
    return Why(key=asked.once, reason=reason, author=asked.author)


def _denied(denied: Denied) -> Refused:
    available = format_shortest(denied.available_micros)
    more: dict[str, object] = {"available": available}
    if denied.other is not None:
        more["account_id"] = denied.other
    details = {
        DenyReason.NOT_AVAILABLE: f"{available} is available, the rest is held or not there.",
        DenyReason.NUMBER_TAKEN: "With merge, the balance moves to the account the number has.",
        DenyReason.MONEY_IS_HELD: "Try again when its calls are over.",
    }
    return Refused(_DENIALS[denied.reason], details[denied.reason], more=more)


# --- how it is shown -----------------------------------------------------------------------


def _account(customer: Customer) -> models.Account:
    account = customer.account
    return models.Account(
        account_id=account.account_id,
        profile=account.profile,
        currency=account.currency,
        number=None if customer.withheld else account.e164,
        balance=format_shortest(account.balance_micros),
    )


def _paying(customer: Customer, top_ups: TopUps) -> models.Customer:
    last = models.write_time(top_ups.last_ms) if top_ups.last_ms is not None else None
    known = _account(customer).model_dump()
    return models.Customer(**known, top_ups=top_ups.count, last_top_up=last)


def _booking(booked: Booked) -> models.Booking:
    return models.Booking(
        account_id=booked.account.account_id,
        amount=format_shortest(booked.micros),
        currency=booked.account.currency,
        balance=format_shortest(booked.account.balance_micros),
        in_store=booked.in_store,
    )


def _transaction(line: JournalLine) -> models.Transaction:
    return models.Transaction(
        seq=line.seq,
        at=models.write_time(line.at_ms),
        kind=EntryKind(line.kind),
        amount=format_shortest(line.micros),
        balance=format_shortest(line.balance_micros),
        reason=line.reason,
        author=line.author,
        call_id=line.call_id,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/accounts",
        name="listAccounts",
        summary="List accounts",
        scope=Scope.ACCOUNTS_READ,
        query=models.AccountsQuery,
        body=NoBody,
        answer=models.Accounts,
        run=list_accounts,
    ),
    Route(
        method="GET",
        path="/accounts/{account_id}",
        name="showAccount",
        summary="Show an account",
        scope=Scope.ACCOUNTS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Account,
        run=show_account,
    ),
    Route(
        method="GET",
        path="/accounts/{account_id}/balance",
        name="showBalance",
        summary="Show an account's balance, what calls hold of it, and what is available",
        scope=Scope.ACCOUNTS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Balance,
        run=show_balance,
    ),
    Route(
        method="GET",
        path="/accounts/{account_id}/transactions",
        name="listTransactions",
        summary="List what was booked on an account, newest first",
        scope=Scope.ACCOUNTS_READ,
        query=models.TransactionsQuery,
        body=NoBody,
        answer=models.Transactions,
        run=list_transactions,
    ),
    Route(
        method="POST",
        path="/accounts/{account_id}/credits",
        name="credit",
        summary="Give money; a caller who is talking can go on with it at once",
        scope=Scope.MONEY_WRITE,
        query=NoQuery,
        body=models.Movement,
        answer=models.Booking,
        run=credit,
        status=201,
    ),
    Route(
        method="POST",
        path="/accounts/{account_id}/debits",
        name="debit",
        summary="Take money that no call holds",
        scope=Scope.MONEY_WRITE,
        query=NoQuery,
        body=models.Movement,
        answer=models.Booking,
        run=debit,
        status=201,
        refusals=(NOT_AVAILABLE,),
    ),
    Route(
        method="PUT",
        path="/accounts/{account_id}/number",
        name="changeNumber",
        summary="Give an account another number; balance, history and marks stay with it",
        scope=Scope.NUMBERS_WRITE,
        query=NoQuery,
        body=models.NumberChange,
        answer=models.Account,
        run=change_number,
        refusals=(NUMBER_TAKEN, MONEY_IS_HELD, NOT_AVAILABLE),
    ),
    Route(
        method="GET",
        path="/customers",
        name="listCustomers",
        summary="List accounts with how often and when last they were topped up",
        scope=Scope.ACCOUNTS_READ,
        query=models.AccountsQuery,
        body=NoBody,
        answer=models.Customers,
        run=list_customers,
    ),
)
