"""A whole house for real: our Asterisk, a store, books, engines as processes, and the outside.

    async with RealHouse(folder, services=(line,)) as house:
        await house.start_engine("e1")
        await house.credit("+4930…", 330_000)
        call = await house.world.call(DID, pai="+4930…", from_user="+4930…")

Store and Asterisk belong to the house, not to an engine, so that engines can be killed under
calls. What is asserted is what the parties' recordings hold and what is in the books.
"""

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Self

from engine.app import Plan, WebPlan
from engine.asterisk.process import AsteriskProcess, Program, Wishes
from engine.core.cdr import CallRecord
from engine.core.inventory import (
    Agent,
    AgentKind,
    BillingProfile,
    HuntGroup,
    Inventory,
    Organisation,
    Service,
    Trunk,
)
from engine.core.number import NumberFormat
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.flows.clock import SystemClock
from engine.flows.money.relay import Relay
from engine.ledger.sql import SqlLedger
from engine.ports.ledger import Account
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore
from tests.rig.engine_main import write_plan
from tests.rig.outside import OutsideWorld

CHECKOUT = Path(__file__).resolve().parents[2]
VAR = Path(os.environ.get("GROSCHEN_VAR", CHECKOUT / "var"))
SOUNDS = CHECKOUT / "sounds"
ORGANISATION = "acme"
PROFILE = "acme-eur"
READY_WITHIN_S = 60.0
WEB_SECRET = "5ea1" * 16
BOOKED_WITHIN_S = 20.0


