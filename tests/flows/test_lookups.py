"""What an operator's own dialplan is told."""

from typing import Any

import pytest

from engine.core.tariff import BillingStart, Increment, StartsFrom
from engine.errors import CallerError
from engine.flows.lookups import Dialplan
from tests.fakes.clock import run_virtually
from tests.flows.world import DID, LANDLINE, MOBILE, World, inventory, service, tariff, world

TERMS = tariff(increment=Increment(60, 60), billing_start=BillingStart(StartsFrom.CONVERSATION, 10))


def in_a_world(work: Any) -> None:
    async def main() -> None:
        async with world(inventory(service(tariff=TERMS))) as house:
            await work(house, Dialplan(house.ledger, house.store, lambda: house.inventory))

    run_virtually(main())


@pytest.mark.parametrize("did", [DID, "030 23125000", "03023125000", "004930 23125 000"])
def test_a_balance_is_told_with_what_calls_hold_of_it(did: str) -> None:
    async def work(house: World, dialplan: Dialplan) -> None:
        account_id = await house.book(LANDLINE, 3_000_000)
        await house.talks_for(house.call(), 5)
        held = await house.held(LANDLINE)
        assert held == 1_200_000
        assert await dialplan.balance(did, LANDLINE) == {
            "GROSCHEN_ACCOUNT": account_id,
            "GROSCHEN_BALANCE": "3.00",
            "GROSCHEN_AVAILABLE": "1.80",
            "GROSCHEN_CURRENCY": "EUR",
        }

    in_a_world(work)


@pytest.mark.parametrize("caller", [MOBILE, "", "anonymous", "0"])
def test_who_has_no_account_has_nothing_and_gets_none(caller: str) -> None:
    async def work(house: World, dialplan: Dialplan) -> None:
        answer = await dialplan.balance(DID, caller)
        assert (answer["GROSCHEN_ACCOUNT"], answer["GROSCHEN_BALANCE"]) == ("", "0.00")
        assert await house.ledger.find_account("acme-eur", MOBILE) is None

    in_a_world(work)


@pytest.mark.parametrize(
    ("caller", "seconds", "expected"),
    [
        (LANDLINE, 75, ("0.60", "1.20", "300")),
        (LANDLINE, 70, ("0.60", "0.60", "300")),
        (LANDLINE, 10, ("0.60", "0.00", "300")),
        ("030 23125100", 75, ("0.60", "1.20", "300")),
        (MOBILE, 75, ("1.20", "2.40", "0")),
        ("+43664123456", 75, ("1.20", "2.40", "0")),
    ],
)
def test_a_quote_is_what_the_call_would_cost(
    caller: str, seconds: int, expected: tuple[str, str, str]
) -> None:
    async def work(house: World, dialplan: Dialplan) -> None:
        await house.book(LANDLINE, 3_000_000)
        answer = await dialplan.quote(DID, caller, seconds)
        names = ("GROSCHEN_PRICE", "GROSCHEN_CHARGE", "GROSCHEN_SECONDS")
        assert tuple(answer[name] for name in names) == expected

    in_a_world(work)


def test_a_number_of_no_service_has_no_answer() -> None:
    async def work(_house: World, dialplan: Dialplan) -> None:
        for ask in (dialplan.balance("4711", LANDLINE), dialplan.quote("", LANDLINE, 60)):
            with pytest.raises(CallerError) as fault:
                await ask
            assert fault.value.field == "did"

    in_a_world(work)
