"""Verification calls in a house of their own: our Asterisk, an engine, and people with phones.

Every scene has a number and a person of its own, and all are played at the same time.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from engine.app import Plan, Running, WebPlan, running
from engine.core.inventory import CallLimits, Inventory, Organisation, Trunk
from engine.core.number import NumberFormat
from engine.core.verification import Mode, Verification
from engine.flows.verification.verifier import Created, Verifier, Wish
from engine.ledger.verifications.sql import SqlVerifications
from tests.rig.ear import Ear
from tests.rig.house import SOUNDS, VAR, WEB_SECRET, RealHouse
from tests.rig.outside import OutsideWorld
from tests.rig.sip.agents import Agent
from tests.rig.sip.legs import Leg
from tests.system.stage.listening import prompt_file
from tests.verification.cases import OWN, merchant

ENDED_WITHIN_S = 60
NUMBERS = "+4930231250{:02}"


def stock(sites: tuple[str, ...], world: OutsideWorld, ring_timeout_s: int = 5) -> Inventory:
    """A merchant's inventory."""
    trunk = Trunk(
        name="carrier",
        host="127.0.0.1",
        port=world.network_port,
        number_format=NumberFormat.E164_PLUS,
        caller_id=OWN,
    )
    shop = merchant(
        calls=2,
        retry_after_s=2,
        ring_timeout_s=ring_timeout_s,
        limits=CallLimits(per_prefix=1_000),
        sites=sites,
    )
    return Inventory(
        version=1,
        organisations=(Organisation(name="acme", title="Acme"),),
        trunks=(trunk,),
        merchants=(shop,),
    )


@dataclass
class Person:
    """Someone whose number is verified, and the shop's side of it."""

    number: str
    phone: Agent
    verifier: Verifier
    begun: Created | None = None
    asked_at_ms: float = 0

    async def is_verified(self, mode: Mode, lang: str = "de") -> Verification:
        """Ask for the verification."""
        self.asked_at_ms = time.time() * 1000
        wish = Wish(organisation="acme", merchant="shop", to=self.number, mode=mode, lang=lang)
        created = await self.verifier.create(wish)
        assert isinstance(created, Created)
        self.begun = created
        return created.verification

    async def ended(self) -> Verification:
        """The verification when it is over."""
        assert self.begun is not None
        async with asyncio.timeout(ENDED_WITHIN_S):
            async for seen in self.verifier.watch(self.begun.verification.verification_id):
                last = seen
        return last


def heard(leg: Leg, lang: str = "de") -> list[str]:
    """What of a verification call's prompts is in a leg's recording, in order."""
    keys = [
        *("verify_press", "verify_confirm", "code_is", "code_again", "enter_code", "code_wrong"),
        *("number_verified", "verify_goodbye", "verify_greeting"),
        *(f"code_digit-n{digit}" for digit in range(10)),
    ]
    found = Ear(leg.recording).hits({key: prompt_file(key, lang) for key in keys})
    return [key for key, _ in found]


def code_in(prompts: list[str]) -> str:
    """The code as it was heard before and after it was announced again, both times alike.

    A loaded machine may stall within a digit and let it be missed; none is ever heard that was not
    spoken, so what was heard of one reading lies within the other.
    """
    after = prompts[prompts.index("code_is") :]
    again = after.index("code_again")
    readings = [digits_in(after[:again]), digits_in(after[again:])]
    shorter, longer = sorted(readings, key=len)
    assert is_part(shorter, longer), readings
    return longer


def is_part(some: str, code: str) -> bool:
    """Whether these are digits of the code, in its order."""
    rest = iter(code)
    return all(digit in rest for digit in some)


def digits_in(prompts: list[str]) -> str:
    """The digits that were heard."""
    return "".join(key[-1] for key in prompts if key.startswith("code_digit"))


class Scenes:
    """All scenes, played at once; each test waits for its own."""

    def __init__(self, house: RealHouse, run: Running, plan: Plan) -> None:
        self.house, self.run, self.plan = house, run, plan
        self.verifications = SqlVerifications(house.ledger)
        self._made = 0

    def person(self, run: Running | None = None) -> Person:
        """Someone with a number of his own, verified by this engine or by the first."""
        self._made += 1
        number = NUMBERS.format(self._made)
        verifier = (run or self.run).verifier
        assert verifier is not None
        return Person(number, self.house.world.agent(number), verifier)

    @asynccontextmanager
    async def other_engine(self) -> AsyncIterator[Running]:
        """A second engine, gone at the end of the block with its calls left as they are."""
        folder = self.plan.folder.with_name("e2")
        async with running(replace(self.plan, engine="e2", folder=folder)) as run:
            yield run

    async def charged(self, verification: Verification) -> int:
        """What the books say the verification cost."""
        wanted = await self.verifications.verification(verification.verification_id)
        assert wanted is not None
        assert await self.house.ledger.verify() == []
        return wanted.charge_micros


Play = Callable[[Scenes], Awaitable[None]]


@asynccontextmanager
async def shop(
    folder: Path, web: WebPlan | None = None, sites: tuple[str, ...] = ()
) -> AsyncIterator[Scenes]:
    """The house, and an engine in it; pages of `sites` may show the widget."""
    async with RealHouse(folder, (), organise=partial(stock, sites)) as house:
        plan = Plan(
            engine="e1",
            folder=folder / "e1",
            inventory=house.inventory,
            sounds=SOUNDS,
            rendered=folder / "sounds",
            program=VAR / "asterisk.json",
            access=house.asterisk.access,
            store_url=house.store_process.url,
            database_url=house.database_url,
            web=web or WebPlan(secret=WEB_SECRET, secrets=folder / "secrets"),
        )
        async with running(plan) as run:
            yield Scenes(house, run, plan)
