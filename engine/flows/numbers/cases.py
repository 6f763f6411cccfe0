"""Authorities' requests, for the operator's owners alone; for everybody else there are none.

Who had a number when is found in its history. Whoever opens, sees or ends a case stands in the
case's own audit log. The holder is not told.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.case import Case, CaseKind, CaseStatus, Holding, check, ended
from engine.core.roles import Right, Role, may
from engine.errors import CallerError
from engine.flows.numbers.numbering import PAGE, Numbering, local_day
from engine.ports.cases import CaseLine
from engine.ports.cases import Cases as CasesPort
from engine.ports.numbers import NumberEvent

LISTED_MOST = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """A user; `organisation` is None for the operator's staff."""

    name: str
    role: Role
    organisation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What an authority wants to know, and until when; `from_day` to `to_day` are included."""

    e164: str
    kind: CaseKind
    authority: str
    reference: str
    from_day: date
    to_day: date
    due_on: date


@dataclass(frozen=True, slots=True)
class Shown:
    """A case as it is looked at; `holdings` are all in its span, earliest first."""

    case: Case
    holdings: Sequence[Holding]
    lines: Sequence[CaseLine]


class Cases:
    """Cases as one user may handle them."""

    def __init__(self, numbering: Numbering, cases: CasesPort, viewer: Viewer) -> None:
        """Raises `CallerError` for everybody but an owner of the operator's."""
        if viewer.organisation is not None or not may(viewer.role, Right.CASES_WRITE):
            raise CallerError("there is no such page", "cases")
        self._numbering = numbering
        self._cases = cases
        self._viewer = viewer

    async def open(self, request: Request) -> Case:
        """Open a case on a number of the stock."""
        await self._numbering.number(request.e164)
        held = await self._holdings(request.e164, request.from_day, request.to_day)
        case = Case(
            case_id=uuid.uuid4().hex,
            e164=request.e164,
            organisation=_at_the_end(held, request.to_day),
            kind=request.kind,
            authority=request.authority,
            reference=request.reference,
            from_day=request.from_day,
            to_day=request.to_day,
            due_on=request.due_on,
        )
        check(case)
        await self._cases.open(case, self._line(case.case_id, "opened"))
        return case

    async def show(self, case_id: str) -> Shown:
        """A case, who had the number in its span by now, and its log, this look included."""
        case = await self._look(case_id)
        held = await self._holdings(case.e164, case.from_day, case.to_day)
        return Shown(case, held, await self._cases.lines(case_id))

    async def listed(self, status: CaseStatus | None = None) -> Sequence[Case]:
        """All cases, or those that stand so."""
        found: list[Case] = []
        while len(found) < LISTED_MOST:
            after = found[-1].case_id if found else ""
            page = await self._cases.listed(status, after, PAGE)
            found += page
            if len(page) < PAGE:
                break
        return found

    async def answer(self, case_id: str, outcome: str) -> Case:
        """Write down what the authority was given."""
        return await self._end(case_id, CaseStatus.ANSWERED, outcome)

    async def refer(self, case_id: str, outcome: str) -> Case:
        """Write down that the authority was referred to the holder, who is responsible."""
        return await self._end(case_id, CaseStatus.REFERRED, outcome)

    async def _end(self, case_id: str, status: CaseStatus, outcome: str) -> Case:
        case = ended(await self._look(case_id), status, outcome)
        await self._cases.end(case, self._line(case_id, status))
        return case

    async def _look(self, case_id: str) -> Case:
        case = await self._cases.look(self._line(case_id, "seen"))
        if case is None:
            raise CallerError(f"there is no case {case_id}", "case_id")
        return case

    def _line(self, case_id: str, action: str) -> CaseLine:
        at_ms, _ = self._numbering.now()
        return CaseLine(case_id=case_id, at_ms=at_ms, author=self._viewer.name, action=action)

    async def _holdings(self, e164: str, first: date, last: date) -> Sequence[Holding]:
        events: list[NumberEvent] = []
        before: int | None = None
        while page := await self._numbering.numbers.history(e164, before, PAGE):
            events += page
            if local_day(page[-1].at_ms) < first:
                break
            before = page[-1].version
        return holdings(events, first, last)


def holdings(events: Sequence[NumberEvent], first: date, last: date) -> Sequence[Holding]:
    """Who had a number at some time of these days (included), earliest first, from its history
    (newest first)."""
    found: list[Holding] = []
    until_ms: int | None = None
    for event in events:
        if event.is_held and event.organisation is not None:
            goes_on = bool(found) and found[-1].from_ms == until_ms
            if goes_on and found[-1].organisation == event.organisation:
                found[-1] = replace(found[-1], from_ms=event.at_ms)
            else:
                found.append(
                    Holding(organisation=event.organisation, from_ms=event.at_ms, until_ms=until_ms)
                )
        until_ms = event.at_ms
    return [
        one
        for one in reversed(found)
        if local_day(one.from_ms) <= last
        and (one.until_ms is None or local_day(one.until_ms) >= first)
    ]


def _at_the_end(found: Sequence[Holding], last: date) -> str | None:
    """Who still had the number as its last day was over."""
    lasting = (one for one in found if one.until_ms is None or local_day(one.until_ms) > last)
    return next((one.organisation for one in lasting), None)
