"""Signatures, judged by the library that receivers use."""

import time
from base64 import b64decode

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from engine.flows.webhooks.signing import Signer

SIGNER = Signer(b"0123456789abcdef0123456789abcdef")
BODY = '{"type":"ping","word":"größer"}'.encode()


def signed(*generations: int, at_s: int | None = None) -> dict[str, str]:
    at_s = int(time.time()) if at_s is None else at_s
    return dict(SIGNER.headers("e1", generations, "evt_1", at_s, BODY))


def is_genuine(secret: str, headers: dict[str, str], body: bytes = BODY) -> bool:
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except WebhookVerificationError:
        return False
    return True


def test_a_receiver_verifies_what_was_sent() -> None:
    secret = SIGNER.secret("e1", 1)
    headers = signed(1)
    assert secret.startswith("whsec_")
    assert len(b64decode(secret.removeprefix("whsec_"))) == 32
    assert is_genuine(secret, headers)
    assert not is_genuine(secret, headers, BODY + b" ")
    assert not is_genuine(secret, {**headers, "webhook-id": "evt_2"})
    later = str(int(headers["webhook-timestamp"]) + 1)
    assert not is_genuine(secret, {**headers, "webhook-timestamp": later})
    assert not is_genuine(secret, signed(1, at_s=int(time.time()) - 600))


def test_each_endpoint_and_generation_has_a_secret_of_its_own() -> None:
    other = Signer(b"another0another0another0another0")
    secrets = {
        SIGNER.secret("e1", 1),
        SIGNER.secret("e1", 2),
        SIGNER.secret("e2", 1),
        other.secret("e1", 1),
    }
    assert len(secrets) == 4
    assert [is_genuine(secret, signed(1)) for secret in secrets].count(True) == 1


def test_both_secrets_verify_while_they_overlap() -> None:
    old, new, older = (SIGNER.secret("e1", generation) for generation in (1, 2, 3))
    assert is_genuine(old, signed(2, 1))
    assert is_genuine(new, signed(2, 1))
    assert not is_genuine(older, signed(2, 1))
    assert not is_genuine(old, signed(2))


def test_the_public_key_verifies_v1a() -> None:
    key = SIGNER.public_key("e1", 1).removeprefix("whpk_")
    headers = signed(1)
    version, _, signature = headers["webhook-signature"].split(" ")[1].partition(",")
    assert version == "v1a"
    content = f"evt_1.{headers['webhook-timestamp']}.".encode() + BODY
    public = Ed25519PublicKey.from_public_bytes(b64decode(key))
    public.verify(b64decode(signature), content)
    with pytest.raises(InvalidSignature):
        public.verify(b64decode(signature), content + b" ")
