"""FastAGI: an operator's dialplan asks for balances and prices; nobody can freeze the engine."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

import pytest
import pytest_asyncio

from engine.asterisk import agi as room
from engine.asterisk.agi import AgiServer, Lookups
from engine.asterisk.dialplan import TEMPLATES
from engine.asterisk.etc.files import AsteriskFiles
from engine.errors import RemoteError
from tests.switchboard import AsteriskBench, inventory

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Asked:
    """Lookups that remember what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[object, ...]] = []

    async def balance(self, did: str, caller: str) -> Mapping[str, str]:
        self.asked.append(("balance", did, caller))
        if caller == "nobody":
            raise RemoteError("the store is away")
        return {"GROSCHEN_BALANCE": '4.20 "quoted" \\ EUR\nNEW'}

    async def quote(self, did: str, caller: str, talk_s: int) -> Mapping[str, str]:
        self.asked.append(("quote", did, caller, talk_s))
        return {"GROSCHEN_CHARGE": "1.99"}


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest_asyncio.fixture(loop_scope="session")
async def server(asked: Asked) -> AsyncIterator[AgiServer]:
    async with AgiServer(Lookups(balance=asked.balance, quote=asked.quote)) as running:
        yield running


async def speak(port: int, sent: bytes, *, then_close: bool = False) -> bytes:
    """Everything the server says to a peer who sends this and grants every command."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        writer.write(sent)
        async with asyncio.timeout(5):
            while not then_close and (line := await reader.readline()):
                said += line
                writer.write(b"200 result=1\n")
    except ConnectionError:
        pass  # closed upon us with bytes unread: nothing more is said
    finally:
        writer.close()
    return said


def header(script: str, **fields: str) -> bytes:
    lines = [f"agi_network_script: {script}", *(f"{k}: {v}" for k, v in fields.items())]
    return "\n".join([*lines, "", ""]).encode()


async def test_a_peer_that_connects_and_closes_freezes_nothing(server: AgiServer) -> None:
    for _ in range(5):
        await speak(server.port, b"", then_close=True)
        await speak(server.port, b"agi_network: yes\n", then_close=True)
    began = time.monotonic()
    await asyncio.sleep(0.05)
    assert time.monotonic() - began < 5
    assert b"OK" in await speak(server.port, header("balance"))


async def test_a_peer_that_says_nothing_is_let_go(
    server: AgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "HEADER_TIMEOUT_S", 0.1)
    assert await speak(server.port, b"agi_network: yes\n") == b""


async def test_a_header_without_end_is_let_go(server: AgiServer) -> None:
    assert await speak(server.port, b"x: y\n" * 10_000) == b""


async def test_more_peers_than_allowed_are_turned_away(
    server: AgiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "CONNECTIONS_MOST", 2)
    waiting = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert await speak(server.port, header("balance")) == b""
    for _, writer in waiting:
        writer.close()
    await asyncio.sleep(0.05)
    assert b"OK" in await speak(server.port, header("balance"))


async def test_values_cannot_leave_their_quotes(server: AgiServer, asked: Asked) -> None:
    said = await speak(server.port, header("balance", agi_dnid="+4990", agi_callerid="+4915"))
    assert said.decode().splitlines() == [
        'SET VARIABLE GROSCHEN_BALANCE "4.20 \\"quoted\\" \\\\ EUR NEW"',
        'SET VARIABLE GROSCHEN_STATUS "OK"',
    ]
    assert asked.asked == [("balance", "+4990", "+4915")]


async def test_what_cannot_be_had_is_said(server: AgiServer) -> None:
    said = await speak(server.port, header("balance", agi_callerid="nobody"))
    assert said == b'SET VARIABLE GROSCHEN_STATUS "FAILED"\n'
    assert await speak(server.port, header("unknown")) == b""


async def test_arguments_go_before_the_calls_own_numbers(server: AgiServer, asked: Asked) -> None:
    fields = {"agi_dnid": "+1", "agi_arg_1": "+4990", "agi_arg_2": "+4917", "agi_arg_3": "125"}
    await speak(server.port, header("quote", **fields))
    await speak(server.port, header("quote", **(fields | {"agi_arg_3": "long"})))
    assert asked.asked == [("quote", "+4990", "+4917", 125), ("quote", "+4990", "+4917", 60)]


async def test_an_operators_dialplan_uses_both(real_bench: AsteriskBench, asked: Asked) -> None:
    plant = real_bench.plant
    stock = inventory(plant.trunk_port, plant.agent_port)
    files = AsteriskFiles.opened(plant.asterisk.folder, None)
    lookups = Lookups(balance=asked.balance, quote=asked.quote)
    try:
        async with AgiServer(lookups, port=plant.agi_port):
            own = {"own.conf": (TEMPLATES / "samples" / "own.conf").read_text()}
            await files.apply(replace(stock, own_dialplan=own))
            codes = []
            for caller in ("+4915112345678", "nobody"):
                dialog = await real_bench.carrier.call("4711", caller=caller)
                await dialog.until(lambda d: d.final)
                codes.append(dialog.final)
    finally:
        await files.apply(replace(stock, own_dialplan={}))
    assert codes == [486, 404]
    assert asked.asked == [
        ("balance", "4711", "+4915112345678"),
        ("quote", "4711", "+4915112345678", 90),
        ("balance", "4711", "nobody"),
    ]
