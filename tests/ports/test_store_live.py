"""What every store tells of live calls as they change, and how it carries commands to engines."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from engine.errors import ConflictError
from engine.ports.people.commands import COMMAND_TTL_MS, CallOrder, Command, Outcome
from engine.ports.store import Store
from engine.store.limits import COMMANDS_MOST
from tests.ports.stores import Bench, snapshot

WAIT_S = 10


def command(command_id: str = "k1", call_id: str = "c") -> Command:
    return Command(
        command_id=command_id, call_id=call_id, organisation="acme", order=CallOrder.WARN, by="anna"
    )


async def soon(coming: AsyncIterator[object]) -> object:
    """What comes next."""
    async with asyncio.timeout(WAIT_S):
        return await anext(coming)


class TestChanges:
    async def test_every_writing_by_any_engine_is_told(self, bench: Bench) -> None:
        watcher, one, two = bench.engine(), bench.engine(), bench.engine()
        async with aclosing(watcher.changes()) as told:
            assert await soon(told) is None
            await one.save(snapshot("c1"))
            assert await soon(told) == "c1"
            await two.save(snapshot("c2", engine="two"))
            assert await soon(told) == "c2"
            await two.adopt("c1", "a", "two", 1)
            assert await soon(told) == "c1"
            await two.forget("c2", 1)
            assert await soon(told) == "c2"

    async def test_what_is_refused_is_told_to_nobody(self, store: Store) -> None:
        await store.save(snapshot("c", epoch=2))
        async with aclosing(store.changes()) as told:
            assert await soon(told) is None
            with pytest.raises(ConflictError):
                await store.save(snapshot("c", epoch=1))
            assert await store.adopt("c", "a", "two", 1) is None
            await store.save(snapshot("d"))
            assert await soon(told) == "d"

    async def test_any_number_may_listen(self, bench: Bench) -> None:
        store = bench.engine()
        async with (
            aclosing(store.changes()) as one,
            aclosing(store.changes()) as other,
        ):
            assert (await soon(one), await soon(other)) == (None, None)
            await bench.engine().save(snapshot("c"))
            assert (await soon(one), await soon(other)) == ("c", "c")

    async def test_one_call_is_read_alone(self, store: Store) -> None:
        await store.save(snapshot("c"))
        assert await store.live_call("c") == snapshot("c")
        assert await store.live_call("d") is None


async def next_of(coming: AsyncIterator[tuple[Command, int]]) -> Command:
    """The command that comes next; there is time left for it."""
    async with asyncio.timeout(WAIT_S):
        came, left_ms = await anext(coming)
    assert 0 < left_ms <= COMMAND_TTL_MS
    return came


class TestCommands:
    async def test_a_command_reaches_its_engine_alone(self, bench: Bench) -> None:
        asker, one, two = bench.engine(), bench.engine(), bench.engine()
        await asker.send("one", command("k1"), COMMAND_TTL_MS)
        await asker.send("two", command("k2"), COMMAND_TTL_MS)
        async with (
            aclosing(one.received("one")) as first,
            aclosing(two.received("two")) as second,
        ):
            assert (await next_of(first), await next_of(second)) == (command("k1"), command("k2"))
            waiting = asyncio.ensure_future(next_of(first))
            await asyncio.sleep(0)
            await asker.send("one", command("k3"), COMMAND_TTL_MS)
            assert await waiting == command("k3")

    async def test_one_sent_twice_is_carried_out_once(self, bench: Bench) -> None:
        store = bench.engine()
        for name in ("k1", "k1", "k2"):
            await store.send("one", command(name), COMMAND_TTL_MS)
        async with aclosing(store.received("one")) as coming:
            assert [await next_of(coming), await next_of(coming)] == [command("k1"), command("k2")]
        await store.send("one", command("k1"), COMMAND_TTL_MS)
        await store.send("one", command("k3"), COMMAND_TTL_MS)
        async with aclosing(bench.engine().received("one")) as coming:
            assert await next_of(coming) == command("k3")

    async def test_what_has_expired_is_carried_out_by_nobody(self, bench: Bench) -> None:
        store = bench.engine()
        await store.send("one", command("old"), 30)
        await bench.pass_ms(40)
        await store.send("one", command("new"), COMMAND_TTL_MS)
        async with aclosing(store.received("one")) as coming:
            assert await next_of(coming) == command("new")

    async def test_an_engine_knows_how_long_it_may_still_begin(self, bench: Bench) -> None:
        store = bench.engine()
        await store.send("one", command(), COMMAND_TTL_MS)
        await bench.pass_ms(50)
        async with aclosing(store.received("one")) as coming:
            assert (await anext(coming))[1] <= COMMAND_TTL_MS - 50

    async def test_a_line_is_bounded(self, store: Store) -> None:
        for number in range(COMMANDS_MOST):
            await store.send("one", command(f"k{number}"), COMMAND_TTL_MS)
        with pytest.raises(ConflictError):
            await store.send("one", command("one too many"), COMMAND_TTL_MS)
        await store.send("two", command("k"), COMMAND_TTL_MS)

    async def test_the_first_answer_stands_and_can_be_had_again(self, bench: Bench) -> None:
        asker, engine = bench.engine(), bench.engine()
        assert await asker.outcome("k", 0) is None
        waiting = asyncio.ensure_future(asker.outcome("k", COMMAND_TTL_MS))
        await asyncio.sleep(0.01)
        await engine.answer("k", Outcome.DONE)
        await engine.answer("k", Outcome.TOO_SOON)
        assert await waiting is Outcome.DONE
        assert await asker.outcome("k", 0) is Outcome.DONE
