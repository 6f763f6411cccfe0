"""Versions, activations and views in SQL: each function is part of a transaction.

Whoever changes what is in force first waits for all who do: what is read after that is the last
word until the transaction ends. SQLite has one writer at a time anyway.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import delete, func, insert, or_, select, text, update
from sqlalchemy.engine import RowMapping
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallerError, ConflictError
from engine.ledger.versions.tables import config_activations, config_versions, config_views
from engine.ports.versions import Activation, Cause, Draft, EngineView, Order, Unsaid, Version

# Any number that nobody else locks: it lets one at a time change what is in force.
_LOCK = 0x67726F74

_BY_ITSELF = "engine"


def _activation(row: RowMapping) -> Activation:
    values: dict[str, Any] = dict(row)
    return Activation(**{**values, "cause": Cause(values["cause"])})


async def active(connection: AsyncConnection) -> Activation | None:
    """The last activation."""
    found = await history(connection, None, 1)
    return found[0] if found else None


async def version(connection: AsyncConnection, number: int) -> Version | None:
    """The version of this number."""
    query = select(config_versions).where(config_versions.c.number == number)
    found = (await connection.execute(query)).mappings().one_or_none()
    return None if found is None else Version(**found)


async def history(connection: AsyncConnection, before: int | None, most: int) -> list[Activation]:
    """The last activations, or the last before one of them."""
    query = select(config_activations).order_by(config_activations.c.activation.desc()).limit(most)
    if before is not None:
        query = query.where(config_activations.c.activation < before)
    return [_activation(row) for row in (await connection.execute(query)).mappings()]


async def own_history(
    connection: AsyncConnection, before: int | None, most: int
) -> list[Activation]:
    """The last activations by which the own dialplan became another one."""
    made, left = config_versions.alias("made"), config_versions.alias("left")
    query = (
        select(config_activations)
        .join(made, made.c.number == config_activations.c.number)
        .outerjoin(left, left.c.number == config_activations.c.previous)
        .where(or_(left.c.number.is_(None), left.c.own_hash != made.c.own_hash))
        .order_by(config_activations.c.activation.desc())
        .limit(most)
    )
    if before is not None:
        query = query.where(config_activations.c.activation < before)
    return [_activation(row) for row in (await connection.execute(query)).mappings()]


async def own_before(connection: AsyncConnection, number: int) -> int:
    """The version that the one with which this one's own dialplan came was made from."""
    made = config_versions.c
    columns = (made.number, made.based_on, made.restores, made.own_hash)
    line = select(*columns).where(made.number == number).cte("line", recursive=True)
    # What brought one back was made from another, so that at most one of the two has it.
    came_from = or_(made.number == line.c.based_on, made.number == line.c.restores)
    line = line.union_all(select(*columns).where(came_from, made.own_hash == line.c.own_hash))
    query = select(line.c.based_on).order_by(line.c.number).limit(1)
    return (await connection.execute(query)).scalar() or 0


async def adopt_own(connection: AsyncConnection, own: Mapping[str, str], own_hash: str) -> None:
    """Write an own dialplan into the versions that do not know theirs."""
    await one_at_a_time(connection)
    await connection.execute(
        update(config_versions)
        .where(config_versions.c.own_hash == "")
        .values(own=dict(own), own_hash=own_hash)
    )


async def apply(connection: AsyncConnection, draft: Draft, order: Order) -> Activation:
    """Write a version down and put it in force."""
    await one_at_a_time(connection)
    last = await active(connection)
    if last is not None and last.previous == draft.based_on and last.is_of(order):
        return last
    in_force = last.number if last is not None else 0
    if draft.based_on != in_force:
        raise ConflictError(
            f"the draft is based on version {draft.based_on}, but version {in_force} is in force"
        )
    if last is not None and last.is_pending:
        raise ConflictError(f"version {in_force} waits to be confirmed or rolled back first")
    newest = (await connection.execute(select(func.max(config_versions.c.number)))).scalar()
    number = (newest or 0) + 1
    made = Version(
        number=number,
        based_on=draft.based_on,
        author=order.author,
        reason=order.reason,
        made_ms=order.at_ms,
        content_hash=draft.content_hash,
        files=dict(draft.files),
        own=None if draft.own is None else dict(draft.own),
        own_hash=draft.own_hash,
        restores=draft.restores,
    )
    await connection.execute(insert(config_versions).values(asdict(made)))
    return await _activate(connection, last, number, Cause.APPLIED, order)


