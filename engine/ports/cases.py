"""Authorities' requests about numbers, and an audit of their own. Errors as in `ports.ledger`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.numbers.case import Case, CaseStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseLine:
    """Who did what with a case, looking at it included."""

    case_id: str
    at_ms: int
    author: str
    action: str


class Cases(Protocol):
    """Every method is one transaction; lines are only added."""

    async def open(self, case: Case, line: CaseLine) -> None: ...

    async def end(self, case: Case, line: CaseLine) -> None:
        """Write down how an open case ended; `ConflictError` if it is open no more."""
        ...

    async def look(self, line: CaseLine) -> Case | None:
        """The case, once it is written down who looks at it; None if there is none."""
        ...

    async def listed(self, status: CaseStatus | None, after: str, most: int) -> Sequence[Case]:
        """Cases in the order of their ids, those that follow `after`."""
        ...

    async def lines(self, case_id: str) -> Sequence[CaseLine]:
        """What was done with a case, oldest first."""
        ...
