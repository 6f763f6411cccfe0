"""`groschen dialplan check` and `apply`: Asterisk's files, without fear for the calls."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace

import click

from engine.app import Books, files_to_check
from engine.asterisk.etc.changes import Change
from engine.asterisk.etc.files import Rendered, Report
from engine.asterisk.etc.own import read_own
from engine.cli.books.opening import author_option, inventory_of, run, user
from engine.cli.config.base import based_on, note_base
from engine.cli.config.changing import confirm_within_option, shown
from engine.cli.config.files import lang_option, plain_problems
from engine.cli.dialplan.putting import Put, bring_along, put_as_act, put_in_force
from engine.cli.dialplan.rendering import usual_site
from engine.cli.lines import write
from engine.errors import CallerError, EngineError
from engine.flows.config import Problems
from engine.flows.config.words import told
from engine.flows.dialplan.changing import Settled
from engine.flows.versions.configuration import Why
from engine.settings import Settings, read_settings

as_json_option = click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")


@click.command("check")
@as_json_option
@lang_option
def check(as_json: bool, lang: str) -> None:
    """Name every mistake in what Asterisk would be given; change nothing.

    Checked are the files rendered from the operator's (GROSCHEN_CONFIG) and his own dialplan beside
    them (GROSCHEN_OWN_DIALPLAN, *.conf; without any, what Asterisk has). Without a mistake the
    differences to what Asterisk has now are shown. Where none was ever started or rendered, as in
    a new checkout, one at Debian's usual places is imagined. The exit code is 1 if there is a
    mistake.

    \b
    Examples:
      groschen dialplan check
      groschen dialplan check --json
    """
    try:
        settings = read_settings()
        own = read_own(settings.own_dialplan)
        files = files_to_check(settings, usual_site(settings))
        outcome: Rendered | Problems
        if isinstance(own, Problems):
            outcome = own
        else:
            drafted = replace(inventory_of(settings), own_dialplan=own or None)
            outcome = asyncio.run(files.check(drafted))
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
    else:
        _tell_checked(outcome, as_json, compared=files.are_there)


@click.command("apply")
@click.option("--reason", help="Why, for the history; needed where the files are not in force yet.")
@confirm_within_option
@click.option(
    "--based-on",
    "base",
    type=click.IntRange(min=1),
    help="The version that the files were made from; the folder says it once it was applied.",
)
@click.option(
    "--in-force",
    is_flag=True,
    help="Bring the Asterisk here to the version in force, whatever lies in the folder.",
)
@author_option
@as_json_option
@lang_option
def apply(
    reason: str | None,
    confirm_within: int | None,
    base: int | None,
    in_force: bool,
    author: str | None,
    as_json: bool,
    lang: str,
) -> None:
    """Put the own dialplan (GROSCHEN_OWN_DIALPLAN) in force, without dropping a call.

    Its files become the next version, all else in it as it is, and every engine brings its Asterisk
    to it. What `check` finds is refused before any Asterisk sees it; if one Asterisk does not take
    it, all have their old files again, and the exit code is 1. Files that are not based on the
    version in force are refused: somebody else has changed it meanwhile. A folder without files
    says nothing, and nothing is taken out of force by it.

    The Asterisk whose files are here is brought to the version in force in any case. Applying again
    changes nothing.

    \b
    Examples:
      groschen dialplan apply --reason "Door opener on 4711"
      groschen dialplan apply --in-force --json
    """

    async def work(books: Books, settings: Settings) -> Put | Problems:
        own = {} if in_force else read_own(settings.own_dialplan)
        if isinstance(own, Problems):
            return own
        current = await books.configuration.in_force()
        if not own or current is None or own == current.version.own:
            brought = await bring_along(books, settings)
            return brought if isinstance(brought, Problems) else Put(None, brought)
        number = current.version.number
        wanted = base if base is not None else based_on(settings.own_dialplan)
        if wanted is None and current.version.own is not None:
            where = f"{settings.own_dialplan} does not say, and version {number} is in force"
            raise CallerError(f"must be given: {where}", "--based-on")
        if reason is None:
            raise CallerError(f"must be given: the files are not those of {number}", "--reason")
        why = Why(author or user(), reason)
        outcome = await put_in_force(
            books, settings, own, lambda c: c.apply(own, wanted or number, why, confirm_within)
        )
        if isinstance(outcome, Put) and outcome.settled is not None and outcome.is_in_force:
            _note(settings, outcome.settled)
        return outcome

    async def noted(books: Books, settings: Settings) -> Put | Problems:
        return await put_as_act(books, "dialplan.apply", lambda: work(books, settings))

    tell_put(run(noted, as_json=as_json), as_json, lang)


def tell_put(outcome: Put | Problems, as_json: bool, lang: str) -> None:
    """Tell what became of a change; the exit code is 1 if it was refused."""
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
        return
    if as_json:
        report = asdict(outcome.brought) if outcome.brought is not None else {}
        settled = _plain_settled(outcome.settled) if outcome.settled is not None else {}
        write({"valid": True, "applied": outcome.is_in_force, **report, **settled})
    else:
        if outcome.settled is not None:
            _tell_lines(_told_settled(outcome, outcome.settled, lang), indent="")
        if outcome.brought is not None:
            _tell_report(outcome.brought)
    if not outcome.is_in_force:
        click.get_current_context().exit(1)


def _note(settings: Settings, settled: Settled) -> None:
    unnoted = note_base(settings.own_dialplan, settled.applied.activation.number)
    if unnoted:
        click.echo(f"Note: {unnoted}: give --based-on the next time.", err=True)


def _plain_settled(settled: Settled) -> Mapping[str, object]:
    return {
        **shown(settled.applied.activation),
        "refused_by": {view.engine: view.problem for view in settled.refused},
        "waiting": settled.waiting,
        "apart": settled.apart,
    }


def _told_settled(outcome: Put, settled: Settled, lang: str) -> Iterator[str]:
    activation = settled.applied.activation
    if outcome.is_refused:
        yield "Nothing has changed: not every Asterisk takes it."
        yield from (f"  {view.engine}: {view.why(lang)}" for view in settled.refused)
        return
    if not settled.in_force:
        yield f"Version {activation.number} is not in force any more: nobody confirmed it in time."
        return
    yield f"Version {activation.number} is in force."
    if activation.is_pending:
        yield f"It is undone unless you say: groschen config confirm {activation.number}"
    for engine in settled.waiting:
        yield f"The engine {engine} has not taken it yet: see groschen dialplan history"
    for engine in settled.apart:
        yield (
            f"The engine {engine} does not change its Asterisk's files: on that machine, "
            "groschen dialplan apply --in-force"
        )


def _tell_problems(problems: Problems, as_json: bool, lang: str) -> None:
    if as_json:
        write({"valid": False, "problems": plain_problems(problems)})
    else:
        click.echo(told(problems, lang))
    click.get_current_context().exit(1)


def _tell_checked(rendered: Rendered, as_json: bool, *, compared: bool) -> None:
    if as_json:
        changes = [asdict(change) for change in rendered.changes]
        write({"valid": True, "problems": [], "changes": changes})
        return
    if not compared:
        click.echo(
            "The dialplan is right. There is no Asterisk yet that it could be compared with."
        )
        return
    _tell_changes(rendered.changes)
    click.echo(f"The dialplan is right. Files that would change: {len(rendered.changes)}.")


def _tell_report(report: Report) -> None:
    if report.refused:
        click.echo("Asterisk did not take it, and has its old files again:")
        _tell_lines((*report.refused, *report.said))
        return
    _tell_changes(report.changes)
    read = ", ".join(report.reloaded) or "none"
    click.echo(f"Applied. Files changed: {len(report.changes)}. Modules reloaded: {read}.")
    _tell_lines([f"{name} holds only after Asterisk's next start" for name in report.restart])
    _tell_lines(report.said)


def _tell_changes(changes: Sequence[Change]) -> None:
    for change in changes:
        click.echo("\n".join(change.lines))


def _tell_lines(lines: Iterator[str] | Sequence[str], indent: str = "  ") -> None:
    for line in lines:
        click.echo(f"{indent}{line}")
