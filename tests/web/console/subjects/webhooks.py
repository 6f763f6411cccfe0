"""Webhooks: endpoints and deliveries."""

from playwright.async_api import Page

from engine.core.webhook import WANTED, EventType
from engine.ports.webhooks.deliveries import DeliveryState, Tried
from tests.web.console.house import MASTERS, OTHERS, READERS, House, Row
from tests.web.site import ORGANISATION

WEBHOOKS = "/console/webhooks"
ONE = f"{WEBHOOKS}/{{endpoint_id}}"
NEW = {"url": "https://www.example.org/hooks", "concurrency": "4", "event-call.ended": "on"}

ROWS = {
    ("GET", WEBHOOKS): Row(READERS),
    ("GET", f"{WEBHOOKS}/new"): Row(MASTERS),
    ("POST", f"{WEBHOOKS}/new"): Row(MASTERS, NEW),
    ("GET", ONE): Row(READERS),
    ("POST", f"{ONE}/ping"): Row(MASTERS),
    ("POST", f"{ONE}/rotate"): Row(MASTERS),
    ("POST", f"{ONE}/disable"): Row(MASTERS),
    ("POST", f"{ONE}/enable"): Row(MASTERS),
    ("GET", "/console/deliveries"): Row(READERS),
    ("GET", "/console/deliveries/{delivery_id}"): Row(READERS),
    ("POST", "/console/deliveries/{delivery_id}/resend"): Row(MASTERS),
    # The last of them: there is no endpoint afterwards.
    ("POST", f"{ONE}/delete"): Row(MASTERS),
}


async def seed(house: House) -> None:
    """An endpoint here with deliveries of each state, a disabled one, and one elsewhere."""
    webhooks = house.bench.site.webhooks
    ours = await webhooks.add(
        ORGANISATION, "https://shop.sternlicht.example/hooks", WANTED, 4, "ours"
    )
    endpoint = ours.endpoint
    for number, state in enumerate((DeliveryState.DELIVERED, DeliveryState.GIVEN_UP)):
        sent = await webhooks.ping(ORGANISATION, endpoint.endpoint_id, f"p{number}")
        assert sent is not None
        await webhooks.deliveries.claim(endpoint.endpoint_id, sent.created_ms, 60_000, 1)
        tried = Tried(
            delivery_id=sent.delivery_id,
            endpoint_id=endpoint.endpoint_id,
            number=1,
            state=state,
            next_ms=None,
            tried_ms=sent.created_ms + 80,
            status=200 if state is DeliveryState.DELIVERED else 500,
            latency_ms=80,
            answer="ok" if state is DeliveryState.DELIVERED else "<h1>Internal Server Error</h1>",
        )
        assert await webhooks.deliveries.finish(tried)
        house.own["delivery_id"] = sent.delivery_id
    house.own["endpoint_id"] = endpoint.endpoint_id
    await webhooks.ping(ORGANISATION, endpoint.endpoint_id, "waits")
    old = await webhooks.add(
        ORGANISATION, "https://old.sternlicht.example/", [EventType.CALL_ENDED], 1, "old"
    )
    await webhooks.disable(ORGANISATION, old.endpoint.endpoint_id)
    theirs = await webhooks.add(OTHERS, "https://lager.bolt.example/", WANTED, 1, "theirs")
    house.foreign["endpoint_id"] = theirs.endpoint.endpoint_id
    sent = await webhooks.ping(OTHERS, theirs.endpoint.endpoint_id, "p")
    assert sent is not None
    house.foreign["delivery_id"] = sent.delivery_id


async def _made(house: House, page: Page, origin: str) -> bool:
    """A new endpoint's secret, shown once; the operator's staff would first choose whose."""
    if "endpoint_id" not in house.own:
        return False
    await page.goto(f"{origin}{WEBHOOKS}/new")
    if not await page.locator("#url").count():
        return False
    await page.locator("#url").fill("https://www.example.org/hooks")
    await page.locator("main form button").click()
    await page.locator("#secret").wait_for()
    return True


SCENES = {"webhooks-made": _made}
