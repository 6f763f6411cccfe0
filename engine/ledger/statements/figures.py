"""The sums of a profile in SQL: a few rows come back, however many postings there are.

An entry belongs to the organisation of its customers, so `ix_entries_organisation_at` finds those
of a time; an account of another profile of the same organisation is left out by its own row.
"""

from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.elements import ColumnElement

from engine.core.posting import EntryKind
from engine.ledger.tables import accounts, calls, entries, heads, postings
from engine.ports.statements import Figures, Movement, SetAside

_BY_HAND = (EntryKind.CREDIT, EntryKind.DEBIT)


async def figures(
    connection: AsyncConnection, organisation: str, profile: str, from_ms: int, to_ms: int
) -> Figures:
    """All that the statement of a profile needs; see `ports.statements`."""
    owned = entries.c.organisation == organisation
    during = and_(owned, entries.c.at_ms >= from_ms, entries.c.at_ms < to_ms)
    entries_before, opening_micros = await _sum(
        connection, profile, and_(owned, entries.c.at_ms < from_ms)
    )
    _, later_micros = await _sum(connection, profile, and_(owned, entries.c.at_ms >= to_ms))
    return Figures(
        opening_micros=opening_micros,
        entries_before=entries_before,
        movements=await _movements(connection, profile, during),
        closing_micros=await _standing(connection, profile) - later_micros,
        set_aside=await _set_aside(connection, profile, during),
        currencies=await _currencies(connection, profile),
    )


async def _sum(
    connection: AsyncConnection, profile: str, which: ColumnElement[bool]
) -> tuple[int, int]:
    """How many postings customers have of these entries, and their sum."""
    wanted = (func.count(), func.coalesce(func.sum(postings.c.micros), 0))
    count, micros = (await connection.execute(_of_customers(select(*wanted), profile, which))).one()
    return int(count), int(micros)


def _of_customers(query: Select[Any], profile: str, which: ColumnElement[bool]) -> Select[Any]:
    """The query over the postings on the profile's customers, of these entries."""
    return (
        query.select_from(entries)
        .join(postings, postings.c.entry_id == entries.c.entry_id)
        .join(accounts, accounts.c.account_id == postings.c.account_id)
        .where(which, accounts.c.profile == profile)
    )


async def _movements(
    connection: AsyncConnection, profile: str, during: ColumnElement[bool]
) -> tuple[Movement, ...]:
    other = postings.alias("other")
    # An entry has one other account; of several the first by name stands for all of them.
    counter = (
        select(func.coalesce(func.min(other.c.account), ""))
        .where(other.c.entry_id == entries.c.entry_id, other.c.account_id.is_(None))
        .scalar_subquery()
    )
    uncharged = and_(entries.c.kind == EntryKind.CALL, func.coalesce(calls.c.charged_s, 0) == 0)
    one_each = _of_customers(
        select(
            entries.c.kind,
            counter.label("counter"),
            case((entries.c.kind.in_(_BY_HAND), entries.c.reason), else_="").label("reason"),
            (postings.c.micros > 0).label("comes_in"),
            case((uncharged, 0), else_=1).label("counted"),
            postings.c.micros,
            func.coalesce(calls.c.charged_s, 0).label("charged_s"),
        ),
        profile,
        during,
    )
    moved = one_each.join(calls, calls.c.call_id == entries.c.call_id, isouter=True).subquery()
    groups = moved.c.kind, moved.c.counter, moved.c.reason, moved.c.comes_in
    sums = (func.sum(moved.c[name]) for name in ("counted", "micros", "charged_s"))
    rows = await connection.execute(select(*groups, *sums).group_by(*groups).order_by(*groups))
    return tuple(
        Movement(
            kind=EntryKind(kind),
            counter=counter,
            reason=reason,
            comes_in=bool(comes_in),
            count=int(count),
            micros=int(micros),
            charged_s=int(charged_s),
        )
        for kind, counter, reason, comes_in, count, micros, charged_s in rows
    )


async def _standing(connection: AsyncConnection, profile: str) -> int:
    """What the profile's customers have now, all together."""
    query = select(func.coalesce(func.sum(heads.c.balance_micros), 0)).join(
        accounts, accounts.c.account_id == heads.c.account_id
    )
    return int(await connection.scalar(query.where(accounts.c.profile == profile)) or 0)


async def _set_aside(
    connection: AsyncConnection, profile: str, during: ColumnElement[bool]
) -> tuple[SetAside, ...]:
    groups = postings.c.account, entries.c.currency
    query = (
        select(*groups, func.count(), func.sum(-postings.c.micros))
        .join(entries, entries.c.entry_id == postings.c.entry_id)
        .where(
            during,
            entries.c.kind == EntryKind.SUSPENSE,
            postings.c.account.startswith(f"provider:{profile}.", autoescape=True),
        )
        .group_by(*groups)
        .order_by(*groups)
    )
    return tuple(
        SetAside(counter=account, currency=currency, count=int(count), micros=int(micros))
        for account, currency, count, micros in await connection.execute(query)
    )


async def _currencies(connection: AsyncConnection, profile: str) -> tuple[str, ...]:
    currency = accounts.c.currency
    query = select(currency).where(accounts.c.profile == profile).distinct().order_by(currency)
    return tuple((await connection.scalars(query)).all())
