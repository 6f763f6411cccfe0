"""Accounts, the numbers that name them, and the caller lists of first-call offers.

Each function is part of a transaction. Whoever finds a row missing inserts it; if another was
faster, the unique key breaks the transaction, and its repeat finds the row (`database.write`).
"""

from dataclasses import asdict

from sqlalchemy import (
    ColumnElement,
    Select,
    Text,
    delete,
    exists,
    insert,
    literal,
    select,
    update,
)
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallerError, ConflictError
from engine.ledger.tables import (
    accounts,
    aliases,
    blocked_callers,
    calls,
    first_calls,
    heads,
    organisations,
)
from engine.ports.ledger import Account
from engine.ports.reading.marks import FirstCallMark

DAY_MS = 24 * 60 * 60 * 1000


_PRESENT = aliases.c.until_ms.is_(None)


def select_accounts() -> Select[tuple[object, ...]]:
    """All accounts with number, balance and sequence number, in rows for `account_of`."""
    has_talked = exists().where(
        calls.c.account_id == accounts.c.account_id, calls.c.joined_ms.is_not(None)
    )
    # Whoever is blocked by one account of his is so by all that have its number. Nested, so that
    # no database begins with the blocks: their number must not matter.
    other = aliases.alias()
    is_blocked = exists().where(
        other.c.organisation == accounts.c.organisation,
        other.c.e164 == aliases.c.e164,
        other.c.until_ms.is_(None),
        exists().where(
            blocked_callers.c.organisation == other.c.organisation,
            blocked_callers.c.account_id == other.c.account_id,
        ),
    )
    return (
        select(
            accounts,
            aliases.c.e164,
            heads.c.balance_micros,
            heads.c.seq,
            has_talked.label("has_talked"),
            is_blocked.label("is_blocked"),
        )
        .join(heads, heads.c.account_id == accounts.c.account_id)
        .join(aliases, (aliases.c.account_id == accounts.c.account_id) & _PRESENT)
    )


def account_of(row: RowMapping) -> Account:
    """The account in a row of `select_accounts`."""
    return Account(
        account_id=row["account_id"],
        organisation=row["organisation"],
        profile=row["profile"],
        e164=row["e164"],
        currency=row["currency"],
        balance_micros=row["balance_micros"],
        seq=row["seq"],
        returning=row["has_talked"],
        blocked=row["is_blocked"],
    )


async def by_id(connection: AsyncConnection, account_id: str) -> Account | None:
    """The account with this id."""
    return await _one(connection, accounts.c.account_id == account_id)


async def by_number(connection: AsyncConnection, profile: str, e164: str) -> Account | None:
    """The account this number names now."""
    return await _one(connection, aliases.c.profile == profile, aliases.c.e164 == e164)


async def _one(connection: AsyncConnection, *which: ColumnElement[bool]) -> Account | None:
    found = (await connection.execute(select_accounts().where(*which))).mappings().one_or_none()
    return None if found is None else account_of(found)


async def known(connection: AsyncConnection, account_id: str) -> Account:
    """The account with this id; raises `CallerError` if there is none."""
    account = await by_id(connection, account_id)
    if account is None:
        raise CallerError(f"there is no account {account_id}", "account_id")
    return account


async def page(connection: AsyncConnection, after: str, most: int) -> list[Account]:
    """Up to `most` accounts whose ids follow `after`, in order of their ids."""
    query = (
        select_accounts()
        .where(accounts.c.account_id > after)
        .order_by(accounts.c.account_id)
        .limit(most)
    )
    return [account_of(row) for row in (await connection.execute(query)).mappings()]


async def know_organisation(connection: AsyncConnection, organisation: str) -> None:
    """Note an organisation that has no record yet."""
    query = select(exists().where(organisations.c.organisation == organisation))
    if not await connection.scalar(query):
        await connection.execute(insert(organisations).values(organisation=organisation))


async def in_use(connection: AsyncConnection, account: Account, at_ms: int) -> Account | None:
    """As `opened_account`; None too for one that has to be asked for anew.

    An account that nothing came of is let go some months after it was last asked for. Whoever asks
    notes that once a day, so that none is let go under a call that has just begun.
    """
    present = await opened_account(connection, account)
    if present is None or present.seq or present.returning:
        return present
    stale = _PRESENT & (aliases.c.from_ms < at_ms - DAY_MS)
    query = select(exists().where(aliases.c.account_id == present.account_id, stale))
    return None if await connection.scalar(query) else present


