"""The outside world: callers in the phone network, and agents' phones, on real SIP.

    async with OutsideWorld(folder, engine_port=5060) as world:
        anna = world.agent("a1")
        anna.answers(after_s=0.5)
        call = await world.call("+4930123456", pai="+4915112345678")
        leg = await anna.called()
        await call.answered()
        ...
        await call.hang_up()
        await call.ended()
        Ear(call.recording).heard(prompts)

A second Asterisk with folders and ports of its own plays both. Callers reach the engine's
Asterisk from `network_port` of 127.0.0.1, as a trunk would, and it reaches outside numbers there
(`sip:+49…@127.0.0.1:network_port`); inside phones are static contacts at `phones_port`
(`sip:a1@127.0.0.1:phones_port`) or register from there. Each party speaks a tone of its own
from its answer on, its RTP never pauses, and what it hears is recorded from its INVITE to the
end (`recording`). Every SIP message is in `trace` and in the file `sip.txt`.
"""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from engine.asterisk.process import Program
from tests.rig.audio.handsets import Handsets
from tests.rig.sip import outside_conf
from tests.rig.sip.agents import CAUSES, Agent
from tests.rig.sip.ari import AriError, Event, OutsideAri
from tests.rig.sip.asterisk import Asterisk, free_port
from tests.rig.sip.legs import DIAL_TIMEOUT_S, PATIENCE_S, Leg
from tests.rig.sip.trace import SipMessage, SipTrace

# Whole hertz, away from DTMF (to 1633 Hz), from ringing and beep tones, and from each other.
CALLER_TONES_HZ: Final = tuple(range(1710, 2110, 20))
AGENT_TONES_HZ: Final = tuple(range(2230, 3130, 60))
HANG_UP_TIMEOUT_S: Final = 5.0


