"""Benches for tests of the switch: a telephony port with a caller and agents at its ends.

`AsteriskBench` is the real adapter on a real Asterisk with small SIP parties, `FakeBench` the
switch in memory. What a suite asks of both is the same; what only SIP has (headers, codes, audio)
is on the parties of the first.
"""

import asyncio
import shutil
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypeVar

from engine.asterisk.process import Access, AsteriskProcess, Wishes, free_port
from engine.asterisk.telephony import AriTelephony
from engine.core.events import CallArrived, Event, LegFailure
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Agent, AgentKind, Inventory, Trunk
from engine.core.number import NumberFormat
from engine.ports.telephony import CallEvent, Dial, SwitchFound, SwitchLost, Telephony
from tests.fakes.clock import LoopClock
from tests.fakes.telephony import FakeSwitch, Manner
from tests.far_end import Dialog, Party, write_tone
from tests.programs import asterisk_program

DID = "+4990012345"
CALLER = "+4915112345678"
PATIENCE_S = 6.0
SHORT_S, LONG_S = 0.3, 8.0
SHORT_HZ, LONG_HZ = 900, 1300

E = TypeVar("E", bound=Event)
News = CallEvent | SwitchLost | SwitchFound


class Ear:
    """Listens to one telephony port and waits for what is to come."""

    def __init__(self, telephony: Telephony) -> None:
        self.heard: list[News] = []
        self._more = asyncio.Event()
        self._seen = 0
        self._task = asyncio.create_task(self._listen(telephony))

    async def _listen(self, telephony: Telephony) -> None:
        async for news in telephony.events():
            self.heard.append(news)
            self._more.set()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def next(self, kind: type[E], **fields: object) -> E:
        """The next event of a kind, with these fields, after those asked for before."""
        return (await self._find(kind, fields)).event  # type: ignore[return-value]  # just checked

    async def next_call(self) -> CallEvent:
        """The next call that arrives."""
        return await self._find(CallArrived, {})

    async def found(self) -> SwitchFound:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while self._seen < len(self.heard):
                    news = self.heard[self._seen]
                    self._seen += 1
                    if isinstance(news, SwitchFound):
                        return news
                await self._wait()

    async def lost(self) -> None:
        """Wait until the switch was lost at any time."""
        async with asyncio.timeout(PATIENCE_S):
            while not any(isinstance(news, SwitchLost) for news in self.heard):
                await self._wait()

    async def _find(self, kind: type[Event], fields: dict[str, object]) -> CallEvent:
        wanted = f"{kind.__name__} {fields}"
        try:
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    while self._seen < len(self.heard):
                        news = self.heard[self._seen]
                        self._seen += 1
                        if isinstance(news, CallEvent) and _fits(news.event, kind, fields):
                            return news
                    await self._wait()
        except TimeoutError:
            raise AssertionError(f"{wanted} never came; heard: {self.heard}") from None

    async def _wait(self) -> None:
        if self._task.done():
            self._task.result()
        self._more.clear()
        await self._more.wait()

    def told(self, kind: type[E]) -> list[E]:
        """All events of a kind heard so far."""
        events = [n.event for n in self.heard if isinstance(n, CallEvent)]
        return [event for event in events if isinstance(event, kind)]

    async def quiet(self, kind: type[Event], for_s: float = 0.3) -> None:
        """Nothing of this kind comes for a while."""
        before = len(self.told(kind))
        await asyncio.sleep(for_s)
        assert len(self.told(kind)) == before


def _fits(event: Event, kind: type[Event], fields: dict[str, object]) -> bool:
    return isinstance(event, kind) and all(getattr(event, n) == v for n, v in fields.items())


