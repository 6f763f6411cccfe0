"""`groschen calls`: who is on the line, what it costs so far, how long the money lasts."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict

import click

from engine.app import Books
from engine.cli.books.opening import json_option, needed_store, run
from engine.cli.lines import write
from engine.core.money import format_shortest
from engine.flows.live import LiveCall, live_calls
from engine.flows.papers.columns import aligned
from engine.settings import Settings

WATCH_EVERY_S = 1.0
COLUMNS = ("call", "service", "caller", "agent", "state", "cost", "left")


@click.command("calls")
@click.option("--watch", is_flag=True, help="Show them anew every second, until Ctrl-C.")
@json_option
def calls(watch: bool, as_json: bool) -> None:
    """Show the live calls of all engines, one a line.

    Cost is what the call costs so far, left the time until its money ends if everyone on the
    account talks on. With --json each call is one object; --watch then repeats them.

    \b
    Examples:
      groschen calls
      groschen calls --watch
    """

    async def work(books: Books, _settings: Settings) -> None:
        store = needed_store(books)
        while True:
            live = await live_calls(store, books.clock.now().wall_ms)
            if watch and not as_json:
                click.clear()
            _show(live, as_json)
            if not watch:
                return
            await asyncio.sleep(WATCH_EVERY_S)

    with suppress(KeyboardInterrupt):
        run(work, as_json=as_json)


def _show(live: Sequence[LiveCall], as_json: bool) -> None:
    if as_json:
        for call in live:
            write({**asdict(call), "cost": format_shortest(call.cost_micros)})
        return
    for line in aligned([COLUMNS, *(_row(call) for call in live)]):
        click.echo(line)


def _row(call: LiveCall) -> tuple[str, ...]:
    caller = call.caller or ("withheld" if call.withheld else "unknown")
    left = "-" if call.left_s is None else f"{call.left_s // 60}:{call.left_s % 60:02}"
    return (
        call.call_id,
        call.service,
        caller,
        call.agent or "-",
        call.state,
        f"{format_shortest(call.cost_micros)} {call.currency}",
        left,
    )
