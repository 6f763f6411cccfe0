"""The suite of routes and forwarded calls: the twin in memory, SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from engine.core.diversion.caps import Admission, Cap, Caps, Cost
from engine.core.diversion.record import ForwardedCall, Outcome
from engine.core.diversion.route import (
    CallerClass,
    Policy,
    Target,
    Tracking,
    Verdict,
)
from engine.core.inventory import Span
from engine.core.numbers.number import Purpose
from engine.errors import ConflictError
from engine.ledger.diversion.sql import SqlForwarded, SqlRoutes
from engine.ledger.numbers.sql import SqlNumbers
from engine.ledger.numbers.tables import dids
from engine.ports.diversion import LIVE_MOST_MS, Forwarded, ForwardedFilter, Routes, Usage
from engine.ports.numbers import Numbers
from tests.fakes.numbers.giving import give
from tests.fakes.numbers.stock import MemoryNumbers
from tests.forwarding.cases import (
    NOW_MS,
    NUMBER,
    OTHER_NUMBER,
    SECOND,
    forwarded,
    forwarding,
    live,
    number,
    route,
)
from tests.forwarding.memory import MemoryForwarded, MemoryRoutes
from tests.ports.ledger.books import SqlBooks
from tests.tracking import cases as tracked

DELETED, OF_OTHERS = "+18665550102", "+18555550103"
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
WANTED_MS = 2 * MINUTE_MS
USAGE = Usage(at_ms=NOW_MS, day_from_ms=NOW_MS - 60 * MINUTE_MS, month_from_ms=NOW_MS - DAY_MS)


@dataclass
class Kept:
    """Both ports on one kind of books."""

    routes: Routes
    forwarded: Forwarded

    async def left_ms(
        self, call: ForwardedCall, caps: Caps, usage: Usage, wanted_ms: int
    ) -> int | None:
        """How long a call that asks may talk."""
        return (await self.forwarded.admit(call, caps, usage, wanted_ms)).left_ms


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    """Routes and calls of each kind, empty."""
    if request.param == "memory":
        numbers = MemoryNumbers()
        await _give(numbers)
        yield Kept(MemoryRoutes(numbers), MemoryForwarded())
        return
    from tests.ports.ledger.conftest import _postgres, _sqlite

    books = _sqlite(request, tmp_path) if request.param == "sqlite" else _postgres(request)
    ledger = books.open()
    await _give(SqlNumbers(ledger))
    yield Kept(SqlRoutes(ledger), SqlForwarded(ledger))
    await books.close()


async def _give(numbers: Numbers) -> None:
    for e164 in (NUMBER, OTHER_NUMBER, DELETED):
        await give(numbers, number(e164))
    await give(numbers, number(OF_OTHERS, organisation="other"))
    await give(numbers, tracked.number())


# --- routes ----------------------------------------------------------------------------------


async def test_a_route_is_read_as_it_was_written(kept: Kept) -> None:
    terms = forwarding(
        SECOND,
        policy=Policy(canada=Verdict.THROUGH),
        caps=Caps(
            calls_at_once=3,
            minutes_a_day=5,
            minutes_a_month=7,
            cost=Cost(
                currency="USD", minute_micros=(8_500,), a_day_micros=10**6, a_month_micros=10**7
            ),
        ),
        ring_timeout_s=9,
        timezone="America/Chicago",
    )
    first = route(terms)
    for _ in range(2):
        await kept.routes.put(first)
    assert await kept.routes.route(NUMBER) == first
    assert await kept.routes.route(OTHER_NUMBER) is None
    spans = (Span(weekday=0, opens_min=540, closes_min=1020),)
    targets = (Target(e164="+493023125001", spans=spans), Target(e164="+493023125002"))
    terms_of_dealers = Tracking(targets=targets, whisper=True)
    to_dealers = replace(
        route(number=tracked.NUMBER), terms=terms_of_dealers, reason="r", other="o"
    )
    await kept.routes.put(to_dealers)
    assert await kept.routes.route(tracked.NUMBER) == to_dealers


async def test_each_change_is_the_next_version_and_all_are_kept(kept: Kept) -> None:
    versions = [
        route(),
        route(forwarding(SECOND), version=2, author="manager", at_ms=NOW_MS + 1),
        replace(route(version=3), terms=None),
        route(version=4),
    ]
    for one in versions:
        await kept.routes.put(one)
    for stale in (versions[1], route(version=6), route(forwarding(SECOND), version=4)):
        with pytest.raises(ConflictError):
            await kept.routes.put(stale)
    assert await kept.routes.history("acme", NUMBER, None, 9) == versions[::-1]
    assert await kept.routes.history("acme", NUMBER, 3, 1) == [versions[1]]
    assert await kept.routes.history("other", NUMBER, None, 9) == []


async def test_of_two_who_change_at_once_one_finds_a_conflict(kept: Kept) -> None:
    changes = [route(author=f"user{n}") for n in range(5)]
    answers = await asyncio.gather(
        *(kept.routes.put(one) for one in changes), return_exceptions=True
    )
    assert sum(answer is None for answer in answers) == 1
    assert sum(isinstance(answer, ConflictError) for answer in answers) == 4


async def test_lists_hold_what_is_in_force(kept: Kept) -> None:
    await kept.routes.put(route())
    await kept.routes.put(route(forwarding(SECOND), version=2))
    await kept.routes.put(route(number=OTHER_NUMBER))
    await kept.routes.put(route(number=DELETED))
    await kept.routes.put(replace(route(number=DELETED, version=2), terms=None))
    await kept.routes.put(route(number=OF_OTHERS, organisation="other"))
    listed = await kept.routes.routes("acme", Purpose.FORWARDING, "", 9)
    assert [(one.number, one.version) for one in listed] == [(OTHER_NUMBER, 1), (NUMBER, 2)]
    after = await kept.routes.routes("acme", Purpose.FORWARDING, OTHER_NUMBER, 9)
    assert [one.number for one in after] == [NUMBER]
    assert len(await kept.routes.routes("acme", Purpose.FORWARDING, "", 1)) == 1
    assert await kept.routes.routes("acme", Purpose.TRACKING, "", 9) == []
    leading = await kept.routes.leading([NUMBER, DELETED, "+15555550100", OF_OTHERS])
    assert [one.number for one in leading] == [OF_OTHERS, NUMBER]
    assert await kept.routes.leading([]) == []


async def test_what_was_left_on_a_number_given_up_is_in_no_list(sql_books: SqlBooks) -> None:
    """Routes did not always end with their numbers."""
    ledger = sql_books.open()
    await _give(SqlNumbers(ledger))
    routes = SqlRoutes(ledger)
    await routes.put(route())
    given_up = update(dids).where(dids.c.e164 == NUMBER).values(organisation=None)
    await ledger.database.write(lambda connection: connection.execute(given_up))
    assert await routes.routes("acme", Purpose.FORWARDING, "", 9) == []
    assert await routes.leading([NUMBER]) == []


# --- calls -----------------------------------------------------------------------------------


async def test_a_call_is_kept_once(kept: Kept) -> None:
    call = forwarded()
    for one in (call, call, replace(call, outcome=Outcome.BUSY, ended_ms=NOW_MS + 9)):
        await kept.forwarded.keep(one)
    assert await kept.forwarded.calls(ForwardedFilter(organisation="acme")) == [call]


async def test_an_admitted_call_is_listed_when_it_is_over(kept: Kept) -> None:
    wanted = ForwardedFilter(organisation="acme")
    assert await kept.left_ms(live(), Caps(), USAGE, WANTED_MS) is not None
    assert await kept.forwarded.calls(wanted) == []
    for _ in range(2):
        await kept.forwarded.keep(forwarded())
    assert await kept.forwarded.calls(wanted) == [forwarded()]
    assert await kept.left_ms(live(), Caps(), USAGE, WANTED_MS) is not None
    assert await kept.forwarded.calls(wanted) == [forwarded()]


async def test_lists_of_calls_hold_one_organisation_newest_first(kept: Kept) -> None:
    for n in range(4):
        at_number = OTHER_NUMBER if n == 2 else NUMBER
        await kept.forwarded.keep(forwarded(f"c{n}", arrived_ms=NOW_MS + n, number=at_number))
    withheld = {"caller": None, "caller_class": CallerClass.US_WITHHELD}
    await kept.forwarded.keep(forwarded("x", organisation="other", **withheld))
    wanted = ForwardedFilter(organisation="acme", most=2)
    assert [call.call_id for call in await kept.forwarded.calls(wanted)] == ["c3", "c2"]
    further = replace(wanted, before="c2")
    assert [call.call_id for call in await kept.forwarded.calls(further)] == ["c1", "c0"]
    assert await kept.forwarded.calls(replace(wanted, before="x")) == []
    of_number = replace(wanted, number=OTHER_NUMBER)
    assert [call.call_id for call in await kept.forwarded.calls(of_number)] == ["c2"]
    of_days = replace(wanted, from_ms=NOW_MS + 1, to_ms=NOW_MS + 3, most=9)
    assert [call.call_id for call in await kept.forwarded.calls(of_days)] == ["c2", "c1"]


async def test_no_more_calls_at_once_than_the_cap_however_many_ask(kept: Kept) -> None:
    caps = Caps(calls_at_once=3)
    asked = [live(f"c{n}") for n in range(10)]
    left = await asyncio.gather(*(kept.left_ms(one, caps, USAGE, WANTED_MS) for one in asked))
    assert sum(one is not None for one in left) == 3
    admitted = next(n for n, one in enumerate(left) if one is not None)
    assert await kept.left_ms(asked[admitted], caps, USAGE, WANTED_MS) is not None
    await kept.forwarded.keep(forwarded(f"c{admitted}"))
    assert await kept.left_ms(live("later"), caps, USAGE, WANTED_MS) is not None
    assert await kept.left_ms(live("last"), caps, USAGE, WANTED_MS) is None
    assert await kept.left_ms(live("o", organisation="other"), caps, USAGE, WANTED_MS) is not None


async def test_minutes_of_the_day_and_the_month_are_used_up(kept: Kept) -> None:
    caps = Caps(minutes_a_day=30, minutes_a_month=100)
    await kept.forwarded.keep(talked("today", 60, 20))
    await kept.forwarded.keep(talked("yesterday", 300, 15))
    await kept.forwarded.keep(talked("last_month", 3_000, 500))
    rang = forwarded("rang", outcome=Outcome.BUSY, joined_ms=None, arrived_ms=NOW_MS - MINUTE_MS)
    await kept.forwarded.keep(rang)
    assert await kept.left_ms(live("a"), caps, USAGE, 30 * MINUTE_MS) == 10 * MINUTE_MS
    assert await kept.left_ms(live("b"), caps, USAGE, MINUTE_MS) is None
    used = await kept.forwarded.used("acme", NUMBER, USAGE)
    assert (used.calls, used.day_ms, used.month_ms) == (1, 30 * MINUTE_MS, 45 * MINUTE_MS)
    assert (await kept.forwarded.used("other", NUMBER, USAGE)).month_ms == 0
    await kept.forwarded.keep(talked("a", 2, 2))
    narrow = replace(caps, minutes_a_month=38)
    assert await kept.left_ms(live("c"), narrow, USAGE, 9 * MINUTE_MS) == 1 * MINUTE_MS
    wide = replace(caps, minutes_a_day=100)
    assert await kept.left_ms(live("d"), narrow, USAGE, MINUTE_MS) is None
    assert await kept.left_ms(live("d"), wide, USAGE, MINUTE_MS) == MINUTE_MS


async def test_calls_at_once_never_hold_more_than_is_left(kept: Kept) -> None:
    """Whoever asks first has more; what one gives back the others get; a repeat holds no more."""
    caps = Caps(minutes_a_day=10)

    async def holds(call_id: str, minutes: int) -> int:
        told_ms = await kept.left_ms(live(call_id), caps, USAGE, minutes * MINUTE_MS)
        assert told_ms is not None
        return told_ms // MINUTE_MS

    at_once = [holds(f"c{n}", 2) for n in range(4)]
    assert await asyncio.gather(*at_once) == [2, 2, 2, 2]
    assert [await holds("c0", 4) for _ in range(2)] == [4, 4]
    assert [await holds(call_id, 4) for call_id in ("c1", "c2")] == [2, 2]
    assert await holds("c0", 2) == 4
    assert (await kept.forwarded.used("acme", NUMBER, USAGE)).day_ms == 10 * MINUTE_MS
    await kept.forwarded.keep(talked("c0", 1, 1))
    assert sorted(await asyncio.gather(holds("c1", 9), holds("c2", 9))) == [2, 5]
    assert (await kept.forwarded.used("acme", NUMBER, USAGE)).day_ms == 10 * MINUTE_MS


async def test_calls_at_once_never_hold_more_money_than_is_left(kept: Kept) -> None:
    """Held at the dearest target's price, which is freed as a cheaper one takes the call."""
    cost = Cost(currency="USD", minute_micros=(10, 30), a_day_micros=240, a_month_micros=1_000)
    caps, usage = Caps(cost=cost), replace(USAGE, currency="USD")
    before = talked("before", 30, 2, currency="USD", minute_micros=30)
    for one in (before, talked("euros", 30, 9, currency="EUR", minute_micros=10**6)):
        await kept.forwarded.keep(one)
    ask = live(currency="USD", minute_micros=30)
    asked = [replace(ask, call_id=f"c{n}") for n in range(4)]
    told = await asyncio.gather(
        *(kept.forwarded.admit(one, caps, usage, WANTED_MS) for one in asked)
    )
    refused = Admission(left_ms=None, cap=Cap.COST_A_DAY)
    assert sorted(told, key=str) == [*[Admission(left_ms=WANTED_MS)] * 3, refused]
    (late,) = (one for one, answer in zip(asked, told, strict=True) if answer == refused)
    used = await kept.forwarded.used("acme", NUMBER, usage)
    assert (used.calls, used.day_micros, used.month_micros) == (3, 240, 240)
    first, *others = (one for one in asked if one is not late)
    more = await kept.forwarded.admit(replace(first, minute_micros=10), caps, usage, 2 * WANTED_MS)
    assert more.left_ms == 2 * WANTED_MS
    assert (await kept.forwarded.used("acme", NUMBER, usage)).day_micros == 220
    ended = talked(others[0].call_id, 2, 1, currency="USD", minute_micros=10)
    await kept.forwarded.keep(ended)
    assert (await kept.forwarded.used("acme", NUMBER, usage)).day_micros == 170
    assert await kept.forwarded.admit(late, caps, usage, WANTED_MS) == Admission(left_ms=WANTED_MS)
    listed = await kept.forwarded.calls(ForwardedFilter(organisation="acme"))
    assert ended in listed
    assert before in listed
    assert (await kept.forwarded.used("acme", NUMBER, USAGE)).day_micros == 0


