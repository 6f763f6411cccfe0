"""The set-up list does not wait for trunks: it is there at once, and what they answer follows."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from engine.core.inventory import Inventory
from engine.core.roles import Role
from engine.flows.first_day.rules import Found
from engine.web.console.pages.first_day import routes
from tests.web.console.house import House

ASKING = "Trunks und Telefone werden gerade gefragt."


async def test_a_silent_trunk_keeps_nobody_waiting(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = asyncio.Event()

    async def standing(_inventory: Inventory, _dialplan: object) -> Mapping[str, bool]:
        await answers.wait()
        return {"trunk-carrier": False}

    monkeypatch.setattr(routes, "standing", standing)
    owner = house.staff[Role.OWNER]
    page = await (await house.ask("GET", "/console/first-day", owner)).text()
    assert ASKING in page
    assert "wird gefragt" in page
    assert "Sternlicht" in page
    stream = await house.ask("GET", "/console/live/first-day", owner)
    assert (await stream.content.readuntil(b"\n\n")).startswith(b"retry:")
    answers.set()
    part = (await stream.content.readuntil(b"\n\n")).decode()
    stream.close()
    assert ASKING not in part
    assert "carrier: antwortet nicht" in part


async def test_however_many_look_all_is_asked_once(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    look = routes.look_at_books

    async def counted(*where: Any, **of: Any) -> Found:
        nonlocal asked
        asked += 1
        return await look(*where, **of)

    monkeypatch.setattr(routes, "look_at_books", counted)
    monkeypatch.setattr(routes, "ASK_EVERY_MS", 600_000)
    owner = house.staff[Role.OWNER]
    streams = [await house.ask("GET", "/console/live/first-day", owner) for _ in range(3)]
    for stream in streams:
        await stream.content.readuntil(b"\n\n")
        part = (await stream.content.readuntil(b"\n\n")).decode()
        assert "first-day-done" in part
        assert ASKING not in part
        stream.close()
    assert asked == 1
