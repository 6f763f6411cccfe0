"""The wiring of what watches over an engine: its metrics, and what it must have to be ready."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from engine.core.inventory import Inventory
from engine.errors import RemoteError
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.measures.engine import readings
from engine.flows.versions.view import Follower, View
from engine.metrics import CONTENT_TYPE, PrometheusMetrics
from engine.web.health import Check, Health, Pulse, telling
from engine.web.server import listen


def expect(metrics: PrometheusMetrics, inventory: Inventory) -> None:
    """Let the metrics know from the start which services, providers and merchants
    there are."""
    metrics.expect(
        (service.name for service in inventory.services),
        {terms.provider for profile in inventory.profiles for terms in profile.providers},
        (merchant.name for merchant in inventory.merchants),
    )


def expecting(metrics: PrometheusMetrics) -> Follower:
    """Let them know those of every later version too."""

    async def follow(_old: Inventory, new: Inventory) -> None:
        expect(metrics, new)

    return follow


async def open_health(
    host: str,
    port: int,
    metrics: PrometheusMetrics,
    engine: Engine,
    house: House,
    view: View,
    stack: AsyncExitStack,
) -> int:
    """Tell how the engine is, on an address of its own; the port that is listened on."""

    async def text() -> bytes:
        # What stands is read in the loop, where it changes; the long text is made beside it.
        metrics.note(readings(engine, house, view))
        return await asyncio.to_thread(metrics.text)

    health = Health(
        text=text,
        content_type=CONTENT_TYPE,
        checks=checks_of(engine, house),
        pulse=Pulse(metrics.loop_late),
    )
    listener = listen(host, port, "health_port")
    stack.callback(listener.close)
    await stack.enter_async_context(telling(health, listener))
    listened: int = listener.getsockname()[1]
    return listened


def checks_of(engine: Engine, house: House) -> Mapping[str, Check]:
    """What must hold for an engine to take calls."""

    async def store() -> None:
        await house.store.generation()

    async def ledger() -> None:
        await house.ledger.outbox(1)

    async def switch() -> None:
        if not engine.switch_up:
            raise RemoteError("the event stream of Asterisk is broken")

    async def lease() -> None:
        if engine.lease_left_ms == 0:
            raise RemoteError("the engine's lease has run out")

    return {"store": store, "ledger": ledger, "switch": switch, "lease": lease}
