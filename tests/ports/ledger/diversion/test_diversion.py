"""The suite of routes and forwarded calls: the twin in memory, SQLite and PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from engine.core.diversion.record import Outcome
from engine.core.diversion.route import (
    CallerClass,
    Caps,
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
from tests.tracking import cases as tracked

DELETED, OF_OTHERS = "+18665550102", "+18555550103"
MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
USAGE = Usage(at_ms=NOW_MS, day_from_ms=NOW_MS - 60 * MINUTE_MS, month_from_ms=NOW_MS - DAY_MS)


@dataclass
class Kept:
    """Both ports on one kind of books."""

    routes: Routes
    forwarded: Forwarded


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
        caps=Caps(calls_at_once=3, minutes_a_day=5, minutes_a_month=7),
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


# --- calls -----------------------------------------------------------------------------------


async def test_a_call_is_kept_once(kept: Kept) -> None:
    call = forwarded()
    for one in (call, call, replace(call, outcome=Outcome.BUSY, ended_ms=NOW_MS + 9)):
        await kept.forwarded.keep(one)
    assert await kept.forwarded.calls(ForwardedFilter(organisation="acme")) == [call]


async def test_an_admitted_call_is_listed_when_it_is_over(kept: Kept) -> None:
    wanted = ForwardedFilter(organisation="acme")
    assert await kept.forwarded.admit(live(), Caps(), USAGE) is not None
    assert await kept.forwarded.calls(wanted) == []
    for _ in range(2):
        await kept.forwarded.keep(forwarded())
    assert await kept.forwarded.calls(wanted) == [forwarded()]
    assert await kept.forwarded.admit(live(), Caps(), USAGE) is not None
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


async def test_no_more_calls_at_once_than_the_cap_however_many_ask(kept: Kept) -> None:
    caps = Caps(calls_at_once=3)
    asked = [live(f"c{n}") for n in range(10)]
    left = await asyncio.gather(*(kept.forwarded.admit(one, caps, USAGE) for one in asked))
    assert sum(one is not None for one in left) == 3
    admitted = next(n for n, one in enumerate(left) if one is not None)
    assert await kept.forwarded.admit(asked[admitted], caps, USAGE) is not None
    await kept.forwarded.keep(forwarded(f"c{admitted}"))
    assert await kept.forwarded.admit(live("later"), caps, USAGE) is not None
    assert await kept.forwarded.admit(live("last"), caps, USAGE) is None
    assert await kept.forwarded.admit(live("o", organisation="other"), caps, USAGE) is not None


async def test_minutes_of_the_day_and_the_month_are_used_up(kept: Kept) -> None:
    caps = Caps(minutes_a_day=30, minutes_a_month=100)
    await kept.forwarded.keep(talked("today", 60, 20))
    await kept.forwarded.keep(talked("yesterday", 300, 15))
    await kept.forwarded.keep(talked("last_month", 3_000, 500))
    rang = forwarded("rang", outcome=Outcome.BUSY, joined_ms=None, arrived_ms=NOW_MS - MINUTE_MS)
    await kept.forwarded.keep(rang)
    assert await kept.forwarded.admit(live("a"), caps, USAGE) == 10 * MINUTE_MS
    going_on = live("b", arrived_ms=NOW_MS - 4 * MINUTE_MS)
    assert await kept.forwarded.admit(going_on, caps, USAGE) == 10 * MINUTE_MS
    assert await kept.forwarded.admit(live("c"), caps, USAGE) == 6 * MINUTE_MS
    used = await kept.forwarded.used("acme", NUMBER, USAGE)
    assert (used.calls, used.day_ms, used.month_ms) == (3, 24 * MINUTE_MS, 39 * MINUTE_MS)
    assert (await kept.forwarded.used("other", NUMBER, USAGE)).month_ms == 0
    narrow = replace(caps, minutes_a_month=40)
    assert await kept.forwarded.admit(live("d"), narrow, USAGE) == 1 * MINUTE_MS
    assert await kept.forwarded.admit(live("e"), replace(caps, minutes_a_month=39), USAGE) is None


def talked(call_id: str, began_min_ago: int, minutes: int):  # type: ignore[no-untyped-def]  # a test's own
    """A call that began so long before now, and was answered at once."""
    began_ms = NOW_MS - began_min_ago * MINUTE_MS
    ended_ms = began_ms + minutes * MINUTE_MS
    return forwarded(call_id, arrived_ms=began_ms, joined_ms=began_ms, ended_ms=ended_ms)


async def test_a_call_whose_end_was_never_heard_counts_no_more_in_the_end(kept: Kept) -> None:
    caps = Caps(calls_at_once=1)
    lost = live("lost", arrived_ms=NOW_MS - LIVE_MOST_MS)
    at_once = replace(USAGE, at_ms=lost.arrived_ms)
    assert await kept.forwarded.admit(lost, caps, at_once) is not None
    assert await kept.forwarded.admit(live("next"), caps, replace(USAGE, at_ms=NOW_MS - 1)) is None
    assert await kept.forwarded.admit(live("next"), caps, USAGE) is not None
