"""What everybody who works on numbers has at hand, and how a decision is made anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from importlib.resources import files
from typing import TypeVar
from zoneinfo import ZoneInfo

from engine.core.mail import Mail
from engine.core.numbers.areas import Areas, Place
from engine.core.numbers.days import day_of
from engine.core.numbers.holder import Policy
from engine.core.numbers.number import Number
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

    async def commit(self, commit: Commit) -> None:
        """Carry out a commit, with a mail for each notice that a holder wants mailed."""
        mails: list[Mail] = []
        if self.mailing:
            for notice in commit.notices:
                holder = commit.holder
                if holder is None or holder.organisation != notice.organisation:
                    holder = await self.numbers.holder(notice.organisation)
                mails += mails_of(notice, holder)
        await self.numbers.commit(replace(commit, mails=tuple(mails)))

    def all_numbers(self, wanted: NumberFilter) -> AsyncIterator[Number]:
        """Every number a filter lets through, read in pages."""
        return every_number(self.numbers, wanted)

    async def all_sources(
        self, organisation: str | None = None, e164: str | None = None
    ) -> AsyncIterator[Source]:
        """Every source, of an organisation or a number alone, read in pages."""
        after = ""
        while page := await self.numbers.sources(organisation, e164, after, PAGE):
            for source in page:
                yield source
            after = page[-1].source_id


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
