"""`groschen replay`: what calls would have been under a draft of the configuration."""

from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from engine.app import Books
from engine.cli.books.opening import json_option, run
from engine.cli.lines import write
from engine.core.inventory import Inventory
from engine.errors import CallerError
from engine.flows.clock import SystemClock
from engine.flows.config import Problems, load
from engine.flows.papers.month import HOME_TIMEZONE, month_or_day
from engine.flows.replay.replay import Replay
from engine.flows.replay.replay import replay as replay_calls
from engine.flows.replay.sheet import plain, text
from engine.flows.replay.words import LANGUAGES
from engine.payments.registry import option_forms
from engine.settings import Settings


@click.command("replay")
@click.option("--month", help="Such as 2026-11.")
@click.option("--day", help="Such as 2026-11-21; yesterday, if neither is given.")
@click.option(
    "--draft",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the draft; the operator's files, if not given.",
)
@click.option("--timezone", default=HOME_TIMEZONE, show_default=True, help="Of month and day.")
@click.option("--lang", type=click.Choice(list(LANGUAGES)), default="en", show_default=True)
@json_option
def replay(
    month: str | None,
    day: str | None,
    draft: Path | None,
    timezone: str,
    lang: str,
    as_json: bool,
) -> None:
    """Replay the calls that ended in a month or on a day under a draft of the configuration.

    Shows what would be routed, end or cost differently: totals of each service before and after,
    the sum of differences, and examples of each kind. Nothing is changed. Who was told another
    price might have hung up earlier: that and the rest that no record knows is named at the end.

    \b
    Examples:
      groschen replay --day 2026-11-21 --draft drafts/dearer
      groschen replay --month 2026-11 --lang de
      groschen replay --month 2026-11 --json
    """
    if month and day:
        raise click.UsageError("Give a month or a day, not both.")
    try:
        now_ms = SystemClock().now().wall_ms
        days = month_or_day(month, day, now_ms, timezone)
    except CallerError as fault:
        raise click.BadParameter(str(fault), param_hint=f"--{fault.field}") from fault

    async def work(books: Books, settings: Settings) -> Replay:
        inventory = _inventory(draft or settings.config)
        columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
            task = shown.add_task("Replaying", total=days.to_ms - days.from_ms)

            def progress(calls: int, ended_ms: int) -> None:
                told = f"Replaying, {calls} calls"
                shown.update(task, completed=ended_ms - days.from_ms, description=told)

            span = days.from_ms, days.to_ms
            return await replay_calls(books.ledger, inventory, *span, progress=progress)

    found = run(work, as_json=as_json)
    if as_json:
        write(plain(found))
    else:
        click.echo(text(found, LANGUAGES[lang]))


def _inventory(folder: Path) -> Inventory:
    inventory = load(folder, forms=option_forms())
    if isinstance(inventory, Problems):
        raise CallerError(str(inventory), "draft")
    return inventory
