"""What every kind of books keeps of deliveries: told once, claimed by one, tried again."""

import asyncio
import json
from dataclasses import replace

import pytest

from engine.core.webhook import EventType, ping
from engine.errors import CallerError, ConflictError
from engine.ports.webhooks.deliveries import (
    TRIES,
    WAIT_MOST_MS,
    Delivery,
    DeliveryFilter,
    DeliveryState,
)
from engine.ports.webhooks.endpoints import EndpointState
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.webhooks.conftest import LEASE_MS, Desk, endpoint, event, tried

LATER_MS = NOW_MS + 1_000
ALL = DeliveryFilter(organisation="acme")


@pytest.fixture
async def open_desk(desk: Desk) -> Desk:
    """A desk with one endpoint that wants everything."""
    await desk.endpoints.add(endpoint())
    return desk


async def the_one(desk: Desk) -> Delivery:
    (found,) = await desk.deliveries.deliveries(ALL)
    return found


async def test_only_who_wants_it_is_told_once(open_desk: Desk) -> None:
    await open_desk.endpoints.add(endpoint("e2", events=(EventType.PAYMENT_CREDITED,)))
    await open_desk.endpoints.add(endpoint("e3", "bolt"))
    for _ in range(2):
        await open_desk.tell(event())
    told = await the_one(open_desk)
    assert (told.endpoint_id, told.event_id, told.tries) == ("e1", event().event_id, 0)
    assert (told.state, told.next_ms) == (DeliveryState.PENDING, NOW_MS + 1)
    assert await open_desk.deliveries.due_endpoints(LATER_MS, (), 9) == ["e1"]
    batch = await open_desk.deliveries.claim("e1", LATER_MS, LEASE_MS, 9)
    assert batch is not None
    assert batch.endpoint == endpoint()
    assert json.loads(batch.claimed[0].body)["data"] == event().data


async def test_many_who_tell_at_once_tell_once(open_desk: Desk) -> None:
    await asyncio.gather(*(open_desk.tell(event()) for _ in range(6)))
    await the_one(open_desk)


async def test_what_nobody_wants_is_not_there_later(desk: Desk) -> None:
    await desk.tell(event())
    await desk.endpoints.add(endpoint())
    assert await desk.deliveries.deliveries(ALL) == []


async def test_a_claim_is_ones_alone_until_its_lease_ends(open_desk: Desk) -> None:
    for number in range(1, 25):
        await open_desk.tell(event(number))
    claims = await asyncio.gather(*(open_desk.claimed(now_ms=LATER_MS) for _ in range(4)))
    claims.append(await open_desk.claimed(now_ms=LATER_MS))
    given = sorted(one for claim in claims for one in claim)
    assert given == sorted((event(number).event_id, 1) for number in range(1, 25))
    assert await open_desk.claimed(now_ms=LATER_MS + LEASE_MS - 1) == []
    assert await open_desk.deliveries.due_endpoints(LATER_MS + LEASE_MS - 1, (), 9) == []
    again = await open_desk.claimed(now_ms=LATER_MS + LEASE_MS)
    assert {number for _, number in again} == {2}


async def test_what_came_of_a_try_is_noted(open_desk: Desk) -> None:
    await open_desk.tell(event())
    await open_desk.claimed(now_ms=LATER_MS)
    one = await the_one(open_desk)
    failed = tried(
        one.delivery_id, 1, state=DeliveryState.PENDING, next_ms=NOW_MS + 5_000, status=503
    )
    assert await open_desk.deliveries.finish(failed)
    noted = await the_one(open_desk)
    assert noted == replace(
        one,
        tries=1,
        tries_left=TRIES - 1,
        next_ms=NOW_MS + 5_000,
        tried_ms=NOW_MS + 100,
        status=503,
        latency_ms=90,
        answer="ok",
    )
    failing = await open_desk.endpoints.endpoint("acme", "e1")
    assert failing is not None
    assert failing.failing_since_ms == NOW_MS + 100
    assert await open_desk.claimed(now_ms=NOW_MS + 5_000) == [(event().event_id, 2)]
    assert await open_desk.deliveries.finish(
        tried(one.delivery_id, 2, state=DeliveryState.DELIVERED)
    )
    assert (await the_one(open_desk)).state is DeliveryState.DELIVERED
    assert await open_desk.endpoints.endpoint("acme", "e1") == endpoint()
    assert await open_desk.claimed(now_ms=LATER_MS * 2) == []


async def test_who_learns_it_too_late_changes_nothing(open_desk: Desk) -> None:
    await open_desk.tell(event())
    await open_desk.claimed(now_ms=LATER_MS)
    await open_desk.claimed(now_ms=LATER_MS + LEASE_MS)
    one = await the_one(open_desk)
    assert not await open_desk.deliveries.finish(
        tried(one.delivery_id, 1, state=DeliveryState.DELIVERED)
    )
    assert await the_one(open_desk) == one
    await open_desk.endpoints.set_state("acme", "e1", EndpointState.DELETED, LATER_MS)
    late = tried(one.delivery_id, 2, state=DeliveryState.PENDING, next_ms=LATER_MS, status=500)
    assert not await open_desk.deliveries.finish(late)
    assert (await the_one(open_desk)).next_ms is None
    taken = tried(one.delivery_id, 2, state=DeliveryState.DELIVERED)
    assert await open_desk.deliveries.finish(taken)
    assert (await the_one(open_desk)).state is DeliveryState.DELIVERED