class Bench(Protocol):
    """What the suite of the port asks of a switch and the world around it."""

    telephony: Telephony
    ear: Ear
    short: str
    long: str

    async def arrive(self) -> str:
        """A caller calls; the id of the call that was told."""
        ...

    async def agent(self, manner: Manner) -> str:
        """The endpoint of an agent who behaves like this from now on."""
        ...

    async def caller_hangs_up(self, call_id: str) -> None: ...

    async def caller_presses(self, call_id: str, digit: str) -> None: ...

    def second(self) -> "AsyncIterator[tuple[Telephony, Ear]]":
        """Another engine on the same switch (an async context manager)."""
        ...


def order(call_id: str, endpoint: str, *, ring_timeout_s: int = 5, number: int = 1) -> Dial:
    """An order to dial that tests of the port use."""
    return Dial(
        call_id=call_id,
        leg=f"{call_id}-a{number}",
        endpoint=endpoint,
        caller_number=DID,
        caller_name="Service",
        ring_timeout_s=ring_timeout_s,
        deadline_ms=60_000,
    )


# --- the switch in memory --------------------------------------------------------------------


class FakeBench:
    """The switch of the flow tests, on the real clock."""

    def __init__(self) -> None:
        self.switch = FakeSwitch(LoopClock(), playback_ms=lambda audio: _LENGTHS[audio])
        self.telephony: Telephony = self.switch.port("one")
        self.ear = Ear(self.telephony)
        self.short, self.long = "short", "long"

    async def arrive(self) -> str:
        leg = f"in-{uuid.uuid4().hex[:8]}"
        identity = SignalledIdentity(from_user=f"<sip:{CALLER}@127.0.0.1>")
        self.switch.ring_in(leg, DID, "one", identity, trunk="carrier")
        return (await self.ear.next_call()).call_id

    async def agent(self, manner: Manner) -> str:
        self.switch.manners["agent"] = manner
        return "agent"

    async def caller_hangs_up(self, call_id: str) -> None:
        self.switch.hang_up(call_id)

    async def caller_presses(self, call_id: str, digit: str) -> None:
        self.switch.press(call_id, digit)

    @asynccontextmanager
    async def second(self) -> AsyncIterator[tuple[Telephony, Ear]]:
        telephony = self.switch.port("two")
        ear = Ear(telephony)
        yield telephony, ear
        await ear.close()

    async def close(self) -> None:
        await self.ear.close()


_LENGTHS = {"short": int(SHORT_S * 1000), "long": int(LONG_S * 1000)}


# --- the real one ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Plant:
    """One running Asterisk that tests share, and the ports its far ends must have."""

    asterisk: AsteriskProcess
    trunk_port: int
    agent_port: int
    agi_port: int
    sounds: Path


SIP_CODES = {LegFailure.BUSY: 486, LegFailure.REJECTED: 603, LegFailure.WRONG_NUMBER: 404}


@asynccontextmanager
async def plant(folder: Path) -> AsyncIterator[Plant]:
    """An Asterisk with one trunk (`carrier`) and one phone (`anna`); nothing of it stays."""
    sounds = folder / "sounds"
    (sounds / "music").mkdir(parents=True)
    write_tone(sounds / "music" / "waiting", 440, 10)
    write_tone(sounds / "short", SHORT_HZ, SHORT_S)
    write_tone(sounds / "long", LONG_HZ, LONG_S)
    write_tone(sounds / "fault", 700, 0.5)
    trunk_port, agent_port = (free_port("127.0.0.1", socket.SOCK_DGRAM) for _ in range(2))
    agi_port = free_port("127.0.0.1", socket.SOCK_STREAM)
    asterisk = await AsteriskProcess.start(
        folder / "asterisk",
        asterisk_program(),
        inventory(trunk_port, agent_port),
        usual(sounds, agi_port),
    )
    try:
        yield Plant(asterisk, trunk_port, agent_port, agi_port, sounds)
    finally:
        await asterisk.stop()
        shutil.rmtree(folder, ignore_errors=True)


def usual(sounds: Path, agi_port: int) -> Wishes:
    """The wishes most tests have."""
    return Wishes(
        music_folder=str(sounds / "music"),
        fault_prompt=str(sounds / "fault"),
        agent_secrets={"berta": "secret"},
        agi_port=agi_port,
    )


