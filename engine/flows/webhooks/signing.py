"""Signatures of the Standard Webhooks: `v1` (HMAC-SHA256) and `v1a` (Ed25519).

Secrets are not kept anywhere: each derives from the site's own, the endpoint's id and the secret's
number (generation), so the books hold nothing that could sign. What is signed is
`<webhook-id>.<webhook-timestamp>.<body>` (https://www.standardwebhooks.com, "Signature scheme").
"""

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterable, Mapping

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


class Signer:
    """Signs for all endpoints with secrets derived from one, which all engines of a site share."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def secret(self, endpoint_id: str, generation: int) -> str:
        """What the receiver verifies `v1` with: `whsec_` and 32 bytes in base64."""
        return f"whsec_{_text(self._derived('v1', endpoint_id, generation))}"

    def public_key(self, endpoint_id: str, generation: int) -> str:
        """What the receiver may verify `v1a` with, no secret: `whpk_` and 32 bytes in base64."""
        key = self._private_key(endpoint_id, generation).public_key()
        return f"whpk_{_text(key.public_bytes_raw())}"

    def headers(
        self,
        endpoint_id: str,
        generations: Iterable[int],
        event_id: str,
        at_s: int,
        body: bytes,
    ) -> Mapping[str, str]:
        """The headers of a try at `at_s` (seconds since 1970), signed with each secret."""
        content = f"{event_id}.{at_s}.".encode() + body
        signatures: list[str] = []
        for generation in generations:
            key = self._derived("v1", endpoint_id, generation)
            signatures.append(f"v1,{_text(hmac.digest(key, content, hashlib.sha256))}")
            signed = self._private_key(endpoint_id, generation).sign(content)
            signatures.append(f"v1a,{_text(signed)}")
        return {
            "webhook-id": event_id,
            "webhook-timestamp": str(at_s),
            "webhook-signature": " ".join(signatures),
        }

    def _derived(self, scheme: str, endpoint_id: str, generation: int) -> bytes:
        name = f"webhook-{scheme}:{endpoint_id}:{generation}"
        return hmac.digest(self._secret, name.encode(), hashlib.sha256)

    def _private_key(self, endpoint_id: str, generation: int) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._derived("v1a", endpoint_id, generation))


def _text(raw: bytes) -> str:
    return b64encode(raw).decode()
