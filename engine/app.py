"""The wiring: the one place that knows every concrete class.

`running(plan)` starts what the plan says is our own (store, Asterisk), connects to the rest, and
gives an engine at work; at its end all of it is stopped in the opposite order.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from engine.asterisk.agi import AgiServer, Lookups
from engine.asterisk.dialplan import endpoint_of
from engine.asterisk.process import Access, AsteriskProcess, Program, Wishes
from engine.asterisk.telephony import AriTelephony
from engine.core.inventory import Inventory
from engine.errors import CallerError, RemoteError
from engine.flows.clock import SystemClock
from engine.flows.config import Problems, load
from engine.flows.engine import Engine
from engine.flows.hearing import prepare
from engine.flows.lookups import Dialplan
from engine.flows.money.relay import Relay
from engine.flows.orders import House
from engine.ledger.sql import SqlLedger
from engine.settings import Settings
from engine.speech.library import Library
from engine.speech.voices import find_voices
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What one engine runs with. None stands for our own: embedded store, SQLite, our Asterisk.

    `folder` keeps all that is written at run time; `sounds` is the operator's prompt folder and
    `rendered` where further audio is made; `program` names the Asterisk that can be run.
    """

    engine: str
    folder: Path
    inventory: Inventory
    sounds: Path
    rendered: Path
    program: Path
    access: Access | None = None
    sip_port: int = 0
    store_url: str | None = None
    store_password: str | None = None
    database_url: str | None = None
    agi_host: str = "127.0.0.1"
    agi_port: int = 0

    @property
    def database(self) -> str:
        """The ledger's address; SQLite in our folder by default."""
        return self.database_url or f"sqlite:///{self.folder / 'ledger.sqlite3'}"

    @property
    def app(self) -> str:
        """This engine's own ARI application."""
        return f"groschen-{self.engine}"


def plan_of(settings: Settings) -> Plan:
    """What a process runs with by its settings and the operator's files.

    `CallerError` with every mistake in the files.
    """
    inventory = load(settings.config)
    if isinstance(inventory, Problems):
        raise CallerError(str(inventory), "config")
    return Plan(
        engine=settings.engine,
        folder=settings.run_folder,
        inventory=inventory,
        sounds=settings.sounds,
        rendered=settings.var / "sounds",
        program=settings.var / "asterisk.json",
        access=_access(settings),
        sip_port=settings.sip_port,
        store_url=settings.store_url,
        store_password=secret(settings.store_password),
        database_url=secret(settings.database_url),
        agi_host=settings.agi_host,
        agi_port=settings.agi_port,
    )


def _access(settings: Settings) -> Access | None:
    """An Asterisk that is not ours, if the settings name one."""
    if settings.ari_url is None:
        return None
    return Access(
        ari_url=settings.ari_url,
        ari_user=settings.ari_user,
        ari_password=secret(settings.ari_password) or "",
        ami_host=settings.ami_host,
        ami_port=settings.ami_port,
        ami_user=settings.ami_user,
        ami_secret=secret(settings.ami_secret) or "",
        sip_host="",
        sip_port=0,
        cel_file=settings.cel_file,
    )


def secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value is not None else None


@dataclass(frozen=True, slots=True)
class Running:
    """An engine at work, and what it works with."""

    engine: Engine
    house: House
    access: Access
    agi_port: int
    work: "asyncio.Task[None]"


@asynccontextmanager
async def running(plan: Plan) -> AsyncIterator[Running]:
    """An engine at work until the block is left; raises what it cannot start with."""
    async with AsyncExitStack() as stack:
        _keep_private(plan.folder)
        voices = find_voices(plan.rendered.parent / "voices")
        sounds = Library(plan.sounds, plan.rendered, voices)
        await prepare(plan.inventory, sounds)
        store = await _store(plan, stack)
        ledger = await _ledger(plan.database, stack)
        access = plan.access or await _own_asterisk(plan, sounds, stack)
        telephony = await stack.enter_async_context(AriTelephony.connected(access, plan.app))
        clock = SystemClock()
        house = House(
            telephony=telephony,
            store=store,
            ledger=ledger,
            sounds=sounds,
            clock=clock,
            relay=Relay(ledger, store, clock),
            inventory=lambda: plan.inventory,
            endpoint_of=endpoint_of,
            engine=plan.engine,
        )
        engine = Engine(house)
        work = asyncio.create_task(engine.run(), name="engine")
        stack.push_async_callback(_end, work)
        await engine.ready.wait()
        asked = Dialplan(ledger, store, house.inventory)
        lookups = Lookups(balance=asked.balance, quote=asked.quote)
        agi = await stack.enter_async_context(AgiServer(lookups, plan.agi_host, plan.agi_port))
        yield Running(engine, house, access, agi.port, work)


@dataclass(frozen=True, slots=True)
class Books:
    """Journal and store without an engine; `store` is None where none answers, `note` says why."""

    ledger: SqlLedger
    store: ValkeyStore | None
    clock: SystemClock
    note: str = ""


@asynccontextmanager
async def books_of(settings: Settings) -> AsyncIterator[Books]:
    """The books that the engine of these settings works with; it may run or not.

    An embedded store is only joined, never started: it is the engine's.
    """
    async with AsyncExitStack() as stack:
        _keep_private(settings.run_folder)
        ledger = await _ledger(settings.database, stack)
        url = settings.store_url or StoreProcess(settings.run_folder / "store").url
        store = ValkeyStore(parse_address(url, secret(settings.store_password)))
        stack.push_async_callback(store.close)
        clock = SystemClock()
        try:
            await store.living_engines()
        except RemoteError as error:
            absent = "does not run" if settings.store_url is None else f"does not answer ({error})"
            yield Books(ledger, None, clock, f"the store {absent}")
        else:
            yield Books(ledger, store, clock)


def _keep_private(folder: Path) -> None:
    """Make a folder that nobody else can look into: Asterisk's logs in it hold phone numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


async def _end(work: "asyncio.Task[None]") -> None:
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def _store(plan: Plan, stack: AsyncExitStack) -> ValkeyStore:
    url = plan.store_url
    if url is None:
        process = StoreProcess(plan.folder / "store")
        await process.start()
        stack.push_async_callback(process.stop)
        keeper = asyncio.create_task(process.keep_alive(), name="store")
        stack.push_async_callback(_end, keeper)
        url = process.url
    store = ValkeyStore(parse_address(url, plan.store_password))
    stack.push_async_callback(store.close)
    return store


async def _ledger(url: str, stack: AsyncExitStack) -> SqlLedger:
    ledger = SqlLedger(url, lambda: SystemClock().now().wall_ms)
    await ledger.migrate()
    stack.push_async_callback(ledger.close)
    return ledger


async def _own_asterisk(plan: Plan, sounds: Library, stack: AsyncExitStack) -> Access:
    fault = sounds.sounds / "de" / "audio" / "fault"
    asterisk = await AsteriskProcess.start(
        plan.folder / "asterisk",
        Program.found(plan.program),
        plan.inventory,
        Wishes(
            sip_port=plan.sip_port,
            music_folder=str(sounds.sounds / "music"),
            fault_prompt=str(fault),
        ),
    )
    stack.push_async_callback(asterisk.stop)
    return asterisk.access
