"""What the tests of the store share: wishes, postings and calls to write, and ears for its news."""

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from redis import Redis
from redis.exceptions import ConnectionError as NoConnection

from engine.core.account import AccountView
from engine.core.money import Rounding
from engine.core.quota import Meter
from engine.core.rating import Increment, Rate, hold_levels
from engine.ports.store import BalanceNews, Reservation, Snapshot, Store, StorePosting
from engine.store.address import StoreAddress
from engine.store.process import server_binary
from engine.store.valkey import ValkeyStore
from tests.fakes.store import MemoryStore
from tests.fakes.valkey import StoreData

WAIT_S = 10
START_TIMEOUT_S = 10
BY_SECOND = Rate(
    price_micros=600_000,
    first_price_micros=None,
    first_minutes=None,
    increment=Increment(1, 1),
    connect_fee_micros=0,
    rounding=Rounding(),
    max_call_minutes=60,
)

METER = Meter(BY_SECOND, 0)


def wish(call_id: str, step: int, upto_n: int, granted_n: int = 0, **other: object) -> Reservation:
    plain = Reservation(
        account_id="a",
        call_id=call_id,
        epoch=1,
        step=step,
        meter=METER.granted(granted_n),
        levels=hold_levels(BY_SECOND, granted_n, upto_n),
    )
    return replace(plain, **other)  # type: ignore[arg-type]  # whatever a test changes


def posting(seq: int, micros: int, hold_id: str | None = None) -> StorePosting:
    return StorePosting(
        account_id="a",
        currency="EUR",
        seq=seq,
        micros=micros,
        kind="credit" if micros > 0 else "call",
        key=f"key{seq}",
        hold_id=hold_id,
    )


def snapshot(call_id: str, engine: str = "one", epoch: int = 1, **other: object) -> Snapshot:
    plain = Snapshot(
        call_id=call_id, account_id="a", engine=engine, epoch=epoch, body=b'{"state":"talking:1"}'
    )
    return replace(plain, **other)  # type: ignore[arg-type]  # whatever a test changes


async def view(store: Store) -> AccountView:
    found = await store.account("a")
    assert found is not None
    return found


class Listener:
    """The news of one engine, as they come."""

    def __init__(self, store: Store) -> None:
        self.heard: list[BalanceNews] = []
        self._store = store
        self._more = asyncio.Condition()

    async def __aenter__(self) -> "Listener":
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        async for news in self._store.news():
            async with self._more:
                self.heard.append(news)
                self._more.notify_all()

    async def until(self, fits: Callable[[BalanceNews], bool]) -> BalanceNews:
        async with asyncio.timeout(WAIT_S), self._more:
            await self._more.wait_for(lambda: any(map(fits, self.heard)))
        return next(filter(fits, self.heard))


class Bench:
    """A store without anything in it, as several engines would use it."""

    def __init__(self, address: StoreAddress | None) -> None:
        self._address = address
        self._passed_ms = 1_700_000_000_000
        self._data = StoreData(lambda: self._passed_ms)
        self._stores: list[MemoryStore | ValkeyStore] = []

    def engine(self) -> MemoryStore | ValkeyStore:
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


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def plain_server(folder: Path, port: int, *lines: str) -> Iterator[None]:
    """A server on a port, with lines of its own to configure it; a Sentinel if they say so."""
    config = folder / f"{port}.conf"
    usual = (f"port {port}", "bind 127.0.0.1", f"dir {folder}")
    config.write_text("\n".join((*usual, *lines)))
    mode = ["--sentinel"] if any(line.startswith("sentinel") for line in lines) else []
    command = [str(server_binary()), str(config), *mode]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
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
