"""Caller lists as an operator keeps them: each function is part of a transaction."""

from dataclasses import asdict

from sqlalchemy import ColumnElement, delete, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.reading.withheld import is_withheld
from engine.ledger.tables import first_calls
from engine.ports.reading.marks import FirstCallMark, ListedMark, MarkFilter
from engine.ports.reading.records import PAGE_MOST


def _is(organisation: str, caller_list: str, e164: str) -> tuple[ColumnElement[bool], ...]:
    return (
        first_calls.c.organisation == organisation,
        first_calls.c.caller_list == caller_list,
        first_calls.c.e164 == e164,
    )


async def listed(connection: AsyncConnection, wanted: MarkFilter) -> list[ListedMark]:
    """See `ports.reading.marks`."""
    place = first_calls.c.at_ms, first_calls.c.e164
    hidden = is_withheld(first_calls.c.organisation, first_calls.c.e164)
    query = select(first_calls, hidden.label("withheld")).where(
        first_calls.c.organisation == wanted.organisation,
        first_calls.c.caller_list == wanted.caller_list,
    )
    if wanted.e164 is not None:
        query = query.where(first_calls.c.e164 == wanted.e164)
    if wanted.before is not None:
        query = query.where(tuple_(*place) < (wanted.before.at_ms, wanted.before.e164))
    query = query.order_by(*(column.desc() for column in place))
    query = query.limit(max(1, min(wanted.most, PAGE_MOST)))
    rows = (await connection.execute(query)).mappings()
    return [
        ListedMark(FirstCallMark(**{name: row[name] for name in _FIELDS}), row["withheld"])
        for row in rows
    ]


_FIELDS = tuple(FirstCallMark.__dataclass_fields__)


async def put(connection: AsyncConnection, mark: FirstCallMark) -> FirstCallMark:
    """See `ports.reading.marks`."""
    present = await _present(connection, mark.organisation, mark.caller_list, mark.e164)
    if present is not None:
        return present
    await know_organisation(connection, mark.organisation)
    await connection.execute(insert(first_calls).values(asdict(mark)))
    return mark


async def _present(
    connection: AsyncConnection, organisation: str, caller_list: str, e164: str
) -> FirstCallMark | None:
    query = select(first_calls).where(*_is(organisation, caller_list, e164))
    row = (await connection.execute(query)).mappings().one_or_none()
    return None if row is None else FirstCallMark(**row)


async def take_off(
    connection: AsyncConnection, organisation: str, caller_list: str, e164: str
) -> bool:
    """See `ports.reading.marks`."""
    gone = await connection.execute(
        delete(first_calls).where(*_is(organisation, caller_list, e164))
    )
    return gone.rowcount > 0


async def move(
    connection: AsyncConnection, organisation: str, caller_list: str, e164: str, to_e164: str
) -> bool:
    """See `ports.reading.marks`."""
    if await _present(connection, organisation, caller_list, e164) is None:
        return False
    if e164 == to_e164:
        return True
    if await _present(connection, organisation, caller_list, to_e164) is not None:
        raise ConflictError("the number has a mark of its own")
    await connection.execute(
        update(first_calls).where(*_is(organisation, caller_list, e164)).values(e164=to_e164)
    )
    return True
