"""What a day brings about, done once a day by every engine, or looked at beforehand.

Each part is a transaction of its own, decided on what was read; where somebody is faster, the next
run sees what is left. Two engines at once do nothing twice.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import date

import structlog

from engine.core.numbers.due import (
    Notice,
    NoticeKind,
    Work,
    due_of_holder,
    due_of_number,
    due_of_source,
    uncounted,
    unproved_seat,
)
from engine.core.numbers.holder import Holder
from engine.core.numbers.life import Deactivated, Refused, Released
from engine.core.numbers.number import Number, Purpose, Status
from engine.errors import ConflictError, EngineError
from engine.flows.numbers.allocation import ACTIONS, ending, going_on
from engine.flows.numbers.holders import BROUGHT_ON_MOST, brought_on, count_of
from engine.flows.numbers.numbering import PAGE, Numbering, Rehearsed, local_day
from engine.flows.numbers.renting import book, last_closed
from engine.flows.numbers.replacing import moving
from engine.ports.numbers import Commit, NumberFilter

AUTHOR = "engine"
LOOK_MS = 15 * 60_000
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing that was due: an action on a number, or a notice; by whom it is told or owned."""

    action: str
    organisation: str | None = None
    e164: str = ""
    detail: str = ""


class Due:
    """The work of one day; `at_ms` says which. With `dry` nothing is changed: what would be done
    is told, each part decided on what those before it would have made."""

    def __init__(self, numbering: Numbering, at_ms: int, *, dry: bool = False) -> None:
        self._numbering = _rehearsed(numbering) if dry else numbering
        self._at_ms = at_ms
        self._day = local_day(at_ms)

    async def carry_out(self) -> tuple[Line, ...]:
        """All that is due, in the order it was done: what becomes free, then holders with what
        they miss and what they ordered, then numbers that take calls, then sources."""
        found = await self._of_numbers(Status.QUARANTINED)
        found += [line async for line in self._of_holders()]
        found += await self._of_numbers(Status.ACTIVE)
        return (*found, *[line async for line in self._of_sources()])

    async def _of_sources(self) -> AsyncIterator[Line]:
        """By id, so that a number's first running one is the one that calls are counted for."""
        counted: set[str] = set()
        async for source in self._numbering.all_sources():
            notice = due_of_source(source, self._day)
            if source.is_running(self._day):
                notice = uncounted(source, self._day) if source.e164 in counted else notice
                counted.add(source.e164)
            if notice is not None:
                for line in await self._commit(self._empty(), (), [notice]):
                    yield line

    async def _of_numbers(self, status: Status) -> list[Line]:
        found: list[Line] = []
        async for number in self._numbering.all_numbers(NumberFilter(status=status)):
            found += await self._of_number(number)
        return found

    def _empty(self) -> Commit:
        return Commit(author=AUTHOR, at_ms=self._at_ms)

    async def _of_holders(self) -> AsyncIterator[Line]:
        after = ""
        while page := await self._numbering.numbers.holders(after, PAGE):
            for holder in page:
                for line in await self._of_holder(holder.organisation):
                    yield line
                for line in await self._of_orders(holder.organisation):
                    yield line
            after = page[-1].organisation

    async def _of_holder(self, organisation: str) -> Sequence[Line]:
        """Step by step what fits the seat no longer, until nothing is free; then what is told."""
        found: list[Line] = []
        while True:
            holder = await self._numbering.holder(organisation)
            moved = await moving(self._numbering, _next(holder), self._day)
            if not moved.made:
                break
            lines = [_line("replaced", old, new.e164, holder) for old, new in moved.pairs]
            done = await self._commit(self._mine(moved.commit), lines, moved.commit.notices)
            if not done:
                return found
            found += done
        held = await self._numbering.held(organisation)
        asked, notices = due_of_holder(holder, held, self._numbering.policy, self._day)
        told_now = [*notices, *(_misplaced(number, holder, self._day) for number in moved.waiting)]
        unproved = unproved_seat(holder, self._day)
        if unproved is not None and await self._takes_calls(organisation):
            told_now.append(unproved)
        after = _next(asked) if asked != holder else None
        commit = self._mine(replace(self._empty(), holder=after))
        return [*found, *await self._commit(commit, (), told_now)]

    async def _takes_calls(self, organisation: str) -> bool:
        """Whether it has an active number that is for its seat."""
        wanted = NumberFilter(organisation=organisation, status=Status.ACTIVE)
        active = [number async for number in self._numbering.all_numbers(wanted)]
        return any(number.purpose is Purpose.TRACKING for number in active)

    async def _of_orders(self, organisation: str) -> Sequence[Line]:
        """What waited for documents that are complete by now; then what waits in vain, and what
        begins. Each step is decided on the holder as he is then, whose version goes on with it."""
        found: list[Line] = []
        count = BROUGHT_ON_MOST
        while count == BROUGHT_ON_MOST:
            holder = await self._numbering.holder(organisation)
            brought = await brought_on(self._numbering, _next(holder), self._day)
            count = count_of(brought)
            if count:
                done = await self._commit(self._mine(brought), _lines(brought), brought.notices)
                if not done:
                    return found
                found += done
        for status in (Status.DOCUMENTS_PENDING, Status.APPROVED):
            wanted = NumberFilter(organisation=organisation, status=status)
            async for number in self._numbering.all_numbers(wanted):
                holder = await self._numbering.holder(organisation)
                found += await self._of_number(number, holder)
        return found

    async def _of_number(self, number: Number, holder: Holder | None = None) -> Sequence[Line]:
        """What is due for a number, but for what documents bring about; with its `holder`, if it
        is an order of his."""
        due = due_of_number(number, holder, True, self._numbering.policy, self._day)
        if due is None:
            return ()
        if isinstance(due, Notice):
            return await self._commit(self._empty(), (), [due])
        return await self._do(due, holder)

    async def _do(self, work: Work, holder: Holder | None) -> Sequence[Line]:
        number, day = work.number, self._day
        action = ACTIONS[type(work.event)]
        if isinstance(work.event, Deactivated | Released):
            commit = await ending(self._numbering, number, work.event, action, work.reason, day)
        else:
            commit = going_on(work, day)
        if isinstance(commit, Refused):
            return ()
        if holder is not None:
            commit = replace(commit, holder=_next(holder))
        return await self._commit(self._mine(commit), _lines(commit), commit.notices)

    def _mine(self, commit: Commit) -> Commit:
        return replace(commit, author=AUTHOR, at_ms=self._at_ms, holder_action="due")

    async def _commit(
        self, commit: Commit, lines: Sequence[Line], notices: Sequence[Notice]
    ) -> list[Line]:
        """Do it; what was told before is not told again."""
        known = await self._numbering.numbers.told([notice.key for notice in notices])
        fresh = tuple(notice for notice in notices if notice.key not in known)
        found = [*lines, *(_told(notice) for notice in fresh)]
        if not (commit.moves or commit.holder or fresh):
            return found
        try:
            await self._numbering.commit(replace(commit, notices=fresh))
        except ConflictError:
            log.info("numbers.later", of=[move.before.e164 for move in commit.moves])
            return []
        return found


