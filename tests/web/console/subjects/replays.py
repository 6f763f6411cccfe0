"""Replays."""

import asyncio
from dataclasses import replace

from engine.core.inventory import Inventory
from engine.flows.papers.month import HOME_TIMEZONE, month_before, month_of
from engine.flows.replay.runs import Wish
from engine.ports.replays import Run, RunState
from tests.web.console.house import OTHERS, House, Row
from tests.web.site import ORGANISATION

REPLAYS = "/console/replays"
ONE = f"{REPLAYS}/{{run_id}}"
READERS = "owner admin manager auditor"
WRITERS = "owner admin manager"

ROWS = {
    ("GET", REPLAYS): Row(READERS),
    ("POST", REPLAYS): Row(WRITERS, {"version": "1", "days": "month", "month": "2026-10"}),
    ("GET", ONE): Row(READERS),
    ("GET", "/console/live/replays/{run_id}"): Row(READERS),
    ("POST", f"{ONE}/cancel"): Row(WRITERS),
}


def dearer(inventory: Inventory) -> Inventory:
    """With landlines half a euro dearer, and the trunk that the calls came by."""
    services = tuple(
        replace(
            one,
            tariff=replace(one.tariff, landline_micros=one.tariff.landline_micros + 500_000),
        )
        for one in inventory.services
    )
    north = replace(inventory.trunks[0], name="north")
    return replace(inventory, services=services, trunks=(*inventory.trunks, north))


async def replayed(house: House, organisation: str | None) -> Run:
    """This month under a dearer draft, done."""
    site = house.bench.site
    now_ms = site.clock.now().wall_ms
    wish = Wish(
        organisation=organisation,
        author=f"ada@{organisation or 'operator'}.example",
        inventory=dearer(site.inventory()),
        version=1,
        drafted=True,
        days=month_of(f"{month_before(now_ms, HOME_TIMEZONE).end:%Y-%m}", HOME_TIMEZONE),
    )
    run = await site.replays.begin(wish)
    while (now := await site.replays.run(run.run_id)) is not None:
        if now.state is not RunState.RUNNING:
            return now
        await asyncio.sleep(0.01)
    return run


async def seed(house: House) -> None:
    """One here and one elsewhere."""
    ours, theirs = await replayed(house, ORGANISATION), await replayed(house, OTHERS)
    house.own["run_id"], house.foreign["run_id"] = ours.run_id, theirs.run_id
