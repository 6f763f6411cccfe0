"""Two thousand calls and everything that can befall them, from fixed seeds; more by
`scripts/simulate --calls 100000`."""

import pytest

from tests.fakes.clock import run_virtually
from tests.simulation.invariants import Outcome, assert_whole
from tests.simulation.town import Town

CALLS = 500


def lived(calls: int, seed: int) -> Outcome:
    async def life() -> Outcome:
        town = Town(calls, seed)
        try:
            await town.live()
            return await assert_whole(town)
        finally:
            await town.house.stop()

    return run_virtually(life())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_money_of_a_town_adds_up(seed: int) -> None:
    outcome = lived(CALLS, seed)
    assert outcome.charged_micros > 0
    assert outcome.happened["engine_dies"] > 0
    assert outcome.happened["store_is_emptied"] > 0


def test_equal_seeds_give_equal_towns() -> None:
    assert lived(40, 11) == lived(40, 11)
