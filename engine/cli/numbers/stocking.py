"""Commands on the stock: blocks of numbers taken in, and the catalogue."""

from pathlib import Path

import click

from engine.cli.books.opening import Amount, json_option, user
from engine.cli.lines import write
from engine.cli.numbers.numbering import Deed, shown, with_numbering
from engine.core.money import format_shortest
from engine.core.numbers.blocks import Faults
from engine.core.numbers.number import Purpose
from engine.flows.numbers.stock import Stock
from engine.ports.numbers import Offer


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def import_blocks(file: Path, as_json: bool) -> None:
    """Take in the blocks of a CSV FILE: all of them, or none and every mistake.

    Its columns are area_code,first,last; numbers are E.164, `last` may be empty.

    \b
    Example:
      groschen numbers import blocks.csv
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise click.ClickException(f"{file} is not UTF-8") from None
    taken = with_numbering(
        lambda numbering: Stock(numbering).take_in(text, user()),
        as_json,
        deed=Deed(action="stock.take_in"),
    )
    if isinstance(taken, Faults):
        for fault in taken.faults:
            if as_json:
                write({"line": fault.line, "error": fault.sentence})
            else:
                click.echo(f"{file}:{fault.line}: {fault.sentence}", err=True)
        raise click.exceptions.Exit(1)
    if as_json:
        write({"new": taken})
    else:
        click.echo(f"{taken} numbers are new")


@click.command("price")
@click.argument("country")
@click.argument("amount", type=Amount())
@click.option("--currency", default="EUR", show_default=True)
@click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.TRACKING.value,
    show_default=True,
)
@json_option
def price(country: str, amount: int, currency: str, purpose: str, as_json: bool) -> None:
    """Say what a number of a COUNTRY costs a month from now on; orders keep their price.

    \b
    Example:
      groschen numbers price DE 4.90
    """
    offer = Offer(country=country, purpose=Purpose(purpose), price_micros=amount, currency=currency)
    with_numbering(
        lambda numbering: Stock(numbering).put_offer(offer, user()),
        as_json,
        deed=Deed(action="stock.price"),
    )
    _tell(offer, as_json)


@click.command("prices")
@json_option
def prices(as_json: bool) -> None:
    """Show the catalogue.

    \b
    Example:
      groschen numbers prices
    """
    for offer in with_numbering(lambda numbering: Stock(numbering).offers(), as_json):
        _tell(offer, as_json)


def _tell(offer: Offer, as_json: bool) -> None:
    if as_json:
        write(shown(offer))
        return
    amount = format_shortest(offer.price_micros)
    click.echo(f"{offer.country}  {offer.purpose}  {amount} {offer.currency} a month")
