"""What the tests of Asterisk's traps have in common."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import aiohttp

from engine.asterisk.process import Access, authorization
from engine.core.events import LegAnswered, LegJoined
from tests.fakes.telephony import Manner
from tests.far_end import Dialog
from tests.switchboard import AsteriskBench, order

AT_ONCE = Manner(answers_after_ms=20)


@dataclass(frozen=True)
class Talk:
    """A conversation: ids of its legs, and both parties' sides of it."""

    call: str
    agent: str
    bridge: str
    caller_side: Dialog
    agent_side: Dialog


async def talk(bench: AsteriskBench, *headers: str, caller: str = "+4915112345678") -> Talk:
    """A call in conversation with anna."""
    call = await bench.arrive(*headers, caller=caller)
    await bench.telephony.answer(call)
    await bench.ear.next(LegAnswered)
    dial = order(call, await bench.agent(AT_ONCE))
    await bench.telephony.dial(dial)
    await bench.ear.next(LegAnswered)
    bridge = f"{call}-b1"
    await bench.telephony.join(call, bridge, (call, dial.leg))
    await bench.ear.next(LegJoined)
    await bench.ear.next(LegJoined)
    return Talk(call, dial.leg, bridge, bench.callers[call], await bench.anna.incoming.get())


async def ask(access: Access, method: str, path: str, **query: str) -> tuple[int, object]:
    """One REST request past the adapter: status and parsed answer."""
    headers = {"Authorization": authorization(access)}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, access.ari_url + path, params=query) as answer,
    ):
        parsed = await answer.json() if answer.content_type == "application/json" else None
        return answer.status, parsed


@dataclass
class Wire:
    """A cable to Asterisk's HTTP port that can be cut and mended."""

    access: Access
    whole: bool = True
    ends: set[asyncio.StreamWriter] = field(default_factory=set)

    def cut(self) -> None:
        self.whole = False
        for end in tuple(self.ends):
            end.transport.abort()

    def mend(self) -> None:
        self.whole = True


@asynccontextmanager
async def wire(access: Access) -> AsyncIterator[Wire]:
    """A cable between the adapter and the Asterisk of `access`."""
    target = urlsplit(access.ari_url)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not cable.whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        both = {writer, far_writer}
        cable.ends |= both
        await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
        cable.ends -= both

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    cable = Wire(replace(access, ari_url=f"http://127.0.0.1:{port}/ari"))
    try:
        yield cable
    finally:
        server.close()
        cable.cut()
        await asyncio.sleep(0.05)