class OutsideWorld:
    """Callers and agents around one engine; an async context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        engine_port: int,
        registrations: Mapping[str, str] | None = None,
        program: Program | None = None,
    ) -> None:
        """Live in `folder`; the engine's Asterisk listens on `engine_port` of 127.0.0.1 (UDP).

        `registrations` are the phones (name to password) that register with the engine.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.trace = SipTrace(folder / "sip.txt")
        self.network_port = free_port(kind=socket.SOCK_DGRAM)
        self.phones_port = free_port(kind=socket.SOCK_DGRAM)
        self.trace.own_ports = frozenset({self.network_port, self.phones_port})
        self.agents: dict[str, Agent] = {}
        self.calls: list[Leg] = []
        ports = outside_conf.Ports(
            self.network_port, self.phones_port, free_port(), self.trace.port, engine_port
        )
        self.asterisk = Asterisk(
            folder / "asterisk",
            files=outside_conf.configuration(ports, registrations or {}),
            modules=outside_conf.MODULES,
            program=program,
        )
        self._handsets = Handsets(folder / "tones")
        self._ari = OutsideAri(ports.http, self._take_event)
        self._legs: dict[str, Leg] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._faults: list[BaseException] = []
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await self.trace.open()
            stack.callback(self.trace.close)
            await stack.enter_async_context(self._handsets)
            await stack.enter_async_context(self.asterisk)
            await stack.enter_async_context(self._ari)
            stack.push_async_callback(self._end_calls)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        if self._faults and error is None:
            raise self._faults[0]

    def agent(self, name: str) -> Agent:
        """The agent called `name`, a phone's user name or an outside number; made if new."""
        if name not in self.agents:
            tone_hz = AGENT_TONES_HZ[len(self.agents) % len(AGENT_TONES_HZ)]
            self.agents[name] = Agent(name, tone_hz)
        return self.agents[name]

    @property
    def tones_hz(self) -> list[int]:
        """The tones of all parties so far."""
        agents = [agent.tone_hz for agent in self.agents.values()]
        return sorted({*agents, *(call.tone_hz for call in self.calls)})

    def sip_trace(self) -> list[SipMessage]:
        """Every SIP message so far."""
        return list(self.trace.messages)

    async def call(
        self,
        to: str,
        *,
        pai: str | Sequence[str] | None = None,
        from_user: str | None = None,
        privacy: str | None = None,
        headers: Mapping[str, str] | None = None,
        name: str = "caller",
    ) -> Leg:
        """Call the number `to`, with early media from the first packet; returns when dialled.

        `pai` holds numbers, or whole values in angle brackets, of one P-Asserted-Identity header;
        `from_user` None is an anonymous From (RFC 3323, 4.1.1.3); `privacy` is the Privacy
        header's value; `headers` are further ones.
        """
        tone_hz = CALLER_TONES_HZ[len(self.calls) % len(CALLER_TONES_HZ)]
        leg = self._leg(f"{name}-{uuid.uuid4().hex[:8]}", name, tone_hz)
        self.calls.append(leg)
        await leg.wire()
        await self._ari.start(
            "channels/create",
            leg.channel,
            {"endpoint": f"PJSIP/{to}@network"},
            _identity(pai, from_user, privacy, headers or {}),
        )
        await leg.join()
        await leg.dial()
        self._spawn(leg.speak_once_answered())
        return leg

    async def registered(self, name: str, timeout_s: float = PATIENCE_S) -> None:
        """Wait until the phone `name` has registered with the engine."""
        await self.trace.messages.first(
            lambda m: m.code == 200 and m.method == "REGISTER" and f":{name}@" in m.header("To"),
            timeout_s,
        )

    # Events -------------------------------------------------------------------------------

    def _take_event(self, event: Event) -> None:
        channel = event.get("channel", {})
        leg = self._legs.get(channel.get("id", ""))
        match event["type"]:
            case "StasisStart":
                self._spawn(self._ring_agent(channel["id"], event["args"][1]))
            case "ChannelDtmfReceived" if leg is not None:
                at_ms = datetime.fromisoformat(event["timestamp"]).timestamp() * 1000
                leg.key_pressed(event["digit"], at_ms, event["duration_ms"])
            case "StasisEnd" | "ChannelDestroyed" if leg is not None:
                del self._legs[leg.channel]
                self._spawn(leg.put_away())

    async def _ring_agent(self, channel: str, name: str) -> None:
        agent = self.agents.get(name)
        if agent is None:
            await self._ari.release("channels", channel, reason_code=CAUSES[404])
            return
        leg = self._leg(channel, name, agent.tone_hz)
        acting = asyncio.create_task(agent.take(leg))
        over = asyncio.create_task(leg.ended(DIAL_TIMEOUT_S))
        await asyncio.wait({acting, over}, return_when=asyncio.FIRST_COMPLETED)
        fault = None
        if acting.done():
            fault = acting.exception()
        else:
            acting.cancel()
        over.cancel()
        if fault is not None and not isinstance(fault, AriError):
            raise fault
        if fault is not None:
            # The far side may hang up between two orders of the phone; anything else is a fault.
            try:
                await leg.ended(HANG_UP_TIMEOUT_S)
            except TimeoutError:
                raise fault from None

    async def _end_calls(self) -> None:
        """Hang up what is left, wait for recordings and tasks."""
        for leg in list(self._legs.values()):
            await leg.hang_up()
        while self._tasks:
            await asyncio.wait(self._tasks)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            self._faults.append(fault)

    def _leg(self, channel: str, name: str, tone_hz: int) -> Leg:
        leg = self._legs[channel] = Leg(
            name,
            channel,
            tone_hz,
            ari=self._ari,
            handsets=self._handsets,
            trace=self.trace,
            folder=self.folder,
        )
        return leg


def _identity(
    pai: str | Sequence[str] | None,
    from_user: str | None,
    privacy: str | None,
    headers: Mapping[str, str],
) -> dict[str, str]:
    """Channel variables that give an INVITE its identity headers."""
    variables = {
        "CONNECTEDLINE(num,i)": from_user or "anonymous",
        "CONNECTEDLINE(num-pres,i)": "allowed" if from_user else "prohib",
    }
    asserted = [pai] if isinstance(pai, str) else pai or []
    added = dict(headers)
    if asserted:
        added["P-Asserted-Identity"] = ", ".join(
            value if "<" in value else f"<sip:{value}@network.invalid>" for value in asserted
        )
    if privacy is not None:
        added["Privacy"] = privacy
    return variables | {f"PJSIP_HEADER(add,{key})": value for key, value in added.items()}
