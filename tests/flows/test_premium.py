"""Whole calls through the real flows on fakes, in virtual time."""

from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, world


def test_a_call_ends_when_its_money_ends() -> None:
    async def main() -> None:
        async with world() as house:
            await house.book(LANDLINE, 500_000)
            call = house.call()
            record = await house.record(call)
            assert 50_000 <= house.talked_ms(call) <= 50_100
            assert record.charge_micros == 500_000
            assert record.charged_s == 50
            assert await house.balance(LANDLINE) == 0

    run_virtually(main())
