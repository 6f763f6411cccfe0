"""`ports.analytics`: hits are queued with their call, claimed by one, gone when they are over."""

from dataclasses import replace

import pytest

from engine.core.analytics.collector import COLLECTORS_MOST, Collector, Program, hit_of
from engine.errors import CallerError
from engine.ports.analytics import Claim, Done
from tests.ports.ledger.tracked.conftest import ANNA, NUMBER, Counter, call, missed

NOW_MS, LEASE_MS = 2_000_000_000_000, 60_000
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


async def claimed(counter: Counter, now_ms: int = NOW_MS, most: int = 10) -> Claim:
    found = await counter.collectors.claim(now_ms, LEASE_MS, most)
    assert found is not None
    return found


async def test_a_call_is_queued_once_for_each_who_wants_it(counter: Counter) -> None:
    await counter.collectors.add(SITE)
    await counter.collectors.add(replace(SITE, collector_id="c2", number=NUMBER))
    await counter.collectors.add(replace(SITE, collector_id="c3", number="+493023125002"))
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
