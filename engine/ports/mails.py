"""Mails on their way: an outbox, and what sends one mail.

A mail is queued in the transaction that makes it true, once by its key. Every engine sends: who
claims a mail has it for a lease, and each claim is a try with a number of its own, so that what an
engine learns too late changes nothing. A try may be taken and its engine die before that is
written: it is then sent again under the same Message-ID.

Every method of `Mails` is one transaction, with the errors of `ports.ledger`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.mail import Mail

TRIES = 8
"""How often a mail is tried before it is given up."""


class MailState(StrEnum):
    """How a mail stands."""

    PENDING = "pending"
    SENT = "sent"
    GIVEN_UP = "given_up"


@dataclass(frozen=True, slots=True)
class ClaimedMail:
    """A mail that is ours to send now, as its `number`th try."""

    mail: Mail
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedMail:
    """What came of a try; `problem` says why it was not taken, "" if it was."""

    key: str
    number: int
    state: MailState
    next_ms: int | None
    problem: str


class Mails(Protocol):
    """The mails of all organisations."""

    async def claim(self, now_ms: int, lease_ms: int, most: int) -> Sequence[ClaimedMail]:
        """Up to `most` mails that are due, longest due first, ours for the lease."""
        ...

    async def finish(self, tried: TriedMail) -> bool:
        """Note what came of a try; a mail that waits no longer loses its text.

        False if a later try was begun meanwhile, which knows better, or it waits no longer.
        """
        ...


class Taken(StrEnum):
    """What became of a mail that was sent: taken, refused for good, or perhaps later."""

    TAKEN = "taken"
    REFUSED = "refused"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class MailReply:
    """The answer to a mail; `problem` names no address."""

    taken: Taken
    problem: str = ""


class Postman(Protocol):
    """Hands mails to a server."""

    async def send(self, mail: Mail) -> MailReply:
        """Send once. Whatever fails is a reply; nothing is raised."""
        ...
