"""Authorities' requests in memory."""

from collections.abc import Sequence

from engine.core.numbers.case import Case, CaseStatus
from engine.errors import ConflictError
from engine.ports.cases import CaseLine


class MemoryCases:
    """`ports.cases.Cases` in memory."""

    def __init__(self) -> None:
        self._cases: dict[str, Case] = {}
        self._lines: list[CaseLine] = []

    async def open(self, case: Case, line: CaseLine) -> None:
        self._cases[case.case_id] = case
        self._lines.append(line)

    async def end(self, case: Case, line: CaseLine) -> None:
        if self._cases[case.case_id].status is not CaseStatus.OPEN:
            raise ConflictError(f"the case {case.case_id} is open no more")
        self._cases[case.case_id] = case
        self._lines.append(line)

    async def look(self, line: CaseLine) -> Case | None:
        case = self._cases.get(line.case_id)
        if case is not None:
            self._lines.append(line)
        return case

    async def listed(self, status: CaseStatus | None, after: str, most: int) -> Sequence[Case]:
        return [
            case
            for case_id, case in sorted(self._cases.items())
            if case_id > after and status in (None, case.status)
        ][:most]

    async def lines(self, case_id: str) -> Sequence[CaseLine]:
        return [line for line in self._lines if line.case_id == case_id]
