"""`groschen calls`: who is on the line, what it costs so far, how long the money lasts."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import asdict

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import json_option, needed_store, run, user
from engine.cli.lines import write
from engine.core.money import format_shortest
from engine.flows.live import Change, Control, Live, LiveCall
from engine.flows.papers.columns import aligned
from engine.ports.people.commands import CallOrder, Command, Outcome
from engine.settings import Settings

SHOW_EVERY_S = 1.0
COLUMNS = ("call", "service", "caller", "agent", "state", "cost", "left")
OUTCOMES = {
    Outcome.DONE: "done",
    Outcome.GONE: "there is no such live call",
    Outcome.NOT_TALKING: "nobody talks in this call, or there is nothing left to tell",
    Outcome.TOO_SOON: "both were told in the last 30 seconds",
    Outcome.BUSY: "not carried out: the call could not be reached in time",
    Outcome.UNANSWERED: (
        "the call's engine did not answer in time: it may have been carried out, look at the call"
    ),
}


@click.group("calls", invoke_without_command=True)
@click.option("--watch", is_flag=True, help="Go on showing them as they change, until Ctrl-C.")
@json_option
@click.pass_context
def calls(context: click.Context, watch: bool, as_json: bool) -> None:
    """Show the live calls of all engines, one a line; warn or end one.

    Cost is what the call costs so far, left the time it may go on if everyone on the account talks
    on. With --json each call is one object; --watch then writes each change, a call that is over as
    {"gone": ID}.

    \b
    Examples:
      groschen calls
      groschen calls --watch
      groschen calls warn 1795300000.12
    """
    if context.invoked_subcommand is not None:
        return

    async def work(books: Books, _settings: Settings) -> None:
        live = Live(needed_store(books), books.clock)
        if not watch:
            _show(await live.calls(), as_json)
        elif as_json:
            await _tell_changes(live.watch())
        else:
            await _redraw(books, live)

    with suppress(KeyboardInterrupt):
        run(work, as_json=as_json)


@calls.command("end")
@click.argument("call_id")
@click.option("--reason", required=True, help="Why, for the call's record.")
@json_option
def end(call_id: str, reason: str, as_json: bool) -> None:
    """End a live call, on whatever engine it runs; both hear so.

    \b
    Example:
      groschen calls end 1795300000.12 --reason "complaint 4711"
    """
    _order(CallOrder.END, call_id, reason, as_json)


@calls.command("warn")
@click.argument("call_id")
@json_option
def warn(call_id: str, as_json: bool) -> None:
    """Let both in a live call hear how long they may talk on, at most every 30 seconds.

    \b
    Example:
      groschen calls warn 1795300000.12
    """
    _order(CallOrder.WARN, call_id, "", as_json)


def _order(order: CallOrder, call_id: str, reason: str, as_json: bool) -> None:
    command = Command(
        command_id=uuid.uuid4().hex,
        call_id=call_id,
        organisation=None,
        order=order,
        by=user(),
        reason=reason,
    )

    async def work(books: Books, _settings: Settings) -> Outcome:
        store = needed_store(books)
        known = await Live(store, books.clock).call(call_id)
        return await acted(
            books,
            f"live_calls.{order}",
            lambda: Control(store, books.clock).carry_out(command),
            organisation=known.organisation if known is not None else None,
            target=f"live_calls/{call_id}",
        )

    outcome = run(work, as_json=as_json)
    if as_json:
        write({"call_id": call_id, "order": order, "outcome": outcome})
    if outcome is not Outcome.DONE:
        raise click.exceptions.Exit(1) if as_json else click.ClickException(OUTCOMES[outcome])
    if not as_json:
        click.echo(OUTCOMES[outcome])


async def _tell_changes(changes: AsyncIterator[Change]) -> None:
    async for change in changes:
        _show(change.calls, as_json=True)
        for call_id in change.gone:
            write({"gone": call_id})


async def _redraw(books: Books, live: Live) -> None:
    """Draw the calls every second; what has changed meanwhile was told, nothing is asked for."""
    shown: dict[str, LiveCall] = {}
    is_told = asyncio.Event()

    async def follow() -> None:
        async with aclosing(live.watch()) as changes:
            async for change in changes:
                if change.whole:
                    shown.clear()
                shown.update({call.call_id: call for call in change.calls})
                for call_id in change.gone:
                    shown.pop(call_id, None)
                is_told.set()

    async with asyncio.TaskGroup() as group:
        group.create_task(follow())
        await is_told.wait()
        while True:
            click.clear()
            _show([*shown.values()], as_json=False, now_ms=books.clock.now().wall_ms)
            await asyncio.sleep(SHOW_EVERY_S)


def _show(live: Sequence[LiveCall], as_json: bool, now_ms: int | None = None) -> None:
    if as_json:
        for call in live:
            write({**asdict(call), "cost": format_shortest(call.cost_micros)})
        return
    for line in aligned([COLUMNS, *(_row(call, now_ms or call.at_ms) for call in live)]):
        click.echo(line)


def _row(call: LiveCall, now_ms: int) -> tuple[str, ...]:
    caller = call.caller or ("withheld" if call.withheld else "unknown")
    left = "-"
    if call.left_ms is not None:
        left_s = max(0, call.left_ms - (now_ms - call.at_ms)) // 1000
        left = f"{left_s // 60}:{left_s % 60:02}"
    return (
        call.call_id,
        call.service or call.kind,
        caller,
        call.agent or "-",
        call.state,
        f"{format_shortest(call.cost_micros)} {call.currency}",
        left,
    )
