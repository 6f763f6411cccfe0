"""Commands on what a day brings, and on what was told."""

from datetime import UTC, datetime, timedelta

import click

from engine.cli.books.opening import json_option
from engine.cli.lines import write
from engine.cli.numbers.numbering import Deed, shown, with_numbering
from engine.core.instant import YEARS, YEARS_RULE
from engine.core.numbers.due import Notice
from engine.flows.numbers.daily import Due, Line
from engine.flows.numbers.numbering import PAGE, Numbering
from engine.flows.numbers.words import LANGS, sentence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@click.command("due")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@click.option(
    "--at",
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%SZ"]),
    help="Another instant (UTC) than now; not to come unless --dry-run.",
)
@json_option
def due(dry_run: bool, at: datetime | None, as_json: bool) -> None:
    """Do what is due today, as an engine does once a day: quarantines end, deadlines pass,
    unused numbers are found, reminders are written.

    \b
    Example:
      groschen numbers due --dry-run --at 2027-03-01
    """

    async def work(numbering: Numbering) -> tuple[Line, ...]:
        now_ms, _ = numbering.now()
        at_ms = now_ms
        if at is not None:
            if at.year not in YEARS:
                raise click.BadParameter(YEARS_RULE, param_hint="--at")
            at_ms = (at.replace(tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)
        if at_ms > now_ms and not dry_run:
            raise click.UsageError("--at is to come: give --dry-run with it")
        return await Due(numbering, at_ms, dry=dry_run).carry_out()

    deed = None if dry_run else Deed(action="numbers.due")
    for line in with_numbering(work, as_json, deed=deed):
        if as_json:
            write(shown(line))
        else:
            parts = (line.action, line.e164, line.organisation or "", line.detail)
            click.echo("  ".join(filter(None, parts)))


@click.command("notices")
@click.option("--organisation", help="What this organisation was told, and nothing else.")
@click.option("--lang", type=click.Choice(LANGS), default="en", show_default=True)
@json_option
def notices(organisation: str | None, lang: str, as_json: bool) -> None:
    """Show what organisations and the operator were told, oldest first.

    \b
    Example:
      groschen numbers notices --organisation acme --lang de
    """

    async def work(numbering: Numbering) -> list[Notice]:
        found: list[Notice] = []
        after = 0
        while page := await numbering.numbers.notices(organisation, after, PAGE):
            found += [notice for _, notice in page]
            after = page[-1][0]
        return found

    for notice in with_numbering(work, as_json):
        if as_json:
            write({**shown(notice), "sentence": sentence(notice, lang)})
        else:
            click.echo(f"{notice.day}  {notice.organisation}  {sentence(notice, lang)}")
