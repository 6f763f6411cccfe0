"""Who calls: the identity a network vouches for, read from what the signalling said.

RFC 3325 (P-Asserted-Identity) and RFC 3323 (Privacy). The billing identity is the asserted
number, also when the caller withholds it; a number that the trunk's network does not vouch for
is *unverified* and opens no account by itself.
"""

from dataclasses import dataclass
from enum import StrEnum


class Vouched(StrEnum):
    """What a trunk's network vouches for: its P-Asserted-Identity, its From, or nothing."""

    PAI = "pai"
    FROM = "from"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class SignalledIdentity:
    """What the INVITE said of the caller, unjudged: header values as received."""

    asserted: tuple[str, ...] = ()
    privacy: str = ""
    from_user: str = ""
    presentation: str = ""
