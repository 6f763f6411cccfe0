"""An engine's money side as a process that is killed, and another that begins it again at once.

    python -m tests.storm.till_main plan.json LISTENER

What is wired is what `engine.app` wires: books, store, relay, till, asking, pages; no telephony.
The process that is started has loaded everything and begins lives of the engine, one after the
other, each a child of its own. It holds the listening socket, so that whoever calls between two
lives waits for the next. A life that ends otherwise than by SIGKILL has crashed: its end is told
on standard error, and there is no further one.
"""

import asyncio
import ctypes
import gc
import logging
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import structlog
from aiohttp import web

from engine.app.plan import WebPlan
from engine.app.site import Accounts, Back, open_providers, open_site
from engine.flows.clock import SystemClock
from engine.flows.errands import House
from engine.flows.money.relay import Relay
from engine.flows.payments.asking import Asking
from engine.flows.payments.seals import Seal
from engine.flows.payments.till import Till
from engine.ledger.sql import SqlLedger
from engine.ports.speech import Sounds
from engine.ports.telephony import Telephony
from engine.store.address import parse_address
from engine.web.guard import Guard
from engine.web.server import make_app
from engine.web.site import Site
from tests.storm.deaths import DeathPlan, Reaper
from tests.storm.shop import inventory_of
from tests.storm.watched import (
    Diary,
    Passed,
    WatchedLedger,
    WatchedOrders,
    WatchedProvider,
    WatchedStore,
    watch_answers,
    watch_commits,
)

REQUESTS_A_MINUTE = 1_000_000
_PR_SET_PDEATHSIG = 1

LEASE_MS = 3_000
"""An order whose engine died while it asked is asked about again after this, not after a minute."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a life of this engine works with; `providers` are their options, by name."""

    engine: str
    database_url: str
    store_url: str
    origin: str
    secret: str
    providers: dict[str, dict[str, str]]
    deaths: DeathPlan
    diary: Path


async def live(plan: Plan, listener: socket.socket) -> None:
    """One life of the engine; it has no end of its own."""
    clock = SystemClock()
    passed = Reaper(plan.deaths).passed
    watch_commits(passed)
    ledger = WatchedLedger(plan.database_url, lambda: clock.now().wall_ms, passed)
    store = WatchedStore(parse_address(plan.store_url), passed)
    inventory = inventory_of(plan.providers)
    house = House(
        telephony=cast("Telephony", None),
        store=store,
        ledger=ledger,
        sounds=cast("Sounds", None),
        clock=clock,
        relay=Relay(ledger, store, clock),
        inventory=lambda: inventory,
        endpoint_of=lambda agent: agent.name,
        endpoint_of_number=lambda trunk, number: f"{trunk}/{number}",
        engine=plan.engine,
    )
    async with AsyncExitStack() as stack:
        web_plan = WebPlan(origin=plan.origin, secret=plan.secret, secrets=Path())
        accounts = Accounts(house.inventory, Path())
        stack.push_async_callback(accounts.close)
        absent = cast("Any", None)  # what only pages use that nobody asks for here
        back = Back(
            house=house,
            ledger=ledger,
            studio=absent,
            numbering=absent,
            verifier=absent,
            configuration=absent,
            dialplan=None,
        )
        site = await open_site(web_plan, 0, back, accounts, {}, stack)
        site = replace(
            site,
            till=watched_till(plan, house, ledger, passed),
            guard=Guard(a_minute=REQUESTS_A_MINUTE),
        )
        await work(site, house.relay, listener, passed)


def watched_till(plan: Plan, house: House, ledger: SqlLedger, passed: Passed) -> Till:
    """The till as it is wired, its ports told on."""
    opened = open_providers(house.inventory(), Path())
    diary = Diary(plan.diary)
    providers = {name: WatchedProvider(provider, passed, diary) for name, provider in opened}
    return Till(
        orders=WatchedOrders(ledger, passed, diary),
        ledger=ledger,
        relay=house.relay,
        providers=lambda: providers,
        inventory=house.inventory,
        clock=house.clock,
        seal=Seal(bytes.fromhex(plan.secret)),
        origin=plan.origin,
    )


async def work(site: Site, relay: Relay, listener: socket.socket, passed: Passed) -> None:
    """Serve, ask and bring the store what is booked, for ever."""
    app = make_app(site)
    watch_answers(app, passed)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(relay.run())
        tasks.create_task(Asking(site.till, site.clock, LEASE_MS).run())
        await web.SockSite(runner, listener).start()


def lives(plan: Plan, listener: socket.socket) -> None:
    """Life after life, for as long as each ends by SIGKILL."""
    gc.freeze()
    while True:
        child = os.fork()
        if child == 0:
            _die_with_parent()
            asyncio.run(live(plan, listener))
            os._exit(1)
        _, status = os.waitpid(child, 0)
        if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
            sys.exit(f"the engine crashed: {status}")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def quieten() -> None:
    """Log errors alone, as JSON on standard error: what is lost and found again is no news here."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )


def main() -> None:
    quieten()
    plan = msgspec.json.decode(
        Path(sys.argv[1]).read_bytes(), type=Plan, dec_hook=lambda kind, value: kind(value)
    )
    lives(plan, socket.socket(fileno=int(sys.argv[2])))


if __name__ == "__main__":
    main()
