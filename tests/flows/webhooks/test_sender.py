"""The sender in virtual time: days of failures, slow receivers, engines that die."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from engine.errors import RemoteError
from engine.flows.webhooks import Sender, Signer
from engine.flows.webhooks.rules import FAILURES_MOST
from engine.flows.webhooks.sender import LEASE_MS, LOOK_EVERY_MS
from engine.metrics import PrometheusMetrics
from engine.ports.audit import ActFilter
from engine.ports.webhooks.deliveries import TRIES, Batch
from engine.ports.webhooks.endpoints import EndpointState
from engine.ports.webhooks.post import Reply
from tests.fakes.clock import LoopClock, until, virtually
from tests.fakes.users import MemoryAudit
from tests.fakes.webhooks.memory import MemoryWebhooks
from tests.metrics.scrape import scraped
from tests.ports.ledger.webhooks.conftest import endpoint, event

DAY_S = 24 * 3_600
SIGNER = Signer(b"0123456789abcdef0123456789abcdef")


@dataclass
class ScriptedPost:
    """Answers each endpoint (told by its URL) as it is told to, after so many seconds."""

    replies: dict[str, Reply] = field(default_factory=dict)
    takes_s: dict[str, float] = field(default_factory=dict)
    sent: list[tuple[str, str]] = field(default_factory=list)
    under_way: Counter[str] = field(default_factory=Counter)
    at_once: Counter[str] = field(default_factory=Counter)

    async def send(self, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        self.sent.append((url, headers["webhook-id"]))
        self.under_way[url] += 1
        self.at_once[url] = max(self.at_once[url], self.under_way[url])
        try:
            await asyncio.sleep(self.takes_s.get(url, 0.01))
        finally:
            self.under_way[url] -= 1
        return self.replies.get(url, Reply(200, "ok"))


class Scene:
    """Endpoints `e1` to `en`, and engines that send to them."""

    def __init__(self, endpoints: int = 1) -> None:
        self.webhooks = MemoryWebhooks()
        self.post = ScriptedPost()
        self.audit = MemoryAudit()
        self.clock = LoopClock()
        self.metrics = PrometheusMetrics()
        for number in range(1, endpoints + 1):
            name = f"e{number}"
            self.webhooks.all[name] = replace(endpoint(name), url=name)

    def engine(self, look_every_ms: int = LOOK_EVERY_MS) -> "asyncio.Task[None]":
        sender = Sender(
            self.webhooks,
            self.post,
            SIGNER,
            self.audit,
            self.clock,
            chance=lambda: 500,
            look_every_ms=look_every_ms,
            metrics=self.metrics,
        )
        return asyncio.create_task(sender.run())

    async def tell(self, number: int) -> None:
        await self.webhooks.tell(replace(event(number), at_ms=self.clock.now().wall_ms))

    def states(self) -> Counter[str]:
        return Counter(one.state.value for one in self.webhooks.held.values())


async def stop(*engines: "asyncio.Task[None]") -> None:
    for engine in engines:
        engine.cancel()
    await asyncio.gather(*engines, return_exceptions=True)


@virtually
async def test_all_are_told_at_once() -> None:
    scene = Scene(3)
    engine = scene.engine()
    for number in range(50):
        await scene.tell(number)
    await until(lambda: scene.states() == {"delivered": 150}, 5)
    assert len(scene.post.sent) == 150
    assert scene.post.at_once == {"e1": 4, "e2": 4, "e3": 4}
    await stop(engine)


@virtually
async def test_who_is_slow_holds_up_nobody() -> None:
    scene = Scene(2)
    scene.post.takes_s["e1"] = 10
    scene.post.replies["e1"] = Reply(None, "no answer in time")
    engine = scene.engine()
    for number in range(200):
        await scene.tell(number)
    await until(lambda: scene.states()["delivered"] == 200, 5)
    await asyncio.sleep(120)
    knocked = sum(url == "e1" for url, _ in scene.post.sent)
    assert knocked <= FAILURES_MOST + 3 + 2
    await stop(engine)


@virtually
async def test_a_delivery_is_tried_ten_times_in_three_days() -> None:
    scene = Scene()
    scene.post.replies["e1"] = Reply(500)
    engine = scene.engine(60_000)
    await scene.tell(1)
    await until(lambda: scene.states()["given_up"] == 1, 5 * DAY_S)
    assert 2.9 * DAY_S < asyncio.get_running_loop().time() < 3.2 * DAY_S
    (one,) = scene.webhooks.held.values()
    assert (one.tries, one.status, one.next_ms) == (TRIES, 500, None)
    assert [number for _, number, _ in scene.webhooks.tries] == list(range(1, TRIES + 1))
    assert scraped(scene.metrics).get("deliveries_given_up_total", kind="webhook") == 1
    assert scraped(scene.metrics).get("webhook_endpoints_stopped_total") == 0
    assert {name for _, name in scene.post.sent} == {one.event_id}
    assert scene.webhooks.all["e1"].state is EndpointState.ACTIVE
    await stop(engine)


@virtually
async def test_who_fails_for_days_is_stopped_and_told_again_when_enabled() -> None:
    scene = Scene()
    scene.post.replies["e1"] = Reply(500)
    engine = scene.engine(60_000)
    for number in range(20):
        await scene.tell(number)
        await asyncio.sleep(DAY_S / 2)
        if scene.webhooks.all["e1"].state is EndpointState.FAILING:
            break
    assert 5 * DAY_S < asyncio.get_running_loop().time() < 6.6 * DAY_S
    assert set(scene.states()) == {"given_up"}
    (noted,) = await scene.audit.lines(ActFilter(organisation="acme"))
    assert (noted.act.target, noted.detail) == ("webhooks/e1", {"state": "failing"})
    sent = len(scene.post.sent)
    await scene.tell(100)
    await asyncio.sleep(DAY_S)
    assert len(scene.post.sent) == sent
    scene.post.replies.clear()
    now_ms = scene.clock.now().wall_ms
    await scene.webhooks.set_state("acme", "e1", EndpointState.ACTIVE, now_ms)
    await scene.tell(101)
    await until(lambda: scene.states()["delivered"] == 1, 3_600)
    await stop(engine)


@virtually
async def test_a_receiver_that_comes_back_gets_everything() -> None:
    scene = Scene()
    scene.post.replies["e1"] = Reply(503)
    engine = scene.engine()
    for number in range(40):
        await scene.tell(number)
    await asyncio.sleep(2 * 3_600)
    assert scene.states() == {"pending": 40}
    scene.post.replies.clear()
    await until(lambda: scene.states() == {"delivered": 40}, DAY_S)
    await stop(engine)


@virtually
async def test_a_farewell_ends_it() -> None:
    scene = Scene(2)
    scene.post.replies["e1"] = Reply(410)
    engine = scene.engine()
    for number in range(5):
        await scene.tell(number)
    await until(lambda: scene.states() == {"delivered": 5, "given_up": 5}, 5)
    assert sum(url == "e1" for url, _ in scene.post.sent) == 1
    assert scene.webhooks.all["e1"].state is EndpointState.GONE
    assert scraped(scene.metrics).get("webhook_endpoints_stopped_total") == 1
    await stop(engine)


@virtually
async def test_two_engines_share_the_work() -> None:
    scene = Scene(2)
    engines = [scene.engine() for _ in range(2)]
    for number in range(100):
        await scene.tell(number)
    await until(lambda: scene.states() == {"delivered": 200}, 30)
    assert Counter(scene.post.sent).most_common(1)[0][1] == 1
    await stop(*engines)


@virtually
async def test_what_a_dead_engine_had_another_sends_after_the_lease() -> None:
    scene = Scene()
    scene.post.takes_s["e1"] = 5
    dying, other = scene.engine(), None
    await scene.tell(1)
    await until(lambda: len(scene.post.sent) == 1, 5)
    await stop(dying)
    died_s = asyncio.get_running_loop().time()
    other = scene.engine()
    await until(lambda: scene.states() == {"delivered": 1}, 300)
    took_s = asyncio.get_running_loop().time() - died_s
    assert LEASE_MS / 1000 - 5 < took_s < LEASE_MS / 1000 + 10
    (one,) = scene.webhooks.held.values()
    assert (one.tries, len(scene.post.sent)) == (2, 2)
    await stop(other)


@virtually
async def test_a_clock_that_is_set_back_or_ahead_loses_nothing() -> None:
    scene = Scene()
    scene.post.replies["e1"] = Reply(500)
    engine = scene.engine()
    for skew_ms in (0, 3 * DAY_S * 1000, -3 * DAY_S * 1000):
        scene.clock.skew_ms = skew_ms
        await scene.tell(skew_ms)
        await asyncio.sleep(3)
    scene.clock.skew_ms = 0
    scene.post.replies.clear()
    await until(lambda: scene.states() == {"delivered": 3}, 3 * 3_600)
    await stop(engine)


@virtually
async def test_books_that_are_away_hold_up_only_for_so_long() -> None:
    scene = Scene()
    claim, faults = scene.webhooks.claim, 3

    async def failing(endpoint_id: str, now_ms: int, lease_ms: int, most: int) -> Batch | None:
        nonlocal faults
        if faults:
            faults -= 1
            raise RemoteError("away")
        return await claim(endpoint_id, now_ms, lease_ms, most)

    scene.webhooks.claim = failing  # type: ignore[method-assign]  # a planted fault
    engine = scene.engine()
    await scene.tell(1)
    await until(lambda: scene.states() == {"delivered": 1}, 30)
    await stop(engine)


@virtually
async def test_a_rotation_holds_from_the_next_try_on() -> None:
    scene = Scene()
    seen: list[int] = []
    send = scene.post.send

    async def counting(url: str, headers: Mapping[str, str], body: bytes) -> Reply:
        seen.append(headers["webhook-signature"].count("v1,"))
        return await send(url, headers, body)

    scene.post.send = counting  # type: ignore[method-assign]  # listens in
    engine = scene.engine(60_000)
    for number, pause_s in enumerate((120, 120, DAY_S)):
        await scene.tell(number)
        await asyncio.sleep(pause_s)
        if not number:
            await scene.webhooks.rotate("acme", "e1", scene.clock.now().wall_ms)
    await scene.tell(9)
    await asyncio.sleep(120)
    assert seen == [1, 2, 2, 1]
    await stop(engine)
