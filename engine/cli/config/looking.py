"""`groschen config diff|history|export`: what is in force, what was, what a folder would change."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import json_option, run
from engine.cli.config.base import note_base
from engine.cli.config.changing import shown
from engine.cli.config.files import configured, lang_option, plain_problems
from engine.cli.lines import utc, write
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problems, read
from engine.flows.config.folder import is_one
from engine.flows.config.words import told
from engine.flows.versions.changes import EntryChange
from engine.flows.versions.configuration import LISTED_MOST, Comparison
from engine.ports.versions import Activation, EngineView, Version
from engine.settings import Settings

_SIGNS = {"added": "+", "removed": "-", "changed": "~"}


@dataclass(frozen=True, slots=True)
class Past:
    """What was in force, and how the engines stand; `alive` is None where no store tells."""

    activations: Sequence[Activation]
    engines: Sequence[EngineView]
    alive: Sequence[str] | None


@click.command("diff")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@json_option
@lang_option
def diff(folder: Path | None, as_json: bool, lang: str) -> None:
    """Show what the *.yaml files of FOLDER (of GROSCHEN_CONFIG) would change.

    First what it means (services, prices, people; before -> after), then line by line. The exit
    code is 1 if something differs or is wrong.

    \b
    Example:
      groschen config diff
    """

    async def work(books: Books, _settings: Settings) -> Comparison | Problems:
        sources = read(folder or configured())
        if isinstance(sources, Problems):
            return sources
        return await books.configuration.compare(sources)

    found = run(work, as_json=as_json)
    problems = found if isinstance(found, Problems) else found.problems
    compared = None if isinstance(found, Problems) else found
    if as_json:
        write(_plain_comparison(compared, problems))
    else:
        click.echo("\n".join(_told_comparison(compared, problems, lang)))
    if problems or compared is None or compared.files:
        click.get_current_context().exit(1)


@click.command("history")
@click.option("--before", type=click.IntRange(min=1), help="Only what was before this activation.")
@click.option(
    "--most",
    type=click.IntRange(1, LISTED_MOST),
    default=20,
    show_default=True,
    help="How many.",
)
@json_option
@lang_option
def history(before: int | None, most: int, as_json: bool, lang: str) -> None:
    """List which version was in force when, by whom and why; and how each engine stands.

    \b
    Example:
      groschen config history
    """

    async def work(books: Books, _settings: Settings) -> Past:
        return await past_of(books, await books.configuration.history(before, most))

    tell_past(run(work, as_json=as_json), as_json, lang)


async def past_of(books: Books, activations: Sequence[Activation]) -> Past:
    """Activations, and how the engines stand now."""
    alive = None
    if books.store is not None:
        try:
            alive = await books.store.living_engines()
        except RemoteError:
            click.echo("Note: the store does not answer.", err=True)
    return Past(activations, await books.configuration.views(), alive)


def tell_past(past: Past, as_json: bool, lang: str) -> None:
    """Tell what was in force, and how the engines stand."""
    if as_json:
        write(
            {
                "activations": [shown(activation) for activation in past.activations],
                "engines": [_plain_engine(engine, past) for engine in past.engines],
            }
        )
        return
    for activation in past.activations:
        click.echo(_told(activation))
    for engine in past.engines:
        gone = "" if past.alive is None or engine.engine in past.alive else " (not alive)"
        problem = f": {engine.why(lang)}" if engine.problem else ""
        since = utc(engine.since_ms)
        apart = "" if engine.asterisk else " (does not change its Asterisk's files)"
        stands = f"version {engine.number} since {since}{problem}{apart}"
        click.echo(f"engine {engine.engine}{gone}: {stands}")


@click.command("export")
@click.argument("number", required=False, type=click.IntRange(min=1))
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Into this folder.")
@click.option("--overwrite", is_flag=True, help="Put it in the place of what the folder holds.")
@json_option
def export(number: int | None, to: Path | None, overwrite: bool, as_json: bool) -> None:
    """Write the files of version NUMBER (of the one in force, if not given) as they were applied.

    Printed, if no folder is given. A folder remembers the version, so that what is edited there
    can be applied.

    \b
    Examples:
      groschen config export --to config --overwrite
      groschen config export 3
    """

    async def work(books: Books, _settings: Settings) -> Version:
        version = await version_of(books, number)
        if to is not None:
            write_files(to, version.number, version.files, is_one, overwrite=overwrite)
        return version

    version = run(work, as_json=as_json)
    if as_json:
        write({"version": version.number, **_plain_version(version)})
    elif to is not None:
        click.echo(f"Version {version.number}: {len(version.files)} files in {to}")
    else:
        for name, text in version.files.items():
            click.echo(f"# ===== {name}\n{text}")


async def version_of(books: Books, number: int | None) -> Version:
    """The version of this number, else the one in force; `ConflictError` if there is none."""
    if number is not None:
        return await books.configuration.version(number)
    current = await books.configuration.in_force()
    if current is None:
        raise ConflictError("there is no version yet")
    return current.version


def write_files(
    folder: Path,
    number: int,
    files: Mapping[str, str],
    is_one: Callable[[str], bool],
    *,
    overwrite: bool,
) -> None:
    """Make a folder hold the files of version `number` and no others of their kind (`is_one`)."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        present = [path for path in folder.iterdir() if is_one(path.name)]
        if present and not overwrite:
            raise CallerError(f"{folder} holds {present[0].name}: give --overwrite", "--to")
        for name, text in files.items():
            beside = folder / f".{name}.new"
            beside.write_bytes(text.encode())
            beside.replace(folder / name)
        for path in present:
            if path.name not in files:
                path.unlink()
    except OSError as fault:
        raise CallerError(f"{folder} cannot be written: {fault.strerror}", "--to") from fault
    unnoted = note_base(folder, number)
    if unnoted:
        raise CallerError(unnoted, "--to")


