"""The real store when its server dies, is silent or is of another kind."""

import asyncio
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.crc import key_slot
from structlog.testing import capture_logs

from engine.core.account import Hold
from engine.errors import RemoteError
from engine.ports.limits import Breaker, Limit
from engine.ports.people.commands import COMMAND_TTL_MS, CallOrder, Command, Outcome
from engine.ports.store import AgentState, PauseReason, Snapshot, Store
from engine.store.address import StoreAddress, parse_address
from engine.store.process import SOCKET_PATH_BYTES_MOST, StoreProcess, socket_of
from engine.store.scripts import SCRIPTS
from engine.store.valkey import ValkeyStore
from tests.ports.stores import (
    METER,
    WAIT_S,
    Listener,
    free_port,
    plain_server,
    posting,
    snapshot,
    view,
    wish,
)


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[StoreProcess]:
    """A server of its own, which the test may kill."""
    process = StoreProcess(tmp_path / "store")
    await process.start()
    yield process
    await process.stop()


@pytest.fixture
async def engine(process: StoreProcess) -> AsyncIterator[ValkeyStore]:
    store = ValkeyStore(parse_address(process.url))
    yield store
    await store.close()


def kill(process: StoreProcess) -> None:
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)


ORDER = Command(command_id="k", call_id="c", organisation=None, order=CallOrder.WARN, by="anna")


OWN_KEYS = {"nothing", "KEYS[1]", "KEYS[2]", "KEYS[n]", "key", "ended_key"}
LIMITS = (Limit("all", "all", 1, 60_000), Limit("address", "address:a", 1, 60_000))
BREAKER = Breaker("share", "share", 10, 50, 60_000)


async def use_all(store: ValkeyStore) -> tuple[Snapshot, ...]:
    """Give every order there is once."""
    await store.seed_account("a", "EUR", 1_000_000, 1)
    await store.reserve(wish("c", 1, 10))
    await store.restore_hold("a", "c", 1, METER.granted(11), 110_000)
    await store.hold_amount("a", "d", 5)
    await store.drop_hold("a", "d")
    await store.apply(posting(2, 70))
    await store.save(snapshot("c"))
    await store.save(snapshot("e", account_id=None))
    await store.adopt("c", "a", "two", 1)
    await store.forget("e", 1)
    await store.renew_lease("two", 60_000)
    await store.claim_agents("c", ("x", "y"), 2)
    await store.free_agent("y", "c", 0)
    await store.set_pause("z", PauseReason.BREAK)
    await store.end_wrap_up("y")
    await store.send("two", ORDER, COMMAND_TTL_MS)
    async with aclosing(store.received("two")) as commands:
        command, left_ms = await anext(commands)
        assert (command, 0 < left_ms <= COMMAND_TTL_MS) == (ORDER, True)
    await store.answer(ORDER.command_id, Outcome.DONE)
    assert await store.outcome(ORDER.command_id, 1_000) is Outcome.DONE
    assert await store.live_call("e") is None
    await store.next_turn("sales")
    assert await store.admit("v", LIMITS, (BREAKER,)) is None
    await store.note_outcome("v", True, (BREAKER,))
    assert [one.counted for one in (await store.use(LIMITS, (BREAKER,))).limits] == [1, 1]
    await store.expect_probe("+493023125100", 60_000)
    assert await store.note_arrival("+493023125100", 7)
    assert await store.arrival("+493023125100") == 7
    assert await store.living_engines() == ("two",)
    assert [state.free for state in await store.agent_states(("x", "y", "z"))] == [0, 1, 0]
    assert await store.generation() == await store.generation()
    assert (await view(store)).holds == (Hold("c", 110_000, METER.granted(11)),)
    return await store.live_calls()


