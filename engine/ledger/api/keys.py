"""API keys in SQL: each function is part of a transaction."""

from dataclasses import asdict
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import ConflictError
from engine.ledger.accounts import know_organisation
from engine.ledger.tables import api_keys
from engine.ports.operators import ApiKey, Scope


def _key(row: RowMapping) -> ApiKey:
    values: dict[str, Any] = dict(row)
    return ApiKey(**{**values, "scopes": tuple(Scope(scope) for scope in values["scopes"])})


async def add(connection: AsyncConnection, key: ApiKey) -> None:
    """Write a new key down; the very same one again changes nothing."""
    present = await by_id(connection, key.key_id)
    if present is None:
        await know_organisation(connection, key.organisation)
        scopes = [scope.value for scope in key.scopes]
        await connection.execute(insert(api_keys).values({**asdict(key), "scopes": scopes}))
    elif present != key:
        raise ConflictError(f"the key {key.key_id} is there already, and is another")


async def by_id(connection: AsyncConnection, key_id: str) -> ApiKey | None:
    """The key with this id."""
    query = select(api_keys).where(api_keys.c.key_id == key_id)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else _key(found)


async def listed(connection: AsyncConnection, organisation: str | None) -> list[ApiKey]:
    """All keys, or an organisation's, oldest first."""
    query = select(api_keys).order_by(api_keys.c.created_ms, api_keys.c.key_id)
    if organisation is not None:
        query = query.where(api_keys.c.organisation == organisation)
    return [_key(row) for row in (await connection.execute(query)).mappings()]


async def revoke(connection: AsyncConnection, key_id: str, at_ms: int) -> ApiKey | None:
    """Take the key out of use, if it still is in use."""
    in_use = update(api_keys).where(api_keys.c.key_id == key_id, api_keys.c.revoked_ms.is_(None))
    await connection.execute(in_use.values(revoked_ms=at_ms))
    return await by_id(connection, key_id)