def _plain_version(version: Version) -> Mapping[str, object]:
    return {
        "based_on": version.based_on,
        "author": version.author,
        "reason": version.reason,
        "made": utc(version.made_ms),
        "content_hash": version.content_hash,
        "files": dict(version.files),
    }


def _plain_engine(engine: EngineView, past: Past) -> Mapping[str, object]:
    return {
        "engine": engine.engine,
        "version": engine.number,
        "since": utc(engine.since_ms),
        "problem": engine.problem,
        "asterisk": engine.asterisk,
        "alive": None if past.alive is None else engine.engine in past.alive,
    }


def _told(activation: Activation) -> str:
    end = ""
    if activation.confirm_by_ms is not None:
        end = f", to be confirmed by {utc(activation.confirm_by_ms)}"
    if activation.confirmed_ms is not None:
        end = f", confirmed {utc(activation.confirmed_ms)} by {activation.confirmed_by}"
    return (
        f"{activation.activation}  {utc(activation.at_ms)}  version {activation.number} "
        f"{activation.cause.replace('_', ' ')} by {activation.author}{end}: {activation.reason}"
    )


def _plain_comparison(
    compared: Comparison | None, problems: Problems | None
) -> Mapping[str, object]:
    return {
        "base": compared.base if compared else None,
        "files": [asdict(change) for change in compared.files] if compared else [],
        "entries": [asdict(change) for change in compared.entries] if compared else [],
        "problems": plain_problems(problems or ()),
    }


def _told_comparison(
    compared: Comparison | None, problems: Problems | None, lang: str
) -> Iterator[str]:
    if problems:
        yield told(problems, lang)
    if compared is None:
        return
    if not compared.files:
        yield f"Nothing differs from version {compared.base}."
        return
    yield f"Against version {compared.base}:" if compared.base else "There is no version yet:"
    for entry in compared.entries:
        yield from _told_entry(entry)
    for file in compared.files:
        yield ""
        yield file.diff or f"{file.name}: {file.kind}"


def _told_entry(entry: EntryChange) -> Iterator[str]:
    yield f"  {_SIGNS[entry.kind]} {entry.section}.{entry.name}"
    for field in entry.fields:
        yield f"      {field.field}: {field.before or '(none)'} -> {field.after or '(none)'}"
