"""What machines are told of an engine: over HTTP, from a real store and real books."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import cast

import aiohttp
from aiohttp.test_utils import TestClient, TestServer

from engine.app.health import checks_of, expect, open_health
from engine.errors import RemoteError
from engine.flows.clock import SystemClock
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.money.relay import Relay
from engine.flows.versions.view import View
from engine.ledger.sql import SqlLedger
from engine.metrics import PrometheusMetrics
from engine.ports.speech import Sounds
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore
from engine.web.health import BEAT_EVERY_S, SILENT_MOST_S, Health, Pulse, make_app
from tests.fakes.telephony import FakeSwitch
from tests.flows.world import endpoint_of, endpoint_of_number, inventory
from tests.metrics.scrape import Scrape, parsed

NAMED = "engine-7"


@asynccontextmanager
async def at_work(folder: Path) -> AsyncIterator[tuple[str, StoreProcess, FakeSwitch]]:
    """An engine on a store and books of its own; the address where it tells how it is."""
    async with AsyncExitStack() as stack:
        clock, stock = SystemClock(), inventory()
        metrics = PrometheusMetrics()
        expect(metrics, stock)
        process = StoreProcess(folder / "store")
        await process.start()
        stack.push_async_callback(process.stop)
        store = ValkeyStore(parse_address(process.url), timeout_s=0.3, metrics=metrics)
        stack.push_async_callback(store.close)
        url = f"sqlite:///{folder / 'ledger.sqlite3'}"
        ledger = SqlLedger(url, lambda: clock.now().wall_ms, metrics=metrics)
        stack.push_async_callback(ledger.close)
        await ledger.migrate()
        switch = FakeSwitch(clock)
        house = House(
            telephony=switch.port(NAMED),
            store=store,
            ledger=ledger,
            sounds=cast("Sounds", None),
            clock=clock,
            relay=Relay(ledger, store, clock, metrics),
            inventory=lambda: stock,
            endpoint_of=endpoint_of,
            endpoint_of_number=endpoint_of_number,
            engine=NAMED,
            metrics=metrics,
        )
        engine = Engine(house)
        work = asyncio.create_task(engine.run())
        stack.push_async_callback(_ended, work)
        await engine.ready.wait()
        port = await open_health("127.0.0.1", 0, metrics, engine, house, View(stock), stack)
        yield f"http://127.0.0.1:{port}", process, switch


async def _ended(work: "asyncio.Task[None]") -> None:
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def ask(address: str) -> tuple[int, dict[str, object]]:
    """The status and what is told."""
    async with aiohttp.ClientSession() as session, session.get(address) as answer:
        return answer.status, await answer.json()


async def scrape(address: str) -> Scrape:
    async with aiohttp.ClientSession() as session, session.get(f"{address}/metrics") as answer:
        assert answer.content_type == "text/plain"
        return parsed(await answer.text())


async def until_status(address: str, status: int) -> dict[str, object]:
    """What is told as soon as it is told with this status."""
    async with asyncio.timeout(15):
        while True:
            answered, told = await ask(f"{address}/readyz")
            if answered == status:
                return told


async def test_an_engine_is_ready_while_all_it_needs_is_there(tmp_path: Path) -> None:
    async with at_work(tmp_path) as (address, process, switch):
        told = await until_status(address, 200)
        names = ("store", "ledger", "switch", "lease")
        assert told == {"status": "ready", "checks": dict.fromkeys(names, "ok")}
        now = await scrape(address)
        assert now.get("switch_up") == now.get("config_version") == 1
        assert now.get("config_version_in_force") == 1
        assert now.get("remote_seconds_count", remote="store", order="renew_lease") >= 1
        assert now.get("remote_seconds_count", remote="ledger", order="journal.waiting") >= 1
        assert now.get("remote_errors_total", code="remote") == 0

        await process.stop()
        told = await until_status(address, 503)
        checks = cast("dict[str, str]", told["checks"])
        assert told["status"] == "not ready"
        assert "store did not answer" in checks["store"]
        assert checks["ledger"] == checks["switch"] == "ok"
        assert (await ask(f"{address}/healthz"))[0] == 200
        away = await scrape(address)
        assert away.get("remote_errors_total", remote="store", code="remote") >= 1

        await process.start()
        await until_status(address, 200)

        switch.lose_stream(NAMED)
        told = await until_status(address, 503)
        assert cast("dict[str, str]", told["checks"])["switch"] != "ok"
        switch.find_stream(NAMED)
        await until_status(address, 200)


def _health(pulse: Pulse, **checks: object) -> Health:
    async def text() -> bytes:
        return b""

    return Health(text=text, content_type="text/plain", checks=checks, pulse=pulse)  # type: ignore[arg-type]  # checks of the test


async def test_a_check_that_hangs_is_not_waited_for() -> None:
    async def hangs() -> None:
        await asyncio.Event().wait()

    async def fails() -> None:
        raise RemoteError("away")

    late: list[float] = []
    async with TestClient(
        TestServer(make_app(_health(Pulse(late.append), a=hangs, b=fails)))
    ) as to:
        began_s = time.monotonic()
        answer = await to.get("/readyz")
        assert time.monotonic() - began_s < 4
        assert answer.status == 503
        assert (await answer.json())["checks"] == {"a": "no answer within 2 s", "b": "away"}


async def test_a_loop_that_was_held_up_is_noticed() -> None:
    beats: asyncio.Queue[float] = asyncio.Queue()
    pulse = Pulse(beats.put_nowait)
    beating = asyncio.create_task(pulse.run())
    async with TestClient(TestServer(make_app(_health(pulse)))) as to:
        assert (await to.get("/healthz")).status == 200
        await beats.get()
        time.sleep(BEAT_EVERY_S + 0.2)  # noqa: ASYNC251  # holding the loop up is the point
        assert await asyncio.wait_for(beats.get(), 5) >= 0.15
        await _ended(beating)
        pulse._due_s = asyncio.get_running_loop().time() - SILENT_MOST_S - 1
        answer = await to.get("/healthz")
        assert answer.status == 503
        assert (await answer.json())["status"] == "held up"


def test_the_checks_are_those_that_the_operators_are_told_of() -> None:
    assert set(checks_of(cast("Engine", None), cast("House", None))) == {
        "store", "ledger", "switch", "lease",
    }  # fmt: skip
