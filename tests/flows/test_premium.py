"""Whole calls through the real flows on fakes, in virtual time."""

from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, world


def test_a_call_ends_when_its_money_ends() -> None:
    async def main() -> None:
        async with world() as house:
            await house.credit(LANDLINE, 500_000)
            call = house.call()
            await house.until(lambda: not call.alive)
            record = (await house.ledger.calls(None, 0, 2**53))[0]
            talk = house.switch.talk[call.leg]
            assert 50_000 <= sum(end - start for start, end in talk) <= 50_100
            assert record.charge_micros == 500_000
            assert record.charged_s == 50
            assert await house.balance(LANDLINE) == 0
            assert house.engines["e1"].calls.counts.unexpected == 0

    run_virtually(main())
