"""`groschen statement`: a billing profile's month, for its line owner."""

import json
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.books.papers import hand_over, paper_options, wanted_month
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.statement.pdf import pdf
from engine.flows.statement.sheet import csv_text, plain, text
from engine.flows.statement.statement import Statement, draw_up
from engine.flows.statement.words import LANGUAGES
from engine.settings import Settings


@click.command("statement")
@click.argument("profile")
@paper_options
def statement(profile: str, month: str, form: str | None, lang: str, out: Path | None) -> None:
    """Print the monthly statement of the billing PROFILE: what its customers' money did.

    Top-ups, bonuses, calls, refunds, other services and the agreed platform fees; opening and
    movements sum to the closing balance, or there is none. An engine files it by itself on the
    first of the next month. Fees are as the configuration in force has them.

    \b
    Examples:
      groschen statement sternlicht --month 2026-11
      groschen statement sternlicht --month 2026-11 --pdf --out november.pdf
    """
    span = wanted_month(month, HOME_TIMEZONE, form, out)

    async def work(books: Books, settings: Settings) -> Statement:
        now_ms = books.clock.now().wall_ms
        inventory = await inventory_in_force(books, settings)
        return await draw_up(books.statements, inventory, profile, span, now_ms)

    made = run(work, as_json=form == "json")
    hand_over(_rendered(made, form, lang), out)


def _rendered(made: Statement, form: str | None, lang: str) -> bytes:
    words = LANGUAGES[lang]
    match form:
        case "pdf":
            return pdf(made, words)
        case "csv":
            return csv_text(made).encode()
        case "json":
            return (json.dumps(plain(made)) + "\n").encode()
        case _:
            return (text(made, words) + "\n").encode()
