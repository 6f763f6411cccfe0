"""`ports.analytics`: hits are queued with their call, claimed by one, gone when they are over;
collectors follow their numbers."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Program, hit_of
from engine.core.numbers.number import Number, Purpose, Status
from engine.errors import CallerError
from engine.ports.analytics import Claim, Done
from engine.ports.numbers import Commit, Move
from tests.ports.ledger.tracked.conftest import ANNA, NUMBER, Counter, call, missed

NOW_MS, LEASE_MS = 2_000_000_000_000, 60_000
OTHER = "+493023125002"
SITE = Collector(
    collector_id="c1",
    organisation="acme",
    program=Program.MATOMO,
    place="1",
    url="https://matomo.example.org/",
    number="",
    secret="hidden",
)


def done(claim: Claim, **changed: object) -> Done:
    """A claim whose hits were all taken, unless told otherwise."""
    values: dict[str, object] = {
        "collector_id": claim.collector.collector_id,
        "number": claim.number,
        "sent": tuple(hit.call_id for hit in claim.hits),
        "given_up": (),
        "failures": 0,
        "next_ms": NOW_MS,
        "problem": "",
        "at_ms": NOW_MS,
        **changed,
    }
    return Done(**values)  # type: ignore[arg-type]  # the tests name every field rightly


def free(e164: str) -> Number:
    return Number(e164=e164, country="DE", area_code="30")


def given(number: Number, replaced: str = "") -> Move:
    """The step by which it comes to the organisation; `replaced`: in that number's stead."""
    after = replace(
        number,
        status=Status.ACTIVE,
        organisation="acme",
        purpose=Purpose.TRACKING,
        version=number.version + 1,
    )
    return Move(number, after, "activated", other=replaced)


def left(number: Number, successor: str = "") -> Move:
    """The step by which a number leaves its holder; `successor` replaces it."""
    version = number.version + 1
    after = replace(number, status=Status.QUARANTINED, organisation=None, version=version)
    return Move(number, after, "deactivated", other=successor)


async def commit(counter: Counter, *moves: Move, at_ms: int = NOW_MS) -> Number:
    """Carry out; the last number as it is then."""
    await counter.numbers.commit(Commit(author="operator", at_ms=at_ms, moves=moves))
    return moves[-1].after


async def active(counter: Counter, e164: str) -> Number:
    """A number of the organisation's that takes calls."""
    await counter.numbers.stock([free(e164)], "operator", 0)
    return await commit(counter, given(free(e164)))


async def claimed(counter: Counter, now_ms: int = NOW_MS, most: int = 10) -> Claim:
    found = await counter.collectors.claim(now_ms, LEASE_MS, most)
    assert found is not None
    return found


async def test_a_call_is_queued_once_for_each_who_wants_it(counter: Counter) -> None:
    await counter.collectors.add(SITE)
    for name, number in (("c2", NUMBER), ("c3", OTHER)):
        await active(counter, number)
        await counter.collectors.add(replace(SITE, collector_id=name, number=number))
    await counter.collectors.add(replace(SITE, collector_id="c4", organisation="bolt"))
    for one in (call("a"), call("a"), missed("b")):
        await counter.tracked.keep(one, ANNA)
    told = await counter.collectors.collectors("acme")
    assert [(one.collector.collector_id, one.waiting) for one in told] == [
        ("c1", 2), ("c2", 2), ("c3", 0),
    ]  # fmt: skip
    assert [one.waiting for one in await counter.collectors.collectors("bolt")] == [0]
    assert told[0].collector == SITE == await counter.collectors.collector("c1")
    assert await counter.collectors.collector("c5") is None


async def test_hits_are_claimed_by_one_in_the_order_of_their_calls(counter: Counter) -> None:
    await counter.collectors.add(SITE)
    assert await counter.collectors.claim(NOW_MS, LEASE_MS, 10) is None
    later, sooner = call("a", "2026-11-22 10:00:00"), missed("b", "2026-11-22 09:00:00")
    await counter.tracked.keep(later, ANNA)
    await counter.tracked.keep(sooner, None)
    claim = await claimed(counter)
    assert (claim.collector, claim.number, claim.failures) == (SITE, 1, 0)
    assert claim.hits == (hit_of(sooner), hit_of(later))
    assert await counter.collectors.claim(NOW_MS + LEASE_MS - 1, LEASE_MS, 10) is None
    again = await claimed(counter, NOW_MS + LEASE_MS, most=1)
    assert (again.number, again.hits) == (2, (hit_of(sooner),))
    # The first claim came to something after all, but a later one knows better.
    assert not await counter.collectors.finish(done(claim))
    assert await counter.collectors.finish(done(again))
    assert (await claimed(counter)).hits == (hit_of(later),)


