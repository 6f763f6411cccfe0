"""`scripts/bench`: what calls cost the machine.

`calls` makes real calls in three ways on the same Asterisk: prepaid by the engine, by a bare ARI
controller that bills nothing, and by Asterisk's own dialplan. Every call is answered, hears one
prompt, is joined with an agent, talks, and is hung up by the caller.
`topups` pays into running calls by callbacks, and times when Asterisk knows.
`verifications` has numbers verified, and times when they are called.
`reading` looks things up in books of a million calls, and asks for the console's pages over them.
`replay` replays recorded calls under a draft of the configuration.
"""

import asyncio
import json
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

from tests.bench import replayed
from tests.bench.console import lookups
from tests.bench.latency import topups as paid
from tests.bench.latency import verifications as verified
from tests.bench.load import Load
from tests.bench.report import TITLES, Report
from tests.bench.site import GROUP_AGENTS, Shape, Site, Way
from tests.progress import Shown

IDLE_S = 3.0
WIDTH_IN_FILES = 160
"""Of tables that are not written to a terminal, in columns."""

BUSY_SHARE = 0.6
"""Groups are as many as keep this share of their agents talking."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is done: `rounds` of `calls` each way after a warm-up of so many calls each way."""

    rounds: int
    calls: int
    warm_up: int
    rate: float
    prompt_s: float = 1.5
    talk_s: float = 5.0


@click.group()
def main() -> None:
    """Measure the engine.

    \b
    Example:
      scripts/bench calls
    """


@main.command()
@click.option("--calls", "count", type=click.IntRange(4), default=240, show_default=True,
              help="Calls each way, made in four rounds.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(1, 100), default=10.0, show_default=True,
              help="Calls begun each second.")  # fmt: skip
@click.option("--quick", is_flag=True, help="A few short calls, in under a minute.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
@click.option("--way", "chosen", multiple=True, type=click.Choice([way.value for way in Way]),
              help="Only this way (may be given twice).")  # fmt: skip
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False),
              help="Leave configuration, logs and books in this folder.")  # fmt: skip
def calls(
    count: int, rate: float, quick: bool, as_json: bool, chosen: tuple[str, ...], keep: Path | None
) -> None:
    """CPU time and failures of calls, by process, beside two floors measured in the same run.

    \b
    engine      prepaid: account, tariff, money held and booked on Valkey and SQLite
    bare        an ARI controller that bills nothing
    dialplan    Asterisk alone: Answer, Playback, Dial with a time limit

    Each call: answered, one prompt (1.5 s), an agent dialled and joined, 5 s of talk, hung up
    by the caller. The ways take turns, in four rounds after a warm-up; the default takes some
    three and a half minutes. The far end says nothing, so no audio is relayed; prompts are sent.
    Exit code 1 if a call failed or the books do not balance.

    \b
    Examples:
      scripts/bench calls
      scripts/bench calls --calls 400 --rate 20 --json
    """
    size = Size(rounds=4, calls=math.ceil(count / 4), warm_up=math.ceil(rate), rate=rate)
    if quick:
        size = Size(rounds=1, calls=6, warm_up=1, rate=5.0, prompt_s=0.6, talk_s=1.0)
    ways = [way for way in Way if way.value in chosen or not chosen]
    console = Console(stderr=as_json)
    folder = Path(tempfile.mkdtemp(prefix="groschen-bench-")) if keep is None else keep.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        report = asyncio.run(_measure(console, folder, size, ways))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    console.print(report.table())
    for line in report.notes():
        console.print(line, highlight=False)
    if as_json:
        click.echo(json.dumps(report.as_json()))
    sys.exit(0 if report.is_clean else 1)


@main.command()
@click.option("--count", type=click.IntRange(8), default=200, show_default=True,
              help="Top-ups in all.")  # fmt: skip
