"""Codes that are kept nowhere: each is derived anew from its verification and a secret of the site.

The code is a truncated HMAC (RFC 4226, 5.3) over the verification's id, its number and a seed drawn
for it. So it is the same as long as the verification lives, on every engine, and whoever reads the
database or a snapshot learns nothing of it. Comparing takes the same time whatever was typed.
"""

import hashlib
import hmac
import secrets

from engine.core.verification import Verification
from engine.verification.rehearsal import DIGITS

SECRET_BYTES_LEAST = 32
SEED_BYTES = 16


class Codes:
    """Derives and compares codes, with one secret shared by all engines of a site."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < SECRET_BYTES_LEAST:
            raise ValueError(f"the secret must have at least {SECRET_BYTES_LEAST} bytes")
        self._secret = secret

    def seed(self) -> str:
        """What makes a verification's code its own."""
        return secrets.token_hex(SEED_BYTES)

    def code(self, verification: Verification) -> str:
        """The verification's code, its digits; of a test always the same."""
        if verification.test:
            return DIGITS[: verification.code_digits]
        about = (verification.verification_id, verification.e164 or "", verification.seed)
        digest = self._mac("code", ":".join(about))
        offset = digest[-1] & 0x0F
        number = int.from_bytes(digest[offset : offset + 8], "big") & 0x7FFF_FFFF_FFFF_FFFF
        digits = verification.code_digits
        return f"{number % 10**digits:0{digits}}"

    def fits(self, verification: Verification, given: str) -> bool:
        """Whether this is the verification's code; spaces and hyphens do not matter."""
        typed = "".join(given.replace("-", " ").split())
        return hmac.compare_digest(self.code(verification).encode(), typed.encode())

    def key(self, kind: str, value: str) -> str:
        """What stands for an address or number where calls are counted: it cannot be read back."""
        return f"{kind}:{self._mac(kind, value).hex()[:32]}"

    def _mac(self, purpose: str, content: str) -> bytes:
        return hmac.new(self._secret, f"{purpose}:{content}".encode(), hashlib.sha256).digest()
