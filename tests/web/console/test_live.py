"""Parts that change by themselves: sent when they differ, bounded, ended with their session."""

import asyncio

import pytest

from engine.core.roles import Role
from engine.web.console import live
from tests.web.console.house import House

PATH = "/console/live/home"
STREAM = {"Accept": "text/event-stream"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look often, so that no test waits."""
    monkeypatch.setattr(live, "LOOK_EVERY_MS", 5)
    monkeypatch.setattr(live, "HEARTBEAT_LOOKS", 2)


async def test_a_part_is_sent_once_and_then_a_sign_of_life(house: House) -> None:
    answer = await house.ask("GET", PATH, house.people[Role.MANAGER], headers=STREAM)
    assert answer.content_type == "text/event-stream"
    assert answer.headers["Cache-Control"] == "no-store"
    begun = (await answer.content.readuntil(b"\n\n")).decode()
    assert begun.startswith("retry: 200\nevent: clock\ndata: 1")
    first = (await answer.content.readuntil(b"\n\n")).decode()
    assert first.startswith("event: part\ndata: ")
    assert "Sternlicht" in first
    for _ in range(2):
        assert (await answer.content.readuntil(b"\n\n")).startswith(b"event: clock\ndata: 1")
    answer.close()


async def test_a_stream_ends_with_its_session(house: House) -> None:
    user = house.people[Role.MANAGER]
    answer = await house.ask("GET", PATH, user, headers=STREAM)
    await answer.content.readuntil(b"\n\n")
    await house.bench.site.people.lock(user)
    async with asyncio.timeout(5):
        await answer.read()


async def test_streams_are_bounded(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "STREAMS_OF_USER_MOST", 1)
    user = house.people[Role.MANAGER]
    open_one = await house.ask("GET", PATH, user, headers=STREAM)
    assert open_one.status == 200
    assert (await house.ask("GET", PATH, user, headers=STREAM)).status == 429
    other = await house.ask("GET", PATH, house.people[Role.OWNER], headers=STREAM)
    assert other.status == 200
    open_one.close()
    other.close()
    async with asyncio.timeout(5):
        while (again := await house.ask("GET", PATH, user, headers=STREAM)).status == 429:
            again.close()
    again.close()


async def test_an_agent_sees_no_calls(house: House) -> None:
    answer = await house.ask("GET", PATH, house.people[Role.AGENT], headers=STREAM)
    assert answer.status == 403
