"""Simulates premium calls in virtual time with faults at random, and judges what was booked.

    python -m tests.simulation --calls 100000 --seed 1

Exit code 0 if every invariant is whole, 1 if one is broken (each is told with its neighbourhood's
number: `--only` runs that one again). The same calls and seed give the same digest.
"""

import json
import os
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.core.money import format_shortest
from tests.simulation.run import Total, quieten, run_town, simulate, towns_of

FAULTS_SHOWN = 20


@click.command()
@click.option("--calls", default=2_000, show_default=True, help="How many calls to simulate.")
@click.option("--seed", default=1, show_default=True, help="What all chance comes from.")
@click.option("--jobs", default=os.cpu_count() or 1, show_default=True, help="Processes.")
@click.option("--only", type=int, help="Run only the neighbourhood of this number.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def main(calls: int, seed: int, jobs: int, only: int | None, as_json: bool) -> None:
    """Simulate premium calls with faults at random; prints what was found."""
    quieten()
    total = _one(calls, seed, only) if only is not None else _all(calls, seed, jobs)
    print(json.dumps(_answer(total)) if as_json else _report(total))
    sys.exit(1 if total.faults else 0)


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
    with Progress(*columns, console=console) as progress:
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
