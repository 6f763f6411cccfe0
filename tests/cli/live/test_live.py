"""`groschen calls end|warn` and `groschen agents`, beside an engine that answers."""

import asyncio
import json

import pytest
from click.testing import Result

from engine.app import Books
from engine.ports.people.commands import CallOrder, Command, Outcome
from tests.cli.conftest import Shop
from tests.cli.test_evn import talking_calls


def ordered(shop: Shop, outcome: Outcome, *args: str) -> tuple[Result, Command]:
    """What a command says whose call's engine answers so, and what that engine was told."""
    (snapshot,) = talking_calls()
    heard: list[Command] = []

    async def work(books: Books) -> Result:
        store = books.store
        assert store is not None
        await store.save(snapshot)

        async def engine() -> None:
            async for command, _left_ms in store.received(snapshot.engine):
                heard.append(command)
                await store.answer(command.command_id, outcome)

        answering = asyncio.create_task(engine())
        result = await asyncio.to_thread(shop.run, "calls", args[0], snapshot.call_id, *args[1:])
        answering.cancel()
        await asyncio.gather(answering, return_exceptions=True)
        return result

    result = shop.look(work)
    return result, heard[0]


def test_a_call_is_ended_for_a_reason(shop: Shop) -> None:
    result, command = ordered(shop, Outcome.DONE, "end", "--reason", "complaint")
    assert (result.exit_code, result.stdout) == (0, "done\n")
    assert (command.order, command.reason, command.organisation) == (
        CallOrder.END, "complaint", None
    )  # fmt: skip
    assert command.by.startswith("cli")


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_warning_that_is_refused_says_why(shop: Shop, form: str) -> None:
    words = ("warn", "--json") if form == "json" else ("warn",)
    result, command = ordered(shop, Outcome.TOO_SOON, *words)
    assert (result.exit_code, command.order) == (1, CallOrder.WARN)
    if form == "json":
        assert json.loads(result.stdout)["outcome"] == "too_soon"
    else:
        assert "in the last 30 seconds" in result.stderr


def test_a_call_that_is_over_cannot_be_warned(shop: Shop) -> None:
    result = shop.run("calls", "warn", "1795300000.12")
    assert result.exit_code == 1
    assert "there is no such live call" in result.stderr


def test_agents_are_shown_paused_and_resumed(shop: Shop) -> None:
    told = [json.loads(line) for line in shop.run("agents", "--json").stdout.splitlines()]
    name = told[0]["name"]
    assert {agent["state"] for agent in told} == {"free"}
    assert shop.run("agents", "pause", name, "--reason", "break").stdout == f"{name}: paused\n"
    _heading, line = shop.run("agents").stdout.splitlines()[:2]
    words = line.split()
    assert (words[0], words[2], words[4]) == (name, "paused", "break")
    assert shop.json("agents", "resume", name)["state"] == "free"
    refused = shop.run("agents", "pause", "nobody")
    assert refused.exit_code == 1
    assert "there is no agent nobody" in refused.stderr
