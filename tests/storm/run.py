"""One storm, from the first order to the verdict.

Payers pay while their callbacks are brought and everything dies; deaths and callbacks are kept in
step, so that there is something to be brought until the last death. Then a day goes by: some money
is given back without a word, and each order is asked about once more. When all is at rest the
engines die for good, and books and store are judged.

Several engines serve one listener, and ask about the same orders, on the same books and store.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

from engine.app.site import open_providers
from engine.core.money import format_shortest
from engine.flows.clock import SystemClock
from engine.flows.money.relay import Relay
from engine.flows.payments.seals import SECRET_BYTES_LEAST, Seal
from engine.flows.payments.till import Till
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.sql import SqlLedger
from engine.store.address import parse_address
from engine.store.valkey import ValkeyStore
from engine.web.server import listen
from tests.storm.deaths import DeathPlan, Step, Victim, died, left
from tests.storm.payers import Providers, Purchase, begin, patiently, purchases
from tests.storm.post import Post
from tests.storm.servers import Server, kept_database, kept_store, mortal_engine
from tests.storm.shop import inventory_of
from tests.storm.till_main import Plan
from tests.storm.verdict import Aftermath, is_at_rest, judge
from tests.storm.watched import Diary

CALLBACKS_AN_ORDER = 4
WAITING_MOST = 40
SLOW_S = 0.04
AHEAD_IN_HUNDRED = 2
LOOK_EVERY_MS = 100
REST_WITHIN_S = 120.0
LATECOMERS_MOST = 200
DATABASES = ("sqlite", "postgres")


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """How many callbacks come to how many engines, on which database; how often at each step each
    engine dies, and each server of theirs."""

    callbacks: int
    engines: int = 2
    each: int
    database: str
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a storm was; `faults` is empty if each payment counted once.

    `contested` orders were worked at by two engines in the same moment.
    """

    storm: Storm
    orders: int
    contested: int
    distinct: int
    delivered: int
    answers: dict[int, int]
    deaths: dict[str, dict[str, int]]
    credited_micros: int
    set_aside_micros: int
    took_s: float
    faults: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Itself as plain values, amounts in the currency's unit."""
        plain = asdict(self)
        credited, aside = plain.pop("credited_micros"), plain.pop("set_aside_micros")
        return {
            **plain,
            "credited": format_shortest(credited),
            "set_aside": format_shortest(aside),
        }


Progress = Callable[[int, int], None]
"""Told how many callbacks were brought and how many deaths there were."""


