"""What a name and a password must be like, how often they may be tried, and when a session is over
(all times milliseconds)."""

import re
from ipaddress import ip_network

from engine.errors import CallerError
from engine.ports.users import Session

NAME_CHARS_MOST = 64
PASSWORD_CHARS_LEAST = 12
PASSWORD_CHARS_MOST = 200
DIFFERENT_CHARS_LEAST = 5

MINUTE_MS = 60_000
IDLE_MS = 60 * MINUTE_MS
LONGEST_MS = 12 * 60 * MINUTE_MS
UNPROVED_MS = 5 * MINUTE_MS
"""A session ends after so long without a request, after so long at all, and after so long if the
second factor does not come."""

TRIES_MOST = 8
WAIT_MS = 15 * MINUTE_MS
"""Tries that a browser we know, a network, or whoever is signed in has in so long."""

STRANGERS_TRIES_MOST = 60
STRANGERS_WAIT_MS = 60 * MINUTE_MS
"""Tries at one name that all browsers we do not know have in so long, wherever they are."""

NETWORK_BITS = {4: 24, 6: 48}
"""How much of an address is its network: what one household or attacker commonly has."""

BROWSER_MS = 180 * 24 * 60 * MINUTE_MS
"""How long a browser is known that has signed in."""

_NAME = re.compile(rf"[a-z0-9][a-z0-9._@+-]{{1,{NAME_CHARS_MOST - 1}}}", re.ASCII)


def read_name(text: str) -> str:
    """The name that was meant, in small letters; `CallerError` if it cannot be one."""
    name = text.strip().lower()
    if not _NAME.fullmatch(name):
        raise CallerError(f"must be 2 to {NAME_CHARS_MOST} of a-z, 0-9 and . _ @ + -", "name")
    return name


def check_password(password: str, name: str) -> None:
    """Refuse a password that is guessed too easily (NIST SP 800-63B: length, not composition)."""
    if not PASSWORD_CHARS_LEAST <= len(password) <= PASSWORD_CHARS_MOST:
        rule = f"must have {PASSWORD_CHARS_LEAST} to {PASSWORD_CHARS_MOST} characters"
        raise CallerError(rule, "password")
    if name in password.lower() or len(set(password)) < DIFFERENT_CHARS_LEAST:
        raise CallerError("must not be guessed so easily", "password")


def network_of(address: str) -> str:
    """The network that an address (or a network) is of, as `203.0.113.0/24`; what is none of both
    counts as one."""
    try:
        found = ip_network(address, strict=False)
    except ValueError:
        return "elsewhere"
    bits = min(found.prefixlen, NETWORK_BITS[found.version])
    return str(found.supernet(new_prefix=bits))


def is_over(session: Session, now_ms: int) -> bool:
    """Whether a session has ended by now."""
    return now_ms >= session.ends_ms or now_ms >= session.seen_ms + IDLE_MS
