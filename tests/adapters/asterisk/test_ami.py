"""The manager connection: what it can do, and that it neither hangs nor repeats itself."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from engine.asterisk import ami as room
from engine.asterisk.ami import Ami
from engine.errors import RemoteError
from tests.switchboard import AsteriskBench, Plant

pytestmark = pytest.mark.asyncio(loop_scope="session")

Answering = Callable[[dict[str, str]], str | None]


def connected(plant: Plant) -> Ami:
    access = plant.asterisk.access
    return Ami(access.ami_host, access.ami_port, access.ami_user, access.ami_secret)


async def test_it_sees_endpoints_and_devices_and_reloads(shared_plant: Plant) -> None:
    async with connected(shared_plant) as ami:
        await ami.ping()
        endpoints = await ami.endpoints()
        assert set(endpoints) == {"agent-anna", "agent-berta", "trunk-carrier"}
        await ami.reload("res_pjsip")
        await ami.reload("pbx_config")
        states = await ami.device_states()
        assert states["PJSIP/agent-berta"] == "UNAVAILABLE"


async def test_a_wrong_module_or_channel_is_told(shared_plant: Plant) -> None:
    async with connected(shared_plant) as ami:
        with pytest.raises(RemoteError) as refused:
            await ami.reload("no_such_module")
        assert not refused.value.retryable
        assert not await ami.set_variable("no-such-channel", "TIMEOUT(absolute)", "9")
        with pytest.raises(RemoteError):
            await ami.set_variable("x", "TIMEOUT(absolute)", "9\r\nAction: Ping")


async def test_a_deadline_is_set_at_once_while_something_plays(real_bench: AsteriskBench) -> None:
    call = await real_bench.arrive()
    await real_bench.telephony.play(call, call, f"{call}-p1", (real_bench.long,))
    async with connected(real_bench.plant) as ami, asyncio.timeout(0.5):
        assert await ami.set_variable(call, "TIMEOUT(absolute)", "30")


async def test_it_may_neither_run_commands_nor_originate(shared_plant: Plant) -> None:
    async with connected(shared_plant) as ami:
        for action in ("Command", "Originate", "UpdateConfig"):
            with pytest.raises(RemoteError, match=r"(?i)permission|denied"):
                await ami._ask(action, Command="core show version")


async def test_a_wrong_secret_is_refused(shared_plant: Plant) -> None:
    access = shared_plant.asterisk.access
    with pytest.raises(RemoteError, match="login"):
        async with Ami(access.ami_host, access.ami_port, access.ami_user, "wrong"):
            pass


@asynccontextmanager
async def pretender(answering: Answering) -> AsyncIterator[tuple[int, list[dict[str, str]]]]:
    """A manager port that answers as told (None: not at all); gives its port and what it heard."""
    heard: list[dict[str, str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        try:
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                asked = dict(line.split(": ", 1) for line in text.splitlines() if ": " in line)
                heard.append(asked)
                if (answer := answering(asked)) is not None:
                    said = f"Response: {answer}\r\nActionID: {asked['ActionID']}\r\n\r\n"
                    writer.write(said.encode())
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heard
    finally:
        server.close()


async def logged_in(ami: Ami, heard: list[dict[str, str]], times: int) -> None:
    """Wait for the so-manieth login."""
    async with asyncio.timeout(5):
        while [asked["Action"] for asked in heard].count("Login") < times:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        await ami._logged_in.wait()


async def test_a_question_without_an_answer_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_TIMEOUT_S", 0.1)
    silent = {"Setvar"}
    async with (
        pretender(lambda a: None if a["Action"] in silent else "Success") as (port, _),
        Ami("127.0.0.1", port, "u", "s") as ami,
    ):
        with pytest.raises(RemoteError, match="no answer") as lost:
            await ami.set_variable("c", "v", "1")
        assert lost.value.retryable


async def test_nothing_is_sent_again_after_a_reconnect(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_TIMEOUT_S", 0.1)
    async with (
        pretender(lambda a: None if a["Action"] == "Setvar" else "Success") as (port, heard),
        Ami("127.0.0.1", port, "u", "s") as ami,
    ):
        with pytest.raises(RemoteError):
            await ami.set_variable("c", "TIMEOUT(absolute)", "1")
        ami._break()
        await logged_in(ami, heard, 2)
        await ami.ping()
        assert [a["Action"] for a in heard] == ["Login", "Setvar", "Login", "Ping"]


async def test_a_half_open_connection_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ANSWER_TIMEOUT_S", 0.1)
    monkeypatch.setattr(room, "PING_EVERY_S", 0.1)
    deaf = True
    async with (
        pretender(lambda a: None if deaf and a["Action"] == "Ping" else "Success") as (port, heard),
        Ami("127.0.0.1", port, "u", "s") as ami,
    ):
        await logged_in(ami, heard, 2)
        deaf = False
        await ami.ping()
