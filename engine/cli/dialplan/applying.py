"""`groschen dialplan check` and `apply`: Asterisk's files, without fear for the calls."""

import asyncio
from collections.abc import Sequence
from dataclasses import asdict

import click

from engine.app import Books, asterisk_files
from engine.asterisk.etc.changes import Change
from engine.asterisk.etc.files import Rendered, Report
from engine.cli.books.opening import inventory_in_force, inventory_of, run
from engine.cli.config.files import lang_option, plain_problems
from engine.cli.lines import write
from engine.errors import EngineError
from engine.flows.config import Problems
from engine.flows.config.words import told
from engine.settings import Settings, read_settings

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")


@click.command("check")
@as_json_option
@lang_option
def check(as_json: bool, lang: str) -> None:
    """Name every mistake in what Asterisk would be given; change nothing.

    Checked are the files rendered from the operator's (GROSCHEN_CONFIG) and his own dialplan beside
    them (GROSCHEN_OWN_DIALPLAN, *.conf). Without a mistake the differences to what Asterisk has now
    are shown. The exit code is 1 if there is a mistake.

    \b
    Examples:
      groschen dialplan check
      groschen dialplan check --json
    """
    try:
        settings = read_settings()
        outcome = asyncio.run(asterisk_files(settings).check(inventory_of(settings)))
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
    else:
        _tell_checked(outcome, as_json)


@click.command("apply")
@as_json_option
@lang_option
def apply(as_json: bool, lang: str) -> None:
    """Bring the running Asterisk to the version in force, without dropping a call.

    Its trunks and agents come with the version by themselves; the operator's own dialplan
    (GROSCHEN_OWN_DIALPLAN) comes now.

    What `check` finds is refused before Asterisk sees anything. What Asterisk itself does not take
    is put back, with its own words; the exit code is then 1. Applying again changes nothing.

    \b
    Examples:
      groschen dialplan apply
      groschen dialplan apply --json
    """

    async def work(books: Books, settings: Settings) -> Report | Problems:
        return await asterisk_files(settings).apply(await inventory_in_force(books, settings))

    outcome = run(work)
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
    else:
        _tell_report(outcome, as_json)


def _tell_problems(problems: Problems, as_json: bool, lang: str) -> None:
    if as_json:
        write({"valid": False, "problems": plain_problems(problems)})
    else:
        click.echo(told(problems, lang))
    click.get_current_context().exit(1)


def _tell_checked(rendered: Rendered, as_json: bool) -> None:
    if as_json:
        changes = [asdict(change) for change in rendered.changes]
        write({"valid": True, "problems": [], "changes": changes})
        return
    _tell_changes(rendered.changes)
    click.echo(f"The dialplan is right. Files that would change: {len(rendered.changes)}.")


def _tell_report(report: Report, as_json: bool) -> None:
    if as_json:
        write({"valid": True, "applied": not report.refused, **asdict(report)})
    elif report.refused:
        click.echo("Asterisk did not take it, and has its old files again:")
        _tell_lines((*report.refused, *report.said))
    else:
        _tell_changes(report.changes)
        read = ", ".join(report.reloaded) or "none"
        click.echo(f"Applied. Files changed: {len(report.changes)}. Modules reloaded: {read}.")
        _tell_lines([f"{name} holds only after Asterisk's next start" for name in report.restart])
        _tell_lines(report.said)
    if report.refused:
        click.get_current_context().exit(1)


def _tell_changes(changes: Sequence[Change]) -> None:
    for change in changes:
        click.echo("\n".join(change.lines))


def _tell_lines(lines: Sequence[str]) -> None:
    for line in lines:
        click.echo(f"  {line}")
