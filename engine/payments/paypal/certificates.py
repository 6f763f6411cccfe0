"""Certificates from an address that a callback names, trusted only for what they chain to.

Who signs a callback says where its certificate lies. `fetch` goes there if the address is the
signer's own (https, port 443, its domain or a name below it, the path where certificates lie) and
keeps what it finds, for a few addresses. Anybody can name such an address, so they are fetched one
at a time and a few a minute, and one asked in vain is left alone for a while. `key` is
pure: it follows the chain to a root of trust at a given time (RFC 5280, as web browsers do) and
takes only a certificate for a name in the domain. Revocation is not looked up.
"""

import asyncio
import re
import ssl
import time
import warnings
from collections import deque
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from engine.errors import CallerError, RemoteError
from engine.payments.http import Remote
from engine.ports.payments import Forged

CHAINS_MOST = 8
CHAIN_MOST_BYTES = 64_000
CHAIN_MOST_CERTIFICATES = 8
ADDRESS_MOST_CHARS = 300
FETCH_TIMEOUT_S = 5
WAIT_MOST_S = 10
"""For one's turn and the fetching."""

FETCHES_MOST = 20
"""In `PAUSE_S`, at all addresses together; so no more than these are remembered as failed."""

PAUSE_S = 60

_ADDRESS = re.compile(
    r"(https?)://([a-z0-9.-]+)(?::([0-9]{1,5}))?(/v1/notifications/certs/[A-Za-z0-9_-]+)", re.ASCII
)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

Chain = tuple[x509.Certificate, ...]


class Certificates:
    """Chains of signers within `domain`, kept by their addresses; the least used goes first.

    `origin` (`http://127.0.0.1:8099`) is where they lie instead of the domain, for a fake.
    """

    def __init__(self, domain: str, roots: Store, origin: str = "") -> None:
        self._domain = domain
        self._roots = roots
        self._origin = origin
        self._chains: dict[str, Chain] = {}
        self._fetching = asyncio.Lock()
        self._fetched_s: deque[float] = deque(maxlen=FETCHES_MOST)
        self._failed_s: dict[str, float] = {}

    async def fetch(self, address: str) -> None:
        """Bring the chain that lies at `address`, unless it is known or lies elsewhere.

        An address that is refused, and one where no certificate is, leaves the chain unknown.
        RemoteError if the host does not answer, or was asked in vain or too often just before.
        """
        place = self._place(address)
        if place is None or address in self._chains:
            return
        try:
            async with asyncio.timeout(WAIT_MOST_S), self._fetching:
                if address not in self._chains:
                    self._check_pause(address)
                    await self._bring(address, *place)
        except TimeoutError:
            raise RemoteError("other certificates are being fetched") from None

    def _check_pause(self, address: str) -> None:
        """RemoteError for an address that has lately failed, or if too many were asked lately."""
        since_s = time.monotonic() - PAUSE_S
        self._failed_s = {known: at_s for known, at_s in self._failed_s.items() if at_s > since_s}
        if address in self._failed_s:
            raise RemoteError(f"the certificate was asked for in vain less than {PAUSE_S} s ago")
        if len(self._fetched_s) == FETCHES_MOST and self._fetched_s[0] > since_s:
            raise RemoteError(f"more than {FETCHES_MOST} certificates in {PAUSE_S} s")

    async def _bring(self, address: str, origin: str, path: str) -> None:
        now_s = time.monotonic()
        self._fetched_s.append(now_s)
        self._failed_s[address] = now_s
        remote = Remote(origin, timeout_s=FETCH_TIMEOUT_S, most_bytes=CHAIN_MOST_BYTES)
        try:
            chain = _chain(await remote.raw("GET", path))
        except RemoteError as error:
            if error.retryable:
                raise
            return
        finally:
            await remote.close()
        if chain:
            del self._failed_s[address]
            self._keep(address, chain)

    def key(self, address: str, now_ms: int) -> RSAPublicKey | Forged:
        """The public key of the certificate at `address`, if it is to be trusted at `now_ms`."""
        chain = self._chains.get(address) if self._place(address) else None
        if chain is None:
            return Forged("the certificate's address is not the signer's, or none lies there")
        self._keep(address, chain)
        return self._trusted(chain, now_ms)

    def _trusted(self, chain: Chain, now_ms: int) -> RSAPublicKey | Forged:
        leaf, *between = chain
        name = next((n for n in _names(leaf) if n.endswith(f".{self._domain}")), None)
        if name is None:
            return Forged(f"the certificate is for no name in {self._domain}")
        moment = datetime.fromtimestamp(now_ms // 1000, UTC)
        policy = PolicyBuilder().store(self._roots).time(moment)
        subject = x509.DNSName(name.replace("*", "any", 1))
        try:
            policy.build_server_verifier(subject).verify(leaf, between)
        except (VerificationError, ValueError) as error:
            return Forged(f"the certificate is not to be trusted: {error}")
        key = leaf.public_key()
        return key if isinstance(key, RSAPublicKey) else Forged("the certificate's key is not RSA")

    def _place(self, address: str) -> tuple[str, str] | None:
        """Origin and path of an address where the signer's certificates may lie."""
        match = _ADDRESS.fullmatch(address) if len(address) <= ADDRESS_MOST_CHARS else None
        if match is None:
            return None
        scheme, host, port, path = match.groups()
        origin = f"{scheme}://{host}:{port}" if port else f"{scheme}://{host}"
        if self._origin:
            return (origin, path) if origin == self._origin else None
        is_signers = host == self._domain or host.endswith(f".{self._domain}")
        is_safe = scheme == "https" and port in (None, "443")
        return (origin, path) if is_signers and is_safe else None

    def _keep(self, address: str, chain: Chain) -> None:
        """Keep a chain as the one used last; the one not used for longest makes room."""
        self._chains.pop(address, None)
        self._chains[address] = chain
        if len(self._chains) > CHAINS_MOST:
            del self._chains[next(iter(self._chains))]


def read_roots(path: str, field: str) -> Store:
    """The roots of trust in a PEM file; without a path, those of this machine.

    What cannot be read among them is passed over. Raises `CallerError` with `field` if none is
    left.
    """
    paths = ssl.get_default_verify_paths()
    file = Path(path or paths.cafile or paths.openssl_cafile)
    try:
        blocks = _PEM.findall(file.read_bytes())
    except OSError as error:
        raise CallerError(f"cannot be read: {error.strerror}", field) from None
    roots = [root for block in blocks for root in _chain(block)]
    if not roots:
        raise CallerError("has no certificate in it", field)
    return Store(roots)


def _chain(raw: bytes) -> Chain:
    """The certificates of a PEM text, the signer's own first; none if they cannot be read."""
    with warnings.catch_warnings():
        # Some old public roots have a serial number of zero, which the library warns about.
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            chain = tuple(x509.load_pem_x509_certificates(raw))
        except ValueError:
            return ()
    return chain if len(chain) <= CHAIN_MOST_CERTIFICATES else ()


def _names(leaf: x509.Certificate) -> list[str]:
    """The host names that a certificate is for, in lower case; none if they cannot be read."""
    try:
        found = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in found.value.get_values_for_type(x509.DNSName)]
