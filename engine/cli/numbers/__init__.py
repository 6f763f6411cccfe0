"""`groschen numbers`: the stock of numbers, and who has them."""

import click

from engine.cli.numbers.allocating import (
    approve,
    deactivate,
    history,
    list_numbers,
    order,
    reject,
    replace_number,
    withdraw,
)
from engine.cli.numbers.authority import case
from engine.cli.numbers.billing import statement
from engine.cli.numbers.day import due, notices
from engine.cli.numbers.holding import check, confirm, demand, hand_in, holder, seat
from engine.cli.numbers.probing import probe
from engine.cli.numbers.publishing import source
from engine.cli.numbers.stocking import import_blocks, price, prices


@click.group("numbers")
def numbers() -> None:
    """Take numbers in, give them to organisations, and take them back."""


for command in (
    approve,
    case,
    check,
    confirm,
    deactivate,
    demand,
    due,
    hand_in,
    history,
    holder,
    import_blocks,
    list_numbers,
    notices,
    order,
    price,
    prices,
    probe,
    reject,
    replace_number,
    seat,
    source,
    statement,
    withdraw,
):
    numbers.add_command(command)
