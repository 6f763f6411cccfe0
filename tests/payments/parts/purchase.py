"""An order as the till would place it, its way through the books, and an ear for callbacks."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from engine.core.payment import FactKind, Payee, PaymentFact, PaymentOrder, judge
from engine.ports.payments import Places, Provider

NOW_MS = 1_795_300_000_000
PLACES = Places(
    success="http://127.0.0.1:1/back?paid",
    failure="http://127.0.0.1:1/back",
    notify="http://127.0.0.1:1/hooks",
)


def an_order(provider: str, amount_micros: int = 20_000_000, **changes: object) -> PaymentOrder:
    """An open order over 20 EUR, with a bonus of 2 EUR."""
    order = PaymentOrder(
        order_id="5f0c1c2e9a8d4b7f8e6d5c4b3a291807",
        organisation="sunline",
        profile="tarot",
        provider=provider,
        account_id="a-1",
        currency="EUR",
        amount_micros=amount_micros,
        bonus_micros=2_000_000,
        lang="de",
        created_ms=NOW_MS,
    )
    return replace(order, **changes)  # type: ignore[arg-type]  # any field of the order


@dataclass
class Books:
    """One order, what its customer has of it, and how many entries made it so."""

    order: PaymentOrder
    balance_micros: int = 0
    booked: int = 0
    alarms: tuple[str, ...] = ()

    def note(self, facts: Iterable[PaymentFact]) -> PaymentOrder:
        """Judge facts one after the other, as the ledger does."""
        payee = Payee(organisation="sunline", profile="tarot", provider=self.order.provider)
        for fact in facts:
            judged = judge(self.order, fact, payee, NOW_MS)
            assert judged.order is not None
            self.order = judged.order
            self.alarms += (judged.alarm,) if judged.alarm else ()
            self.booked += len(judged.entries)
            self.balance_micros += sum(
                posting.micros
                for entry in judged.entries
                for posting in entry.postings
                if posting.account == "customer:a-1"
            )
        return self.order


async def begun(
    provider: Provider, places: Places = PLACES, **changes: object
) -> tuple[Books, str]:
    """An order that its provider knows, and where the payer goes on."""
    order = an_order(provider.name, **changes)  # type: ignore[arg-type]  # any field of the order
    redirect = await provider.create(order, places)
    return Books(replace(order, provider_ref=redirect.provider_ref)), redirect.url


def kinds(facts: Iterable[PaymentFact]) -> list[FactKind]:
    """Which facts they are, in their order."""
    return [fact.kind for fact in facts]


async def click(url: str, choice: str) -> str:
    """What a payer does on a provider's page: look at it, choose; the path he is sent on to."""
    async with aiohttp.ClientSession() as session:
        async with session.get(url, headers={"Accept-Language": "de-AT,en;q=0.5"}) as shown:
            assert shown.status == 200
            assert '<html lang="de">' in await shown.text()
        async with session.post(url, data={"choice": choice}, allow_redirects=False) as sent:
            assert sent.status == 303
            parts = urlsplit(sent.headers["Location"])
            return f"{parts.path}?{parts.query}" if parts.query else parts.path


class Ear:
    """Hears callbacks; `answers` are the statuses it gives, the last one for ever."""

    def __init__(self, *answers: int) -> None:
        self.heard: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self._answers = list(answers or (200,))
        app = web.Application()
        app.add_routes([web.post("/hooks", self._hear)])
        self._runner = web.AppRunner(app)
        self.places = PLACES

    @staticmethod
    def now_ms() -> int:
        """The time it is, for callbacks that are signed over it."""
        return time.time_ns() // 1_000_000

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        self.places = replace(PLACES, notify=f"http://{host}:{port}/hooks")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _hear(self, request: web.Request) -> web.Response:
        self.heard.append(await request.read())
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        status = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        return web.Response(status=status)
