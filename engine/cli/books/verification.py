"""`groschen verification`: a merchant's month."""

import json
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.books.papers import FILE, LANGUAGES, hand_over, wanted_month
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.statement.merchant import (
    MerchantStatement,
    draw_up_merchant,
    merchant_csv,
    merchant_text,
    merchant_values,
)
from engine.settings import Settings


@click.group("verification")
def verification() -> None:
    """Phone numbers verified for merchants."""


@verification.command("statement")
@click.argument("merchant")
@click.option("--month", required=True, help="Such as 2026-11.")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option("--lang", type=click.Choice(LANGUAGES), default="de", show_default=True)
@click.option("--to", "--out", "out", type=FILE, help="Write to this file.")
def statement(merchant: str, month: str, form: str | None, lang: str, out: Path | None) -> None:
    """Print a month of a MERCHANT: what his verifications came to, and what the proved ones cost.

    It adds up with the journal to the micro-unit, or it is refused.

    \b
    Examples:
      groschen verification statement beispielladen --month 2026-11
      groschen verification statement beispielladen --month 2026-11 --csv --to november.csv
    """
    span = wanted_month(month, HOME_TIMEZONE, form, out)

    async def work(books: Books, settings: Settings) -> MerchantStatement:
        inventory = await inventory_in_force(books, settings)
        now_ms = books.clock.now().wall_ms
        return await draw_up_merchant(books.verifications, inventory, merchant, span, now_ms)

    hand_over(_rendered(run(work, as_json=form == "json"), form, lang), out)


def _rendered(made: MerchantStatement, form: str | None, lang: str) -> bytes:
    match form:
        case "csv":
            return merchant_csv(made).encode()
        case "json":
            return (json.dumps(merchant_values(made)) + "\n").encode()
        case _:
            return merchant_text(made, lang).encode()
