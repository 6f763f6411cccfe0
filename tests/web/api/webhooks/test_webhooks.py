"""Webhooks over the interface: endpoints, secrets told once, deliveries sent again."""

from pathlib import Path
from typing import Any

import pytest

from engine.core.webhook import EventType
from engine.ports.webhooks.endpoints import ENDPOINTS_MOST, EndpointState
from tests.web.api.conftest import Program
from tests.web.site import ORGANISATION

WISH = {"url": "https://www.example.org/webhooks", "events": ["payment.credited", "call.ended"]}


async def added(program: Program, **wish: Any) -> dict[str, Any]:
    """A new endpoint."""
    endpoint: dict[str, Any] = (await program.post("/webhooks", {**WISH, **wish}))["endpoint"]
    return endpoint


def written(program: Program) -> bytes:
    """All that the books have on disk."""
    file = Path(program.bench.ledger.database.url.database or "")
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))


async def test_a_secret_is_told_once_and_written_nowhere(program: Program) -> None:
    made = await program.post("/webhooks", WISH, once="k")
    assert made["secret"].startswith("whsec_")
    assert await program.post("/webhooks", WISH, once="k") == {**made, "secret": None}
    assert (await program.get("/webhooks"))["endpoints"] == [made["endpoint"]]
    path = f"/webhooks/{made['endpoint']['endpoint_id']}/rotate"
    rotated = await program.post(path, status=200, once="r")
    assert rotated["secret"] not in (None, made["secret"])
    assert rotated["endpoint"]["public_key"] != made["endpoint"]["public_key"]
    assert (await program.post(path, status=200, once="r"))["secret"] is None
    assert made["endpoint"]["endpoint_id"].encode() in written(program)
    for secret in (made["secret"], rotated["secret"]):
        assert secret.removeprefix("whsec_").encode() not in written(program)


async def test_an_endpoint_is_described(program: Program) -> None:
    endpoint = await added(program, concurrency=2)
    shown = {name: endpoint[name] for name in ("url", "events", "concurrency", "state")}
    assert shown == {
        **WISH,
        "events": ["call.ended", "payment.credited"],
        "concurrency": 2,
        "state": "active",
    }
    assert endpoint["failing_since"] is None


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"url": "http://www.example.org/"}, "url"),
        ({"url": "https://127.0.0.1/"}, "url"),
        ({"url": "https://169.254.169.254/latest/"}, "url"),
        ({"url": "https://user@www.example.org/"}, "url"),
        ({"url": "https://" + "a" * 1000}, "url"),
        ({"events": []}, "events"),
        ({"events": ["ping"]}, "events"),
        ({"events": ["call.began"]}, "events.0"),
        ({"concurrency": 0}, "concurrency"),
        ({"concurrency": 11}, "concurrency"),
        ({"secret": "whsec_own"}, "secret"),
    ],
)
async def test_what_cannot_be_is_refused(program: Program, wish: Any, field: str) -> None:
    assert (await program.post("/webhooks", {**WISH, **wish}, 422))["field"] == field
    assert (await program.get("/webhooks"))["endpoints"] == []


async def test_there_are_so_many_endpoints(program: Program) -> None:
    for _ in range(ENDPOINTS_MOST):
        await added(program)
    assert (await program.post("/webhooks", WISH, 422))["field"] == "url"


async def test_a_trial_is_listed_shown_and_sent_again(program: Program) -> None:
    endpoint_id = (await added(program))["endpoint_id"]
    other_id = (await added(program))["endpoint_id"]
    sent = [await program.post(f"/webhooks/{endpoint_id}/ping", once=f"p{n}") for n in range(3)]
    assert await program.post(f"/webhooks/{endpoint_id}/ping", once="p0") == sent[0]
    assert (sent[0]["type"], sent[0]["object_id"]) == ("ping", endpoint_id)
    listed = await program.get("/deliveries", limit=2)
    rest = await program.get("/deliveries", after=listed["next"])
    assert rest["next"] is None
    whole = [*listed["deliveries"], *rest["deliveries"]]
    assert sorted(one["delivery_id"] for one in whole) == sorted(d["delivery_id"] for d in sent)
    assert (await program.get("/deliveries", endpoint_id=other_id))["deliveries"] == []
    assert (await program.get("/deliveries", state="delivered"))["deliveries"] == []
    assert await program.get(f"/deliveries/{sent[0]['delivery_id']}") == sent[0]
    again = await program.post(f"/deliveries/{sent[0]['delivery_id']}/resend", status=200)
    assert (again["state"], again["event_id"]) == ("pending", sent[0]["event_id"])
    assert (await program.get("/deliveries", 422, after="nothing"))["field"] == "after"


async def test_what_is_told_nothing_can_be_enabled_but_not_when_deleted(program: Program) -> None:
    endpoint_id = (await added(program))["endpoint_id"]
    sent = await program.post(f"/webhooks/{endpoint_id}/ping")
    endpoints = program.bench.site.webhooks.endpoints
    await endpoints.set_state(ORGANISATION, endpoint_id, EndpointState.GONE, 5)
    await program.post(f"/webhooks/{endpoint_id}/ping", status=409)
    await program.post(f"/deliveries/{sent['delivery_id']}/resend", status=409)
    enabled = await program.post(f"/webhooks/{endpoint_id}/enable", status=200)
    assert enabled["state"] == "active"
    await program.post(f"/deliveries/{sent['delivery_id']}/resend", status=200)
    disabled = await program.post(f"/webhooks/{endpoint_id}/disable", status=200)
    assert disabled["state"] == "disabled"
    await program.post(f"/webhooks/{endpoint_id}/ping", status=409)
    gone, _ = await program.ask("DELETE", f"/webhooks/{endpoint_id}")
    assert gone["state"] == "deleted"
    assert (await program.get("/webhooks"))["endpoints"] == []
    for path in ("disable", "enable", "ping", "rotate"):
        await program.post(f"/webhooks/{endpoint_id}/{path}", status=404)
    held = await program.get(f"/deliveries/{sent['delivery_id']}")
    assert (held["state"], held["next"]) == ("given_up", None)


async def test_what_is_anothers_is_not_there(program: Program, stranger: Program) -> None:
    endpoint_id = (await added(program))["endpoint_id"]
    delivery_id = (await program.post(f"/webhooks/{endpoint_id}/ping"))["delivery_id"]
    assert (await stranger.get("/webhooks"))["endpoints"] == []
    assert (await stranger.get("/deliveries"))["deliveries"] == []
    assert (await stranger.get("/deliveries", endpoint_id=endpoint_id))["deliveries"] == []
    await stranger.get("/deliveries", 422, after=delivery_id)
    for path in ("rotate", "disable", "enable", "ping"):
        await stranger.post(f"/webhooks/{endpoint_id}/{path}", status=404)
    await stranger.ask("DELETE", f"/webhooks/{endpoint_id}", 404)
    await stranger.get(f"/deliveries/{delivery_id}", 404)
    await stranger.post(f"/deliveries/{delivery_id}/resend", status=404)
    assert len((await program.get("/webhooks"))["endpoints"]) == 1


async def test_money_given_by_hand_is_no_payment(program: Program) -> None:
    await added(program, events=[EventType.PAYMENT_CREDITED])
    await program.account(micros=1_000_000)
    assert (await program.get("/deliveries"))["deliveries"] == []