def inventory(trunk_port: int, agent_port: int) -> Inventory:
    """One trunk, one phone at a fixed address, one that registers, one outside number."""
    return Inventory(
        version=1,
        trunks=(
            Trunk(
                name="carrier",
                host="127.0.0.1",
                port=trunk_port,
                number_format=NumberFormat.E164_PLUS,
            ),
        ),
        agents=(
            Agent(name="anna", organisation="o", address=f"127.0.0.1:{agent_port}"),
            Agent(name="berta", organisation="o"),
            Agent(
                name="clara",
                organisation="o",
                kind=AgentKind.OUTSIDE,
                address="+4930123456",
                trunk="carrier",
            ),
        ),
    )


@dataclass
class AsteriskBench:
    """The real adapter with a carrier and a phone at its ends; made by `open`."""

    plant: Plant
    telephony: AriTelephony
    ear: Ear
    carrier: Party
    anna: Party
    app: str
    callers: dict[str, Dialog] = field(default_factory=dict)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def open(
        cls, plant: Plant, access: Access | None = None
    ) -> AsyncIterator["AsteriskBench"]:
        sip_port = plant.asterisk.access.sip_port
        app = f"groschen-{uuid.uuid4().hex[:6]}"
        async with AsyncExitStack() as stack:
            carrier = await Party.open(sip_port, plant.trunk_port)
            stack.callback(carrier.close)
            anna = await Party.open(sip_port, plant.agent_port)
            stack.callback(anna.close)
            access = access or plant.asterisk.access
            telephony = await stack.enter_async_context(AriTelephony.connected(access, app))
            ear = Ear(telephony)
            stack.push_async_callback(ear.close)
            await ear.found()
            bench = cls(plant, telephony, ear, carrier, anna, app)
            yield bench
            await bench._clear()

    @property
    def short(self) -> str:
        return str(self.plant.sounds / "short")

    @property
    def long(self) -> str:
        return str(self.plant.sounds / "long")

    async def arrive(self, *headers: str, caller: str = CALLER) -> str:
        """A caller calls; the id of the call that was told. `callers` has his side of it."""
        dialog = await self.carrier.call(DID, *headers, caller=caller)
        call_id = (await self.ear.next_call()).call_id
        self.callers[call_id] = dialog
        return call_id

    async def agent(self, manner: Manner) -> str:
        self.anna.on_invite = lambda dialog: self._spawn(self._behave(dialog, manner))
        return "PJSIP/agent-anna"

    async def _behave(self, dialog: Dialog, manner: Manner) -> None:
        if manner.fails_with is not None:
            dialog.answer(SIP_CODES[manner.fails_with])
            return
        dialog.answer(180)
        if manner.answers_after_ms is None:
            return
        await asyncio.sleep(manner.answers_after_ms / 1000)
        if dialog.ended_at:
            return
        dialog.answer(200, media=True)
        if manner.hangs_up_after_ms is not None:
            await asyncio.sleep(manner.hangs_up_after_ms / 1000)
            dialog.hang_up()

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def caller_hangs_up(self, call_id: str) -> None:
        self.callers[call_id].hang_up()

    async def caller_presses(self, call_id: str, digit: str) -> None:
        self.callers[call_id].press("0123456789*#".index(digit))

    @asynccontextmanager
    async def second(self) -> AsyncIterator[tuple[Telephony, Ear]]:
        access = self.plant.asterisk.access
        app = f"groschen-{uuid.uuid4().hex[:6]}"
        async with AriTelephony.connected(access, app) as telephony:
            ear = Ear(telephony)
            await ear.found()
            yield telephony, ear
            await ear.close()

    async def _clear(self) -> None:
        """End all calls, so that the next test finds nothing of this one."""
        for task in tuple(self.tasks):
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await self.plant.asterisk.run_command("channel request hangup all")
