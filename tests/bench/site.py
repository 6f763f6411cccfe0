"""What is measured: one Asterisk that three controllers share, a store, books, and the far end.

The same Asterisk with the same modules serves all three ways, told apart by the number called, so
that nothing but the controller differs: lines of the engine's; `Stasis(bare)`; and its own
dialplan with `Dial`.
"""

import asyncio
import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

from engine.app import Plan
from engine.asterisk.process import AsteriskProcess, Program, Wishes, authorization
from engine.core.inventory import (
    Agent,
    BillingProfile,
    HuntGroup,
    Inventory,
    Organisation,
    Service,
    Trunk,
)
from engine.core.money import Rounding, RoundingMode
from engine.core.number import NumberFormat
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.prompt import Prompt
from engine.core.tariff import BillingStart, Increment, StartsFrom, Tariff
from engine.flows.clock import SystemClock
from engine.flows.money.books import verify
from engine.flows.money.relay import Relay
from engine.ledger.sql import SqlLedger
from engine.speech.library import Library, Source
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore
from tests.bench import bare
from tests.bench.far_end import HOST, FarEnd
from tests.rig.engine_main import write_plan
from tests.rig.house import CHECKOUT, ORGANISATION, PROFILE, VAR

READY_WITHIN_S = 30.0
BOOKED_WITHIN_S = 20.0
CALLER_MICROS = 100_000_000
PRICE_MICROS = 600_000
GROUP_AGENTS = 10
SILENT_BYTE = b"\xd5"
ALAW_HZ = 8000


class Way(StrEnum):
    """How a call is served."""

    ENGINE = "engine"
    BARE = "bare"
    DIALPLAN = "dialplan"


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What every call is like: the prompt's and the conversation's length, the agents there are."""

    prompt_s: float
    talk_s: float
    groups: int
    callers: int


class Helper:
    """A process of ours that says `ready` and ends with its standard input."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, module: str, log: Path, *args: str, told: bytes = b"") -> Self:
        with log.open("ab") as sink:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", module, *args, cwd=CHECKOUT,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=sink,
            )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(told)
        word = await asyncio.wait_for(process.stdout.readline(), READY_WITHIN_S)
        if word.split()[:1] != [b"ready"]:
            raise RuntimeError(f"{module} did not start; see {log}")
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def stop(self) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            await asyncio.wait_for(self._process.wait(), 15)
        except TimeoutError:
            self._process.kill()
            await self._process.wait()


