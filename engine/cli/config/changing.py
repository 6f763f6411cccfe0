"""`groschen config apply|confirm|rollback`: another version in force, for every engine at once."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from engine.app import Books
from engine.cli.books.opening import author_option, json_option, run, user
from engine.cli.config.base import based_on, note_base
from engine.cli.config.files import configured, lang_option, plain_problems
from engine.cli.lines import utc, write
from engine.errors import CallerError
from engine.flows.config import Problems, read, words
from engine.flows.versions.configuration import Applied, Why
from engine.ports.versions import Activation
from engine.settings import Settings

_SPAN = re.compile(r"([0-9]{1,6})([smh])", re.ASCII)
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}

reason_option = click.option("--reason", required=True, help="Why, for the history.")


class Span(click.ParamType[int]):
    """A span of time on the command line (90s, 5m, 2h), as milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _SPAN.fullmatch(value)
        if match is None:
            self.fail("must be a time such as 90s, 5m or 2h", param, ctx)
        return int(match[1]) * _UNIT_MS[match[2]]


@click.command("apply")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@reason_option
@click.option(
    "--confirm-within",
    type=Span(),
    help="Undo it by itself unless confirmed in this time (90s, 5m, 2h).",
)
@click.option(
    "--based-on",
    "base",
    type=click.IntRange(min=0),
    help="The version that the files were made from; the folder says it once it was applied.",
)
@author_option
@json_option
@lang_option
def apply(
    folder: Path | None,
    reason: str,
    confirm_within: int | None,
    base: int | None,
    author: str | None,
    as_json: bool,
    lang: str,
) -> None:
    """Put the *.yaml files of FOLDER (of GROSCHEN_CONFIG, if not given) in force.

    They become the next version, which every engine takes within a second; running calls keep
    the prices they were told. One mistake, and nothing is changed. Files that are not based on
    the version in force are refused: somebody else has changed it meanwhile.

    \b
    Examples:
      groschen config apply --reason "new prices" --based-on 1
      groschen config apply --reason "second carrier" --confirm-within 5m
    """
    place = folder or configured()

    async def work(books: Books, _settings: Settings) -> Applied | Problems:
        sources = read(place)
        if isinstance(sources, Problems):
            return sources
        current = await books.configuration.in_force()
        in_force = current.activation.number if current is not None else 0
        wanted = base if base is not None else based_on(place)
        if wanted is None and in_force:
            told = f"must be given: {place} does not say, and version {in_force} is in force"
            raise CallerError(f"{told} (see groschen config diff)", "--based-on")
        why = Why(author or user(), reason)
        return await books.configuration.apply(sources, wanted or 0, why, confirm_within)

    outcome = run(work, as_json=as_json)
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
        return
    unnoted = note_base(place, outcome.activation.number)
    if unnoted:
        click.echo(f"Note: {unnoted}: give --based-on the next time.", err=True)
    _tell(outcome.activation, as_json, is_new=outcome.is_new)


@click.command("confirm")
@click.argument("number", required=False, type=click.IntRange(min=1))
@author_option
@json_option
def confirm(number: int | None, author: str | None, as_json: bool) -> None:
    """Let the version in force stay, that would else be undone by itself.

    With NUMBER only if that is the one in force.

    \b
    Example:
      groschen config confirm 4
    """

    async def work(books: Books, _settings: Settings) -> Activation:
        return await books.configuration.confirm(number, author or user())

    _tell(run(work, as_json=as_json), as_json)


@click.command("rollback")
@click.argument("number", required=False, type=click.IntRange(min=1))
@reason_option
@author_option
@json_option
def rollback(number: int | None, reason: str, author: str | None, as_json: bool) -> None:
    """Put version NUMBER in force again; if not given, the one that this one was made from.

    \b
    Example:
      groschen config rollback --reason "wrong price"
    """

    async def work(books: Books, _settings: Settings) -> Activation:
        return await books.configuration.roll_back(number, Why(author or user(), reason))

    _tell(run(work, as_json=as_json), as_json)


def shown(activation: Activation) -> Mapping[str, object]:
    """An activation as programs read it."""
    by_ms, done_ms = activation.confirm_by_ms, activation.confirmed_ms
    return {
        "activation": activation.activation,
        "version": activation.number,
        "previous": activation.previous,
        "cause": activation.cause.value,
        "author": activation.author,
        "reason": activation.reason,
        "at": utc(activation.at_ms),
        "confirm_by": utc(by_ms) if by_ms is not None else None,
        "confirmed": utc(done_ms) if done_ms is not None else None,
        "confirmed_by": activation.confirmed_by,
    }


def _tell(activation: Activation, as_json: bool, *, is_new: bool = True) -> None:
    if as_json:
        write({**shown(activation), "is_new": is_new})
        return
    number = activation.number
    already = "" if is_new else " already: nothing differs"
    click.echo(f"Version {number} is in force{already}.")
    if activation.is_pending and activation.confirm_by_ms is not None:
        click.echo(
            f"It is undone at {utc(activation.confirm_by_ms)} unless you say: "
            f"groschen config confirm {number}"
        )


def _tell_problems(problems: Problems, as_json: bool, lang: str) -> None:
    if as_json:
        write({"error": "there are mistakes in the files", "problems": plain_problems(problems)})
    else:
        click.echo(words.told(problems, lang))
        click.echo("Nothing was changed.", err=True)
    click.get_current_context().exit(1)
