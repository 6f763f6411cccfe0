"""Seals: texts that only we can have given out, so that whoever shows one was given it.

A seal is an HMAC-SHA256 over what it is for and what it names. It is not stored anywhere.
"""

import hashlib
import hmac
from enum import StrEnum

SECRET_BYTES_LEAST = 32


class Purpose(StrEnum):
    """What a seal lets its holder do."""

    NOTIFY = "notify"
    WATCH = "watch"
    VEIL = "veil"
    PUBLISH = "publish"
    VERIFY = "verify"


class Seal:
    """Makes and checks seals with one secret, shared by all engines of a site."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES_LEAST:
            raise ValueError(f"the secret must have at least {SECRET_BYTES_LEAST} bytes")
        self._secret = secret

    def make(self, purpose: Purpose, name: str) -> str:
        """The seal on a name, 32 hexadecimal digits."""
        content = f"{purpose}:{name}".encode()
        return hmac.new(self._secret, content, hashlib.sha256).hexdigest()[:32]

    def fits(self, purpose: Purpose, name: str, seal: str) -> bool:
        """Whether a seal is the one on this name; takes the same time either way."""
        return hmac.compare_digest(self.make(purpose, name).encode(), seal.encode())
