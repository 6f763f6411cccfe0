"""Sessions: who is signed in."""

from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.ledger.tables import sessions, users
from engine.ledger.users import people
from engine.ports.users import Session, User

_FIELDS = tuple(field.name for field in fields(Session))


def _session(row: RowMapping) -> Session:
    values: dict[str, Any] = {name: row[name] for name in _FIELDS}
    return Session(**values)


async def begin(connection: AsyncConnection, session: Session, judged: User, most: int) -> bool:
    """Write a session down if its user is still as he was judged; his oldest beyond `most` that are
    proved as it is, and all that have ended, go."""
    as_judged = (
        select(users.c.user_id)
        .where(users.c.user_id == session.user_id)
        .where(users.c.password_hash == judged.password_hash)
        .where(users.c.locked_ms.is_not_distinct_from(judged.locked_ms))
        .with_for_update()
    )
    if await connection.scalar(as_judged) is None:
        return False
    await connection.execute(delete(sessions).where(sessions.c.ends_ms <= session.begun_ms))
    await connection.execute(insert(sessions).values(asdict(session)))
    alike = (sessions.c.user_id == session.user_id, sessions.c.proved.is_(session.proved))
    kept = (
        select(sessions.c.session_hash)
        .where(*alike)
        .order_by(sessions.c.begun_ms.desc(), sessions.c.session_hash)
        .limit(most)
    )
    await connection.execute(delete(sessions).where(*alike, sessions.c.session_hash.not_in(kept)))
    return True


async def session(connection: AsyncConnection, session_hash: str) -> tuple[Session, User] | None:
    """The session, and whose it is."""
    query = select(sessions).where(sessions.c.session_hash == session_hash)
    found = (await connection.execute(query)).mappings().one_or_none()
    user = None if found is None else await people.by_id(connection, found["user_id"])
    return None if found is None or user is None else (_session(found), user)


async def listed(connection: AsyncConnection, user_id: str) -> list[Session]:
    """A user's, seen last first."""
    query = select(sessions).where(sessions.c.user_id == user_id)
    query = query.order_by(sessions.c.seen_ms.desc(), sessions.c.session_hash)
    return [_session(row) for row in (await connection.execute(query)).mappings()]


async def change(connection: AsyncConnection, session_hash: str, values: dict[str, Any]) -> None:
    """Set some columns of a session."""
    there = update(sessions).where(sessions.c.session_hash == session_hash)
    await connection.execute(there.values(values))


async def end(connection: AsyncConnection, session_hash: str) -> None:
    """Forget a session."""
    await connection.execute(delete(sessions).where(sessions.c.session_hash == session_hash))


async def end_all(connection: AsyncConnection, user_id: str, but: str) -> None:
    """Forget all sessions of a user, but for one."""
    of_his = delete(sessions).where(sessions.c.user_id == user_id)
    await connection.execute(of_his.where(sessions.c.session_hash != but))