def _rehearsed(of: Numbering) -> Rehearsed:
    return Rehearsed(of.numbers, of.areas, of.clock, of.policy)


def _next(holder: Holder) -> Holder:
    return replace(holder, version=holder.version + 1)


def _lines(commit: Commit) -> Sequence[Line]:
    return [
        Line(
            action=move.action,
            organisation=move.before.organisation,
            e164=move.before.e164,
            detail=move.reason,
        )
        for move in commit.moves
    ]


def _line(action: str, number: Number, detail: str, holder: Holder) -> Line:
    return Line(action=action, organisation=holder.organisation, e164=number.e164, detail=detail)


def _told(notice: Notice) -> Line:
    return Line(
        action=f"told:{notice.kind}",
        organisation=notice.organisation,
        e164=notice.e164,
        detail=notice.detail,
    )


def _misplaced(number: Number, holder: Holder, day: date) -> Notice:
    return Notice(
        key=f"misplaced:{number.e164}:{number.version}:{holder.seat.to_prove}",
        organisation=holder.organisation,
        kind=NoticeKind.MISPLACED,
        day=day,
        e164=number.e164,
        detail=holder.seat.line,
    )


class Daily:
    """Does each day's work once it has begun, and books rentals once a month is over; what fails
    is tried again soon."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering
        self._done: date | None = None
        self._booked = ""

    async def run(self) -> None:
        """Look for ever whether another day has begun."""
        while True:
            at_ms, day = self._numbering.now()
            if day != self._done:
                try:
                    lines = await Due(self._numbering, at_ms).carry_out()
                    self._done = day
                    log.info("numbers.done", count=len(lines))
                except EngineError as fault:
                    log.warning("numbers.later", error=str(fault))
            await self._book(at_ms)
            await self._numbering.clock.sleep(LOOK_MS)

    async def _book(self, at_ms: int) -> None:
        month = last_closed(at_ms).name
        if month == self._booked:
            return
        try:
            count = await book(self._numbering, at_ms)
        except EngineError as fault:
            log.warning("rentals.later", error=str(fault))
            return
        self._booked = month
        log.info("rentals.booked", month=month, count=count)
