"""A certificate authority of our own: a root, and what it signs (RFC 5280)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

DAY = timedelta(days=1)
_SIGNS = (False, False, False, False, False, True, True, False, False)
_LEAF = (True, False, False, False, False, False, False, False, False)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key, and the certificate for it with what stands between it and the root (PEM)."""

    key: RSAPrivateKey
    chain: bytes

    def sign(self, message: bytes) -> bytes:
        """RSA, PKCS#1 v1.5, SHA-256."""
        return self.key.sign(message, PKCS1v15(), hashes.SHA256())


class Authority:
    """A root of trust made on the spot; `root` is its certificate (PEM).

    Authorities of one name and one `owner` have the same key.
    """

    def __init__(self, name: str = "Groschen rehearsal root", owner: str = "Groschen") -> None:
        self._owner = owner
        self._key = _key(f"{owner}/{name}")
        self._name = _named(name)
        today = datetime.now(UTC)
        builder = _builder(self._name, self._name, self._key, today - DAY, today + 3650 * DAY)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=1), True)
        builder = builder.add_extension(x509.KeyUsage(*_SIGNS), True)
        self._certificate = builder.sign(self._key, hashes.SHA256())
        self.root = self._certificate.public_bytes(serialization.Encoding.PEM)

    def issue(self, name: str, *, since: datetime | None = None, days: int = 30) -> Signer:
        """A certificate for a host name, good for `days` from `since` (from yesterday)."""
        since = since or datetime.now(UTC) - DAY
        key = _key(f"{self._owner}/{name}")
        builder = _builder(_named(name), self._name, key, since, since + days * DAY)
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        for extension, is_critical in (
            (x509.SubjectAlternativeName([x509.DNSName(name)]), False),
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.KeyUsage(*_LEAF), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
            (issuer, False),
        ):
            builder = builder.add_extension(extension, is_critical)
        leaf = builder.sign(self._key, hashes.SHA256())
        return Signer(key, leaf.public_bytes(serialization.Encoding.PEM))


@cache
def _key(owner: str) -> RSAPrivateKey:
    """An owner's key; making one takes long, so he keeps it as long as the process lives."""
    return generate_private_key(65537, 2048)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _builder(
    subject: x509.Name, issuer: x509.Name, key: RSAPrivateKey, since: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(until)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
    )
