"""Thousands of calls with faults at random, each neighbourhood a test; more by scripts/simulate."""

import pytest

from tests.fakes.valkey import HeldSum
from tests.simulation.run import CALLS_PER_TOWN, run_town, simulate, towns_of
from tests.simulation.town import Town

SEED = 1
CALLS = 2_000


@pytest.mark.parametrize("number", range(len(towns_of(CALLS))))
def test_a_town_full_of_faults_ends_with_every_invariant_whole(number: int) -> None:
    verdict = run_town(SEED, CALLS_PER_TOWN, number)
    assert verdict.faults == ()
    assert verdict.records > CALLS_PER_TOWN // 2
    assert verdict.charged_micros > 0


def test_a_town_without_faults_is_billed_to_the_tenth_of_a_second() -> None:
    verdict = run_town(SEED, CALLS_PER_TOWN, 0, faulty=False)
    assert verdict.faults == ()
    assert verdict.records == verdict.calls


def test_the_same_seed_is_the_same_hour() -> None:
    first, second = (simulate(40, 7, jobs=1) for _ in range(2))
    assert first.digest == second.digest
    assert first == second
    assert simulate(40, 8, jobs=1).digest != first.digest


def test_what_is_wrong_is_noticed() -> None:
    """A verdict that could not fail would prove nothing."""

    def tamper(town: Town) -> None:
        data, switch = town.house.data, town.house.switch
        account = next(a for a in data.accounts.values() if a.balance_micros > 0)
        account.balance_micros += 1
        account.holds["nobody"] = HeldSum(1)
        data.claim_agents("nobody", ("a1",), 1)
        call_id, stretches = next(iter(switch.talk.items()))
        start, end = stretches[-1]
        switch.talk[call_id] = [*stretches[:-1], (start, end + 8_000)]

    faults = "\n".join(run_town(SEED, 40, 0, tamper=tamper).faults)
    for sign in ("in the journal", "still held", "still claimed", "its record says"):
        assert sign in faults, faults
