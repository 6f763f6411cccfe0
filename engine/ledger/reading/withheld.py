"""Numbers that were withheld once: each function is part of a transaction."""

from typing import Any

from sqlalchemy import ColumnElement, Exists, Text, delete, exists, literal, select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.tables import aliases, calls, first_calls, withheld_numbers


async def note(connection: AsyncConnection, organisation: str, e164: str) -> None:
    """Remember that a caller has withheld this number."""
    is_sqlite = connection.dialect.name == "sqlite"
    insert: Any = sqlite_insert if is_sqlite else postgres_insert
    values = {"organisation": organisation, "e164": e164}
    await connection.execute(insert(withheld_numbers).values(values).on_conflict_do_nothing())


def is_withheld(organisation: ColumnElement[str], e164: ColumnElement[str]) -> Exists:
    """Whether the number in these columns was withheld by a caller of the organisation."""
    return exists().where(
        withheld_numbers.c.organisation == organisation, withheld_numbers.c.e164 == e164
    )


async def was_withheld(connection: AsyncConnection, organisation: str, e164: str | None) -> bool:
    """Whether a caller of the organisation has ever withheld this number."""
    which = is_withheld(literal(organisation, Text), literal(e164, Text))
    return e164 is not None and bool(await connection.scalar(select(which)))


async def forget_unused(connection: AsyncConnection) -> None:
    """Forget numbers that nothing here knows any longer."""
    numbers = withheld_numbers.c
    known = (
        exists().where(table.c.organisation == numbers.organisation, table.c.e164 == numbers.e164)
        for table in (aliases, first_calls, calls)
    )
    await connection.execute(delete(withheld_numbers).where(*(~which for which in known)))
