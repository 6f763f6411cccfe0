"""Users: who they are, and what they prove themselves with."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.roles import Role
from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.tables import recovery_codes, users
from engine.ledger.users import tries
from engine.ports.users import User, UserFilter

FIELDS = tuple(field.name for field in fields(User))
COLUMNS = tuple(users.c[name] for name in FIELDS)


def user_of(row: RowMapping) -> User:
    """The user in a row that has `COLUMNS`."""
    values: dict[str, Any] = {name: row[name] for name in FIELDS}
    return User(**{**values, "role": Role(values["role"])})


async def add(connection: AsyncConnection, user: User) -> None:
    """Write a new user down; the very same one again changes nothing."""
    present = await by_name(connection, user.name)
    if present is None:
        if user.organisation is not None:
            await know_organisation(connection, user.organisation)
        await connection.execute(insert(users).values({**asdict(user), "role": user.role.value}))
    elif present != user:
        raise ConflictError(f"the name {user.name} is taken")


async def by_id(connection: AsyncConnection, user_id: str) -> User | None:
    """The user with this id."""
    query = select(*COLUMNS).where(users.c.user_id == user_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else user_of(found)


async def by_name(connection: AsyncConnection, name: str) -> User | None:
    """The user who signs in with this name."""
    query = select(*COLUMNS).where(users.c.name == name)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else user_of(found)


async def listed(connection: AsyncConnection, wanted: UserFilter) -> list[User]:
    """Users by name."""
    query = select(*COLUMNS).where(users.c.name > wanted.after)
    if wanted.organisation is not None:
        query = query.where(users.c.organisation == wanted.organisation)
    query = query.order_by(users.c.name).limit(wanted.most)
    return [user_of(row) for row in (await connection.execute(query)).mappings()]


async def change(connection: AsyncConnection, user_id: str, values: dict[str, Any]) -> None:
    """Set some columns of a user."""
    await connection.execute(update(users).where(users.c.user_id == user_id).values(values))


async def change_afresh(connection: AsyncConnection, user_id: str, values: dict[str, Any]) -> None:
    """As `change`; all his tries are forgotten."""
    await change(connection, user_id, values)
    await tries.forget_all(connection, user_id)


async def set_locked(connection: AsyncConnection, user_id: str, at_ms: int | None) -> None:
    """Lock or unlock as `change_standing`; all his tries are forgotten."""
    await change_standing(connection, user_id, {"locked_ms": at_ms})
    await tries.forget_all(connection, user_id)


async def change_standing(
    connection: AsyncConnection, user_id: str, values: dict[str, Any]
) -> None:
    """As `change`, but an unlocked owner of his organisation must be left if there was one."""
    # Locked first, so that of two changes at once the second sees the first.
    owners = select(users.c.user_id).where(users.c.role == Role.OWNER, users.c.locked_ms.is_(None))
    await connection.execute(owners.order_by(users.c.user_id).with_for_update())
    user = await by_id(connection, user_id)
    if user is None:
        return
    of_his = owners.where(users.c.organisation.is_not_distinct_from(user.organisation))
    before = (await connection.execute(of_his)).all()
    await change(connection, user_id, values)
    if before and not (await connection.execute(of_his)).all():
        raise ConflictError("an owner must be left")


async def set_totp(
    connection: AsyncConnection, user_id: str, secret: str | None, code_hashes: Sequence[str]
) -> None:
    """A second factor with its recovery codes, or none."""
    await change(connection, user_id, {"totp_secret": secret, "totp_step": 0})
    await connection.execute(delete(recovery_codes).where(recovery_codes.c.user_id == user_id))
    if code_hashes:
        rows = [{"user_id": user_id, "code_hash": hashed} for hashed in code_hashes]
        await connection.execute(insert(recovery_codes), rows)


async def by_totp_chars(connection: AsyncConnection, chars: int, most: int) -> list[User]:
    """Users whose second factor's secret has so many characters, by name."""
    query = select(*COLUMNS).where(func.length(users.c.totp_secret) == chars)
    query = query.order_by(users.c.name).limit(most)
    return [user_of(row) for row in (await connection.execute(query)).mappings()]


async def replace_totp(connection: AsyncConnection, user_id: str, before: str, after: str) -> None:
    """The secret in another form, if it is still that one."""
    still = update(users).where(users.c.user_id == user_id, users.c.totp_secret == before)
    await connection.execute(still.values(totp_secret=after))


async def use_step(connection: AsyncConnection, user_id: str, step: int) -> bool:
    """Use up a time step of the second factor, if no later one was used."""
    unused = update(users).where(users.c.user_id == user_id, users.c.totp_step < step)
    return (await connection.execute(unused.values(totp_step=step))).rowcount == 1


async def use_code(connection: AsyncConnection, user_id: str, code_hash: str) -> bool:
    """Use up a recovery code."""
    there = delete(recovery_codes).where(
        recovery_codes.c.user_id == user_id, recovery_codes.c.code_hash == code_hash
    )
    return (await connection.execute(there)).rowcount == 1


async def codes_left(connection: AsyncConnection, user_id: str) -> int:
    """How many recovery codes a user has left."""
    query = select(func.count()).select_from(recovery_codes)
    return await connection.scalar(query.where(recovery_codes.c.user_id == user_id)) or 0
