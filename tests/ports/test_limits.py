"""Limits on both stores: exact however many ask at once, and alike in Lua and in Python."""

import asyncio
import itertools
import uuid

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.ports.limits import Breaker, Limit
from engine.store.address import StoreAddress
from engine.store.valkey import ValkeyStore
from tests.fakes.store import MemoryStore
from tests.ports.stores import Bench

HOUR_MS = 3_600_000
EASY = Breaker("share", "ended", 4, 50, HOUR_MS)


def limit(name: str, most: int, window_ms: int = HOUR_MS) -> Limit:
    return Limit(name, name, most, window_ms)


async def test_of_a_thousand_at_once_exactly_so_many_pass(bench: Bench) -> None:
    engines = [bench.engine() for _ in range(4)]
    wanted = (limit("address", 40), limit("merchant", 900), limit("in_all", 1_000))
    # So many are on their way to the store together; more would wait longer than an order may.
    gate = asyncio.Semaphore(100)

    async def admitted(n: int) -> str | None:
        async with gate:
            return await engines[n % 4].admit(f"call{n}", wanted, ())

    answers = await asyncio.gather(*(admitted(n) for n in range(1_000)))
    assert answers.count(None) == 40
    assert answers.count("address") == 960


async def test_a_call_refused_by_one_limit_is_counted_under_none(bench: Bench) -> None:
    store = bench.engine()
    narrow, wide = limit("narrow", 1), limit("wide", 2)
    assert await store.admit("c1", (narrow, wide), ()) is None
    assert await store.admit("c2", (narrow, wide), ()) == "narrow"
    assert await store.admit("c3", (wide,), ()) is None
    assert await store.admit("c4", (wide,), ()) == "wide"


async def test_the_same_call_is_counted_once(bench: Bench) -> None:
    store = bench.engine()
    for _ in range(3):
        assert await store.admit("c1", (limit("l", 2),), ()) is None
    assert await store.admit("c2", (limit("l", 2),), ()) is None
    assert await store.admit("c1", (limit("l", 2),), ()) is None
    assert await store.admit("c3", (limit("l", 2),), ()) == "l"


async def test_what_is_old_counts_no_more(bench: Bench) -> None:
    store = bench.engine()
    short = limit("short", 1, window_ms=50)
    assert await store.admit("c1", (short,), ()) is None
    assert await store.admit("c2", (short,), ()) == "short"
    await bench.pass_ms(60)
    assert await store.admit("c2", (short,), ()) is None


async def test_a_breaker_looks_at_the_last_outcomes(bench: Bench) -> None:
    store = bench.engine()
    for n, good in enumerate((True, True, False, False)):
        assert await store.admit(f"c{n}", (), (EASY,)) is None
        await store.note_outcome(f"s{n}", good, (EASY,))
        await bench.pass_ms(2)
    assert await store.admit("c9", (limit("l", 9),), (EASY,)) is None
    await store.note_outcome("s4", False, (EASY,))
    assert await store.admit("c10", (limit("l", 9),), (EASY,)) == "share"
    await bench.pass_ms(2)
    await store.note_outcome("s5", True, (EASY,))
    await bench.pass_ms(2)
    await store.note_outcome("s6", True, (EASY,))
    assert await store.admit("c10", (limit("l", 9),), (EASY,)) is None


async def test_how_limits_stand_is_told_and_nothing_counted(bench: Bench) -> None:
    store = bench.engine()
    wide, none = limit("wide", 2), limit("none", 2)
    for n, good in enumerate((True, False, False, False, False)):
        await store.admit(f"c{n}", (wide,), ())
        await store.note_outcome(f"s{n}", good, (Breaker("share", "ended", 9, 50, HOUR_MS),))
        await bench.pass_ms(2)
    for _ in range(2):
        use = await store.use((wide, none), (EASY,))
        assert [one.counted for one in use.limits] == [2, 0]
        (share,) = use.breakers
        assert (share.outcomes, share.good, share.forbids) == (4, 0, True)
    assert await store.admit("c9", (none,), (EASY,)) == "share"
    short = limit("wide", 2, window_ms=1)
    assert (await store.use((short,), ())).limits[0].counted == 0


ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["admit", "admit", "note"]),
        st.integers(0, 12),
        st.integers(0, 3),
        st.booleans(),
    ),
    max_size=40,
)


@settings(max_examples=25, deadline=None)
@given(orders=ORDERS)
def test_lua_and_python_answer_alike(
    valkey_address: StoreAddress, orders: list[tuple[str, int, int, bool]]
) -> None:
    run = uuid.uuid4().hex
    breaker = Breaker("share", f"{run}:ended", 3, 50, HOUR_MS)

    async def answers_of(store: ValkeyStore | MemoryStore) -> list[str | None]:
        answers = []
        for word, call_n, most, good in orders:
            limits = (Limit("a", f"{run}:a", most + 1, HOUR_MS), Limit("b", f"{run}:b", 5, HOUR_MS))
            if word == "admit":
                answers.append(await store.admit(f"c{call_n}", limits, (breaker,)))
            else:
                await store.note_outcome(f"s{call_n}", good, (breaker,))
                await asyncio.sleep(0.002)
        return answers

    async def main() -> None:
        real, twin = ValkeyStore(valkey_address), MemoryStore()
        clock_ms = itertools.count()
        twin.data.now_ms = lambda: next(clock_ms)
        try:
            assert await answers_of(real) == await answers_of(twin)
        finally:
            await real.close()

    asyncio.run(main())
