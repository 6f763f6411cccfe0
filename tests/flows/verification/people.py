"""A house with a merchant, and the people whose numbers are verified."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from engine.core.inventory import Merchant
from engine.core.verification import Mode, Verification
from engine.flows.verification.verifier import Created, Wish
from engine.ports.metrics import UNMEASURED, Metrics
from engine.verification.rules import Rejected
from tests.fakes.telephony import FakeLeg, Manner
from tests.flows.world import World, inventory, trunk, world
from tests.verification.cases import MERCHANT, MOBILE, OWN


class Shop:
    """A merchant's side of a house, and what he sees."""

    def __init__(self, house: World) -> None:
        self.house = house

    def wish(self, **changes: Any) -> Wish:
        plain = Wish(
            organisation="acme",
            merchant="shop",
            to="0152 28817386",
            mode=Mode.SPEAK,
            lang="de",
            reference="order 7",
        )
        return replace(plain, **changes)

    async def asks(self, engine: str = "e1", **changes: Any) -> Created | Rejected:
        return await self.house.verifiers[engine].create(self.wish(**changes))

    async def begins(self, engine: str = "e1", **changes: Any) -> Verification:
        created = await self.asks(engine, **changes)
        assert isinstance(created, Created)
        return created.verification

    def person(self, number: str = MOBILE, **manner: Any) -> None:
        """How whoever has a number treats a call from now on."""
        self.house.switch.manners[f"carrier/{number}"] = Manner(**manner)

    async def leg(self, number: str = MOBILE, call_n: int = 1) -> FakeLeg:
        """The leg of the number's `call_n`-th call, once it is dialled."""
        await self.house.until(lambda: len(self._legs(number)) >= call_n)
        return self._legs(number)[call_n - 1]

    def _legs(self, number: str) -> list[FakeLeg]:
        return [
            leg
            for leg in self.house.switch.legs.values()
            if leg.dialled is not None and leg.dialled.endpoint == f"carrier/{number}"
        ]

    @property
    def dialled(self) -> int:
        return sum(leg.dialled is not None for leg in self.house.switch.legs.values())

    async def now(self, verification: Verification) -> Verification:
        found = await self.house.verifications.verification(verification.verification_id)
        assert found is not None
        return found

    async def ended(self, verification: Verification) -> Verification:
        """The verification when it is final and nothing is left of its calls."""
        async for seen in self.house.verifiers["e1"].watch(verification.verification_id):
            last = seen
        await self.house.until(lambda: self.house.live() == 0 and not self.house.data.calls)
        assert [e.calls.counts.unexpected for e in self.house.engines.values()] == [0] * len(
            self.house.engines
        )
        return last

    def told(self) -> list[dict[str, Any]]:
        return [dict(event.data) for event in self.house.verifications.told]


def spoken_to(leg: FakeLeg) -> str:
    """The code a leg has heard, which was spoken twice alike."""
    names = [name.rpartition("/")[2] for _, name in leg.heard]
    digits = "".join(name[-1] for name in names if name.startswith("code_digit"))
    half = len(digits) // 2
    assert digits[:half] == digits[half:]
    return digits[:half]


@asynccontextmanager
async def shop(merchant: Merchant = MERCHANT, metrics: Metrics = UNMEASURED) -> AsyncIterator[Shop]:
    """A house with one engine and one merchant."""
    stock = replace(inventory(carrier=trunk(caller_id=OWN)), merchants=(merchant,))
    async with world(stock, metrics) as house:
        yield Shop(house)
