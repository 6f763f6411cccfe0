"""The second factor: time-based one-time passwords (RFC 6238), and recovery codes.

Six digits, a step of 30 s, SHA-1: what every authenticator reads. The step before and after count
too, for clocks that differ; a step is good once. A recovery code has 80 random bits, so a plain
SHA-256 of it is safe to keep.
"""

import base64
import hashlib
import hmac
import re
import secrets

import pyotp

STEP_S = 30
STEPS_ASIDE = 1
SECRET_CHARS = 32
CODES = 10
CODE_BYTES = 10
ISSUER = "Groschen"

_SECRET = re.compile(rf"[A-Z2-7]{{{SECRET_CHARS}}}", re.ASCII)
_DIGITS = re.compile(r"[0-9]{6}", re.ASCII)


def new_secret() -> str:
    """A secret of 160 bits, in base 32."""
    return pyotp.random_base32(SECRET_CHARS)


def is_secret(text: str) -> bool:
    """Whether a text has the form of a secret."""
    return _SECRET.fullmatch(text) is not None


def address(secret: str, name: str) -> str:
    """What an authenticator reads (`otpauth://…`), as a QR code or typed."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def step_of(secret: str, code: str, now_ms: int) -> int | None:
    """The time step that a code is of, None if it is of none that counts now."""
    code = code.replace(" ", "")
    if not _DIGITS.fullmatch(code):
        return None
    totp, present = pyotp.TOTP(secret), now_ms // (1000 * STEP_S)
    found = None
    for step in range(present - STEPS_ASIDE, present + STEPS_ASIDE + 1):
        if hmac.compare_digest(totp.generate_otp(step), code):
            found = step
    return found


def new_codes() -> list[str]:
    """Recovery codes, as they are told once: `abcd-efgh-ijkl-mnop`."""
    return [_grouped(secrets.token_bytes(CODE_BYTES)) for _ in range(CODES)]


def code_hash(code: str) -> str:
    """What is kept of a recovery code, however it was typed."""
    plain = re.sub(r"[^a-z2-7]", "", code.lower()[:100])
    return hashlib.sha256(plain.encode()).hexdigest()


def _grouped(raw: bytes) -> str:
    text = base64.b32encode(raw).decode().lower()
    return "-".join(text[at : at + 4] for at in range(0, len(text), 4))