class Site:
    """All of it, running; an async context manager. `far` makes the calls."""

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.folder = folder
        self.shape = shape
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self.far = await stack.enter_async_context(FarEnd.open())
            self._prompts = _make_sounds(self.folder / "sounds", self.shape.prompt_s)
            self._store_process = StoreProcess(self.folder / "store")
            await self._store_process.start()
            stack.push_async_callback(self._store_process.stop)
            self._store = ValkeyStore(parse_address(self._store_process.url))
            stack.push_async_callback(self._store.close)
            await self._open_books(stack)
            await self._boot(stack)
            self._engine = await self._start_engine(stack)
            self._bare = await self._start_bare(stack)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @property
    def pids(self) -> Mapping[Way, Mapping[str, int]]:
        """For each way the processes that serve it."""
        store = self._store_process.pid
        assert store is not None
        asterisk = {"asterisk": self._asterisk.pid}
        return {
            Way.ENGINE: asterisk | {"engine": self._engine.pid, "store": store},
            Way.BARE: asterisk | {"controller": self._bare.pid},
            Way.DIALPLAN: asterisk,
        }

    def number(self, way: Way, turn: int) -> str:
        """What the caller of the n-th call dials; agents and groups take turns."""
        if way is Way.ENGINE:
            return _did(turn % self.shape.groups)
        agent = turn % (self.shape.groups * GROUP_AGENTS)
        return f"{_PREFIX[way]}{agent:03}"

    def caller(self, turn: int) -> str:
        return f"+491522881{turn % self.shape.callers:04}"

    async def _open_books(self, stack: AsyncExitStack) -> None:
        clock = SystemClock()
        url = f"sqlite:///{self.folder / 'ledger.sqlite3'}"
        self._ledger = SqlLedger(url, lambda: clock.now().wall_ms)
        await self._ledger.migrate()
        stack.push_async_callback(self._ledger.close)
        relay = Relay(self._ledger, self._store, clock)
        for turn in range(self.shape.callers):
            account = await self._ledger.open_account(
                ORGANISATION, PROFILE, self.caller(turn), "EUR"
            )
            lines = (
                Posting(customer(account.account_id), CALLER_MICROS),
                Posting("adjustment", -CALLER_MICROS),
            )
            entry = Entry(
                key=f"bench:{turn}", kind=EntryKind.CREDIT, currency="EUR", postings=lines,
                at_ms=time.time_ns() // 1_000_000,
            )  # fmt: skip
            await relay.apply(await self._ledger.post(entry))

    async def _boot(self, stack: AsyncExitStack) -> None:
        self._inventory = _inventory(self.far, self.shape)
        own = self.folder / "asterisk" / "etc" / "own.d"
        own.mkdir(parents=True)
        (own / "bench.conf").write_text(_own_dialplan(self._prompts))
        self._asterisk = await AsteriskProcess.start(
            self.folder / "asterisk",
            Program.found(VAR / "asterisk.json"),
            self._inventory,
            Wishes(music_folder=str(CHECKOUT / "sounds" / "tones"), fault_prompt=self._prompts[0]),
        )
        stack.push_async_callback(self._asterisk.stop)
        said = await self._asterisk.run_command("module load app_dial.so")
        if "Loaded" not in said:
            raise RuntimeError(f"Asterisk has no Dial: {said}")
        self.far.engine = HOST, self._asterisk.access.sip_port

    async def _start_engine(self, stack: AsyncExitStack) -> Helper:
        plan = Plan(
            engine="e1",
            folder=self.folder / "e1",
            inventory=self._inventory,
            sounds=self.folder / "sounds",
            rendered=self.folder / "rendered",
            program=VAR / "asterisk.json",
            access=self._asterisk.access,
            store_url=self._store_process.url,
            database_url=f"sqlite:///{self.folder / 'ledger.sqlite3'}",
        )
        path = self.folder / "e1.plan.json"
        write_plan(plan, path)
        helper = await Helper.start("tests.rig.engine_main", self.folder / "engine.log", str(path))
        stack.push_async_callback(helper.stop)
        return helper

    async def _start_bare(self, stack: AsyncExitStack) -> Helper:
        access = self._asterisk.access
        orders = bare.Orders(
            url=access.ari_url,
            authorization=authorization(access),
            media=bare.media_of(self._prompts),
            endpoint="PJSIP/agent-",
        )
        helper = await Helper.start(
            "tests.bench.bare", self.folder / "bare.log", told=bare.told(orders)
        )
        stack.push_async_callback(helper.stop)
        return helper

    # --- what is in the books ----------------------------------------------------------------

    async def booked(self, calls: int) -> int:
        """How many calls are booked with a charge, once so many are or patience ends."""
        deadline_s = time.monotonic() + BOOKED_WITHIN_S
        while True:
            records = await self._ledger.calls(None, 0, 2**53)
            if len(records) >= calls or time.monotonic() > deadline_s:
                return sum(record.charge_micros > 0 for record in records)
            await asyncio.sleep(0.05)

    async def differences(self) -> tuple[str, ...]:
        """Where store and journal are not one."""
        return await verify(self._ledger, self._store, SystemClock())


_PREFIX = {Way.BARE: "+49301000", Way.DIALPLAN: "+49302000"}


def _did(group: int) -> str:
    return f"+4930300{group:03}"


