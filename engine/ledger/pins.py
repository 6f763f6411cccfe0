"""PINs: hashed with argon2id, five wrong tries lock the account's PIN for 15 minutes.

A try is counted before it is judged, so that many at once cannot guess more than five in all.
A wrong number, a locked PIN and a wrong PIN cost the same work. Hashing runs in a thread: it
takes tens of milliseconds, and live calls must not wait for it.
"""

import asyncio
import re

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.errors import CallerError
from engine.ledger import accounts
from engine.ledger.tables import pins
from engine.ports.ledger import Account

TRIES = 5
LOCK_MS = 15 * 60 * 1000

_FORM = re.compile(r"[0-9]{4,12}", re.ASCII)


class PinHasher:
    """Hashes and judges PINs off the event loop."""

    def __init__(self, hasher: PasswordHasher) -> None:
        self._hasher = hasher
        self._nobodys: str | None = None

    async def hash(self, pin: str) -> str:
        """The hash of a new PIN; raises `CallerError` unless it is 4 to 12 digits."""
        if not _FORM.fullmatch(pin):
            raise CallerError("must be 4 to 12 digits", "pin")
        return await asyncio.to_thread(self._hasher.hash, pin)

    async def fits(self, held: str | None, pin: str) -> bool:
        """Whether the PIN has this hash; with no hash the same work for the answer no."""
        return await asyncio.to_thread(self._fits, held, pin)

    def _fits(self, held: str | None, pin: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("")
        try:
            self._hasher.verify(held or self._nobodys, pin)
        except VerifyMismatchError:
            return False
        return held is not None


async def put(connection: AsyncConnection, account_id: str, hashed: str) -> None:
    """Set the account's PIN, all tries forgotten."""
    await accounts.known(connection, account_id)
    await connection.execute(delete(pins).where(pins.c.account_id == account_id))
    await connection.execute(
        insert(pins).values(account_id=account_id, hash=hashed, tries=0, locked_until_ms=0)
    )


async def count_try(
    connection: AsyncConnection, profile: str, e164: str, at_ms: int
) -> tuple[Account | None, str | None]:
    """The account behind the number and the hash to judge a try by, None if it has none left."""
    account = await accounts.by_number(connection, profile, e164)
    if account is None:
        return None, None
    query = select(pins).where(pins.c.account_id == account.account_id).with_for_update()
    held = (await connection.execute(query)).one_or_none()
    if held is None or held.locked_until_ms > at_ms:
        return account, None
    tries = held.tries + 1
    locks = tries >= TRIES
    await connection.execute(
        update(pins)
        .where(pins.c.account_id == account.account_id)
        .values(tries=0 if locks else tries, locked_until_ms=at_ms + LOCK_MS if locks else 0)
    )
    return account, held.hash


async def forget_tries(connection: AsyncConnection, account_id: str) -> None:
    """Start counting anew after the right PIN."""
    await connection.execute(
        update(pins).where(pins.c.account_id == account_id).values(tries=0, locked_until_ms=0)
    )
