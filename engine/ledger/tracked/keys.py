"""The keys that tell callers apart: sealed in the books, and destroyed with all they were for.

Each is 32 random bytes for one organisation and period, sealed with AES-256-GCM under a key that
derives from the house's secret, which is kept elsewhere. A key that cannot be opened, because that
secret was changed, is as good as destroyed.

What is destroyed is gone from SQLite's file at once, and from its log as that is written over;
from PostgreSQL's when it vacuums. A backup from before still holds it, sealed.
"""

import hashlib
import hmac
import secrets
from datetime import date

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import ColumnElement, and_, delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.tracked import KEY_BYTES, KeyPeriod, Seen, caller_hash, key_period
from engine.ledger.columns import insert_into
from engine.ledger.tracked.days import day_of, number_of
from engine.ledger.tracked.tables import tracked_callers, tracked_keys

NONCE_BYTES = 12

log = structlog.get_logger(__name__)


class KeySeal:
    """Seals and opens keys with one secret, shared by all engines of a site."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(secret, b"tracked-keys", hashlib.sha256))

    def seal(self, key: bytes, name: str) -> bytes:
        """The key as the books hold it; `name` is whose and when it is for."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, key, name.encode())

    def opened(self, sealed: bytes, name: str) -> bytes | None:
        """The key again; None if it was not sealed with this secret and name."""
        nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, content, name.encode())
        except InvalidTag:
            return None


async def period_of(
    connection: AsyncConnection, organisation: str, day: date, months: int
) -> KeyPeriod:
    """The key period of a day: the one that runs, however long new ones are to be; else a new one.

    Where two hold a day, because months were made longer, the one that ends first began first.
    """
    keys, wanted = tracked_keys.c, number_of(day)
    query = (
        select(keys.first, keys.after)
        .where(keys.organisation == organisation, keys.first <= wanted, keys.after > wanted)
        .order_by(keys.after)
        .limit(1)
    )
    row = (await connection.execute(query)).one_or_none()
    return key_period(day, months) if row is None else KeyPeriod(day_of(row[0]), day_of(row[1]))


async def seen(
    connection: AsyncConnection, seal: KeySeal, organisation: str, period: KeyPeriod, caller: str
) -> Seen:
    """Whether a caller is new in a key period, and note that he is known now.

    Of two transactions with one new caller the later waits for the earlier, so one is the first.
    """
    key = await _key(connection, seal, organisation, period)
    if key is None:
        return Seen.UNKNOWN
    row = {**_place(organisation, period), "caller_hash": caller_hash(key, caller)}
    added = (
        insert_into(connection.dialect.name, tracked_callers).values(row).on_conflict_do_nothing()
    )
    done = await connection.execute(added)
    return Seen.FIRST if done.rowcount else Seen.REPEAT


async def _key(
    connection: AsyncConnection, seal: KeySeal, organisation: str, period: KeyPeriod
) -> bytes | None:
    """The key of a period, made if it is the first call's; None once it is destroyed.

    It is not destroyed while the transaction runs.
    """
    place = _place(organisation, period)
    name = f"{organisation}:{period.first}:{period.after}"
    query = select(tracked_keys.c.sealed).where(_at(place)).with_for_update(read=True)
    row = (await connection.execute(query)).one_or_none()
    if row is None:
        made = {**place, "sealed": seal.seal(secrets.token_bytes(KEY_BYTES), name)}
        new = (
            insert_into(connection.dialect.name, tracked_keys).values(made).on_conflict_do_nothing()
        )
        await connection.execute(new)
        row = (await connection.execute(query)).one()
    if row.sealed is None:
        return None
    key = seal.opened(row.sealed, name)
    if key is None:
        log.error("tracked.key_unreadable", organisation=organisation, first=str(period.first))
    return key


async def destroy(connection: AsyncConnection, until: date) -> int:
    """See `ports.tracked`."""
    if connection.dialect.name == "sqlite":
        # What is deleted is overwritten, too. It holds for this connection from now on.
        await connection.execute(text("PRAGMA secure_delete = ON"))
    over = and_(tracked_keys.c.after <= number_of(until), tracked_keys.c.sealed.is_not(None))
    done = await connection.execute(update(tracked_keys).where(over).values(sealed=None))
    if done.rowcount:
        callers, keys = tracked_callers.c, tracked_keys.c
        gone = exists().where(
            keys.organisation == callers.organisation,
            keys.first == callers.first,
            keys.after == callers.after,
            keys.sealed.is_(None),
        )
        await connection.execute(delete(tracked_callers).where(gone))
    return done.rowcount


def _place(organisation: str, period: KeyPeriod) -> dict[str, str | int]:
    first, after = number_of(period.first), number_of(period.after)
    return {"organisation": organisation, "first": first, "after": after}


def _at(place: dict[str, str | int]) -> ColumnElement[bool]:
    return and_(*(tracked_keys.c[name] == value for name, value in place.items()))
