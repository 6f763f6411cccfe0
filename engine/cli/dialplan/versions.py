"""`groschen dialplan history|rollback|export`: the own dialplan as it was, and back to it."""

from pathlib import Path

import click

from engine.app import Books
from engine.asterisk.etc.own import is_own
from engine.cli.books.opening import author_option, json_option, reason_option, run, user
from engine.cli.config.files import lang_option
from engine.cli.config.looking import Past, past_of, tell_past, version_of, write_files
from engine.cli.dialplan.applying import tell_put
from engine.cli.dialplan.putting import Put, put_as_act, put_in_force
from engine.cli.lines import write
from engine.errors import CallerError
from engine.flows.config import Problems
from engine.flows.versions.configuration import LISTED_MOST, Why
from engine.ports.versions import Version
from engine.settings import Settings


@click.command("history")
@click.option("--before", type=click.IntRange(min=1), help="Only what was before this activation.")
@click.option(
    "--most", type=click.IntRange(1, LISTED_MOST), default=20, show_default=True, help="How many."
)
@json_option
@lang_option
def history(before: int | None, most: int, as_json: bool, lang: str) -> None:
    """List when the own dialplan became another one, by whom and why; and how each engine stands.

    Versions that changed something else are in `groschen config history`.

    \b
    Example:
      groschen dialplan history
    """

    async def work(books: Books, _settings: Settings) -> Past:
        return await past_of(books, await books.configuration.own_history(before, most))

    tell_past(run(work, as_json=as_json), as_json, lang)


@click.command("rollback")
@click.argument("number", required=False, type=click.IntRange(min=1))
@reason_option
@author_option
@json_option
@lang_option
def rollback(number: int | None, reason: str, author: str | None, as_json: bool, lang: str) -> None:
    """Put the own dialplan of version NUMBER in force again; if not given, that which the one in
    force was made from: doing so again goes further back.

    It becomes a new version; prices, services and all else stay as they are. It is checked and, if
    one Asterisk does not take it, taken back as by `apply`.

    \b
    Example:
      groschen dialplan rollback --reason "wrong door"
    """

    async def work(books: Books, settings: Settings) -> Put | Problems:
        configuration = books.configuration
        wanted = number or await configuration.own_before()
        if not wanted:
            raise CallerError("there is no own dialplan before", "number")
        own = (await configuration.version(wanted)).own or {}
        why = Why(author or user(), reason)
        return await put_as_act(
            books,
            "dialplan.restore",
            lambda: put_in_force(books, settings, own, lambda c: c.restore(wanted, why)),
        )

    tell_put(run(work, as_json=as_json), as_json, lang)


@click.command("export")
@click.argument("number", required=False, type=click.IntRange(min=1))
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Into this folder.")
@click.option("--overwrite", is_flag=True, help="Put it in the place of what the folder holds.")
@json_option
def export(number: int | None, to: Path | None, overwrite: bool, as_json: bool) -> None:
    """Write the own dialplan of version NUMBER (of the one in force, if not given).

    Printed, if no folder is given. A folder remembers the version, so that what is edited there
    can be applied.

    \b
    Example:
      groschen dialplan export --to dialplan/own --overwrite
    """

    async def work(books: Books, _settings: Settings) -> Version:
        version = await version_of(books, number)
        if version.own is None:
            told = f"version {version.number} does not know its own dialplan yet"
            raise CallerError(told, "number")
        if to is not None:
            write_files(to, version.number, version.own, is_own, overwrite=overwrite)
        return version

    version = run(work, as_json=as_json)
    files = dict(version.own or {})
    if as_json:
        write({"version": version.number, "files": files})
    elif to is not None:
        click.echo(f"Version {version.number}: {len(files)} files in {to}")
    else:
        for name, text in files.items():
            click.echo(f"; ===== {name}\n{text}")
