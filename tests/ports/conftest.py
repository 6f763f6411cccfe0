"""The stores a port's suite runs on: in memory, on a real server, on a real cluster of one node."""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from engine.ports.store import Store
from engine.store.address import StoreAddress, parse_address
from engine.store.process import StoreProcess, server_binary
from engine.store.valkey import ValkeyStore
from tests.fakes.store import MemoryStore
from tests.fakes.valkey import StoreData

START_TIMEOUT_S = 10


class Bench:
    """A store without anything in it, as several engines would use it."""

    def __init__(self, address: StoreAddress | None) -> None:
        self._address = address
        self._passed_ms = 1_700_000_000_000
        self._data = StoreData(lambda: self._passed_ms)
        self._stores: list[MemoryStore | ValkeyStore] = []

    def engine(self) -> Store:
        """One more engine's way to the store."""
        store = MemoryStore(self._data) if self._address is None else ValkeyStore(self._address)
        self._stores.append(store)
        return store

    async def pass_ms(self, ms: int) -> None:
        """Let the store's clock go on by at least so much."""
        self._passed_ms += ms
        if self._address is not None:
            await asyncio.sleep(ms / 1000)

    async def close(self) -> None:
        for store in self._stores:
            await store.close()


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


@pytest.fixture(scope="session")
def cluster_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreAddress]:
    """A cluster of one node, which refuses any script whose keys are not in one slot."""
    port, bus_port = free_port(), free_port()
    options = ("--cluster-enabled", "yes", "--cluster-port", str(bus_port))
    with plain_server(tmp_path_factory.mktemp("cluster"), port, *options):
        with Redis(port=port) as client:
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            while b"cluster_state:ok" not in client.execute_command("CLUSTER", "INFO"):
                time.sleep(0.02)
        yield parse_address(f"cluster://127.0.0.1:{port}")


@pytest.fixture(params=["memory", "valkey", "cluster"])
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """An empty store of each kind."""
    kind = request.param
    address = None if kind == "memory" else request.getfixturevalue(f"{kind}_address")
    if address is not None:
        empty(address)
    bench = Bench(address)
    yield bench
    await bench.close()


@pytest.fixture
def store(bench: Bench) -> Store:
    """One engine's way to an empty store."""
    return bench.engine()


def empty(address: StoreAddress) -> None:
    """Remove everything from a server."""
    if address.kind == "unix":
        client = Redis(unix_socket_path=address.path)
    else:
        client = Redis(host=address.hosts[0][0], port=address.hosts[0][1])
    with client:
        client.flushall()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def plain_server(folder: Path, port: int, *options: str) -> Iterator[None]:
    """A server on a port, with options of its own, that keeps nothing."""
    usual = ("--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "")
    process = subprocess.Popen([server_binary(), *usual, *options], stdout=subprocess.DEVNULL)
    try:
        with Redis(port=port) as client:
            until = time.monotonic() + START_TIMEOUT_S
            while time.monotonic() < until:
                try:
                    client.ping()
                except NoConnection:
                    time.sleep(0.02)
                else:
                    break
            else:
                raise AssertionError("the server did not start")
        yield
    finally:
        process.terminate()
        process.wait()
