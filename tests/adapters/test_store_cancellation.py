"""A task that is told to end while the store client connects does end."""

import asyncio
from pathlib import Path

import pytest

from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore


@pytest.mark.parametrize("delay_ms", [0, 1, 2, 5, 10])
async def test_cancellation_is_never_swallowed(tmp_path: Path, delay_ms: int) -> None:
    server = StoreProcess(tmp_path / "store")
    await server.start()
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
        await server.stop()
