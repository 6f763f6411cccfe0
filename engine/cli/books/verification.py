"""`groschen verification`: what became of numbers that were verified, and a merchant's month."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, json_option, organisation_of, run
from engine.cli.books.papers import hand_over, paper_options, wanted_month
from engine.cli.lines import write
from engine.core.instant import write_time
from engine.core.masking import shown
from engine.core.money import format_shortest
from engine.core.verification import Status, Verification
from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE
from engine.flows.statement.merchant import (
    MerchantStatement,
    draw_up_merchant,
    merchant_csv,
    merchant_text,
    merchant_values,
)
from engine.flows.statement.pdf import merchant_pdf
from engine.ports.verifications import VerificationFilter
from engine.settings import Settings

LISTED_MOST = 1_000


@click.group("verification")
def verification() -> None:
    """Phone numbers verified for merchants."""


@verification.command("list")
@click.option("--merchant", help="Of this merchant alone.")
@click.option("--reference", help="With this reference of the merchant's.")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@click.option(
    "--most", type=click.IntRange(1, LISTED_MOST), default=50, show_default=True, help="How many."
)
@click.option("--organisation", help="Whose they are; the only organisation if not given.")
@json_option
def list_verifications(
    merchant: str | None,
    reference: str | None,
    status: str | None,
    most: int,
    organisation: str | None,
    as_json: bool,
) -> None:
    """List verifications, newest first; of each number the last three digits are left out.

    \b
    Example:
      groschen verification list --status failed --json
    """

    async def work(books: Books, settings: Settings) -> Sequence[Verification]:
        wanted = VerificationFilter(
            organisation=organisation_of(await inventory_in_force(books, settings), organisation),
            merchant=merchant,
            reference=reference,
            status=Status(status) if status is not None else None,
            most=most,
        )
        return await books.verifications.verifications(wanted)

    for found in run(work, as_json=as_json):
        _tell(found, as_json)


@verification.command("show")
@click.argument("verification_id")
@json_option
def show(verification_id: str, as_json: bool) -> None:
    """Show one verification.

    \b
    Example:
      groschen verification show 3f1c0a9be5d84e7d9a6b5c4d3e2f1a0b
    """

    async def work(books: Books, settings: Settings) -> Verification:
        found = await books.verifications.verification(verification_id)
        if found is None:
            raise CallerError(f"there is no verification {verification_id}")
        return found

    found = run(work, as_json=as_json)
    if as_json:
        _tell(found, as_json)
        return
    for name, value in _plain(found).items():
        click.echo(f"{name}: {'-' if value in (None, '') else value}")


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


def _tell(one: Verification, as_json: bool) -> None:
    plain = _plain(one)
    if as_json:
        write(plain)
        return
    why = f" ({one.reason})" if one.reason else ""
    cost = f"{plain['charge']} {one.currency}"
    named = f"{plain['created']}  {one.verification_id}  {one.merchant}  {plain['number'] or '-'}"
    click.echo(f"{named}  {one.mode}  {one.status}{why}  {cost}  {one.reference}".rstrip())


def _plain(one: Verification) -> Mapping[str, object]:
    return {
        "verification_id": one.verification_id,
        "organisation": one.organisation,
        "merchant": one.merchant,
        "reference": one.reference,
        "number": shown(one.e164, withheld=False),
        "status": one.status,
        "reason": one.reason or None,
        "step": one.step,
        "mode": one.mode,
        "method": one.method,
        "lang": one.lang,
        "calls": one.calls,
        "calls_left": one.calls_left,
        "tries_left": one.tries_left,
        "last_failure": one.last_failure,
        "created": write_time(one.created_ms),
        "expires": write_time(one.expires_ms),
        "answered": _time(one.answered_ms),
        "call_ended": _time(one.call_ended_ms),
        "ended": _time(one.ended_ms),
        "charge": format_shortest(one.charge_micros),
        "currency": one.currency,
        "test": one.test,
    }


def _time(at_ms: int | None) -> str | None:
    return write_time(at_ms) if at_ms is not None else None
