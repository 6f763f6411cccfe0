"""Live calls."""

import asyncio
from dataclasses import replace

from engine.flows.machines import read
from engine.ports.people.commands import Outcome
from engine.ports.store import Snapshot, Store
from tests.cli.test_evn import talking_calls
from tests.web.console.house import OTHERS, House, Row

CALLS = "/console/live-calls"
ONE = f"{CALLS}/{{live_id}}"
WATCHERS = "owner admin manager auditor"
SUPERVISORS = "owner admin manager"
FORM_ID = "0123456789abcdef01234567"

ROWS = {
    ("GET", CALLS): Row(WATCHERS),
    ("GET", "/console/live/calls"): Row(WATCHERS),
    ("GET", ONE): Row(WATCHERS),
    ("GET", "/console/live/calls/{live_id}"): Row(WATCHERS),
    ("POST", f"{ONE}/top-up"): Row(
        SUPERVISORS, {"amount": "1,50", "reason": "Kulanz", "form_id": FORM_ID}
    ),
    ("POST", f"{ONE}/warn"): Row(SUPERVISORS),
    ("POST", f"{ONE}/end"): Row(SUPERVISORS, {"reason": "Beschwerde"}),
}


async def seed(house: House) -> None:
    """Live calls are in the store alone."""


async def revive(house: House) -> None:
    """A call here, and one elsewhere, as an engine wrote them that obeys."""
    (ours,) = await asyncio.to_thread(talking_calls)
    theirs = of_others(ours)
    for snapshot in (ours, theirs):
        await house.bench.store.save(snapshot)
    house.work.append(asyncio.create_task(_engine(house.bench.store, ours.engine)))
    house.own["live_id"], house.foreign["live_id"] = ours.call_id, theirs.call_id


async def _engine(store: Store, name: str) -> None:
    """An engine that says yes to everything, and does nothing."""
    async for command, _left_ms in store.received(name):
        await store.answer(command.command_id, Outcome.DONE)


def of_others(snapshot: Snapshot) -> Snapshot:
    """The same call to a service of the others."""
    machine, _ = read(snapshot)
    call = machine.decode(snapshot.body)
    service = replace(call.service, organisation=OTHERS, title="Bolt-Leitung")
    theirs = replace(call, call_id=f"{call.call_id}9", service=service)
    return replace(snapshot, call_id=theirs.call_id, body=machine.encode(theirs))
