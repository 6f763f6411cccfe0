"""Where what an operator's customer names may be reached: public addresses, by https.

Whoever may name an address for us to ask could otherwise let us ask what only we can reach (server
side request forgery). A name is judged by nothing but the address it led to: `is_public` is asked
of the very one that is connected to.
"""

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from engine.errors import CallerError

URL_CHARS_MOST = 1000

_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in the last 32 bits."""

_GLOBAL = IPv6Network("2000::/3")
"""All of IPv6 that is given out to be reached (RFC 4291, section 2.4)."""

_SPECIAL = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv6Network("2001::/23"),
    IPv6Network("2002::/16"),
    IPv6Network("3fff::/20"),
)
"""Set aside (RFC 6890), but not known as such to every version of Python, or tunnels that lead to
IPv4 addresses by ways of their own (Teredo, 6to4)."""

_OURS = frozenset({"localhost", "127.0.0.1", "::1"})


def is_public(text: str) -> bool:
    """Whether an address is one host's in the public internet; `text` without a zone."""
    return _is_public(ip_address(text))


def _is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return _is_public(address.ipv4_mapped)
        if address in _NAT64:
            return _is_public(IPv4Address(int(address) & 0xFFFFFFFF))
        if address not in _GLOBAL:
            return False
    is_special = any(address in network for network in _SPECIAL)
    return address.is_global and not address.is_multicast and not is_special


def is_loopback(text: str) -> bool:
    """Whether an address is this very machine's."""
    address = ip_address(text)
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def check_url(url: str, *, loopback: bool) -> None:
    """Refuses a URL that nothing is to be sent to: `CallerError` about `url`.

    With `loopback` this machine may be named too, also by http.
    """
    parts = _parts(url)
    host = parts.hostname if parts is not None else None
    if parts is None or not host or not _HOST.fullmatch(host) or not _has_labels(host):
        raise CallerError("must be a URL such as https://www.example.org/webhooks", "url")
    if parts.username is not None or parts.password is not None or "#" in url:
        raise CallerError("must have no user, password or fragment", "url")
    if host in _OURS and loopback and parts.scheme in ("http", "https"):
        return
    if parts.scheme != "https":
        raise CallerError("must begin with https://", "url")
    if host in _OURS or _is_private(host):
        raise CallerError("must be a public address", "url")


def _parts(url: str) -> SplitResult | None:
    """The URL's parts; None for a text that is no URL of printable ASCII, or too long."""
    if len(url) > URL_CHARS_MOST or not re.fullmatch(r"[!-~]+", url, re.ASCII) or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _has_labels(host: str) -> bool:
    """Whether a host is a row of labels of 1 to 63 characters (RFC 1035, 2.3.4)."""
    return all(1 <= len(label) <= 63 for label in host.removesuffix(".").split("."))


def _is_private(host: str) -> bool:
    """Whether a host is an address that is not public, or one in a spelling of old (`127.1`)."""
    try:
        return not is_public(host)
    except ValueError:
        return host.rstrip(".").rpartition(".")[2][:1].isdigit()
