"""A task that is told to end while the store client connects does end."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.scripts import end
from engine.store.valkey import ValkeyStore

CONNECTED_STEPS = 30
"""After so many steps of the loop a subscription has been sent."""


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[StoreProcess]:
    """A server of the test's own."""
    server = StoreProcess(tmp_path / "store")
    await server.start()
    yield server
    await server.stop()


@pytest.mark.parametrize("delay_ms", [0, 1, 2, 5, 10])
async def test_cancellation_is_never_swallowed(server: StoreProcess, delay_ms: int) -> None:
    store = ValkeyStore(parse_address(server.url))

    async def renew() -> None:
        while True:
            await store.renew_lease("e1", 3_000)
            await asyncio.sleep(60)

    try:
        task = asyncio.create_task(renew())
        await asyncio.sleep(delay_ms / 1000)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        assert done == {task}
    finally:
        await store.close()


@pytest.mark.parametrize("kind", ["news", "changes"])
async def test_whoever_listens_ends_wherever_he_is_told_to(server: StoreProcess, kind: str) -> None:
    async def listen(store: ValkeyStore) -> None:
        async for _ in store.news() if kind == "news" else store.changes():
            pass

    for steps in range(CONNECTED_STEPS):
        store = ValkeyStore(parse_address(server.url))
        task = asyncio.create_task(listen(store))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=5)
        await store.close()
        assert done == {task}, f"after {steps} steps"


async def test_a_task_that_loses_a_cancellation_is_told_again() -> None:
    heard = 0

    async def deaf() -> None:
        nonlocal heard
        while heard < 2:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                heard += 1
        raise OSError

    task = asyncio.create_task(deaf())
    await asyncio.sleep(0)
    await end(task)
    assert task.done()
    assert heard == 2