class TestRestart:
    async def test_a_killed_server_keeps_all_and_needs_no_hand(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        watch = asyncio.create_task(process.keep_alive())
        calls = await use_all(engine)
        before, generation = await view(engine), await engine.generation()
        kill(process)
        await until_it_answers(engine)
        assert await view(engine) == before
        assert await engine.live_calls() == calls
        assert await engine.generation() == generation
        assert (await engine.reserve(wish("c", 5, 20, 11, epoch=2))).granted_n == 20
        await process.stop()
        await asyncio.wait_for(watch, WAIT_S)

    async def test_while_the_server_is_away_orders_may_be_tried_again(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        await use_all(engine)
        await process.stop()
        for order in (engine.account("a"), engine.reserve(wish("c", 2, 20, 11))):
            with pytest.raises(RemoteError) as caught:
                await order
            assert caught.value.retryable
        await process.start()
        assert (await view(engine)).seq == 2

    async def test_news_goes_on_after_a_restart(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        other = ValkeyStore(parse_address(process.url))
        await engine.seed_account("a", "EUR", 100, 1)
        await engine.watch("a")
        async with Listener(engine) as listener:
            await listener.until(lambda news: news.view.seq == 1)
            kill(process)
            await process.stop()
            listener.heard.clear()
            await process.start()
            again = await listener.until(lambda news: news.view.seq == 1)
            assert again.credited_micros == 0
            await other.apply(posting(2, 50))
            told = await listener.until(lambda news: news.view.seq == 2)
        assert told.credited_micros == 50
        await other.close()

    async def test_changes_of_calls_go_on_after_a_restart(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        async with asyncio.timeout(WAIT_S), aclosing(engine.changes()) as told:
            assert await anext(told) is None
            kill(process)
            await process.stop()
            await process.start()
            assert await anext(told) is None
            await engine.save(snapshot("c"))
            assert await anext(told) == "c"

    async def test_commands_go_on_after_a_restart(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        other = ValkeyStore(parse_address(process.url))
        async with asyncio.timeout(WAIT_S), aclosing(other.received("one")) as commands:
            waiting = asyncio.ensure_future(anext(commands))
            await engine.send("two", ORDER, COMMAND_TTL_MS)
            kill(process)
            await process.stop()
            await process.start()
            await engine.send("one", ORDER, COMMAND_TTL_MS)
            assert (await waiting)[0] == ORDER
        await other.close()

    async def test_an_agent_written_before_pauses_had_reasons_is_understood(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        with Redis(unix_socket_path=parse_address(process.url).path) as operator:
            operator.hset("agents", mapping={"x": "7:0:c1", "y": "0:1:"})
        assert await engine.agent_states(("x", "y")) == (
            AgentState("x", False, None, 7, "c1"),
            AgentState("y", False, PauseReason.OTHER_WORK, 0, None),
        )

    async def test_money_that_came_in_while_the_line_was_cut_is_told_once(
        self, process: StoreProcess, engine: ValkeyStore
    ) -> None:
        await engine.seed_account("a", "EUR", 100, 1)
        await engine.watch("a")
        async with Listener(engine) as listener:
            await listener.until(lambda news: news.view.seq == 1)
            with Redis(unix_socket_path=parse_address(process.url).path) as operator:
                for seq in range(2, 7):
                    operator.execute_command("CLIENT", "KILL", "TYPE", "PUBSUB")
                    await engine.apply(posting(seq, 10))
            await listener.until(lambda news: news.view.seq == 6)
        assert sum(news.credited_micros for news in listener.heard) == 50

    async def test_a_silent_server_is_noticed(
        self, process: StoreProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("engine.store.news.HEARTBEAT_S", 0.05)
        engine = ValkeyStore(parse_address(process.url), timeout_s=0.1)
        await engine.seed_account("a", "EUR", 100, 1)
        await engine.watch("a")
        with capture_logs() as logged:
            async with Listener(engine) as listener:
                await listener.until(lambda news: news.view.seq == 1)
                listener.heard.clear()
                assert process.pid is not None
                os.kill(process.pid, signal.SIGSTOP)
                with pytest.raises(RemoteError):
                    await engine.account("a")
                await until(lambda: any(line["event"] == "store_news_lost" for line in logged))
                os.kill(process.pid, signal.SIGCONT)
                assert await listener.until(lambda news: news.view.seq == 1)
        await engine.close()


class TestProcess:
    def test_only_we_can_reach_it(self, process: StoreProcess) -> None:
        place = Path(parse_address(process.url).path)
        assert place.stat().st_mode & 0o077 == 0
        assert place.parent.stat().st_mode & 0o077 == 0
        with Redis(unix_socket_path=str(place)) as operator:
            assert operator.config_get("port") == {"port": "0"}
            assert operator.config_get("appendonly") == {"appendonly": "yes"}
            assert operator.config_get("appendfsync") == {"appendfsync": "always"}

    async def test_a_second_start_finds_it_running(
        self, process: StoreProcess, engine: ValkeyStore, tmp_path: Path
    ) -> None:
        await engine.seed_account("a", "EUR", 100, 1)
        successor = StoreProcess(tmp_path / "store")
        await successor.start()
        assert (successor.url, successor.pid) == (process.url, None)
        assert (await view(engine)).seq == 1
        await successor.stop()
        with pytest.raises(RemoteError):
            await engine.account("a")

    async def test_two_starts_at_once_are_one_server(self, tmp_path: Path) -> None:
        twins = [StoreProcess(tmp_path / "store") for _ in range(2)]
        await asyncio.gather(*(twin.start() for twin in twins))
        assert sorted(twin.pid is None for twin in twins) == [False, True]
        for twin in twins:
            await twin.stop()

    async def test_a_folder_with_a_long_path_gets_its_socket_elsewhere(
        self, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        elsewhere = tempfile.TemporaryDirectory()
        request.addfinalizer(elsewhere.cleanup)
        monkeypatch.setattr("tempfile.tempdir", elsewhere.name)
        folder = tmp_path / ("long" * 22)
        assert len(str(socket_of(folder))) <= SOCKET_PATH_BYTES_MOST
        process = StoreProcess(folder)
        await process.start()
        store = ValkeyStore(parse_address(process.url))
        assert await store.account("a") is None
        await store.close()
        await process.stop()

    async def test_a_server_that_cannot_start_says_why(self, tmp_path: Path) -> None:
        appended = tmp_path / "appendonlydir"
        appended.mkdir()
        (appended / "appendonly.aof.manifest").write_text("nonsense\n")
        with pytest.raises(RemoteError, match="manifest"):
            await StoreProcess(tmp_path).start()


@pytest.fixture
def cluster_address(tmp_path: Path) -> Iterator[StoreAddress]:
    """A cluster of one node, which refuses any script whose keys are not in one slot."""
    port, bus = free_port(), free_port()
    with plain_server(tmp_path, port, "cluster-enabled yes", f"cluster-port {bus}"):
        with Redis(port=port) as operator:
            operator.execute_command("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            until = time.monotonic() + WAIT_S
            while b"cluster_state:ok" not in operator.execute_command("CLUSTER", "INFO"):
                assert time.monotonic() < until
                time.sleep(0.02)
        yield parse_address(f"cluster://127.0.0.1:{port}")


class TestCluster:
    async def test_every_order_can_be_given_to_a_cluster(
        self, cluster_address: StoreAddress
    ) -> None:
        store = ValkeyStore(cluster_address)
        await store.watch("a")
        async with Listener(store) as listener:
            assert len(await use_all(store)) == 1
            await listener.until(lambda news: news.view.seq == 2)
        await store.close()

    async def test_all_keys_of_each_script_are_in_one_slot(
        self, process: StoreProcess, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        used: dict[str, set[tuple[str, ...]]] = {}
        store = ValkeyStore(parse_address(process.url))
        carry_out = store._orders.script

        async def noting(name: str, keys: tuple[str, ...], *words: str | bytes | int) -> Any:
            used.setdefault(name, set()).add(keys)
            return await carry_out(name, keys, *words)

        monkeypatch.setattr(store._orders, "script", noting)
        await use_all(store)
        await store.close()
        assert used.keys() == SCRIPTS.keys()
        for name, calls in used.items():
            for keys in calls:
                assert len({key_slot(key.encode()) for key in keys}) == 1, name

    async def test_a_script_uses_no_key_but_those_it_is_given(self) -> None:
        for name, source in SCRIPTS.items():
            assert "redis.call('" in source
            for call in source.split("redis.call(")[1:]:
                words = [word.strip() for word in call.split(")")[0].split(",")]
                named = words[1] if len(words) > 1 else "nothing"
                assert named in {"nothing", "KEYS[1]", "KEYS[2]", "KEYS[n]", "key", "ended_key"}, (
                    name
                )


class TestSentinel:
    async def test_the_master_is_found_by_its_name(self, tmp_path: Path) -> None:
        master, sentinel = free_port(), free_port()
        watching = f"sentinel monitor main 127.0.0.1 {master} 1"
        with plain_server(tmp_path, master), plain_server(tmp_path, sentinel, watching):
            store = ValkeyStore(parse_address(f"sentinel://127.0.0.1:{sentinel}/main"))
            assert len(await use_all(store)) == 1
            await store.close()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            if is_so():
                return
            await asyncio.sleep(0.01)


async def until_it_answers(store: Store) -> None:
    async with asyncio.timeout(WAIT_S):
        while True:
            try:
                await store.account("a")
            except RemoteError:
                await asyncio.sleep(0.02)
            else:
                return
