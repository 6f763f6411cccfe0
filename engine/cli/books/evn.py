"""`groschen evn`: the itemised bill of an account's month."""

import json
from datetime import datetime
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import named, profile_option, run
from engine.cli.books.papers import hand_over, paper_options, wanted_month
from engine.flows.evn.bill import Bill, itemise
from engine.flows.evn.pdf import pdf
from engine.flows.evn.sheet import csv_text, plain, text
from engine.flows.evn.words import LANGUAGES
from engine.flows.papers.month import HOME_TIMEZONE
from engine.settings import Settings


@click.command("evn")
@click.argument("account")
@paper_options
@click.option("--timezone", default=HOME_TIMEZONE, show_default=True, help="Of the month.")
@profile_option
def evn(
    account: str,
    month: str,
    form: str | None,
    lang: str,
    timezone: str,
    out: Path | None,
    profile: str | None,
) -> None:
    """Print the itemised bill (EVN) of ACCOUNT: an id, or a phone number within --profile.

    Every call of the month with its charge, refused ones too; numbers lack their last three
    digits. The charges sum to what the journal booked, to the last digit. Until two days after the
    month calls may still be booked: the bill says until when it is complete.

    \b
    Examples:
      groschen evn "030 23125 100" --month 2026-11
      groschen evn "030 23125 100" --month 2026-11 --pdf --to november.pdf
    """
    span = wanted_month(month, timezone, form, out)

    async def work(books: Books, settings: Settings) -> Bill:
        known = await named(books, settings, account, profile)
        return await itemise(books.ledger, known, span, books.clock.now().wall_ms)

    bill = run(work, as_json=form == "json")
    hand_over(_rendered(bill, form, lang), out)


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
