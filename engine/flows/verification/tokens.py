"""Tokens that say a number is proved: short-lived JWTs that a merchant checks without asking us.

Signed with Ed25519 (RFC 8037), whose key derives from the site's secret, so that every engine has
the same one and the token of a verification is always the same text; nothing is kept. Claims are
those of RFC 7519 and OpenID Connect (`phone_number`). The audience is the merchant, of a test
`test:<merchant>`, so that whoever checks for the first takes no token of the second. `jti` is the
verification: a token is used once, by `Verifications.consume` or by the merchant's own list.
"""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from engine.core.verification import Status, Verification

ALGORITHM = "EdDSA"
TYPE = "phone-verification+jwt"
LIVES_S = 600
LEEWAY_S = 5
TOKEN_CHARS_MOST = 4_000
_CLAIMS = ("iss", "aud", "sub", "jti", "iat", "exp", "phone_number", "reference")


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that is ours and has not expired says."""

    verification_id: str
    e164: str
    reference: str
    audience: str


def audience(verification: Verification) -> str:
    """Whom a verification's token is for."""
    return f"test:{verification.merchant}" if verification.test else verification.merchant


class Tokens:
    """Makes and reads tokens; `issuer` is our origin."""

    def __init__(self, secret: bytes, issuer: str) -> None:
        seed = hmac.new(secret, b"verification-tokens", hashlib.sha256).digest()
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._issuer = issuer
        public = OKPAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        # The thumbprint of RFC 7638, over the members that RFC 8037 names.
        members = f'{{"crv":"Ed25519","kty":"OKP","x":"{public["x"]}"}}'
        self._key_id = hashlib.sha256(members.encode()).hexdigest()[:16]
        self._jwk = {**public, "kid": self._key_id, "alg": ALGORITHM, "use": "sig"}

    def make(self, verification: Verification) -> str | None:
        """The token of a proved number, None of any other."""
        if verification.status is not Status.VERIFIED or verification.ended_ms is None:
            return None
        at_s = verification.ended_ms // 1000
        claims = {
            "iss": self._issuer,
            "aud": audience(verification),
            "sub": verification.verification_id,
            "jti": verification.verification_id,
            "iat": at_s,
            "exp": at_s + LIVES_S,
            "phone_number": verification.e164,
            "phone_number_verified": True,
            "method": verification.method,
            "reference": verification.reference,
        }
        headers = {"kid": self._key_id, "typ": TYPE}
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers=headers)

    def read(self, token: str, now_ms: int) -> Claims | None:
        """What a token says; None if it is not ours, was changed, or has expired."""
        if len(token) > TOKEN_CHARS_MOST:
            return None
        # The time is the caller's, so that there is one clock.
        checks: Any = {"require": list(_CLAIMS), "verify_aud": False, "verify_exp": False}
        checks["verify_iat"] = False
        try:
            claims = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                options=checks,
            )
        except jwt.InvalidTokenError:
            return None
        if now_ms // 1000 >= claims["exp"] + LEEWAY_S:
            return None
        return Claims(claims["sub"], claims["phone_number"], claims["reference"], claims["aud"])

    def key_set(self) -> dict[str, list[dict[str, Any]]]:
        """The public key as a JWK set (RFC 7517)."""
        return {"keys": [self._jwk]}
