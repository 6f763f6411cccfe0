"""Letting go of what may be kept no longer, a bounded batch at a time."""

from typing import Protocol

from engine.core.retention import Kind


class Keeping(Protocol):
    """What the books keep, by kind; what a kind loses is told in `core.retention`."""

    async def count(self, kind: Kind, before_ms: int) -> int:
        """How many are due; at most `COUNT_MOST` are counted."""
        ...

    async def let_go(self, kind: Kind, before_ms: int, most: int) -> int:
        """Let go of up to `most`, in one transaction; how many were due, 0 when none is.

        Finding them holds up nobody who writes.
        """
        ...


COUNT_MOST = 100_000
