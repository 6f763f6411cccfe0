"""Limits against toll fraud hold exactly, however many ask at once."""

import asyncio
from dataclasses import replace

import pytest

from engine.core.events import LegFailure
from engine.core.inventory import CallLimits
from engine.core.verification import Mode, Status
from tests.fakes.clock import virtually
from tests.flows.verification.people import Shop, shop
from tests.verification.cases import MERCHANT, merchant

ROOMY = CallLimits(
    per_number=10**6,
    per_address=10**6,
    per_prefix=10**6,
    per_merchant=10**6,
    in_all=10**6,
    share_percent=0,
)


async def asked(s: Shop, times: int, **changes: str) -> list[Status]:
    """So many wishes at once, for a number each of a prefix each, unless changed."""
    numbers = (f"0152 {2_881_0000 + 10_000 * n}"[:13] for n in range(times))
    wishes = [{"to": number, **changes} for number in numbers]
    begun = await asyncio.gather(*(s.begins(**wish) for wish in wishes))
    return [verification.status for verification in begun]


@pytest.mark.parametrize(
    ("limit", "same"),
    [
        ("per_number", {"to": "0152 28817386"}),
        ("per_address", {"address": "192.0.2.7"}),
        ("per_merchant", {}),
        ("in_all", {}),
    ],
)
def test_of_many_at_once_no_more_are_called(limit: str, same: dict[str, str]) -> None:
    @virtually
    async def main() -> None:
        terms = merchant(limits=replace(ROOMY, **{limit: 7}))
        async with shop(terms) as s:
            states = await asked(s, 200, **same)
            assert states.count(Status.CALLING) == 7
            assert states.count(Status.BLOCKED) == 193
            await asyncio.sleep(1)
            assert s.dialled == 7
            blocked = [told for told in s.told() if told["reason"] == limit]
            assert len(blocked) == 193

    main()


@virtually
async def test_numbers_side_by_side_count_together() -> None:
    async with shop(merchant(limits=replace(ROOMY, per_prefix=3))) as s:
        begun = [await s.begins(to=f"0152 2881{n:04}") for n in range(7000, 7005)]
        states = [verification.status for verification in begun]
        assert states == [Status.CALLING] * 3 + [Status.BLOCKED] * 2
        assert (await s.begins(to="0152 28827000")).status is Status.CALLING


@virtually
async def test_an_hour_later_there_is_room_again() -> None:
    async with shop(merchant(limits=replace(ROOMY, per_number=1), calls=1)) as s:
        assert (await s.begins()).status is Status.CALLING
        assert (await s.begins()).status is Status.BLOCKED
        await asyncio.sleep(3_601)
        assert (await s.begins()).status is Status.CALLING


@virtually
async def test_too_few_proved_numbers_break_the_chain_until_they_are_old() -> None:
    terms = replace(MERCHANT, calls=1, limits=replace(ROOMY, share_percent=50, window=4))
    async with shop(terms) as s:
        s.person(fails_with=LegFailure.REJECTED)
        for _ in range(4):
            assert (await s.ended(await s.begins(mode=Mode.PRESS))).reason == "rejected"
        blocked = await s.begins()
        assert (blocked.status, blocked.reason) == (Status.BLOCKED, "prefix_unproved")
        elsewhere = await s.begins(to="030 23125 100")
        assert (elsewhere.status, elsewhere.reason) == (Status.BLOCKED, "merchant_unproved")
        await asyncio.sleep(3_600)
        s.person(presses="1")
        assert (await s.ended(await s.begins(mode=Mode.PRESS))).status is Status.VERIFIED


@virtually
async def test_another_try_is_counted_too() -> None:
    async with shop(merchant(limits=replace(ROOMY, per_number=1))) as s:
        s.person(fails_with=LegFailure.BUSY)
        ended = await s.ended(await s.begins())
        assert (ended.status, ended.reason, s.dialled) == (Status.BLOCKED, "per_number", 1)