async def test_a_farewell_stops_the_endpoint_and_all_that_waits(open_desk: Desk) -> None:
    for number in (1, 2):
        await open_desk.tell(event(number))
    batch = await open_desk.deliveries.claim("e1", LATER_MS, LEASE_MS, 1)
    assert batch is not None
    gone = tried(
        batch.claimed[0].delivery_id,
        1,
        state=DeliveryState.GIVEN_UP,
        status=410,
        endpoint_state=EndpointState.GONE,
    )
    assert await open_desk.deliveries.finish(gone)
    held = await open_desk.deliveries.deliveries(ALL)
    assert {(one.state, one.next_ms) for one in held} == {(DeliveryState.GIVEN_UP, None)}
    stopped = await open_desk.endpoints.endpoint("acme", "e1")
    assert stopped is not None
    assert (stopped.state, stopped.state_ms) == (EndpointState.GONE, NOW_MS + 100)
    await open_desk.tell(event(3))
    assert len(await open_desk.deliveries.deliveries(ALL)) == 2
    with pytest.raises(ConflictError):
        await open_desk.deliveries.resend("acme", held[0].delivery_id, LATER_MS)


async def test_of_many_farewells_at_once_one_stops_the_endpoint(open_desk: Desk) -> None:
    for number in range(1, 13):
        await open_desk.tell(event(number))
    batch = await open_desk.deliveries.claim("e1", LATER_MS, LEASE_MS, 12)
    assert batch is not None
    farewells = [
        tried(
            one.delivery_id,
            1,
            state=DeliveryState.GIVEN_UP,
            status=410,
            endpoint_state=EndpointState.GONE,
        )
        for one in batch.claimed
    ]
    stopped = await asyncio.gather(*map(open_desk.deliveries.finish, farewells))
    assert (stopped.count(True), len(stopped)) == (1, 12)


async def test_a_clock_that_went_wrong_puts_nothing_off_for_ever(open_desk: Desk) -> None:
    year_ms = 365 * 24 * 3_600_000
    await open_desk.tell(event())
    assert len(await open_desk.claimed(now_ms=NOW_MS + year_ms)) == 1
    assert await open_desk.deliveries.due_endpoints(LATER_MS, (), 9) == ["e1"]
    assert await open_desk.claimed(now_ms=LATER_MS) == [(event().event_id, 2)]
    one = await the_one(open_desk)
    far = tried(
        one.delivery_id, 2, state=DeliveryState.PENDING, next_ms=LATER_MS + WAIT_MOST_MS, status=500
    )
    assert await open_desk.deliveries.finish(far)
    assert await open_desk.claimed(now_ms=LATER_MS) == []


async def test_what_was_taken_or_given_up_is_sent_again(open_desk: Desk) -> None:
    await open_desk.tell(event())
    await open_desk.claimed(now_ms=LATER_MS)
    one = await the_one(open_desk)
    await open_desk.deliveries.finish(tried(one.delivery_id, 1, state=DeliveryState.DELIVERED))
    assert await open_desk.deliveries.resend("bolt", one.delivery_id, LATER_MS) is None
    again = await open_desk.deliveries.resend("acme", one.delivery_id, LATER_MS)
    assert again == await the_one(open_desk)
    assert again is not None
    assert (again.state, again.tries, again.tries_left) == (DeliveryState.PENDING, 1, TRIES)
    assert await open_desk.claimed(now_ms=LATER_MS) == [(event().event_id, 2)]


async def test_a_trial_goes_to_one_endpoint_whatever_it_wants(open_desk: Desk) -> None:
    await open_desk.endpoints.add(endpoint("e2"))
    trial = ping("acme", "e1", "once", NOW_MS)
    sent = await open_desk.deliveries.send_to(endpoint(), trial)
    assert sent == await open_desk.deliveries.send_to(endpoint(), trial)
    assert await the_one(open_desk) == sent
    assert (sent.type, sent.object_id) == (EventType.PING, "e1")


async def test_deliveries_are_listed_newest_first_in_pages(open_desk: Desk) -> None:
    await open_desk.endpoints.add(endpoint("e2", events=(EventType.CALL_ENDED,)))
    for number in range(1, 4):
        await open_desk.tell(event(number))
    whole = await open_desk.deliveries.deliveries(ALL)
    assert [one.object_id for one in whole] == ["c3", "c3", "c2", "c2", "c1", "c1"]
    paged: list[Delivery] = []
    while page := await open_desk.deliveries.deliveries(
        replace(ALL, most=4, after=paged[-1].delivery_id if paged else None)
    ):
        paged += page
    assert paged == whole
    only = await open_desk.deliveries.deliveries(replace(ALL, endpoint_id="e2"))
    assert {one.endpoint_id for one in only} == {"e2"}
    assert len(only) == 3
    done = replace(ALL, state=DeliveryState.DELIVERED)
    assert await open_desk.deliveries.deliveries(done) == []
    assert await open_desk.deliveries.deliveries(replace(ALL, organisation="bolt")) == []
    assert await open_desk.deliveries.delivery("bolt", whole[0].delivery_id) is None
    assert await open_desk.deliveries.delivery("acme", whole[0].delivery_id) == whole[0]
    with pytest.raises(CallerError):
        await open_desk.deliveries.deliveries(replace(ALL, after="nothing"))


async def test_busy_endpoints_are_left_out(open_desk: Desk) -> None:
    for name in ("e2", "e3"):
        await open_desk.endpoints.add(endpoint(name))
    await open_desk.tell(event())
    assert await open_desk.deliveries.due_endpoints(NOW_MS, (), 9) == []
    due = await open_desk.deliveries.due_endpoints(LATER_MS, ("e2",), 9)
    assert sorted(due) == ["e1", "e3"]
    assert len(await open_desk.deliveries.due_endpoints(LATER_MS, (), 2)) == 2