async def roll_back(
    connection: AsyncConnection, number: int, replaces: int, order: Order
) -> Activation:
    """Put an older version in force again, in place of the activation `replaces`."""
    await one_at_a_time(connection)
    last = await active(connection)
    if last is None or await version(connection, number) is None:
        raise CallerError(f"there is no version {number}", "number")
    if last.number == number and last.is_of(order):
        return last
    if last.number == number:
        raise ConflictError(f"version {number} is in force already")
    if last.activation != replaces:
        raise ConflictError(f"meanwhile version {last.number} was put in force")
    return await _activate(connection, last, number, Cause.ROLLED_BACK, order)


async def confirm(connection: AsyncConnection, number: int, order: Order) -> Activation:
    """Let the version in force stay."""
    await one_at_a_time(connection)
    last = await active(connection)
    if last is None or last.number != number:
        in_force = last.number if last is not None else 0
        raise ConflictError(f"version {in_force} is in force, not version {number}")
    if not last.is_pending:
        return last
    if last.is_over(order.at_ms):
        raise ConflictError(f"the time to confirm version {number} is over")
    confirmed = replace(last, confirmed_ms=order.at_ms, confirmed_by=order.author)
    await connection.execute(
        update(config_activations)
        .where(config_activations.c.activation == last.activation)
        .values(confirmed_ms=confirmed.confirmed_ms, confirmed_by=confirmed.confirmed_by)
    )
    return confirmed


async def undo(connection: AsyncConnection, now_ms: int) -> Activation | None:
    """Put the version before in force if nobody confirmed the last in time."""
    await one_at_a_time(connection)
    last = await active(connection)
    if last is None or not last.is_over(now_ms):
        return None
    order = Order(author=_BY_ITSELF, reason=f"nobody confirmed version {last.number}", at_ms=now_ms)
    return await _activate(connection, last, last.previous, Cause.UNDONE, order)


async def _activate(
    connection: AsyncConnection, last: Activation | None, number: int, cause: Cause, order: Order
) -> Activation:
    made = Activation(
        activation=last.activation + 1 if last is not None else 1,
        number=number,
        previous=last.number if last is not None else 0,
        cause=cause,
        author=order.author,
        reason=order.reason,
        at_ms=order.at_ms,
        confirm_by_ms=order.confirm_by_ms,
    )
    await connection.execute(
        insert(config_activations).values({**asdict(made), "cause": cause.value})
    )
    return made


async def one_at_a_time(connection: AsyncConnection) -> None:
    """Wait for all others who change what is in force, or proposed."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))


async def show(connection: AsyncConnection, view: EngineView) -> None:
    """Write down how an engine stands."""
    await hide(connection, view.engine)
    await connection.execute(insert(config_views).values(asdict(view)))


async def hide(connection: AsyncConnection, engine: str) -> None:
    """Forget an engine."""
    await connection.execute(delete(config_views).where(config_views.c.engine == engine))


async def views(connection: AsyncConnection) -> list[EngineView]:
    """How every engine stands."""
    query = select(config_views).order_by(config_views.c.engine)
    return [_view(row) for row in (await connection.execute(query)).mappings()]


def _view(row: RowMapping) -> EngineView:
    values: dict[str, Any] = dict(row)
    unsaid = tuple(Unsaid(**one) for one in values["unsaid"] or ())
    return EngineView(**{**values, "unsaid": unsaid, "translations": values["translations"] or {}})
