"""`groschen config apply|confirm|rollback`: another version in force, for every engine at once."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import author_option, json_option, reason_option, run, user
from engine.cli.config.base import based_on, note_base
from engine.cli.config.files import configured, lang_option, plain_problems
from engine.cli.lines import utc, write
from engine.errors import CallerError
from engine.flows.config import Problems, read, words
from engine.flows.versions.configuration import Applied, Why
from engine.flows.versions.following import Followed, followed
from engine.ports.audit import Detail
from engine.ports.versions import Activation
from engine.settings import Settings

_SPAN = re.compile(r"([0-9]{1,6})([smh])", re.ASCII)
_UNIT_MS = {"s": 1_000, "m": 60_000, "h": 3_600_000}

EXIT_NOT_BY_ALL = 3
"""It is in force, but an engine that lives does not go by it."""


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


confirm_within_option = click.option(
    "--confirm-within",
    type=Span(),
    help="Undo it by itself unless confirmed in this time (90s, 5m, 2h).",
)


@click.command("apply")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@reason_option
@confirm_within_option
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

    Engines that live prepare the files first, and say for some seconds whether they took them. The
    exit code is 1 if nothing was changed, 3 if the version is in force but not at every engine.

    \b
    Examples:
      groschen config apply --reason "new prices" --based-on 1
      groschen config apply --reason "second carrier" --confirm-within 5m
    """
    place = folder or configured()

    async def work(books: Books, _settings: Settings) -> tuple[Applied, Followed] | Problems:
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
        with _shown_while("The engines prepare it …"):
            made = await acted(
                books,
                "configuration.apply",
                lambda: books.configuration.apply(sources, wanted or 0, why, confirm_within),
                told=_told,
            )
        return made if isinstance(made, Problems) else (made, await _followed(books, made))

    outcome = run(work, as_json=as_json)
    if isinstance(outcome, Problems):
        _tell_problems(outcome, as_json, lang)
        return
    made, followed = outcome
    unnoted = note_base(place, made.activation.number)
    if unnoted:
        click.echo(f"Note: {unnoted}: give --based-on the next time.", err=True)
    _tell(made.activation, as_json, followed, is_new=made.is_new, lang=lang)


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
        return await acted(
            books,
            "configuration.confirm",
            lambda: books.configuration.confirm(number, author or user()),
            told=_activated,
        )

    _tell(run(work, as_json=as_json), as_json)


@click.command("rollback")
@click.argument("number", required=False, type=click.IntRange(min=1))
@reason_option
@author_option
@json_option
@lang_option
def rollback(number: int | None, reason: str, author: str | None, as_json: bool, lang: str) -> None:
    """Put version NUMBER in force again; if not given, the one that this one was made from.

    It comes back whole, with the own dialplan it had (`groschen dialplan rollback` takes back that
    alone).

    \b
    Example:
      groschen config rollback --reason "wrong price"
    """

    async def work(books: Books, _settings: Settings) -> tuple[Activation, Followed]:
        with _shown_while("The engines prepare it …"):
            made = await acted(
                books,
                "configuration.restore",
                lambda: books.configuration.roll_back(number, Why(author or user(), reason)),
                told=_activated,
            )
        return made, await _followed(books, Applied(made, is_new=True))

    made, followed = run(work, as_json=as_json)
    _tell(made, as_json, followed, lang=lang)


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


def _told(made: Applied | Problems) -> Detail:
    return {} if isinstance(made, Problems) else _activated(made.activation)


def _activated(activation: Activation) -> Detail:
    """What the audit log says of a version that was put in force."""
    return {"version": activation.number, "reason": activation.reason}


async def _followed(books: Books, made: Applied) -> Followed:
    """How the engines that live stand to what was applied, within some seconds."""
    with _shown_while("The engines take it …"):
        living = await books.living()
        return await followed(books.configuration, made.activation.number, living, books.clock)


@contextmanager
def _shown_while(text: str) -> Iterator[None]:
    """Say on a terminal what is waited for."""
    with Console(stderr=True).status(text):
        yield


def _tell(
    activation: Activation,
    as_json: bool,
    followed: Followed | None = None,
    *,
    is_new: bool = True,
    lang: str = "en",
) -> None:
    if as_json:
        engines = {"engines": _plain_followed(followed)} if followed is not None else {}
        write({**shown(activation), "is_new": is_new, **engines})
    else:
        _tell_in_words(activation, followed, is_new, lang)
    if followed is not None and not followed.by_all:
        click.get_current_context().exit(EXIT_NOT_BY_ALL)


def _tell_in_words(
    activation: Activation, followed: Followed | None, is_new: bool, lang: str
) -> None:
    number = activation.number
    already = "" if is_new else " already: nothing differs"
    click.echo(f"Version {number} is in force{already}.")
    if followed is not None:
        for name in followed.taken:
            click.echo(f"Engine {name} goes by it.")
        for view in followed.refusing:
            why = view.why(lang)
            click.echo(f"Engine {view.engine} goes on with version {view.number}: {why}")
        for name in followed.silent:
            click.echo(f"Engine {name} has not said whether it takes it.")
        if followed.refusing:
            click.echo("Once that is mended it takes it by itself. Or: groschen config rollback")
        if followed.silent:
            click.echo("It may take it later: groschen config history tells.")
    if activation.is_pending and activation.confirm_by_ms is not None:
        click.echo(
            f"It is undone at {utc(activation.confirm_by_ms)} unless you say: "
            f"groschen config confirm {number}"
        )


def _plain_followed(followed: Followed) -> list[Mapping[str, object]]:
    """How each engine stands, for programs; `taken` is None of one that has not said."""
    return [
        *({"engine": name, "taken": True, "problem": ""} for name in followed.taken),
        *(
            {"engine": view.engine, "taken": False, "problem": view.problem}
            for view in followed.refusing
        ),
        *({"engine": name, "taken": None, "problem": ""} for name in followed.silent),
    ]


def _tell_problems(problems: Problems, as_json: bool, lang: str) -> None:
    if as_json:
        write({"error": "there are mistakes in the files", "problems": plain_problems(problems)})
    else:
        click.echo(words.told(problems, lang))
        click.echo("Nothing was changed.", err=True)
    click.get_current_context().exit(1)
