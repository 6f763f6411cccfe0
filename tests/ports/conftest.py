"""The stores the port's suite runs on: one in memory and one on a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from redis import Redis

from engine.ports.store import Store
from engine.store.address import StoreAddress, parse_address
from engine.store.process import StoreProcess
from tests.ports.stores import Bench


@pytest.fixture(scope="session")
def valkey_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A server for the whole run, which need not wait for the disk: nothing here restarts it."""
    process = StoreProcess(tmp_path_factory.mktemp("valkey"))
    with asyncio.Runner() as runner:
        runner.run(process.start())
        address = parse_address(process.url)
        with Redis(unix_socket_path=address.path) as client:
            client.config_set("appendfsync", "no")
        yield address
        runner.run(process.stop())


@pytest.fixture(params=["memory", "valkey"])
def store_address(request: pytest.FixtureRequest) -> StoreAddress | None:
    """Where a store of each kind is, emptied; None for the one in memory."""
    if request.param == "memory":
        return None
    found: StoreAddress = request.getfixturevalue("valkey_address")
    with Redis(unix_socket_path=found.path) as client:
        client.flushall()
    return found


@pytest.fixture
async def bench(store_address: StoreAddress | None) -> AsyncIterator[Bench]:
    """An empty store of each kind."""
    bench = Bench(store_address)
    yield bench
    await bench.close()


@pytest.fixture
def store(bench: Bench) -> Store:
    """One engine's way to an empty store."""
    return bench.engine()
