"""What is logged of calls: each line with its call's id, and no number whole."""

import asyncio
import io
import json
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from engine import logs
from engine.core.identity import SignalledIdentity
from engine.premium.call import State
from tests.fakes.clock import run_virtually
from tests.flows.world import DID, LANDLINE, MOBILE, World, inventory, service, world

EURO = 1_000_000
PIN = "471199"
ANONYMOUS = SignalledIdentity(from_user="anonymous")
Scene = Callable[[World], Awaitable[None]]

OF_THE_ENGINE = {
    "lease.not_renewed",
    "look.failed",
    "relay.waits",
    "store.not_seen",
    "store.was_emptied",
    "switch.found",
    "switch.lost",
}
"""Events that are of no call, or of many."""


async def money_ends(house: World) -> None:
    await house.book(LANDLINE, 200_000)
    await house.record(house.call())


async def refused(house: World) -> None:
    await house.record(house.call(MOBILE))


async def to_nobody(house: World) -> None:
    call = house.call(did=DID[:-1] + "9")
    await house.until(lambda: not call.alive)


async def proves_himself(house: World) -> None:
    await house.ledger.set_pin(await house.book(LANDLINE, EURO), PIN)
    call = house.call(identity=ANONYMOUS)
    await house.until(lambda: house.heard_by(call) == ["enter_number"])
    house.switch.press(call.leg, "03023125100#")
    await house.until(lambda: house.heard_by(call)[-1] == "enter_pin")
    house.switch.press(call.leg, f"{PIN}#")
    await house.record(call)


async def agents_unreachable(house: World) -> None:
    await house.book(LANDLINE, EURO)
    house.fail_dialling("a1")
    house.fail_dialling("a2")
    await house.record(house.call())


async def orders_fail(house: World) -> None:
    await house.book(LANDLINE, 200_000)
    call = house.call()
    await house.talks_for(call, 3)
    house.fail_order("e1", "set_deadline", times=3)
    house.fail_order("e1", "whisper", times=None)
    await house.record(call)


async def store_is_away(house: World) -> None:
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.talks_for(call, 3)
    house.store_away()
    await asyncio.sleep(10)
    house.switch.hang_up(call.leg)
    await asyncio.sleep(3)
    house.store_back()
    await house.record(call)


async def store_is_emptied(house: World) -> None:
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.talks_for(call, 3)
    house.data.empty()
    await asyncio.sleep(5)
    house.switch.hang_up(call.leg)
    await house.record(call)


async def adopted(house: World) -> None:
    await house.start_engine("e2")
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.in_state(call, State.TALKING)
    await house.kill_engine("e1")
    await house.record(call)


async def stream_breaks(house: World) -> None:
    await house.book(LANDLINE, EURO)
    call = house.call()
    await house.talks_for(call, 3)
    house.switch.lose_stream("e1")
    await asyncio.sleep(2)
    house.switch.find_stream("e1")
    await house.record(call)


SCENES = [
    money_ends,
    refused,
    to_nobody,
    proves_himself,
    agents_unreachable,
    orders_fail,
    store_is_away,
    store_is_emptied,
    adopted,
    stream_breaks,
]


@asynccontextmanager
async def logged() -> AsyncIterator[io.StringIO]:
    """All that is logged meanwhile, as `logs.configure` writes it."""
    root, own, before = logging.getLogger(), logging.getLogger("engine"), structlog.get_config()
    kept = root.handlers, root.level, own.level
    stream = io.StringIO()
    logs.configure(level="debug", form="json", stream=stream)
    try:
        yield stream
    finally:
        root.handlers = kept[0]
        root.setLevel(kept[1])
        own.setLevel(kept[2])
        structlog.configure(**before)


def lines_of(scene: Scene) -> tuple[list[dict[str, Any]], str]:
    """What a scene leaves in the log: the engine's lines, and all of it as text."""

    async def main() -> str:
        async with logged() as stream, world(inventory(service(pin_entry=True))) as house:
            await scene(house)
        return stream.getvalue()

    text = run_virtually(main())
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["logger"].startswith("engine.")], text


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_line_about_a_call_has_its_id_and_no_number_is_whole(scene: Scene) -> None:
    lines, text = lines_of(scene)
    assert any("call" in line for line in lines)
    nameless = {line["event"] for line in lines if not line.get("call")}
    assert nameless <= OF_THE_ENGINE
    for number in (LANDLINE, MOBILE, DID, DID[:-1] + "9"):
        for written in (number, number[1:], f"0{number[3:]}", number[3:]):
            assert not re.search(rf"(?<!\d){written}(?!\d)", text), written
    assert PIN not in text


def test_rooms_that_know_no_call_log_its_id_too() -> None:
    """The relay works for everybody; what it says while a call is booked is about that call."""
    lines, _text = lines_of(store_is_away)
    later = [line for line in lines if line["event"] == "store.apply_later"]
    assert [line["logger"] for line in later] == ["engine.flows.money.relay"]
