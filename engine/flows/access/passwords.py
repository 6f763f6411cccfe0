"""Passwords: hashed with argon2id off the event loop, a few at a time."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE_MOST = 2
MADE_BYTES = 15
"""A password made here has 120 random bits."""


class Passwords:
    """Hashes and judges passwords; an unknown user costs the work of a known one.

    A hash takes tens of milliseconds and 64 MiB: not on a call's path, and never many at once.
    """

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._free = asyncio.Semaphore(AT_ONCE_MOST)
        self._nobodys: str | None = None

    async def hash(self, password: str) -> str:
        """The hash of a new password."""
        async with self._free:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def fits(self, held: str | None, password: str) -> bool:
        """Whether the password has this hash; with no hash the same work for the answer no."""
        async with self._free:
            return await asyncio.to_thread(self._fits, held, password)

    def _fits(self, held: str | None, password: str) -> bool:
        if self._nobodys is None:
            self._nobodys = self._hasher.hash("")
        try:
            self._hasher.verify(held or self._nobodys, password)
        except (VerificationError, InvalidHashError):
            return False
        return held is not None


def made_password() -> str:
    """A new password that nobody can guess."""
    return secrets.token_urlsafe(MADE_BYTES)
