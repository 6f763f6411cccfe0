"""Tries to prove oneself, counted by user and source before they are judged."""

from typing import NamedTuple

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.tables import tries, users


class Tried(NamedTuple):
    """A try at a time; if it is the first of its source, they are counted until `until_ms`."""

    user_id: str
    source: str
    at_ms: int
    until_ms: int


async def count(connection: AsyncConnection, tried: Tried, most: int) -> bool:
    """Count a try; False if none is left. The user's that are over go."""
    # The user is locked first, so that of many at once each sees those before.
    user = select(users.c.user_id).where(users.c.user_id == tried.user_id).with_for_update()
    if await connection.scalar(user) is None:
        return False
    of_user = tries.c.user_id == tried.user_id
    await connection.execute(delete(tries).where(of_user, tries.c.until_ms <= tried.at_ms))
    from_there = (of_user, tries.c.source == tried.source)
    counted = await connection.scalar(select(tries.c.count).where(*from_there))
    if counted is None:
        row = {
            "user_id": tried.user_id,
            "source": tried.source,
            "count": 1,
            "until_ms": tried.until_ms,
        }
        await connection.execute(insert(tries).values(row))
    elif counted < most:
        await connection.execute(update(tries).where(*from_there).values(count=counted + 1))
    return counted is None or counted < most


async def is_left(
    connection: AsyncConnection, user_id: str, source: str, most: int, at_ms: int
) -> bool:
    """Whether a source has a try left."""
    query = select(tries.c.count).where(
        tries.c.user_id == user_id, tries.c.source == source, tries.c.until_ms > at_ms
    )
    return (await connection.scalar(query) or 0) < most


async def forget(connection: AsyncConnection, user_id: str, source: str) -> None:
    """Forget a user's from one source."""
    from_there = delete(tries).where(tries.c.user_id == user_id, tries.c.source == source)
    await connection.execute(from_there)


async def forget_all(connection: AsyncConnection, user_id: str) -> None:
    """Forget all of a user's."""
    await connection.execute(delete(tries).where(tries.c.user_id == user_id))
