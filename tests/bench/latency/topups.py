"""How long money takes from the callback's last byte to the deadlines of the running call.

Some calls talk on little money; each is topped up again and again by a signed callback over HTTP,
as a provider sends it. Measured is the time from its last byte to Asterisk's acknowledgement of
both moved deadlines, with SQLite at `synchronous=FULL`. The floor, in the same run: one commit to
the same disk, and one order to the same Asterisk with its answer, one after the other.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp

from engine.asterisk.ami import Ami
from engine.core.inventory import (
    BillingProfile,
    ProviderTerms,
    Service,
    TopUpAmount,
)
from engine.core.payment import PaymentOrder
from engine.ledger.payments.sql import SqlOrders
from tests.bench.latency.latencies import Latencies, Progress
from tests.fakes.payments.stripe import StripeFake
from tests.rig.house import ORGANISATION, PROFILE, RealHouse
from tests.system.stage.lines import line

CENT = 10_000
PRICE_MICROS = 600_000
FIRST_S = 40
EVERY_S = 4
DID = "+4930231250{:02}"
CALLER = "+4930231350{:02}"
ACKNOWLEDGED_WITHIN_S = 10.0
FLOORS = 50


async def measure(folder: Path, count: int, calls: int, progress: Progress) -> Latencies:
    """Top `calls` calls up, one after the other, `count` times in all."""
    async with StripeFake() as stripe:
        profile = BillingProfile(
            name=PROFILE,
            organisation=ORGANISATION,
            currency="EUR",
            amounts=(TopUpAmount(pay_micros=EVERY_S * CENT),),
            providers=(ProviderTerms(provider="stripe", options=tuple(stripe.options().items())),),
        )
        house = RealHouse(
            folder,
            [_service(n) for n in range(calls)],
            agents=[f"a{n}" for n in range(calls)],
            profile=profile,
            engine_module="tests.bench.timed_engine",
        )
        async with house:
            return await _Run(house, stripe, calls).run(count, progress)


def _service(number: int) -> Service:
    return replace(
        line(PRICE_MICROS), name=f"line{number}", dids=(DID.format(number),), group="advisers"
    )


class _Run:
    def __init__(self, house: RealHouse, stripe: StripeFake, calls: int) -> None:
        self._house = house
        self._stripe = stripe
        self._calls = calls
        self._orders = SqlOrders(house.ledger)
        self._url = ""
        self._seen = 0

    async def run(self, count: int, progress: Progress) -> Latencies:
        engine = await self._house.start_engine()
        self._url = f"http://127.0.0.1:{engine.web_port}/hooks/{PROFILE}/stripe"
        talking = await self._talk()
        taken: list[float | None] = []
        async with aiohttp.ClientSession() as session:
            for n in range(count):
                due_s = time.monotonic() + EVERY_S / self._calls
                caller, call_id = talking[n % self._calls]
                taken.append(await self._top_up(session, caller, call_id))
                progress(1)
                await asyncio.sleep(max(0.0, due_s - time.monotonic()))
        floors = await self._floors()
        known = sorted(ms for ms in taken if ms is not None)
        return Latencies(
            "top_ups",
            "From a callback's last byte to both deadlines",
            known,
            sorted(floors),
            lost=len(taken) - len(known),
            differences=await self._differences(),
        )

    async def _talk(self) -> list[tuple[str, str]]:
        """Calls that talk on little money: each caller's number and the call's id."""
        callers = [CALLER.format(n) for n in range(self._calls)]
        calls = []
        for n, caller in enumerate(callers):
            self._house.world.agent(f"a{n}")
            await self._house.book(caller, FIRST_S * CENT)
            did = DID.format(n)
            calls.append(await self._house.world.call(did, pai=caller, from_user=caller))
        await asyncio.gather(*(call.answered() for call in calls))
        accounts = {(await self._house.account(caller)).account_id: caller for caller in callers}
        live = await self._house.store.live_calls()
        return [(accounts[one.account_id], one.call_id) for one in live if one.account_id]

    async def _top_up(
        self, session: aiohttp.ClientSession, caller: str, call_id: str
    ) -> float | None:
        """Milliseconds from the callback's last byte to both deadlines; None if they never came."""
        order = await self._order(caller)
        paid = {
            "id": order.provider_ref,
            "created": int(time.time()),
            "status": "complete",
            "payment_status": "paid",
            "amount_total": EVERY_S,
            "currency": "eur",
            "client_reference_id": order.order_id,
            "payment_intent": f"pi_{order.order_id}",
        }
        callback = self._stripe.callback("checkout.session.completed", paid)
        sent: list[int] = []

        async def body() -> Any:
            yield callback.raw
            sent.append(time.monotonic_ns())

        headers = {**callback.headers, "content-length": str(len(callback.raw))}
        async with session.post(self._url, data=body(), headers=headers) as answer:
            if answer.status != 200:
                raise RuntimeError(f"the callback was answered {answer.status}")
        at_ns = await self._moved(call_id, sent[0])
        return None if at_ns is None else (at_ns - sent[0]) / 1e6

    async def _order(self, e164: str) -> PaymentOrder:
        """An order that its provider knows, waiting to be paid."""
        account = await self._house.account(e164)
        order_id = uuid4().hex
        order = PaymentOrder(
            order_id=order_id,
            organisation=ORGANISATION,
            profile=PROFILE,
            provider="stripe",
            account_id=account.account_id,
            currency="EUR",
            amount_micros=EVERY_S * CENT,
            bonus_micros=0,
            lang="de",
            created_ms=time.time_ns() // 1_000_000,
        )
        await self._orders.place(order)
        return await self._orders.started(order_id, f"cs_{order_id}", None)

    async def _moved(self, call_id: str, since_ns: int) -> int | None:
        """When the second of a call's two legs had its deadline moved after an instant."""
        until_s = time.monotonic() + ACKNOWLEDGED_WITHIN_S
        while time.monotonic() < until_s:
            moved: dict[str, int] = {}
            for leg, at_ns in self._lines():
                if at_ns >= since_ns and leg.startswith(call_id):
                    moved.setdefault(leg, at_ns)
            if len(moved) == 2:
                return max(moved.values())
            await asyncio.sleep(0.005)
        return None

    def _lines(self) -> list[tuple[str, int]]:
        file = self._house.folder / "deadlines"
        words = (line.split() for line in file.read_text().splitlines())
        return [(word[0], int(word[1])) for word in words if len(word) == 2]

    async def _floors(self) -> list[float]:
        """One commit to this disk, then one order to this Asterisk and its answer: so often."""
        access, floors = self._house.asterisk.access, list[float]()
        order = await self._order(CALLER.format(0))
        async with Ami(access.ami_host, access.ami_port, access.ami_user, access.ami_secret) as ami:
            for _ in range(FLOORS):
                another = replace(order, order_id=uuid4().hex, provider_ref="")
                began_ns = time.monotonic_ns()
                await self._orders.place(another)
                await ami.ping()
                floors.append((time.monotonic_ns() - began_ns) / 1e6)
        return floors

    async def _differences(self) -> Sequence[str]:
        return await self._house.ledger.verify()
