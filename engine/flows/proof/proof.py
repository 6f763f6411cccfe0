"""A call's proof: one JSON object with an Ed25519 signature (RFC 8032) over all the rest of it.

What is signed are the object's canonical bytes: UTF-8, keys in order, no blanks. The key is derived
from the site's secret (HKDF, RFC 5869), so that all engines of a site sign alike and a proof can be
checked as long as the secret is kept. The public key is in the proof: a stranger can check with it
that nothing was changed; that the key is ours only we can say.
"""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from engine.core.course import bounded
from engine.core.masking import shown_record
from engine.core.money import format_shortest
from engine.core.phrasing import Catalogue
from engine.flows.proof.charged import increments
from engine.flows.proof.timeline import Moment, timeline
from engine.flows.proof.wording import sentence
from engine.ports.reading.records import CallFile

FORM = "groschen-call-proof-2"
FORMS = ("groschen-call-proof-1", FORM)
"""The first said when prompts were ordered; what was made in it stays genuine."""
KEY_INFO = b"groschen-call-proof-1"
BYTES_MOST = 1_000_000
"""The largest proof that is checked."""
CHARGED_MOST = 1_000
"""So many charged increments are listed one by one: of more, the first half and the last."""

Proof = Mapping[str, Any]


class Verdict(StrEnum):
    """What a checked file is."""

    GENUINE = "genuine"
    FOREIGN = "foreign"
    CHANGED = "changed"
    NO_PROOF = "no_proof"


class Signer:
    """Signs and checks with the key that belongs to a site's secret."""

    def __init__(self, secret: bytes) -> None:
        derive = HKDF(algorithm=SHA256(), length=32, salt=None, info=KEY_INFO)
        self._key = Ed25519PrivateKey.from_private_bytes(derive.derive(secret))

    @property
    def public_key(self) -> str:
        """The public key, in hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, content: Mapping[str, Any]) -> Proof:
        """The content with its signature."""
        signed = {**content, "public_key": self.public_key}
        return {**signed, "signature": self._key.sign(canonical(signed)).hex()}

    def check(self, raw: bytes) -> Verdict:
        """What a file is: signed by us, by another, changed since, or no proof at all."""
        try:
            proof = json.loads(raw) if len(raw) <= BYTES_MOST else None
            if not isinstance(proof, dict) or proof.get("form") not in FORMS:
                return Verdict.NO_PROOF
            signature = bytes.fromhex(proof.pop("signature"))
            public_key = bytes.fromhex(proof["public_key"])
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, canonical(proof))
        except InvalidSignature:
            return Verdict.CHANGED
        except (ValueError, KeyError, TypeError, RecursionError):
            return Verdict.NO_PROOF
        return Verdict.GENUINE if public_key.hex() == self.public_key else Verdict.FOREIGN


def canonical(content: Mapping[str, Any]) -> bytes:
    """The bytes that are signed."""
    return json.dumps(
        content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def content_of(
    file: CallFile, issued_ms: int, catalogues: Mapping[str, Catalogue]
) -> dict[str, Any]:
    """What a proof says: the record with its number cut short, and the timeline in place of the
    record's own lists; prompts by their key and as sentences in each language of the catalogues.

    Amounts beside the record's micro-units are decimal strings, times milliseconds since 1970.
    """
    record = msgspec.to_builtins(shown_record(file.record))
    for course in ("prompts", "slices", "stays"):
        del record[course]
    charged = increments(file.record)
    return {
        "form": FORM,
        "issued_ms": issued_ms,
        "charge": format_shortest(file.record.charge_micros),
        "entry": file.booked.key if file.booked else None,
        "call": record,
        "timeline": [_moment(moment, catalogues) for moment in timeline(file)],
        "charged_increments": len(charged),
        "charged": [
            {"from_ms": from_ms, "until_ms": until_ms}
            for from_ms, until_ms in bounded(charged, CHARGED_MOST)
        ],
    }


def _moment(moment: Moment, catalogues: Mapping[str, Catalogue]) -> dict[str, Any]:
    said: dict[str, Any] = {"at_ms": moment.at_ms, "happened": moment.happened.value}
    said |= {
        name: value
        for name in ("until_ms", "who", "detail", "fate", "lang")
        if (value := getattr(moment, name))
    }
    if moment.fate is not None:
        said["sentences"] = {
            lang: sentence(moment.detail, catalogue) for lang, catalogue in catalogues.items()
        }
    if moment.micros is not None:
        said["amount"] = format_shortest(moment.micros)
    if moment.balance_micros is not None:
        said["balance"] = format_shortest(moment.balance_micros)
    return said
