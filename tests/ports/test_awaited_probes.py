"""Awaited probes on both stores."""

from tests.ports.stores import Bench

NUMBER, OTHER = "+493023125100", "+493023125101"


async def test_a_probe_is_known_by_all_engines_and_its_first_arrival_counts(bench: Bench) -> None:
    one, two = bench.engine(), bench.engine()
    assert not await one.note_arrival(NUMBER, 5)
    await one.expect_probe(NUMBER, 60_000)
    assert await one.arrival(NUMBER) is None
    assert not await two.note_arrival(OTHER, 6)
    assert await two.note_arrival(NUMBER, 1_795_300_000_007)
    assert await two.note_arrival(NUMBER, 1_795_300_000_008)
    assert await one.arrival(NUMBER) == 1_795_300_000_007
    await one.expect_probe(NUMBER, 60_000)
    assert await one.arrival(NUMBER) is None


async def test_after_its_time_it_is_awaited_no_more(bench: Bench) -> None:
    store = bench.engine()
    await store.expect_probe(NUMBER, 50)
    assert await store.note_arrival(NUMBER, 1)
    await bench.pass_ms(60)
    assert await store.arrival(NUMBER) is None
    assert not await store.note_arrival(NUMBER, 2)
