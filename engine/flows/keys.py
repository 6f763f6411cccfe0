"""API keys: made, recognised, revoked.

A key is `gk_<id>_<secret>`. The secret has 256 random bits, so a plain SHA-256 of it is safe to
keep: there is nothing to guess. It is told once, when it is made.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import CallerError
from engine.ports.clock import Clock
from engine.ports.operators import ApiKey, Keys, Scope

ID_BYTES = 8
SECRET_BYTES = 32
NAME_CHARS_MOST = 100

_FORM = re.compile(rf"gk_([0-9a-f]{{{2 * ID_BYTES}}})_([0-9a-f]{{{2 * SECRET_BYTES}}})", re.ASCII)


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, and its text, which is not kept."""

    key: ApiKey
    text: str


class KeyRing:
    """The keys of all organisations."""

    def __init__(self, keys: Keys, clock: Clock) -> None:
        self._keys = keys
        self._clock = clock

    async def create(self, organisation: str, name: str, scopes: Sequence[Scope]) -> NewKey:
        """Make a key; `CallerError` for a name that is none, or no scope."""
        if not name.isprintable() or not 0 < len(name.strip()) <= NAME_CHARS_MOST:
            raise CallerError(f"must be 1 to {NAME_CHARS_MOST} printable characters", "name")
        if not scopes:
            raise CallerError("must not be empty", "scopes")
        key_id, secret = secrets.token_hex(ID_BYTES), secrets.token_hex(SECRET_BYTES)
        key = ApiKey(
            key_id=key_id,
            organisation=organisation,
            name=name.strip(),
            scopes=tuple(sorted(set(scopes))),
            secret_hash=_hash(secret),
            created_ms=self._clock.now().wall_ms,
        )
        await self._keys.add(key)
        return NewKey(key, f"gk_{key_id}_{secret}")

    async def recognise(self, text: str) -> ApiKey | None:
        """The key in use that this text is, None if it is none.

        Secrets are compared in constant time; a key's id is no secret.
        """
        form = _FORM.fullmatch(text)
        if form is None:
            return None
        key = await self._keys.key(form[1])
        if key is None or not hmac.compare_digest(key.secret_hash, _hash(form[2])):
            return None
        return key if key.revoked_ms is None else None

    async def key(self, key_id: str) -> ApiKey | None:
        """The key with this id, revoked ones too."""
        return await self._keys.key(key_id)

    async def keys(self, organisation: str | None) -> Sequence[ApiKey]:
        """All keys, or an organisation's, oldest first."""
        return await self._keys.keys(organisation)

    async def revoke(self, key_id: str) -> ApiKey:
        """Take a key out of use for good; `CallerError` if there is none of this id."""
        key = await self._keys.revoke(key_id, self._clock.now().wall_ms)
        if key is None:
            raise CallerError(f"there is no key {key_id}", "key_id")
        return key


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
