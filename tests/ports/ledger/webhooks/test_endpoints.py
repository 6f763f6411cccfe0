"""What every kind of books keeps of endpoints."""

from dataclasses import replace

import pytest

from engine.errors import CallerError, ConflictError
from engine.ports.webhooks.deliveries import DeliveryFilter, DeliveryState
from engine.ports.webhooks.endpoints import ENDPOINTS_MOST, OVERLAP_MS, EndpointState
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.webhooks.conftest import Desk, endpoint, event


async def test_an_endpoint_is_added_once(desk: Desk) -> None:
    later = replace(endpoint(), created_ms=NOW_MS + 5, state_ms=NOW_MS + 5)
    assert await desk.endpoints.add(endpoint()) == endpoint()
    assert await desk.endpoints.add(later) == endpoint()
    assert await desk.endpoints.endpoints("acme") == [endpoint()]
    for other in (replace(later, url="https://b.example"), replace(later, organisation="bolt")):
        with pytest.raises(ConflictError):
            await desk.endpoints.add(other)


async def test_what_is_anothers_is_not_there(desk: Desk) -> None:
    await desk.endpoints.add(endpoint())
    theirs = replace(endpoint("e2", "bolt"), created_ms=NOW_MS + 1)
    await desk.endpoints.add(theirs)
    assert await desk.endpoints.endpoints("bolt") == [theirs]
    assert await desk.endpoints.endpoints(None) == [endpoint(), theirs]
    assert await desk.endpoints.endpoint("bolt", "e1") is None
    assert await desk.endpoints.rotate("bolt", "e1", NOW_MS) is None
    assert await desk.endpoints.set_state("bolt", "e1", EndpointState.DELETED, NOW_MS) is None
    assert await desk.endpoints.endpoint("acme", "e1") == endpoint()
    assert await desk.endpoints.endpoint(None, "e2") == theirs


async def test_secrets_overlap_after_a_rotation(desk: Desk) -> None:
    await desk.endpoints.add(endpoint())
    rotated = await desk.endpoints.rotate("acme", "e1", NOW_MS + 10)
    assert rotated == await desk.endpoints.endpoint("acme", "e1")
    assert rotated is not None
    assert endpoint().generations(NOW_MS) == (1,)
    assert rotated.generations(NOW_MS + 10) == (2, 1)
    assert rotated.generations(NOW_MS + 10 + OVERLAP_MS) == (2,)
    for _ in range(3):
        rotated = await desk.endpoints.rotate("acme", "e1", NOW_MS + 20)
    assert rotated is not None
    assert rotated.generations(NOW_MS + 20) == (5, 4, 3)


async def test_a_deleted_endpoint_is_gone_with_what_waits_for_it(desk: Desk) -> None:
    await desk.endpoints.add(endpoint())
    await desk.tell(event())
    gone = await desk.endpoints.set_state("acme", "e1", EndpointState.DELETED, NOW_MS + 9)
    assert gone is not None
    assert (gone.state, gone.state_ms) == (EndpointState.DELETED, NOW_MS + 9)
    assert await desk.endpoints.endpoints("acme") == []
    assert await desk.endpoints.set_state("acme", "e1", EndpointState.ACTIVE, NOW_MS) is None
    with pytest.raises(ConflictError):
        await desk.endpoints.add(endpoint())
    await desk.endpoints.add(endpoint("e2", "acme"))
    await desk.tell(event(2))
    assert await desk.claimed("e1", NOW_MS + 99) == []
    assert await desk.claimed("e2", NOW_MS + 99) == [(event(2).event_id, 1)]


@pytest.mark.parametrize("stopped", [EndpointState.FAILING, EndpointState.DISABLED])
async def test_a_stopped_endpoint_can_be_told_again(desk: Desk, stopped: EndpointState) -> None:
    await desk.endpoints.add(endpoint())
    await desk.tell(event())
    await desk.endpoints.set_state("acme", "e1", stopped, NOW_MS)
    await desk.tell(event(2))
    await desk.endpoints.set_state("acme", "e1", EndpointState.ACTIVE, NOW_MS)
    await desk.tell(event(3))
    assert await desk.claimed(now_ms=NOW_MS + 99) == [(event(3).event_id, 1)]
    told = await desk.deliveries.deliveries(DeliveryFilter(organisation="acme"))
    assert [(d.object_id, d.state) for d in told] == [
        ("c3", DeliveryState.PENDING),
        ("c1", DeliveryState.GIVEN_UP),
    ]


async def test_an_organisation_has_so_many(desk: Desk) -> None:
    for number in range(ENDPOINTS_MOST):
        await desk.endpoints.add(endpoint(f"e{number}"))
    with pytest.raises(CallerError):
        await desk.endpoints.add(endpoint("more"))
    await desk.endpoints.add(endpoint("theirs", "bolt"))
    await desk.endpoints.set_state("acme", "e3", EndpointState.DELETED, NOW_MS)
    await desk.endpoints.add(endpoint("more"))
