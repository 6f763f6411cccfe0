"""A line in a house of its own, for what must not happen to others."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from engine.core.inventory import Service
from engine.flows.clock import SystemClock
from engine.flows.money.books import verify
from tests.flows.bills import assert_billed
from tests.rig.house import RealHouse
from tests.system.listening import Listeners
from tests.system.stage import Cast, Needs, Scene, organise


async def nobody(_scene: Scene) -> None:
    """These houses are played by their tests."""


@asynccontextmanager
async def alone(
    folder: Path,
    service: Service,
    *,
    agents: int = 1,
    trunk: Mapping[str, Any] | None = None,
    **house: Any,
) -> AsyncIterator[Scene]:
    """One line in a house of its own, with an engine; afterwards the books must be clean."""
    cast = Cast(0, Needs(service, nobody, agents), {})
    listeners = Listeners()
    try:
        async with RealHouse(
            folder, (), organise=lambda world: organise(world, [cast], **(trunk or {})), **house
        ) as built:
            await built.start_engine()
            scene = Scene(built, cast, listeners)
            yield scene
            for record in await scene.records(0):
                await assert_billed(record, built.ledger)
            assert await verify(built.ledger, built.store, SystemClock()) == ()
    finally:
        listeners.close()
