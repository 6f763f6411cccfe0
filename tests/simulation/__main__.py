"""`scripts/simulate`: premium calls in virtual time, with random faults from a seed."""

import dataclasses
import json
import logging
import secrets
import sys
import time

import click
import structlog
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tests.fakes.clock import run_virtually
from tests.simulation.invariants import Outcome, assert_whole
from tests.simulation.town import Town

BATCH = 2_000


@click.command()
@click.option("--calls", default=2_000, show_default=True, type=click.IntRange(1, 10_000_000))
@click.option("--seed", type=int, help="The same seed gives the same calls; default: a new one.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(calls: int, seed: int | None, as_json: bool) -> None:
    """Simulate premium calls with crashes, outages, lost and doubled events.

    Ends with every invariant of the money whole, or names the one that is not (exit code 1).

    \b
    Examples:
      scripts/simulate --calls 2000
      scripts/simulate --calls 100000 --seed 7
    """
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seed = secrets.randbelow(2**31) if seed is None else seed
    console = Console(stderr=True)
    console.print(f"seed {seed}")
    began = time.monotonic()
    outcomes = _run(console, calls, seed)
    took_s = round(time.monotonic() - began, 1)
    for outcome in outcomes if not as_json else ():
        click.echo(f"{outcome.calls} calls, charged {outcome.charged_micros}, {outcome.digest}")
    total = sum(outcome.calls for outcome in outcomes)
    if as_json:
        whole = {"seed": seed, "calls": total, "seconds": took_s}
        click.echo(json.dumps({**whole, "towns": [dataclasses.asdict(o) for o in outcomes]}))
    else:
        click.echo(f"All invariants are whole after {total} calls ({took_s} s, seed {seed}).")


def _run(console: Console, calls: int, seed: int) -> list[Outcome]:
    """Towns of at most `BATCH` calls, one after the other, each with a seed of its own."""
    outcomes: list[Outcome] = []
    columns = (TextColumn("calls"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("calls", total=calls)
        for done in range(0, calls, BATCH):
            town = Town(
                min(BATCH, calls - done),
                seed + done // BATCH,
                lambda n, done=done: progress.update(task, completed=done + n),  # type: ignore[misc]  # bound early
            )
            try:
                outcomes.append(run_virtually(_live(town)))
            except AssertionError as broken:
                console.print(f"[red]Broken[/red] with seed {town.seed}, {town.calls} calls:")
                console.print(str(broken))
                sys.exit(1)
    return outcomes


async def _live(town: Town) -> Outcome:
    try:
        await town.live()
        return await assert_whole(town)
    finally:
        await town.house.stop()


if __name__ == "__main__":
    main()
