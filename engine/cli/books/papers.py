"""What commands that make papers share: which month, which form, where to."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from engine.errors import CallerError
from engine.flows.papers.month import Month, month_of

Command = TypeVar("Command", bound=Callable[..., Any])

FILE = click.Path(path_type=Path, dir_okay=False)
LANGUAGES = ("de", "en")


def paper_options(command: Command) -> Command:
    """The options of every paper: `month`, `form`, `lang` and `out`."""
    for option in (
        click.option("--to", "--out", "out", type=FILE, help="Write to this file."),
        click.option(
            "--lang", type=click.Choice(LANGUAGES), default="de", show_default=True, help="Words."
        ),
        click.option("--json", "form", flag_value="json", help="For programs."),
        click.option("--pdf", "form", flag_value="pdf", help="As a document."),
        click.option("--csv", "form", flag_value="csv", help="For spreadsheets."),
        click.option("--month", required=True, help="Such as 2026-11."),
    ):
        command = option(command)
    return command


def wanted_month(name: str, timezone: str, form: str | None, out: Path | None) -> Month:
    """The month that is asked for; what cannot be made is wrong usage."""
    try:
        month = month_of(name, timezone)
    except CallerError as fault:
        raise click.BadParameter(str(fault), param_hint=f"--{fault.field}") from fault
    if form == "pdf" and out is None and sys.stdout.isatty():
        raise click.UsageError("A PDF is not for the terminal: name a file with --to.")
    return month


def hand_over(content: bytes, out: Path | None) -> None:
    """Write a paper to the file that is named, else to stdout."""
    if out is None:
        sys.stdout.buffer.write(content)
        return
    try:
        out.write_bytes(content)
    except OSError as fault:
        raise click.FileError(str(out), fault.strerror) from fault
    click.echo(f"Written: {out}", err=True)
