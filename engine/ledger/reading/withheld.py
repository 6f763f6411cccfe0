"""Numbers that were withheld once: each function is part of a transaction."""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Exists,
    Text,
    and_,
    delete,
    exists,
    false,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.columns import insert_into
from engine.ledger.tables import aliases, calls, first_calls, withheld_numbers


def among(columns: Sequence[Column[Any]], rows: Iterable[Sequence[Any]]) -> ColumnElement[bool]:
    """Whether these columns are those of one of some rows.

    Rows that begin alike are a list of their last values: with whole rows in a list SQLite looks
    through the table instead of its index.
    """
    lists: dict[tuple[Any, ...], list[Any]] = {}
    for *first, last in rows:
        lists.setdefault(tuple(first), []).append(last)
    *leading, ends = columns
    alike = (
        and_(*(column == value for column, value in zip(leading, first, strict=True)), ends.in_(of))
        for first, of in lists.items()
    )
    return or_(false(), *alike)


async def note(connection: AsyncConnection, organisation: str, e164: str) -> None:
    """Remember that a caller has withheld this number.

    One that is known is locked, so that nobody forgets it before this call's record is there.
    """
    row = insert_into(connection.dialect.name, withheld_numbers).values(
        {"organisation": organisation, "e164": e164}
    )
    key = withheld_numbers.c.organisation, withheld_numbers.c.e164
    await connection.execute(row.on_conflict_do_update(index_elements=key, set_={"e164": e164}))


def is_withheld(organisation: ColumnElement[str], e164: ColumnElement[str]) -> Exists:
    """Whether the number in these columns was withheld by a caller of the organisation."""
    return exists().where(
        withheld_numbers.c.organisation == organisation, withheld_numbers.c.e164 == e164
    )


async def was_withheld(connection: AsyncConnection, organisation: str, e164: str | None) -> bool:
    """Whether a caller of the organisation has ever withheld this number."""
    which = is_withheld(literal(organisation, Text), literal(e164, Text))
    return e164 is not None and bool(await connection.scalar(select(which)))


async def forget_unused(connection: AsyncConnection, let_go: Collection[tuple[str, str]]) -> None:
    """Forget those of some numbers, each with its organisation, that nothing here knows any longer.

    Each is looked up by itself: what else is withheld, or listed, costs nothing.
    """
    numbers = withheld_numbers.c
    these = among((numbers.organisation, numbers.e164), let_go)
    known = (
        exists().where(table.c.organisation == numbers.organisation, table.c.e164 == numbers.e164)
        for table in (aliases, first_calls, calls)
    )
    # Locked first: whoever notes one of them meanwhile has written his record when it is looked at.
    await connection.execute(select(numbers.e164).where(these).with_for_update())
    await connection.execute(delete(withheld_numbers).where(these, *(~which for which in known)))
