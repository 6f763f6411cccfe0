"""The caller lists: who had a first-call offer, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class FirstCallMark:
    """A number on a caller list. `call_id` is the call that put it there, `hand:<author>` where a
    person did."""

    organisation: str
    caller_list: str
    e164: str
    call_id: str
    at_ms: int = 0


@dataclass(frozen=True, slots=True)
class ListedMark:
    """A mark as it is listed; `withheld` if a caller withheld the number."""

    mark: FirstCallMark
    withheld: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFilter:
    """Which marks are listed: newest first, `most` of them before the mark `before`."""

    organisation: str
    caller_list: str
    e164: str | None = None
    before: FirstCallMark | None = None
    most: int = 50


class Marks(Protocol):
    """The marks of all caller lists."""

    async def marks(self, wanted: MarkFilter) -> Sequence[ListedMark]: ...

    async def mark(self, mark: FirstCallMark) -> FirstCallMark:
        """Put a number on a list; gives the mark that stands, which is the first."""
        ...

    async def unmark(self, organisation: str, caller_list: str, e164: str) -> bool:
        """Take a number off a list, so that it is new again; whether it was there."""
        ...

    async def move(self, organisation: str, caller_list: str, e164: str, to_e164: str) -> bool:
        """Let another number have the mark instead; False if the first has none.

        Raises `ConflictError` if the other has a mark of its own.
        """
        ...
