"""`groschen evn`: the itemised bill of an account's month."""

import json
import sys
from datetime import datetime
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import named, profile_option, run
from engine.errors import CallerError
from engine.flows.evn.bill import Bill, itemise, month_of
from engine.flows.evn.pdf import pdf
from engine.flows.evn.sheet import csv_text, plain, text
from engine.flows.evn.words import LANGUAGES
from engine.settings import Settings


@click.command("evn")
@click.argument("account")
@click.option("--month", required=True, help="Such as 2026-11.")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets.")
@click.option("--pdf", "form", flag_value="pdf", help="As a document.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option(
    "--lang", type=click.Choice(sorted(LANGUAGES)), default="de", show_default=True, help="Words."
)
@click.option("--timezone", default="Europe/Berlin", show_default=True, help="Of the month.")
@click.option("--to", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@profile_option
def evn(
    account: str,
    month: str,
    form: str | None,
    lang: str,
    timezone: str,
    to: Path | None,
    profile: str | None,
) -> None:
    """Print the itemised bill (EVN) of ACCOUNT: an id, or a phone number within --profile.

    Every call of the month with its charge, refused ones too; numbers lack their last three
    digits. The charges sum to what the journal booked, to the last digit.

    \b
    Examples:
      groschen evn "030 23125 100" --month 2026-11
      groschen evn "030 23125 100" --month 2026-11 --pdf --to november.pdf
    """
    try:
        span = month_of(month, timezone)
    except CallerError as fault:
        raise click.BadParameter(str(fault), param_hint=f"--{fault.field}") from fault
    if form == "pdf" and to is None and sys.stdout.isatty():
        raise click.UsageError("A PDF is not for the terminal: name a file with --to.")

    async def work(books: Books, settings: Settings) -> Bill:
        return await itemise(books.ledger, await named(books, settings, account, profile), span)

    bill = run(work, as_json=form == "json")
    content = _rendered(bill, form, lang)
    if to is not None:
        to.write_bytes(content)
        click.echo(f"Written: {to}", err=True)
    else:
        sys.stdout.buffer.write(content)


def _rendered(bill: Bill, form: str | None, lang: str) -> bytes:
    words = LANGUAGES[lang]
    match form:
        case "pdf":
            return pdf(bill, words, datetime.now().astimezone())
        case "csv":
            return csv_text(bill).encode()
        case "json":
            return (json.dumps(plain(bill)) + "\n").encode()
        case _:
            return (text(bill, words) + "\n").encode()
