"""What everybody who works on numbers has at hand, and how a decision is made anew.

`Rehearsed` is the same for those who only want to know what would be done.
"""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar
from zoneinfo import ZoneInfo

from engine.core.mail import Mail
from engine.core.numbers.areas import Areas, Place
from engine.core.numbers.days import day_of
from engine.core.numbers.holder import Holder, Policy
from engine.core.numbers.number import Area, Number, Status
from engine.core.numbers.source import Source
from engine.errors import CallerError, ConflictError
from engine.flows.numbers.words import mails_of
from engine.flows.papers.month import HOME_TIMEZONE
from engine.ports.clock import Clock
from engine.ports.numbers import Commit, NumberFilter, Numbers

T = TypeVar("T")

ATTEMPTS = 8
PAGE = 500
TABLES = "areas.csv"


@dataclass(frozen=True, slots=True)
class Numbering:
    """The stock, the tables of areas, the clock, and what the operator has chosen.

    With `mailing` what holders are told is mailed to them.
    """

    numbers: Numbers
    areas: Areas
    clock: Clock
    policy: Policy
    mailing: bool = False

    def now(self) -> tuple[int, date]:
        """The instant (ms), and the local day it is on."""
        at_ms = self.clock.now().wall_ms
        return at_ms, local_day(at_ms)

    async def number(self, e164: str, organisation: str | None = None) -> Number:
        """A number of the stock; with `organisation` only one that it has. Raises `CallerError`."""
        found = await self.numbers.number(e164)
        if found is None or organisation not in (None, found.organisation):
            raise CallerError(f"there is no number {e164}", "number")
        return found

    async def holder(self, organisation: str) -> Holder:
        """An organisation's data; `CallerError` if there are none."""
        found = await self.numbers.holder(organisation)
        if found is None:
            raise CallerError(f"nothing is known of {organisation} yet", "organisation")
        return found

    async def held(self, organisation: str) -> Mapping[str, int]:
        """How many numbers an organisation has, by country."""
        return await self.numbers.held(organisation)

    async def commit(self, commit: Commit) -> None:
        """Carry out a commit, with a mail for each notice that a holder wants mailed."""
        await self.numbers.commit(await self.mailed(commit))

    async def mailed(self, commit: Commit) -> Commit:
        """A commit with those mails."""
        mails: list[Mail] = []
        if self.mailing:
            for notice in commit.notices:
                holder = commit.holder
                if holder is None or holder.organisation != notice.organisation:
                    holder = await self.numbers.holder(notice.organisation)
                mails += mails_of(notice, holder)
        return replace(commit, mails=tuple(mails))

    def all_numbers(self, wanted: NumberFilter) -> AsyncIterator[Number]:
        """Every number a filter lets through, read in pages."""
        return every_number(self.numbers, wanted)

    async def free(self, area: Area, most: int) -> Sequence[Number]:
        """Free numbers of an area, in order."""
        return await self.numbers.free(area, most)

    async def all_sources(
        self, organisation: str | None = None, e164: str | None = None
    ) -> AsyncIterator[Source]:
        """Every source, of an organisation or a number alone, read in pages."""
        after = ""
        while page := await self.numbers.sources(organisation, e164, after, PAGE):
            for source in page:
                yield source
            after = page[-1].source_id


@dataclass(frozen=True, slots=True)
class Rehearsed(Numbering):
    """A numbering in which commits only seem to be made: what was decided on a number or a holder
    is what is read of it from then on, and the books stay as they are."""

    moved: dict[str, Number] = field(default_factory=dict)
    stood: dict[str, Number] = field(default_factory=dict)
    changed: dict[str, Holder] = field(default_factory=dict)

    async def commit(self, commit: Commit) -> None:
        """Remember what became of the commit's numbers, how they stand in the books, and what
        became of its holder."""
        for move in commit.moves:
            self.stood.setdefault(move.before.e164, move.before)
            self.moved[move.after.e164] = move.after
        if commit.holder is not None:
            self.changed[commit.holder.organisation] = commit.holder

    async def holder(self, organisation: str) -> Holder:
        """As he would be."""
        return self.changed.get(organisation) or await Numbering.holder(self, organisation)

    async def held(self, organisation: str) -> Mapping[str, int]:
        """As they would be."""
        held = Counter(await self.numbers.held(organisation))
        for numbers, count in ((self.stood, -1), (self.moved, 1)):
            for number in numbers.values():
                if number.is_held and number.organisation == organisation:
                    held[number.country] += count
        return held

    async def all_numbers(self, wanted: NumberFilter) -> AsyncIterator[Number]:
        """As they would be; of a filter, organisation and state count."""
        moved = [number for number in self.moved.values() if _fits(number, wanted)]
        moved.sort(key=lambda number: number.e164, reverse=True)
        async for number in every_number(self.numbers, wanted):
            while moved and moved[-1].e164 < number.e164:
                yield moved.pop()
            if number.e164 not in self.moved:
                yield number
        while moved:
            yield moved.pop()

    async def free(self, area: Area, most: int) -> Sequence[Number]:
        """As they would be."""
        known = await self.numbers.free(area, most + len(self.moved))
        wanted = NumberFilter(status=Status.FREE)
        found = [number for number in known if number.e164 not in self.moved]
        found += [n for n in self.moved.values() if n.area == area and _fits(n, wanted)]
        return sorted(found, key=lambda number: number.e164)[:most]


def _fits(number: Number, wanted: NumberFilter) -> bool:
    is_whose = wanted.organisation in (None, number.organisation)
    return is_whose and wanted.status in (None, number.status)


async def every_number(numbers: Numbers, wanted: NumberFilter) -> AsyncIterator[Number]:
    """Every number of the stock that a filter lets through, read in pages."""
    page = replace(wanted, most=PAGE)
    while found := await numbers.numbers(page):
        for number in found:
            yield number
        page = replace(page, after=found[-1].e164)


def local_day(at_ms: int) -> date:
    """The day of an instant where the numbers are."""
    return day_of(at_ms, ZoneInfo(HOME_TIMEZONE))


@cache
def read_areas() -> Areas:
    """The tables of German and Austrian area codes, read once in a process."""
    text = files("engine.flows.numbers").joinpath(TABLES).read_text(encoding="utf-8")
    rows = (line.split(",", 2) for line in text.splitlines() if not line.startswith("#"))
    return Areas(Place(*row) for row in rows)


async def decided(decide: Callable[[int], Awaitable[T]]) -> T:
    """What was decided and done; made anew (it is told how often) while others are faster."""
    for attempt in range(ATTEMPTS - 1):
        try:
            return await decide(attempt)
        except ConflictError:
            continue
    return await decide(ATTEMPTS - 1)
