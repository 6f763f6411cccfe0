"""`groschen numbers statement`: what an organisation's numbers cost in a month."""

import json
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.books.papers import FILE, LANGUAGES, hand_over, wanted_month
from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.statement.rentals import (
    NumberStatement,
    draw_up_rentals,
    rentals_csv,
    rentals_text,
    rentals_values,
)
from engine.settings import Settings


@click.command("statement")
@click.argument("organisation")
@click.option("--month", required=True, help="Such as 2026-11.")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="de", show_default=True)
@click.option("--to", "--out", "out", type=FILE, help="Write to this file.")
def statement(organisation: str, month: str, form: str | None, lang: str, out: Path | None) -> None:
    """Print what an ORGANISATION's numbers cost in a month, by the days on which they took calls.

    It is what the journal has booked, or it is preliminary and says so.

    \b
    Examples:
      groschen numbers statement acme --month 2026-11
      groschen numbers statement acme --month 2026-11 --csv --to november.csv
    """
    span = wanted_month(month, HOME_TIMEZONE, form, out)

    async def work(books: Books, settings: Settings) -> NumberStatement:
        inventory = await inventory_in_force(books, settings)
        titles = {one.name: one.title for one in inventory.organisations}
        if organisation not in titles:
            raise CallerError(f"must be one of {', '.join(titles) or 'none'}", "organisation")
        numbering = books.numbering(settings)
        now_ms, _ = numbering.now()
        title = titles[organisation] or organisation
        return await draw_up_rentals(numbering, organisation, title, span, now_ms)

    hand_over(_rendered(run(work, as_json=form == "json"), form, lang), out)


def _rendered(made: NumberStatement, form: str | None, lang: str) -> bytes:
    match form:
        case "csv":
            return rentals_csv(made).encode()
        case "json":
            return (json.dumps(rentals_values(made)) + "\n").encode()
        case _:
            return rentals_text(made, lang).encode()
