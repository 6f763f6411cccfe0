"""Sending one request into the world, and no more than that."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

ANSWER_CHARS_MOST = 500


class NoAnswer(StrEnum):
    """Why there was none, in words that tell nothing of our network."""

    NO_ADDRESS = "not an address that anything is sent to"
    NOT_PUBLIC = "not a public address"
    NO_CONNECTION = "no connection"
    NOT_TRUSTED = "the certificate is not to be trusted"
    NOT_HTTP = "no answer in HTTP"
    LATE = "no answer in time"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the HTTP status and the first `ANSWER_CHARS_MOST` printable characters.

    Without a status there was no answer, and `answer` says why: a `NoAnswer`.
    """

    status: int | None
    answer: str = ""

    @property
    def is_taken(self) -> bool:
        """Whether the receiver has it now."""
        return self.status is not None and 200 <= self.status < 300


class Post(Protocol):
    """Sends to whatever address a customer named: bounded, without redirects, and only where
    `core.address` allows it."""

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """POST once. Whatever fails is a reply without a status; nothing is raised."""
        ...
