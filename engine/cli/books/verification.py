"""`groschen verification`: a merchant's month."""

import json
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.books.papers import hand_over, paper_options, wanted_month
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.statement.merchant import (
    MerchantStatement,
    draw_up_merchant,
    merchant_csv,
    merchant_text,
    merchant_values,
)
from engine.flows.statement.pdf import merchant_pdf
from engine.settings import Settings


@click.group("verification")
def verification() -> None:
    """Phone numbers verified for merchants."""


@verification.command("statement")
@click.argument("merchant")
@paper_options
def statement(merchant: str, month: str, form: str | None, lang: str, out: Path | None) -> None:
    """Print a month of a MERCHANT: what his verifications came to, and what the proved ones cost.

    It adds up with the journal to the micro-unit, or it is refused. An engine files it by itself on
    the first of the next month.

    \b
    Examples:
      groschen verification statement beispielladen --month 2026-11
      groschen verification statement beispielladen --month 2026-11 --pdf --to november.pdf
    """
    span = wanted_month(month, HOME_TIMEZONE, form, out)

    async def work(books: Books, settings: Settings) -> MerchantStatement:
        inventory = await inventory_in_force(books, settings)
        now_ms = books.clock.now().wall_ms
        return await draw_up_merchant(books.verifications, inventory, merchant, span, now_ms)

    hand_over(_rendered(run(work, as_json=form == "json"), form, lang), out)


def _rendered(made: MerchantStatement, form: str | None, lang: str) -> bytes:
    match form:
        case "pdf":
            return merchant_pdf(made, lang)
        case "csv":
            return merchant_csv(made).encode()
        case "json":
            return (json.dumps(merchant_values(made)) + "\n").encode()
        case _:
            return merchant_text(made, lang).encode()
