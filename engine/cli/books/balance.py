"""`groschen balance`: what is on an account, and an operator's hand on it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import (
    Amount,
    Vacant,
    json_option,
    named,
    profile_option,
    run,
    sought,
    told_denied,
    why,
    why_options,
)
from engine.cli.lines import write
from engine.core.account import AccountView
from engine.core.money import format_shortest
from engine.core.number import HOME_REGION, classify, mask
from engine.errors import CallerError
from engine.flows.money.movements import Booked, Denied, Money
from engine.ports.audit import Detail
from engine.ports.ledger import Account
from engine.settings import Settings

T = TypeVar("T")


@click.group("balance")
def balance() -> None:
    """Show an account's balance, give, take and move money.

    ACCOUNT is an account's id, or a phone number within --profile.
    """


@balance.command("show")
@click.argument("account")
@profile_option
@json_option
def show(account: str, profile: str | None, as_json: bool) -> None:
    """Show balance, what calls hold of it, and what is available.

    \b
    Example:
      groschen balance show "030 23125 100"
    """

    async def work(books: Books, settings: Settings) -> Mapping[str, object]:
        found = await named(books, settings, account, profile)
        view = await books.store.account(found.account_id) if books.store else None
        return _standing(found, view)

    _tell(run(work, as_json=as_json), as_json)


@balance.command("credit")
@click.argument("account")
@click.argument("amount", type=Amount())
@click.option("--open", "may_open", is_flag=True, help="Open an account for a new number.")
@profile_option
@why_options
@json_option
def credit(
    account: str,
    amount: int,
    may_open: bool,
    profile: str | None,
    reason: str,
    author: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Give money. A caller who is talking can go on with it at once.

    \b
    Example:
      groschen balance credit "030 23125 100" 5.00 --reason "goodwill" --key ticket-4711
    """

    async def work(books: Books, settings: Settings) -> Booked:
        find = sought if may_open else named
        found = await find(books, settings, account, profile)
        money = Money(books.ledger, books.store, books.clock)

        async def give() -> Booked:
            own = await _opened(books, found) if isinstance(found, Vacant) else found
            return await money.credit(own.account_id, amount, why(reason, author, key))

        if isinstance(found, Account):
            return await _acted(books, "transactions.credit", found, give)
        owner = found.profile.organisation
        return await acted(books, "transactions.credit", give, organisation=owner, told=_moved)

    _booked(run(work, as_json=as_json), as_json)