def talked(call_id: str, began_min_ago: int, minutes: int, **changes: Any):  # type: ignore[no-untyped-def]  # a test's own
    """A call that began so long before now, and was answered at once."""
    began_ms = NOW_MS - began_min_ago * MINUTE_MS
    ended_ms = began_ms + minutes * MINUTE_MS
    times = {"arrived_ms": began_ms, "joined_ms": began_ms, "ended_ms": ended_ms}
    return forwarded(call_id, **times | changes)


async def test_a_call_whose_end_was_never_heard_counts_no_more_in_the_end(kept: Kept) -> None:
    caps = Caps(calls_at_once=1)
    lost = live("lost", arrived_ms=NOW_MS - LIVE_MOST_MS)
    at_once = replace(USAGE, at_ms=lost.arrived_ms)
    assert await kept.left_ms(lost, caps, at_once, WANTED_MS) is not None
    assert (
        await kept.left_ms(live("next"), caps, replace(USAGE, at_ms=NOW_MS - 1), WANTED_MS) is None
    )
    assert await kept.left_ms(live("next"), caps, USAGE, WANTED_MS) is not None


async def test_what_it_held_stays_used_up(kept: Kept) -> None:
    lost = live("lost", arrived_ms=NOW_MS - LIVE_MOST_MS, currency="USD", minute_micros=20_000)
    cost = Cost(currency="USD", minute_micros=(20_000,), a_day_micros=10**6, a_month_micros=10**6)
    at_once = replace(USAGE, at_ms=lost.arrived_ms, currency="USD")
    told = await kept.forwarded.admit(lost, Caps(cost=cost), at_once, 3 * MINUTE_MS)
    assert told.left_ms == 3 * MINUTE_MS
    used = await kept.forwarded.used("acme", NUMBER, replace(USAGE, currency="USD"))
    assert (used.calls, used.month_ms, used.month_micros) == (0, 3 * MINUTE_MS, 60_000)
