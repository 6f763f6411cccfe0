"""Seals: texts that only we can have given out, so that whoever shows one was given it.

A seal is an HMAC-SHA256 over what it is for and what it names. It is not stored anywhere. The same
secret hides texts that a page must carry, or the books keep, and nobody may read there (Fernet).
"""

import base64
import hashlib
import hmac
from enum import StrEnum

from cryptography.fernet import Fernet, InvalidToken

SECRET_BYTES_LEAST = 32


class Purpose(StrEnum):
    """What a seal lets its holder do."""

    NOTIFY = "notify"
    WATCH = "watch"
    VEIL = "veil"
    PUBLISH = "publish"
    VERIFY = "verify"
    SECOND_FACTOR = "second_factor"
    BROWSER = "browser"
    COLLECTOR = "collector"


class Seal:
    """Makes and checks seals with one secret, shared by all engines of a site."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES_LEAST:
            raise ValueError(f"the secret must have at least {SECRET_BYTES_LEAST} bytes")
        self._secret = secret

    def make(self, purpose: Purpose, name: str) -> str:
        """The seal on a name, 32 hexadecimal digits."""
        return self._digest(purpose, name).hex()[:32]

    def fits(self, purpose: Purpose, name: str, seal: str) -> bool:
        """Whether a seal is the one on this name; takes the same time either way."""
        return hmac.compare_digest(self.make(purpose, name).encode(), seal.encode())

    def hide(self, purpose: Purpose, name: str, text: str) -> str:
        """The text encrypted under this name; another text each time."""
        return self._cipher(purpose, name).encrypt(text.encode()).decode()

    def show(self, purpose: Purpose, name: str, hidden: str) -> str | None:
        """What was hidden under this name; None for anything else."""
        try:
            return self._cipher(purpose, name).decrypt(hidden.encode()).decode()
        except InvalidToken:
            return None

    def _cipher(self, purpose: Purpose, name: str) -> Fernet:
        return Fernet(base64.urlsafe_b64encode(self._digest(purpose, f"hidden:{name}")))

    def _digest(self, purpose: Purpose, name: str) -> bytes:
        return hmac.new(self._secret, f"{purpose}:{name}".encode(), hashlib.sha256).digest()