@balance.command("debit")
@click.argument("account")
@click.argument("amount", type=Amount())
@profile_option
@why_options
@json_option
def debit(
    account: str,
    amount: int,
    profile: str | None,
    reason: str,
    author: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Take money that no call holds; refused if there is not enough of it.

    \b
    Example:
      groschen balance debit "030 23125 100" 2.50 --reason "newsletter" --key order-17
    """

    async def work(books: Books, settings: Settings) -> Booked | Denied:
        found = await named(books, settings, account, profile)
        money = Money(books.ledger, books.store, books.clock)
        cause = why(reason, author, key)
        return await _acted(
            books,
            "transactions.debit",
            found,
            lambda: money.debit(found.account_id, amount, cause),
        )

    _booked(run(work, as_json=as_json), as_json)


@balance.command("move")
@click.argument("account")
@click.argument("to")
@click.argument("amount", type=Amount(), required=False)
@profile_option
@why_options
@json_option
def move(
    account: str,
    to: str,
    amount: int | None,
    profile: str | None,
    reason: str,
    author: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Move an AMOUNT to another account; all that is available if none is given.

    \b
    Example:
      groschen balance move "030 23125 100" "0152 28817386" --reason "wrong number" --key t-9
    """

    async def work(books: Books, settings: Settings) -> Booked | Denied:
        source = await named(books, settings, account, profile)
        target = await named(books, settings, to, profile)
        money = Money(books.ledger, books.store, books.clock)
        cause = why(reason, author, key)
        return await _acted(
            books,
            "transactions.move",
            source,
            lambda: money.move(source.account_id, target.account_id, amount, cause),
        )

    _booked(run(work, as_json=as_json), as_json)


@balance.command("number")
@click.argument("account")
@click.argument("number")
@click.option("--merge", is_flag=True, help="Move the balance to the account NUMBER has.")
@profile_option
@why_options
@json_option
def change_number(
    account: str,
    number: str,
    merge: bool,
    profile: str | None,
    reason: str,
    author: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Give an account another phone NUMBER: balance and history stay with it.

    \b
    Example:
      groschen balance number "030 23125 100" "030 23125 200" --reason "has moved"
    """

    async def work(books: Books, settings: Settings) -> Mapping[str, object] | Denied:
        found = await named(books, settings, account, profile)
        e164 = classify(number, HOME_REGION).e164
        if e164 is None:
            raise CallerError(f"{number} is not a phone number", "number")
        money = Money(books.ledger, books.store, books.clock)
        cause = why(reason, author, key)
        changed = await _acted(
            books,
            "customers.change_number",
            found,
            lambda: money.change_number(found.account_id, e164, cause, merge=merge),
        )
        if isinstance(changed, Denied):
            return changed
        view = await books.store.account(changed.account_id) if books.store else None
        return _standing(changed, view)

    done = run(work, as_json=as_json)
    if isinstance(done, Denied):
        raise told_denied(done, as_json)
    _tell(done, as_json)


@balance.command("pin")
@click.argument("account")
@click.password_option("--pin", prompt="PIN (4 to 12 digits)", help="Left out: asked for, unseen.")
@profile_option
@json_option
def set_pin(account: str, pin: str, profile: str | None, as_json: bool) -> None:
    """Set the PIN with which a caller proves himself where a service has pin_entry.

    \b
    Example:
      groschen balance pin "030 23125 100"
    """

    async def work(books: Books, settings: Settings) -> Mapping[str, object]:
        found = await named(books, settings, account, profile)
        await _acted(
            books,
            "customers.set_pin",
            found,
            lambda: books.ledger.set_pin(found.account_id, pin),
        )
        return _standing(
            found, await books.store.account(found.account_id) if books.store else None
        )

    _tell(run(work, as_json=as_json), as_json)


async def _opened(books: Books, vacant: Vacant) -> Account:
    owner = vacant.profile
    return await books.ledger.open_account(
        owner.organisation, owner.name, vacant.e164, owner.currency
    )


async def _acted(
    books: Books, action: str, account: Account, work: Callable[[], Awaitable[T]]
) -> T:
    """Do something to an account, as an act of the audit log."""
    return await acted(
        books,
        action,
        work,
        organisation=account.organisation,
        target=f"customers/{account.account_id}",
        told=_moved,
    )


def _moved(done: object) -> Detail:
    """What the audit log says of a movement; nothing of anything else."""
    if not isinstance(done, Booked):
        return {}
    return {"account": done.account.account_id, "micros": done.micros}


def _standing(account: Account, view: AccountView | None) -> Mapping[str, object]:
    """The account as journal and store have it; what is held is unknown without a store."""
    return {
        "account": account.account_id,
        "number": mask(account.e164),
        "organisation": account.organisation,
        "profile": account.profile,
        "currency": account.currency,
        "balance": format_shortest(account.balance_micros),
        "held": format_shortest(view.held_micros) if view else None,
        "available": format_shortest(account.balance_micros - view.held_micros) if view else None,
        "seq": account.seq,
        "in_store": view is not None and view.seq >= account.seq,
    }


def _booked(done: Booked | Denied, as_json: bool) -> None:
    if isinstance(done, Denied):
        raise told_denied(done, as_json)
    account = done.account
    answer = {
        "key": done.key,
        "account": account.account_id,
        "amount": format_shortest(done.micros),
        "currency": account.currency,
        "balance": format_shortest(account.balance_micros),
        "in_store": done.in_store,
    }
    _tell(answer, as_json)
    if not done.in_store and not as_json:
        click.echo("Booked; the store learns of it as soon as an engine runs.", err=True)


def _tell(answer: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        write(answer)
        return
    width = max(map(len, answer))
    for name, value in answer.items():
        click.echo(f"{name:{width}}  {'unknown' if value is None else value}")