async def test_what_is_over_is_gone_and_counted_and_the_rest_waits(counter: Counter) -> None:
    await counter.collectors.add(SITE)
    for name in ("a", "b", "c"):
        await counter.tracked.keep(call(name), ANNA)
    claim = await claimed(counter)
    told = done(
        claim, sent=("a",), given_up=("b",), failures=1, next_ms=NOW_MS + 9, problem="HTTP 500"
    )
    assert await counter.collectors.finish(told)
    [standing] = await counter.collectors.collectors("acme")
    assert (standing.waiting, standing.sent, standing.given_up) == (1, 1, 1)
    assert (standing.problem, standing.problem_ms) == ("HTTP 500", NOW_MS)
    assert await counter.collectors.claim(NOW_MS + 8, LEASE_MS, 10) is None
    claim = await claimed(counter, NOW_MS + 9)
    assert (claim.failures, [hit.call_id for hit in claim.hits]) == (1, ["c"])
    assert await counter.collectors.finish(done(claim))
    [standing] = await counter.collectors.collectors("acme")
    assert (standing.waiting, standing.problem, standing.problem_ms) == (0, "", None)


async def test_who_is_deleted_is_told_nothing_that_waits(counter: Counter) -> None:
    await counter.collectors.add(SITE)
    await counter.tracked.keep(call("a"), ANNA)
    claim = await claimed(counter)
    assert not await counter.collectors.delete("bolt", "c1")
    assert await counter.collectors.delete("acme", "c1")
    assert not await counter.collectors.delete("acme", "c1")
    assert not await counter.collectors.finish(done(claim))
    assert await counter.collectors.claim(NOW_MS + LEASE_MS, LEASE_MS, 10) is None
    await counter.collectors.add(SITE)
    await counter.tracked.keep(call("b"), ANNA)
    assert [hit.call_id for hit in (await claimed(counter)).hits] == ["b"]


async def test_there_are_so_many_and_the_same_again_is_one(counter: Counter) -> None:
    for number in range(COLLECTORS_MOST):
        await counter.collectors.add(replace(SITE, collector_id=f"c{number}"))
    await counter.collectors.add(replace(SITE, collector_id="c0", place="9"))
    with pytest.raises(CallerError):
        await counter.collectors.add(replace(SITE, collector_id="one too many"))
    told = await counter.collectors.collectors("acme")
    assert len(told) == COLLECTORS_MOST
    assert {one.collector.place for one in told} == {"1"}


async def test_of_many_at_once_no_more_are_added_than_there_may_be(counter: Counter) -> None:
    several = [replace(SITE, collector_id=f"c{number}") for number in range(COLLECTORS_MOST + 3)]
    ended = await asyncio.gather(*map(counter.collectors.add, several), return_exceptions=True)
    assert len([one for one in ended if isinstance(one, CallerError)]) == 3
    assert ended.count(None) == COLLECTORS_MOST
    assert len(await counter.collectors.collectors("acme")) == COLLECTORS_MOST


async def test_who_is_told_of_a_number_is_told_of_the_one_that_replaces_it(
    counter: Counter,
) -> None:
    old = await active(counter, NUMBER)
    await counter.numbers.stock([free(OTHER)], "operator", 0)
    await counter.collectors.add(SITE)
    await counter.collectors.add(replace(SITE, collector_id="c2", number=NUMBER))
    await counter.tracked.keep(call("a"), ANNA)
    await commit(counter, left(old, OTHER), given(free(OTHER), NUMBER))
    await counter.tracked.keep(call("b", number=OTHER), ANNA)
    told = await counter.collectors.collectors("acme")
    assert [(one.collector.number, one.waiting, one.ended_ms) for one in told] == [
        ("", 2, None),
        (OTHER, 2, None),
    ]
    claim = await claimed(counter)
    assert [hit.call_id for hit in claim.hits] == ["a", "b"]


async def test_who_is_told_of_a_number_that_leaves_is_told_no_more(counter: Counter) -> None:
    """What waits is still told; the same number's next tenure is another."""
    number = await active(counter, NUMBER)
    await counter.collectors.add(replace(SITE, number=NUMBER))
    await counter.tracked.keep(call("a"), ANNA)
    gone = await commit(counter, left(number))
    await commit(counter, given(gone), at_ms=NOW_MS + 1)
    await counter.tracked.keep(call("b"), ANNA)
    [told] = await counter.collectors.collectors("acme")
    assert (told.collector.number, told.waiting, told.ended_ms) == (NUMBER, 1, NOW_MS)
    assert [hit.call_id for hit in (await claimed(counter)).hits] == ["a"]


async def test_nobody_is_told_of_a_number_that_is_not_his(counter: Counter) -> None:
    theirs = replace(SITE, organisation="bolt", number=NUMBER)
    with pytest.raises(CallerError):
        await counter.collectors.add(theirs)
    await active(counter, NUMBER)
    with pytest.raises(CallerError) as refused:
        await counter.collectors.add(theirs)
    assert refused.value.field == "number"
    assert await counter.collectors.collectors("bolt") == []