def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class EngineProcess:
    """An engine in a process of its own; its log is a file."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self.process = process
        self.log = log
        self.web_port = 0
        self.health_port = 0

    async def ready(self) -> None:
        """Wait until it works; raises with its log if it does not come to that."""
        assert self.process.stdout is not None
        words = (await asyncio.wait_for(self.process.stdout.readline(), READY_WITHIN_S)).split()
        if words[:1] != [b"ready"]:
            raise RuntimeError(f"the engine did not start: {self.log.read_text()[-2000:]}")
        self.web_port, self.health_port = int(words[1]), int(words[2])

    def kill(self) -> None:
        """End it without a word, as the kernel does."""
        self.process.send_signal(signal.SIGKILL)

    async def stop(self) -> None:
        """Let it end in good order."""
        if self.process.returncode is None and self.process.stdin is not None:
            self.process.stdin.close()
            try:
                await asyncio.wait_for(self.process.wait(), 15)
            except TimeoutError:
                self.process.kill()
        await self.process.wait()


class RealHouse:
    """Everything real around engines that may die."""

    def __init__(
        self,
        folder: Path,
        services: Sequence[Service],
        *,
        agents: Sequence[str] = ("a1",),
        outside_agents: Sequence[str] = (),
        group: HuntGroup | None = None,
        trunk: Trunk | None = None,
        database_url: str | None = None,
        profile: BillingProfile | None = None,
        engine_module: str = "tests.rig.engine_main",
        organise: Callable[[OutsideWorld], Inventory] | None = None,
        config: Path | None = None,
        own: Path | None = None,
    ) -> None:
        """With a `profile` that has providers, or with merchants, the engines serve pages.
        `organise` makes the whole inventory of what the outside world is, in place of the one made
        of the other arguments.
        With a folder `config` the engines go by the versions of its files; Asterisk keeps the
        inventory. With a folder `own` they serve pages too, and may change Asterisk's files."""
        self.folder = folder
        self._services = tuple(services)
        self._agent_names = tuple(agents)
        self._outside_names = tuple(outside_agents)
        self._group = group
        self._trunk = trunk
        self._database_url = database_url
        self._profile = profile or BillingProfile(
            name=PROFILE, organisation=ORGANISATION, currency="EUR"
        )
        self._engine_module = engine_module
        self._organise = organise or self._inventory
        self._config = config
        self._own = own
        self._stack = AsyncExitStack()
        self._made = 0
        self.engines: dict[str, EngineProcess] = {}

    async def __aenter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        async with AsyncExitStack() as stack:
            sip_port = free_udp_port()
            self.world = OutsideWorld(self.folder / "outside", engine_port=sip_port)
            self.inventory = self._organise(self.world)
            self.store_process = StoreProcess(self.folder / "store")
            await self.store_process.start()
            stack.push_async_callback(self.store_process.stop)
            self.store = ValkeyStore(parse_address(self.store_process.url))
            stack.push_async_callback(self.store.close)
            await self._open_ledger(stack)
            self.asterisk = await AsteriskProcess.start(
                self.folder / "asterisk",
                Program.found(VAR / "asterisk.json"),
                self.inventory,
                Wishes(
                    sip_port=sip_port,
                    music_folder=str(SOUNDS / "music"),
                    fault_prompt=str(SOUNDS / "de" / "audio" / "fault"),
                ),
            )
            stack.push_async_callback(self.asterisk.stop)
            await stack.enter_async_context(self.world)
            stack.push_async_callback(self._stop_engines)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _open_ledger(self, stack: AsyncExitStack) -> None:
        self.database_url = self._database_url or f"sqlite:///{self.folder / 'ledger.sqlite3'}"
        clock = SystemClock()
        self.ledger = SqlLedger(self.database_url, lambda: clock.now().wall_ms)
        stack.push_async_callback(self.ledger.close)
        await self.ledger.migrate()
        self.relay = Relay(self.ledger, self.store, clock)

    def _inventory(self, world: OutsideWorld) -> Inventory:
        trunk = self._trunk or Trunk(
            name="carrier", host="127.0.0.1", number_format=NumberFormat.E164_PLUS
        )
        phones = tuple(
            Agent(
                name=name,
                organisation=ORGANISATION,
                address=f"127.0.0.1:{world.phones_port}",
                wrap_up_s=0,
            )
            for name in self._agent_names
        )
        outside = tuple(
            Agent(
                name=f"out{number.lstrip('+')}",
                organisation=ORGANISATION,
                kind=AgentKind.OUTSIDE,
                address=number,
                trunk=trunk.name,
                wrap_up_s=0,
            )
            for number in self._outside_names
        )
        names = tuple(agent.name for agent in (*phones, *outside))
        group = self._group or HuntGroup(name="advisers", organisation=ORGANISATION, agents=names)
        return Inventory(
            version=1,
            organisations=(Organisation(name=ORGANISATION, title="Acme"),),
            trunks=(replace(trunk, host="127.0.0.1", port=world.network_port),),
            agents=(*phones, *outside),
            groups=(group,),
            profiles=(self._profile,),
            services=self._services,
        )

    # --- engines -------------------------------------------------------------------------

    async def start_engine(self, name: str = "e1", plan: Plan | None = None) -> EngineProcess:
        """An engine that works, by a plan of its own if there is one; raises with its log if it
        does not start."""
        path = self.folder / f"{name}.plan.json"
        write_plan(plan or self._plan(name), path)
        log = self.folder / f"{name}.log"
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self._engine_module,
                str(path),
                cwd=CHECKOUT,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=sink,
            )
        engine = self.engines[name] = EngineProcess(name, process, log)
        await engine.ready()
        return engine

    def _plan(self, name: str) -> Plan:
        return Plan(
            engine=name,
            folder=self.folder / name,
            inventory=self.inventory if self._config is None else None,
            config=self._config or Path(),
            sounds=SOUNDS,
            rendered=self.folder / "sounds",
            program=VAR / "asterisk.json",
            access=self.asterisk.access,
            asterisk_folder=self.asterisk.folder if self._own else None,
            own_dialplan=self._own,
            store_url=self.store_process.url,
            database_url=self.database_url,
            web=self._web(),
        )

    def _web(self) -> WebPlan | None:
        if not (self._profile.providers or self._own or self.inventory.merchants):
            return None
        secrets = self.folder / "secrets"
        return WebPlan(secret=WEB_SECRET, secrets=secrets, webhook_loopback=True)

    async def _stop_engines(self) -> None:
        for engine in self.engines.values():
            await engine.stop()

    # --- money ---------------------------------------------------------------------------

    async def account(self, e164: str) -> Account:
        return await self.ledger.open_account(ORGANISATION, PROFILE, e164, "EUR")

    async def book(self, e164: str, micros: int, kind: EntryKind = EntryKind.CREDIT) -> None:
        """Book money to (or, negative, from) a number's account and bring it to the store."""
        account = await self.account(e164)
        self._made += 1
        entry = Entry(
            key=f"rig:{self._made}",
            kind=kind,
            currency="EUR",
            postings=(
                Posting(customer(account.account_id), micros),
                Posting("adjustment", -micros),
            ),
            at_ms=time.time_ns() // 1_000_000,
        )
        await self.relay.apply(await self.ledger.post(entry))

    async def balance(self, e164: str) -> int:
        """The balance in micro-units, the same in store and journal."""
        account = await self.account(e164)
        view = await self.store.account(account.account_id)
        assert view is None or view.balance_micros == account.balance_micros
        return account.balance_micros

    async def records(self, calls: int) -> Sequence[CallRecord]:
        """The records of so many calls, once they are booked."""
        deadline = time.monotonic() + BOOKED_WITHIN_S
        while True:
            records = await self.ledger.calls(None, 0, 2**53)
            if len(records) >= calls:
                return records
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(records)} of {calls} calls are booked")
            await asyncio.sleep(0.05)