def _make_sounds(folder: Path, prompt_s: float) -> tuple[str, ...]:
    """The prompts' texts with audio of a set length; gives the files of the announcement.

    All ways play the announcement the engine makes of these: silence costs Asterisk what speech
    does.
    """
    audio = folder / "de" / "audio"
    audio.mkdir(parents=True)
    shutil.copy(CHECKOUT / "sounds" / "de" / "prompts.yaml", folder / "de")
    shutil.copytree(CHECKOUT / "sounds" / "tones", folder / "tones")
    texts = Library(folder, folder)
    tariff = Prompt.of(
        "tariff", price_micros=PRICE_MICROS, currency="EUR", starts="conversation", after_s=0
    )
    announced = (Prompt.of("welcome"), Prompt.of("minutes_left", minutes=60), tariff)
    lengths = {prompt: prompt_s / len(announced) for prompt in announced}
    lengths |= {Prompt.of("please_wait"): 10.0, Prompt.of("please_wait", minutes=1): 10.0}
    notes = {}
    for prompt, length_s in lengths.items():
        file = audio / f"{prompt.key()}.alaw"
        file.write_bytes(SILENT_BYTE * int(ALAW_HZ * length_s))
        notes[prompt.key()] = Source(texts.words(prompt, "de"), "bench").as_json()
    (audio / "manifest.json").write_text(json.dumps(notes))
    return tuple(str(audio / prompt.key()) for prompt in announced)


def _own_dialplan(prompts: Sequence[str]) -> str:
    """The bare controller's numbers and those of Asterisk's own dialplan; they end in the agent."""
    return (
        f"exten => _{_PREFIX[Way.BARE]}XXX,1,Stasis({bare.APP},in,${{EXTEN:-3}})\n"
        " same => n,Hangup()\n"
        f"exten => _{_PREFIX[Way.DIALPLAN]}XXX,1,Answer()\n"
        f" same => n,Playback({'&'.join(prompts)})\n"
        " same => n,Dial(PJSIP/agent-${EXTEN:-3},20,L(3600000))\n"
        " same => n,Hangup()\n"
    )


def _inventory(far: FarEnd, shape: Shape) -> Inventory:
    """Hunt groups of ten phones each, a line for each group, no early media: answer comes first."""
    agents = tuple(
        Agent(
            name=f"{number:03}",
            organisation=ORGANISATION,
            address=f"{HOST}:{far.agents.port}",
            wrap_up_s=0,
        )
        for number in range(shape.groups * GROUP_AGENTS)
    )
    groups = tuple(
        HuntGroup(
            name=f"group{number}",
            organisation=ORGANISATION,
            agents=tuple(
                agent.name for agent in agents[number * GROUP_AGENTS : (number + 1) * GROUP_AGENTS]
            ),
        )
        for number in range(shape.groups)
    )
    trunk = Trunk(
        name="carrier", host=HOST, port=far.callers.port,
        number_format=NumberFormat.E164_PLUS, early_media=False,
    )  # fmt: skip
    return Inventory(
        version=1,
        organisations=(Organisation(name=ORGANISATION, title="Bench"),),
        trunks=(trunk,),
        agents=agents,
        groups=groups,
        profiles=(BillingProfile(name=PROFILE, organisation=ORGANISATION, currency="EUR"),),
        services=tuple(_service(number, group.name) for number, group in enumerate(groups)),
    )


def _service(number: int, group: str) -> Service:
    return Service(
        name=f"line{number}",
        organisation=ORGANISATION,
        dids=(_did(number),),
        profile=PROFILE,
        group=group,
        guard="none",
        whisper=False,
        tariff=Tariff(
            currency="EUR",
            landline_micros=PRICE_MICROS,
            mobile_micros=PRICE_MICROS,
            other_micros=PRICE_MICROS,
            increment=Increment(1, 1),
            billing_start=BillingStart(StartsFrom.CONVERSATION, 0),
            connect_fee_micros=0,
            first_call=None,
            max_call_minutes=60,
            rounding=Rounding(2, RoundingMode.HALF_UP),
        ),
    )