async def opened_account(connection: AsyncConnection, account: Account) -> Account | None:
    """The account with the number of `account`, if there is one; it must be of the same
    organisation and currency."""
    present = await by_number(connection, account.profile, account.e164)
    if present is None:
        return None
    if (present.organisation, present.currency) != (account.organisation, account.currency):
        raise ConflictError("the number has an account of another organisation or currency")
    return present


async def open_account(connection: AsyncConnection, account: Account, at_ms: int) -> Account:
    """The account with this number, made as described by `account` if there is none; one that
    nothing came of yet is named by it from now on."""
    present = await opened_account(connection, account)
    if present is not None:
        await _renew(connection, present, at_ms)
        return present
    await know_organisation(connection, account.organisation)
    await connection.execute(
        insert(accounts).values(
            account_id=account.account_id,
            organisation=account.organisation,
            profile=account.profile,
            currency=account.currency,
        )
    )
    await connection.execute(
        insert(heads).values(
            account_id=account.account_id,
            organisation=account.organisation,
            balance_micros=0,
            seq=0,
        )
    )
    await _name(connection, account, account.e164, at_ms)
    return await known(connection, account.account_id)


async def _renew(connection: AsyncConnection, account: Account, at_ms: int) -> None:
    if account.seq or account.returning:
        return
    named = (aliases.c.account_id == account.account_id) & _PRESENT & (aliases.c.from_ms < at_ms)
    await connection.execute(update(aliases).where(named).values(from_ms=at_ms))


async def _name(connection: AsyncConnection, account: Account, e164: str, at_ms: int) -> None:
    await connection.execute(
        insert(aliases).values(
            account_id=account.account_id,
            organisation=account.organisation,
            profile=account.profile,
            e164=e164,
            from_ms=at_ms,
        )
    )


async def change_number(
    connection: AsyncConnection, account_id: str, e164: str, at_ms: int
) -> Account:
    """Name the account by another number; what the old one had on caller lists is kept for it."""
    account = await known(connection, account_id)
    if account.e164 == e164:
        return account
    if await by_number(connection, account.profile, e164) is not None:
        raise ConflictError("the number has an account of its own")
    await connection.execute(
        update(aliases).where(aliases.c.account_id == account_id, _PRESENT).values(until_ms=at_ms)
    )
    await _name(connection, account, e164, at_ms)
    await _copy_marks(connection, account, e164)
    return await known(connection, account_id)


async def copy_marks(connection: AsyncConnection, account_id: str, e164: str) -> None:
    """Let what the account's number has on caller lists hold for another number too."""
    await _copy_marks(connection, await known(connection, account_id), e164)


async def _copy_marks(connection: AsyncConnection, account: Account, e164: str) -> None:
    new = first_calls.alias()
    marks = first_calls.c
    unmarked = ~exists().where(
        new.c.organisation == marks.organisation,
        new.c.caller_list == marks.caller_list,
        new.c.e164 == e164,
    )
    copies = select(
        marks.organisation,
        marks.caller_list,
        literal(e164, Text),
        marks.call_id,
        marks.at_ms,
    ).where(marks.organisation == account.organisation, marks.e164 == account.e164, unmarked)
    names = ["organisation", "caller_list", "e164", "call_id", "at_ms"]
    await connection.execute(insert(first_calls).from_select(names, copies))


async def claim_first_call(
    connection: AsyncConnection, mark: FirstCallMark, days: int | None
) -> bool:
    """Whether the mark's call has the offer; see `ports.ledger`."""
    query = select(first_calls.c.call_id, first_calls.c.at_ms).where(*_of(mark))
    held = (await connection.execute(query)).one_or_none()
    if held is None:
        await know_organisation(connection, mark.organisation)
        await connection.execute(insert(first_calls).values(asdict(mark)))
        return True
    within = days is not None and mark.at_ms < held.at_ms + days * DAY_MS
    return held.call_id == mark.call_id or within


async def return_first_call(connection: AsyncConnection, mark: FirstCallMark) -> None:
    """Take the mark away if this very call made it."""
    await connection.execute(
        delete(first_calls).where(*_of(mark), first_calls.c.call_id == mark.call_id)
    )


def _of(mark: FirstCallMark) -> tuple[ColumnElement[bool], ...]:
    return (
        first_calls.c.organisation == mark.organisation,
        first_calls.c.caller_list == mark.caller_list,
        first_calls.c.e164 == mark.e164,
    )