class Pace:
    """Holds the post back while deaths lag behind callbacks; never for good."""

    def __init__(self) -> None:
        self._slow = asyncio.Lock()
        self._is_ahead = False

    async def __call__(self) -> None:
        """Until the next callback may be brought."""
        if self._is_ahead:
            async with self._slow:
                await asyncio.sleep(SLOW_S)

    async def watch(self, after: Aftermath, progress: Progress) -> None:
        """See who is ahead, for ever; raises RuntimeError if an engine does not live any more."""
        post = after.post
        planned = sum(plan.deaths.total() for plan in after.plans)
        while not (over := [engine for engine in after.engines if engine.is_over]):
            so_far = died(after.plans).total()
            brought = 100 * post.delivered // post.callbacks
            self._is_ahead = (
                so_far < planned and brought + AHEAD_IN_HUNDRED > 100 * so_far // planned
            )
            progress(post.delivered, so_far)
            await asyncio.sleep(LOOK_EVERY_MS / 1000)
        raise RuntimeError(f"an engine crashed: {over[0].log.read_text()[-2000:]}")


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a storm happens in; `till` is where payers begin their orders, another than dies.

    `latecomers` pay as well if somebody has still to die when all others have paid.
    """

    latecomers: Sequence[Purchase]
    providers: Providers
    till: Till
    pace: Pace
    after: Aftermath


async def leave(_world: World) -> None:
    """Change nothing."""


async def run(
    storm: Storm,
    folder: Path,
    progress: Progress = lambda *_: None,
    tamper: Callable[[World], Awaitable[None]] = leave,
) -> Report:
    """Let it storm; everything it writes is in `folder`.

    `tamper` may change what is judged, to see that it is noticed.
    """
    began_s = time.monotonic()
    async with open_world(storm, folder) as world:
        after = world.after
        async with asyncio.TaskGroup() as work:
            background = [
                work.create_task(after.post.carry()),
                work.create_task(world.pace.watch(after, progress)),
            ]
            await pay(world)
            await let_a_day_pass(world)
            for task in background:
                task.cancel()
        for engine in after.engines:
            engine.end()
        await tamper(world)
        faults = await judge(after)
    return _report(storm, after, faults, time.monotonic() - began_s)


async def pay(world: World) -> None:
    """All payers pay, each when few callbacks wait; old ones are repeated in between."""
    after = world.after
    for number, payer in enumerate(after.purchases):
        await after.post.until_few(WAITING_MOST)
        await _pay_one(world, payer)
        after.post.accept_repeats(number * after.post.callbacks // len(after.purchases))
    await after.post.until_few(0)
    after.post.accept_repeats(after.post.callbacks)
    await after.post.until_few(0)
    for payer in world.latecomers:
        if not left(after.plans):
            return
        after.purchases.append(payer)
        await _pay_one(world, payer)
        await after.post.until_few(0)


async def _pay_one(world: World, payer: Purchase) -> None:
    await begin(payer, world.till, world.after.clock)
    world.providers.pay(payer)


async def let_a_day_pass(world: World) -> None:
    """Give back what is not told, ask about every order once more, and wait for rest."""
    after = world.after
    for payer in after.purchases:
        world.providers.refund_untold(payer)
        ask = partial(world.till.orders.ask_later, payer.begun.order_id, after.clock.now().wall_ms)
        await patiently(ask, after.clock)
    until_s = time.monotonic() + REST_WITHIN_S
    while time.monotonic() < until_s:
        if await patiently(lambda: is_at_rest(after), after.clock):
            return
        await after.clock.sleep(LOOK_EVERY_MS)


@asynccontextmanager
async def open_world(storm: Storm, folder: Path) -> AsyncIterator[World]:
    """Servers, providers and the engines at work, and a clean sheet."""
    async with AsyncExitStack() as stack:
        store_server = await stack.enter_async_context(kept_store(folder / "store"))
        database = await stack.enter_async_context(kept_database(storm.database, folder))
        listener = stack.enter_context(listen("127.0.0.1", 0))
        clock = SystemClock()
        ledger = SqlLedger(database.url, lambda: clock.now().wall_ms)
        stack.push_async_callback(ledger.close)
        await ledger.migrate()
        store = ValkeyStore(parse_address(store_server.url))
        stack.push_async_callback(store.close)
        pace = Pace()
        post = Post(storm.callbacks, storm.seed, pace)
        providers = Providers(post)
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        secret = secrets.token_hex(SECRET_BYTES_LEAST)
        options = await stack.enter_async_context(providers.open(origin, folder))
        plans = [
            Plan(
                engine=f"e{number}",
                database_url=database.url,
                store_url=store_server.url,
                origin=origin,
                secret=secret,
                providers=options,
                deaths=deaths_of(storm, number, folder, store_server, database),
                diary=folder / f"e{number}.diary",
            )
            for number in range(1, storm.engines + 1)
        ]
        engines = [stack.enter_context(mortal_engine(folder, plan, listener)) for plan in plans]
        after = Aftermath(
            ledger=ledger,
            store=store,
            clock=clock,
            purchases=purchases(storm.callbacks // CALLBACKS_AN_ORDER, storm.seed),
            post=post,
            engines=tuple(engines),
        )
        till = await stack.enter_async_context(_till(plans[0], after))
        yield World(
            latecomers=purchases(LATECOMERS_MOST, storm.seed + 1),
            providers=providers,
            till=till,
            pace=pace,
            after=after,
        )


def deaths_of(
    storm: Storm, number: int, folder: Path, store: Server, database: Server
) -> DeathPlan:
    """Who dies at the steps of this engine, and where that is written down."""
    servers = {Victim.STORE: store.socket, Victim.DATABASE: database.socket}
    sockets = servers if number == 1 else {}
    return DeathPlan(
        log=folder / f"e{number}.deaths",
        seed=storm.seed + number,
        each=storm.each,
        sockets={victim: path for victim, path in sockets.items() if path is not None},
    )


@asynccontextmanager
async def _till(plan: Plan, after: Aftermath) -> AsyncIterator[Till]:
    inventory = inventory_of(plan.providers)
    opened = dict(open_providers(inventory, Path()))
    try:
        yield Till(
            orders=SqlOrders(after.ledger),
            ledger=after.ledger,
            relay=Relay(after.ledger, after.store, after.clock),
            providers=lambda: opened,
            inventory=lambda: inventory,
            clock=after.clock,
            seal=Seal(bytes.fromhex(plan.secret)),
            origin=plan.origin,
        )
    finally:
        for provider in opened.values():
            await provider.close()


def contested(after: Aftermath) -> int:
    """How many orders two engines were at in the same moment."""
    order_of = {p.begun.provider_ref: p.begun.order_id for p in after.purchases}
    spans: dict[str, list[tuple[int, int, str]]] = defaultdict(list)
    for engine in after.engines:
        for name, since_ns, until_ns in Diary(engine.plan.diary).read():
            spans[order_of.get(name, name)].append((since_ns, until_ns, engine.plan.engine))
    return sum(
        any(
            one != other and since < until_other and since_other < until
            for (since, until, one), (since_other, until_other, other) in combinations(at_one, 2)
        )
        for at_one in spans.values()
    )


def _report(storm: Storm, after: Aftermath, faults: tuple[str, ...], took_s: float) -> Report:
    deaths = died(after.plans)
    return Report(
        storm=storm,
        orders=len(after.purchases),
        contested=contested(after),
        distinct=after.post.distinct,
        delivered=after.post.delivered,
        answers=dict(sorted(after.post.answers.items())),
        deaths={
            step.value: {victim.value: deaths[step, victim] for victim in Victim} for step in Step
        },
        credited_micros=sum(payer.due_micros for payer in after.purchases),
        set_aside_micros=sum(payer.set_aside_micros for payer in after.purchases),
        took_s=round(took_s, 1),
        faults=faults,
    )
