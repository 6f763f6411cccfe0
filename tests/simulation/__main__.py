"""Simulates premium calls in virtual time with faults at random, and judges what was booked.

    python -m tests.simulation --calls 100000 --seed 1
    python -m tests.simulation payments --callbacks 10000 --seed 1
    python -m tests.simulation tracking --calls 10000 --seed 1

Exit code 0 if every invariant is whole, 1 if one is broken (each is told with its neighbourhood's
number: `--only` runs that one again). The same calls and seed give the same digest. `payments` is a
storm of callbacks on real servers, in real time (`tests.storm`); its seed decides what is done, not
when. `tracking` keeps a year of tracking calls and counts them again (`tracking.py` beside this).
"""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from engine.core.money import format_shortest
from engine.ledger.sql import SqlLedger
from tests.progress import Shown
from tests.rig.postgres import running_postgres
from tests.simulation.run import Total, quieten, run_town, simulate, towns_of
from tests.simulation.tracking import START_MS, Verdict, fill
from tests.simulation.tracking import simulate as tracking
from tests.storm.run import DATABASES, Report, Storm, run

FAULTS_SHOWN = 20
Way = Callable[[SqlLedger, int, int, Callable[[int], None]], Awaitable[Verdict]]


@click.group(invoke_without_command=True)
@click.option("--calls", default=2_000, show_default=True, help="How many calls to simulate.")
@click.option("--seed", default=1, show_default=True, help="What all chance comes from.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--only", type=int, help="Run only the neighbourhood of this number.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def main(
    context: click.Context, calls: int, seed: int, jobs: int, only: int | None, as_json: bool
) -> None:
    """Simulate premium calls with faults at random; prints what was found."""
    quieten()
    if context.invoked_subcommand is not None:
        return
    total = _one(calls, seed, only) if only is not None else _all(calls, seed, jobs)
    print(json.dumps(_answer(total)) if as_json else _report(total))
    sys.exit(1 if total.faults else 0)


@main.command()
@click.option("--callbacks", default=10_000, show_default=True, help="How many are brought.")
@click.option("--engines", default=2, show_default=True, help="How many share the books.")
@click.option("--deaths", default=20, show_default=True,
              help="Of each victim at each step.")  # fmt: skip
@click.option("--seed", default=1, show_default=True, help="What all chance comes from.")
@click.option(
    "--database",
    "databases",
    type=click.Choice(DATABASES),
    multiple=True,
    default=DATABASES,
    show_default=True,
)
def payments(
    callbacks: int, engines: int, deaths: int, seed: int, databases: tuple[str, ...]
) -> None:
    """Let callbacks of payments storm while engines, store and database are killed."""
    reports = []
    for database in databases:
        storm = Storm(
            callbacks=callbacks, engines=engines, each=deaths, database=database, seed=seed
        )
        reports.append(_stormed(storm))
        print(json.dumps(reports[-1].as_json(), indent=2))
    sys.exit(any(report.faults for report in reports))


@main.command("tracking")
@click.option("--calls", default=10_000, show_default=True, help="How many are kept.")
@click.option("--seed", default=1, show_default=True, help="What all chance comes from.")
@click.option("--bulk", is_flag=True, help="Write them past the ledger: far quicker.")
@click.option(
    "--database",
    "databases",
    type=click.Choice(["sqlite", "postgresql"]),
    multiple=True,
    default=["sqlite", "postgresql"],
    show_default=True,
)
def tracking_calls(calls: int, seed: int, bulk: bool, databases: tuple[str, ...]) -> None:
    """Keep a year of tracking calls, hold each report against a recount, and time it."""
    verdicts = {name: _tracked(name, calls, seed, fill if bulk else tracking) for name in databases}
    told = {
        name: {"calls": one.calls, "broken": one.faults, "report_ms": one.report_ms}
        for name, one in verdicts.items()
    }
    print(json.dumps(told, indent=2))
    sys.exit(any(one.faults for one in verdicts.values()))


def _tracked(database: str, calls: int, seed: int, way: Way) -> Verdict:
    console = Console(stderr=True)
    columns = (TextColumn(database), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())

    async def kept(url: str, tell: Callable[[int], None]) -> Verdict:
        ledger = SqlLedger(url, lambda: START_MS, timeout_s=60)
        try:
            await ledger.migrate()
            return await way(ledger, seed, calls, tell)
        finally:
            await ledger.close()

    with ExitStack() as stack:
        url = f"sqlite:///{stack.enter_context(TemporaryDirectory())}/books.db"
        if database == "postgresql":
            server = stack.enter_context(running_postgres())
            server.psql("postgres", "CREATE DATABASE books")
            url = server.url("books")
        progress = stack.enter_context(Shown(*columns, console=console))
        task = progress.add_task("calls", total=calls)
        return asyncio.run(kept(url, lambda count: progress.advance(task, count)))


def _stormed(storm: Storm) -> Report:
    console = Console(stderr=True)
    columns = (
        TextColumn(f"Storming on {storm.database}"), BarColumn(), MofNCompleteColumn(),
        TextColumn("callbacks, {task.fields[died]} deaths"), TimeElapsedColumn(),
    )  # fmt: skip
    with TemporaryDirectory() as folder, Shown(*columns, console=console) as progress:
        task = progress.add_task("callbacks", total=storm.callbacks, died=0)

        def show(delivered: int, died: int) -> None:
            progress.update(task, completed=delivered, died=died)

        return asyncio.run(run(storm, Path(folder), show))


def _one(calls: int, seed: int, number: int) -> Total:
    total = Total(seed)
    total.add(run_town(seed, towns_of(calls)[number], number))
    return total


def _all(calls: int, seed: int, jobs: int) -> Total:
    console = Console(stderr=True)
    columns = (
        TextColumn("Simulating"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"),
        TimeRemainingColumn(), TextColumn("{task.fields[found]}"),
    )  # fmt: skip
    with Shown(*columns, console=console) as progress:
        task = progress.add_task("calls", total=calls, found="")

        def show(total: Total) -> None:
            done = sum(towns_of(calls)[: len(total.digests)])
            found = f"{len(total.faults)} broken" if total.faults else ""
            progress.update(task, completed=done, found=found)

        return simulate(calls, seed, jobs, show)


def _answer(total: Total) -> dict[str, object]:
    return {
        "seed": total.seed,
        "calls": total.calls,
        "records": total.records,
        "charged": format_shortest(total.charged_micros),
        "engine_deaths": total.deaths,
        "stores_emptied": total.emptied,
        "outages": total.outages,
        "lost_events": total.lost_events,
        "dispositions": dict(sorted(total.dispositions.items())),
        "broken": total.faults,
        "digest": total.digest,
    }


def _report(total: Total) -> str:
    answer = _answer(total)
    lines = [f"{key.replace('_', ' '):>16}: {value}" for key, value in answer.items()]
    if len(total.faults) > FAULTS_SHOWN:
        lines[-2] = f"{'broken':>16}: {len(total.faults)}, the first being"
        lines[-1:-1] = [f"{'':>18}{fault}" for fault in total.faults[:FAULTS_SHOWN]]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
