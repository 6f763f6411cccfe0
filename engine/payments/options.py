"""What an operator writes for a provider: which options there are, and how they are read.

A provider's class lists its own in `OPTIONS`, so that a page or a file check can name them without
opening an account. Every fault is a `CallerError` whose field is the option's name; a value is
never repeated in a message, for it may be a secret.
"""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from engine.errors import CallerError


@dataclass(frozen=True, slots=True)
class Option:
    """One option: what it means, in a line; whether it must be given; what it is if it is not."""

    meaning: str
    is_required: bool = False
    is_secret: bool = False
    default: str = ""


def read_options(given: Mapping[str, str], known: Mapping[str, Option]) -> dict[str, str]:
    """Every known option with its value or its default.

    Raises `CallerError` for one that is unknown, missing, or holds a control character (which
    would break out of a header).
    """
    for name, value in given.items():
        if name not in known:
            raise CallerError(f"is no option; known are {', '.join(sorted(known))}", name)
        if not value.isprintable():
            raise CallerError("must not hold line breaks or control characters", name)
    for name, option in known.items():
        if option.is_required and not given.get(name):
            raise CallerError("must be given", name)
    return {name: given.get(name) or option.default for name, option in known.items()}


def read_base_url(text: str, field: str) -> str:
    """An address to ask a provider at: https, or http on this very machine (for its fake).

    Raises `CallerError` with `field`.
    """
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise CallerError("is not an address", field) from None
    is_plain = parts.username is None and not parts.query and not parts.fragment
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and is_this_machine(host))
    if not (host and is_plain and is_safe):
        raise CallerError("must be an https address without user, query or fragment", field)
    return text.rstrip("/")


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address is the loopback's."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
