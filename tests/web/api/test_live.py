"""Live calls and agents over the interface."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from engine.core.inventory import Agent
from engine.ports.operators import Scope
from engine.ports.people.commands import Outcome
from engine.ports.store import PauseReason, Snapshot
from tests.cli.test_evn import talking_calls
from tests.web.api.conftest import Program
from tests.web.site import Bench

WRONG = ("nobody", "1795300000.12")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    """A call of the first organisation, as its engine wrote it."""
    (written,) = talking_calls()
    return written


@pytest.fixture
async def call_id(bench: Bench, snapshot: Snapshot) -> AsyncIterator[str]:
    """The call while an engine has it that answers: done, too soon, and then no more."""
    await bench.store.save(snapshot)
    outcomes = [Outcome.DONE, Outcome.TOO_SOON, Outcome.NOT_TALKING]

    async def engine() -> None:
        async for command, _left_ms in bench.store.received(snapshot.engine):
            await bench.store.answer(command.command_id, outcomes.pop(0))

    task = asyncio.create_task(engine())
    yield snapshot.call_id
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_live_call_is_shown_without_its_number(program: Program, call_id: str) -> None:
    (listed,) = (await program.get("/calls"))["calls"]
    shown = await program.get(f"/calls/{call_id}")
    same = {"call_id", "caller", "agent", "state", "since", "engine", "balance"}
    assert {name: listed[name] for name in same} == {name: shown[name] for name in same}
    assert (shown["caller"], shown["state"], shown["agent"]) == ("+493023125xxx", "talking", "a1")
    assert shown["meter_runs"]


async def test_orders_are_carried_out_by_the_calls_engine(program: Program, call_id: str) -> None:
    path = f"/calls/{call_id}/warn"
    done = await program.post(path, status=200, once="k")
    assert done == {"call_id": call_id, "order": "warn"}
    assert await program.post(path, status=200, once="k") == done
    assert (await program.post(path, status=409))["type"].endswith("told_lately")
    assert (await program.post(path, status=409))["type"].endswith("not_talking")


async def test_a_call_is_ended_for_a_reason(program: Program, call_id: str) -> None:
    path = f"/calls/{call_id}/end"
    assert (await program.post(path, {}, 422))["field"] == "reason"
    done = await program.post(path, {"reason": "complaint"}, 200)
    assert done == {"call_id": call_id, "order": "end"}


async def test_what_is_anothers_is_not_there(
    program: Program, stranger: Program, call_id: str
) -> None:
    assert (await stranger.get("/calls"))["calls"] == []
    for path, body in (
        (f"/calls/{call_id}/warn", None),
        (f"/calls/{call_id}/end", {"reason": "r"}),
    ):
        await stranger.post(path, body, 404)
    await stranger.get(f"/calls/{call_id}", 404)
    for name in WRONG:
        await program.get(f"/calls/{name}", 404)
        await program.post(f"/calls/{name}/warn", status=404)
        await program.post(f"/agents/{name}/resume", status=404)


async def test_each_order_needs_its_scope(program: Program, call_id: str) -> None:
    reader = await program.with_key([Scope.CALLS_READ])
    await reader.get(f"/calls/{call_id}")
    await reader.post(f"/calls/{call_id}/warn", status=403)
    await reader.post("/agents/anna/resume", status=403)
    writer = await program.with_key([Scope.CALLS_WRITE, Scope.AGENTS_WRITE])
    await writer.get("/calls", 403)


async def test_agents_are_paused_and_work_again(program: Program, stranger: Program) -> None:
    agents = (Agent(name="anna", organisation="acme"), Agent(name="bob", organisation="bolt"))
    inventory = program.bench.site.inventory()
    object.__setattr__(inventory, "agents", agents)
    anna = {"name": "anna", "since": None, "until": None, "call_id": None}
    listed = await program.get("/agents")
    assert listed == {"agents": [{**anna, "state": "free", "pause": None}]}
    paused = await program.post("/agents/anna/pause", {"reason": "break"}, 200)
    assert (paused["state"], paused["pause"]) == ("paused", PauseReason.BREAK)
    assert (await program.post("/agents/anna/pause", {"reason": "x"}, 422))["field"] == "reason"
    resumed = await program.post("/agents/anna/resume", status=200)
    assert resumed["state"] == "free"
    await stranger.post("/agents/anna/pause", {"reason": "break"}, 404)
    await program.post("/agents/bob/resume", status=404)
    (state,) = await program.bench.store.agent_states(("anna",))
    assert state.free
