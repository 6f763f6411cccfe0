"""From the books to receivers over HTTP: every event at least once, each try by one sender."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from standardwebhooks import Webhook

from engine.core.call import Now
from engine.core.payment import FactKind, Payee, PaymentFact, PaymentOrder
from engine.core.retention import Kind
from engine.core.webhook import WANTED
from engine.errors import ConflictError
from engine.flows.webhooks import Revealed, Sender, Signer, Webhooks
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.reading.sql import SqlKeeping
from engine.ledger.sql import SqlLedger
from engine.ledger.users.sql import SqlAudit
from engine.ledger.webhooks.sql import SqlDeliveries, SqlEndpoints
from engine.ports.audit import ActFilter, Detail
from engine.ports.orders import Letter
from engine.ports.webhooks.deliveries import Delivery, DeliveryFilter, DeliveryState, Tried
from engine.ports.webhooks.endpoints import EndpointState
from engine.post.http import HttpPost
from tests.fakes.clock import LoopClock
from tests.ports.ledger.books import SqlBooks, answered_call, opened

SIGNER = Signer(b"0123456789abcdef0123456789abcdef")
EURO = 1_000_000
WITHIN_S = 15


class WallClock(LoopClock):
    """The real time, moved by `skew_ms`."""

    def now(self) -> Now:
        return Now(time.time_ns() // 1_000_000 + self.skew_ms, super().now().mono_ms)


class WatchedDeliveries(SqlDeliveries):
    """Tells whenever what came of a try is noted."""

    def __init__(self, ledger: SqlLedger, noted: asyncio.Condition) -> None:
        super().__init__(ledger)
        self._noted = noted

    async def finish(self, tried: Tried) -> bool:
        counts = await super().finish(tried)
        async with self._noted:
            self._noted.notify_all()
        return counts


class WatchedAudit(SqlAudit):
    """Tells when an act has ended."""

    def __init__(self, ledger: SqlLedger) -> None:
        super().__init__(ledger)
        self.ended = asyncio.Event()

    async def end(self, act_id: str, outcome: str, detail: Detail) -> None:
        await super().end(act_id, outcome, detail)
        self.ended.set()


@dataclass
class Receiver:
    """A program that verifies what it is told, and answers as it is told to.

    `told` counts what it was sent, by event; `taken` has the body of what it took.
    """

    secret: str = ""
    status: int = 200
    held: asyncio.Event | None = None
    told: Counter[str] = field(default_factory=Counter)
    taken: dict[str, Any] = field(default_factory=dict)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def receive(self, request: web.Request) -> web.Response:
        body = await request.read()
        Webhook(self.secret).verify(body, dict(request.headers))
        event_id = request.headers["webhook-id"]
        self.told[event_id] += 1
        async with self.news:
            self.news.notify_all()
        if self.held is not None:
            await self.held.wait()
        if self.status == 200:
            self.taken[event_id] = json.loads(body)
            async with self.news:
                self.news.notify_all()
        return web.Response(status=self.status, text="said")

    async def until(self, told: int = 0, taken: int = 0) -> None:
        async with asyncio.timeout(WITHIN_S), self.news:
            await self.news.wait_for(lambda: self.told.total() >= told and len(self.taken) >= taken)


class Site:
    """Books, what is told of them, and senders."""

    def __init__(self, books: SqlBooks) -> None:
        self.books = books
        self.clock = WallClock()
        self.ledger = books.open()
        self.deliveries = SqlDeliveries(self.ledger)
        self.webhooks = Webhooks(
            SqlEndpoints(self.ledger), self.deliveries, SIGNER, self.clock, loopback=True
        )
        self.noted = asyncio.Condition()
        self.audit = WatchedAudit(self.ledger)
        self.running: list[asyncio.Task[None]] = []
        self.posts: list[HttpPost] = []
        self.servers: list[TestServer] = []

    async def receiver(self, concurrency: int = 4) -> tuple[Receiver, Revealed]:
        """A program that is told everything."""
        receiver = Receiver()
        app = web.Application()
        app.router.add_post("/hook", receiver.receive)
        server = TestServer(app)
        await server.start_server()
        self.servers.append(server)
        url = f"http://127.0.0.1:{server.port}/hook"
        revealed = await self.webhooks.add("acme", url, WANTED, concurrency, url)
        receiver.secret = revealed.secret
        return receiver, revealed

    def engine(self) -> "asyncio.Task[None]":
        """A sender at work, with connections of its own."""
        post = HttpPost(loopback=True)
        deliveries = WatchedDeliveries(self.books.open(), self.noted)
        sender = Sender(deliveries, post, SIGNER, self.audit, self.clock, look_every_ms=20)
        self.posts.append(post)
        self.running.append(asyncio.create_task(sender.run()))
        return self.running[-1]

    async def end_calls(self, many: int) -> None:
        """Calls that come to their end now."""
        account_id = (await opened(self.ledger)).account_id
        now_ms = self.clock.now().wall_ms
        for number in range(many):
            record = replace(answered_call(f"c{number}", account_id), ended_ms=now_ms)
            await self.ledger.settle(record)

    async def all(self) -> list[Delivery]:
        wanted = DeliveryFilter(organisation="acme", most=1_000)
        return list(await self.deliveries.deliveries(wanted))

    async def until(self, holds: Callable[[list[Delivery]], bool]) -> list[Delivery]:
        """The deliveries as soon as something holds of them."""
        async with asyncio.timeout(WITHIN_S), self.noted:
            while not holds(found := await self.all()):
                await self.noted.wait()
        return found

    async def until_none_waits(self) -> list[Delivery]:
        return await self.until(
            lambda found: all(one.state is not DeliveryState.PENDING for one in found)
        )

    async def close(self) -> None:
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)
        for post in self.posts:
            await post.close()
        for server in self.servers:
            await server.close()


@pytest.fixture
async def site(sql_books: SqlBooks) -> AsyncIterator[Site]:
    site = Site(sql_books)
    yield site
    await site.close()


async def test_two_senders_bring_everything_once(site: Site) -> None:
    first, _ = await site.receiver()
    second, _ = await site.receiver(concurrency=1)
    for _ in range(2):
        site.engine()
    await site.end_calls(20)
    await first.until(taken=20)
    await second.until(taken=20)
    told = await site.until_none_waits()
    assert {(one.state, one.tries, one.status) for one in told} == {
        (DeliveryState.DELIVERED, 1, 200)
    }
    assert set(first.told.values()) == set(second.told.values()) == {1}
    assert first.taken == second.taken
    ids = {body["data"]["call_id"] for body in first.taken.values()}
    assert ids == {f"c{number}" for number in range(20)}


async def test_a_call_is_told_once_however_often_it_is_settled(site: Site) -> None:
    receiver, _ = await site.receiver()
    account_id = (await opened(site.ledger)).account_id
    record = replace(answered_call("c1", account_id), ended_ms=site.clock.now().wall_ms)
    await asyncio.gather(*(site.ledger.settle(record) for _ in range(4)))
    with pytest.raises(ConflictError):
        await site.ledger.settle(replace(record, talk_ms=1))
    site.engine()
    await receiver.until(taken=1)
    assert len(await site.until_none_waits()) == 1


async def test_a_number_withheld_once_is_told_of_no_other_call(site: Site) -> None:
    receiver, _ = await site.receiver()
    account_id = (await opened(site.ledger)).account_id
    now_ms = site.clock.now().wall_ms
    for name, e164, withheld in (
        ("shown", "+493012345678", False),
        ("hidden", "+491701234567", True),
        ("later", "+491701234567", False),
    ):
        record = replace(answered_call(name, account_id), e164=e164, withheld=withheld)
        await site.ledger.settle(replace(record, ended_ms=now_ms))
    site.engine()
    await receiver.until(taken=3)
    told = [body["data"] for body in receiver.taken.values()]
    assert {one["call_id"]: (one["caller"], one["withheld"]) for one in told} == {
        "shown": ("+493012345xxx", False),
        "hidden": (None, True),
        "later": (None, False),
    }


async def test_a_payment_is_told_when_it_counts(site: Site) -> None:
    receiver, _ = await site.receiver()
    account = await site.ledger.open_account("acme", "acme-eur", "+493023125010", "EUR")
    now_ms = site.clock.now().wall_ms
    orders = SqlOrders(site.ledger)
    await orders.place(
        PaymentOrder(
            order_id="o1",
            organisation="acme",
            profile="acme-eur",
            provider="paypal",
            account_id=account.account_id,
            currency="EUR",
            amount_micros=10 * EURO,
            bonus_micros=EURO,
            lang="de",
            created_ms=now_ms,
        )
    )
    payee = Payee(organisation="acme", profile="acme-eur", provider="paypal")
    kinds = (FactKind.PENDING, FactKind.PAID, FactKind.PAID, FactKind.REFUNDED)
    for number, kind in enumerate(kinds):
        fact = PaymentFact(
            kind=kind,
            order_id="o1",
            payment_ref="C1",
            amount_micros=10 * EURO,
            currency="EUR",
        )
        letter = Letter(
            payee=payee, event_id=f"l{number}", raw=b"{}", received_ms=now_ms, facts=(fact,)
        )
        for _ in range(2):
            await orders.take_in(letter)
    site.engine()
    await receiver.until(taken=2)
    assert {one.type for one in await site.until_none_waits()} == {
        "payment.credited",
        "payment.refunded",
    }
    assert await site.ledger.verify() == []


async def test_a_sender_killed_in_between_loses_nothing(site: Site) -> None:
    receiver, _ = await site.receiver()
    receiver.held = asyncio.Event()
    dying = site.engine()
    await site.end_calls(3)
    await receiver.until(told=1)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    receiver.held.set()
    assert not [one for one in await site.all() if one.state is DeliveryState.DELIVERED]
    site.clock.skew_ms = 61_000
    site.engine()
    await receiver.until(taken=3)
    told = await site.until_none_waits()
    assert sorted(one.tries for one in told) == [1, 1, 2]
    assert sorted(receiver.told.values()) == [1, 1, 2]


async def test_a_receiver_that_fails_is_told_again(site: Site) -> None:
    receiver, _ = await site.receiver()
    receiver.status = 500
    site.engine()
    await site.end_calls(1)
    await receiver.until(told=1)
    (failed,) = await site.until(lambda found: found[0].status is not None)
    assert (failed.state, failed.status, failed.answer) == (DeliveryState.PENDING, 500, "said")
    receiver.status = 200
    site.clock.skew_ms = 10_000
    (told,) = await site.until_none_waits()
    assert (told.tries, told.state) == (2, DeliveryState.DELIVERED)
    again = await site.webhooks.resend("acme", told.delivery_id)
    assert again is not None
    await receiver.until(told=3)
    assert set(receiver.told) == {told.event_id}


async def test_a_rotation_overlaps(site: Site) -> None:
    receiver, revealed = await site.receiver()
    site.engine()
    rotated = await site.webhooks.rotate("acme", revealed.endpoint.endpoint_id)
    assert rotated is not None
    assert rotated.secret != receiver.secret
    await site.end_calls(1)
    await receiver.until(taken=1)
    receiver.secret = rotated.secret
    trial = await site.webhooks.ping("acme", revealed.endpoint.endpoint_id, "once")
    assert trial is not None
    await receiver.until(taken=2)
    assert receiver.taken[trial.event_id]["type"] == "ping"


async def test_a_farewell_is_taken_at_its_word(site: Site) -> None:
    receiver, revealed = await site.receiver()
    receiver.status = 410
    site.engine()
    await site.end_calls(2)
    await receiver.until(told=1)
    await site.until_none_waits()
    endpoint = await site.webhooks.endpoints.endpoint("acme", revealed.endpoint.endpoint_id)
    assert endpoint is not None
    assert endpoint.state is EndpointState.GONE
    await asyncio.wait_for(site.audit.ended.wait(), WITHIN_S)
    (noted,) = await site.audit.lines(ActFilter(organisation="acme"))
    assert (noted.act.action, noted.outcome, noted.detail) == (
        "webhooks.stop",
        "done",
        {"state": "gone"},
    )
    assert noted.act.target == f"webhooks/{endpoint.endpoint_id}"


async def test_what_was_told_is_let_go_with_its_deliveries(site: Site) -> None:
    receiver, _ = await site.receiver()
    site.engine()
    await site.end_calls(2)
    await receiver.until(taken=2)
    await site.until_none_waits()
    keeping = SqlKeeping(site.ledger)
    later_ms = site.clock.now().wall_ms + 60_000
    assert await keeping.let_go(Kind.WEBHOOKS, 1, 10) == 0
    assert await keeping.count(Kind.WEBHOOKS, later_ms) == 2
    assert await keeping.let_go(Kind.WEBHOOKS, later_ms, 10) == 2
    assert await site.all() == []