@click.option("--calls", "talking", type=click.IntRange(1, 16), default=8, show_default=True,
              help="Calls that talk and are topped up in turn.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def topups(count: int, talking: int, as_json: bool) -> None:
    """Time from a payment callback's last byte to Asterisk's acknowledgement of both deadlines.

    Signed callbacks over HTTP, SQLite with synchronous=FULL, calls that talk on little money. The
    floor, in the same run, is one commit to this disk and one order to this Asterisk. Takes some
    two minutes. Exit code 1 if a top-up did not reach its call or the books have a fault.

    \b
    Example:
      scripts/bench topups --count 40
    """
    console = Console(stderr=as_json)
    folder = Path(tempfile.mkdtemp(prefix="groschen-bench-"))
    columns = (TextColumn("Topping up"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Shown(*columns, console=console) as progress:
            task = progress.add_task("top-ups", total=count)
            latencies = asyncio.run(
                paid.measure(folder, count, talking, lambda n: progress.advance(task, n))
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(latencies.table())
    if as_json:
        click.echo(json.dumps(latencies.as_json()))
    sys.exit(0 if latencies.is_clean else 1)


@main.command()
@click.option("--count", type=click.IntRange(1, verified.MOST), default=200, show_default=True,
              help="Verifications in all.")  # fmt: skip
@click.option("--rate", type=click.FloatRange(0.1, 8), default=4.0, show_default=True,
              help="Verifications begun each second.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def verifications(count: int, rate: float, as_json: bool) -> None:
    """Time from the wish for a verification to the INVITE of its call.

    Wishes over HTTP, SQLite with synchronous=FULL, a real Asterisk, a carrier that refuses. The
    floor, in the same run, is one commit to this disk and one order to this Asterisk to dial.
    Takes about a minute. Exit code 1 if a number was not called or the books have a fault.

    \b
    Example:
      scripts/bench verifications --count 40
    """
    console = Console(stderr=as_json)
    folder = Path(tempfile.mkdtemp(prefix="groschen-bench-"))
    columns = (TextColumn("Asking"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Shown(*columns, console=console) as progress:
            task = progress.add_task("verifications", total=count)
            latencies = asyncio.run(
                verified.measure(folder, count, rate, lambda n: progress.advance(task, n))
            )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(latencies.table())
    if as_json:
        click.echo(json.dumps(latencies.as_json()))
    sys.exit(0 if latencies.is_clean else 1)


@main.command("reading")
@click.option("--calls", "count", type=click.IntRange(1_000), default=1_000_000, show_default=True,
              help="Call records in the books.")  # fmt: skip
@click.option("--postings", type=click.IntRange(100), default=200_000, show_default=True,
              help="Transactions in the books beside the calls' charges.")  # fmt: skip
@click.option("--times", type=click.IntRange(1), default=100, show_default=True,
              help="How often each query and page is asked.")  # fmt: skip
@click.option("--database", "chosen", multiple=True, type=click.Choice(list(lookups.DATABASES)),
              help="Only this database (may be given twice).")  # fmt: skip
@click.option("--keep", type=click.Path(path_type=Path, file_okay=False),
              help="Leave the books in this folder, and ask those that are there.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def look_up(
    count: int,
    postings: int,
    times: int,
    chosen: tuple[str, ...],
    keep: Path | None,
    as_json: bool,
) -> None:
    """Time of each query of an operator's pages, and of each page of the console from request to
    last byte, at its worst, on SQLite and PostgreSQL.

    The floors, in the same run, are one record by its primary key, and a page that looks up who
    asks and nothing else. A million calls take 1.2 GB of disk in SQLite. Exit code 1 if a
    query or page took 100 ms or more in half of its times, on a machine that does nothing else.
    On a busy one the limit is as much higher as a computation of the bench's own takes longer
    there than its CPU time.

    \b
    Examples:
      scripts/bench reading --calls 50000
      scripts/bench reading --keep var/books --database sqlite
    """
    shown = sys.stderr if as_json else sys.stdout
    console = Console(file=shown, width=None if shown.isatty() else WIDTH_IN_FILES)
    folder = Path(tempfile.mkdtemp(prefix="groschen-bench-")) if keep is None else keep.absolute()
    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    try:
        with Shown(*columns, console=console) as progress:
            task = progress.add_task("")

            def tell(doing: str, done: int, total: int) -> None:
                progress.update(task, description=doing, completed=done, total=total)

            asking = lookups.Asking(folder, count, postings, times, chosen or lookups.DATABASES)
            found = asyncio.run(lookups.measure(asking, tell))
    finally:
        if keep is None:
            shutil.rmtree(folder, ignore_errors=True)
    for made in found.tables():
        console.print(made)
    for line in found.notes():
        console.print(line, highlight=False)
    if as_json:
        click.echo(json.dumps(found.as_json()))
    sys.exit(1 if found.slow else 0)


@main.command("replay")
@click.option("--calls", "count", type=click.IntRange(1), default=100_000, show_default=True,
              help="Recorded calls.")  # fmt: skip
@click.option("--rounds", type=click.IntRange(1), default=2, show_default=True,
              help="Passes of each kind; the best counts.")  # fmt: skip
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite",
              show_default=True, help="Where the records are.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def replay_calls(count: int, rounds: int, database: str, as_json: bool) -> None:
    """Calls replayed a second, beside the floor of reading their records and doing nothing.

    Writes a month of calls from up to 100,000 numbers to twenty lines, each charged to its
    caller's account, then reads and replays them in turn under a draft in which every second line
    is dearer, and which many balances do not pay. Exit code 1 if a call is left out or the sum of
    differences is not what it must be.

    \b
    Example:
      scripts/bench replay --calls 1000000
    """
    console = Console(stderr=as_json)
    folder = Path(tempfile.mkdtemp(prefix="groschen-bench-"))
    columns = (TextColumn("{task.description:<10}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    try:
        with Shown(*columns, console=console) as progress:
            task = progress.add_task("Writing", total=count)

            def tell(doing: str, done: int) -> None:
                progress.update(task, description=doing, completed=done)

            passes = asyncio.run(replayed.measure(folder, count, rounds, database, tell))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(passes.table())
    if as_json:
        click.echo(json.dumps(passes.as_json()))
    sys.exit(0 if passes.is_clean else 1)


async def _measure(console: Console, folder: Path, size: Size, ways: Sequence[Way]) -> Report:
    began_s = time.monotonic()
    console.print("Starting Asterisk, a store, the books, an engine and a bare controller …")
    talking = size.rate * (size.talk_s + 0.5)
    shape = Shape(
        prompt_s=size.prompt_s,
        talk_s=size.talk_s,
        groups=math.ceil(talking / (GROUP_AGENTS * BUSY_SHARE)),
        callers=max(size.calls, size.warm_up),
    )
    columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    async with Site(folder, shape) as site:
        with Shown(*columns, console=console) as progress:
            total = len(ways) * (size.rounds * size.calls + size.warm_up)
            task = progress.add_task("idle", total=total)

            def over(way: Way) -> None:
                progress.update(task, advance=1, description=TITLES[way])

            load = Load(site, ways, size.rate, over)
            idle = await load.idle(IDLE_S)
            await load.warm_up(size.warm_up)
            for _ in range(size.rounds):
                await load.round(size.calls)
        differences = await site.differences()
    return Report(
        rate=size.rate,
        talk_s=size.talk_s,
        prompt_s=size.prompt_s,
        seconds=time.monotonic() - began_s,
        idle=idle,
        differences=differences,
        tallies=load.tallies,
    )


if __name__ == "__main__":
    main(prog_name="scripts/bench")
