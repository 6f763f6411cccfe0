"""`groschen payments`: who wanted to pay what, and money that came by hand."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click

from engine.app import Books, manual_till
from engine.cli.books.acts import acted
from engine.cli.books.opening import author_option, inventory_in_force, json_option, run, user
from engine.cli.lines import write
from engine.core.inventory import Inventory
from engine.core.money import format_shortest
from engine.core.payment import OrderStatus, PaymentOrder
from engine.errors import CallerError
from engine.flows.papers.columns import aligned
from engine.flows.papers.month import HOME_TIMEZONE
from engine.ports.orders import OrderFilter
from engine.settings import Settings

COLUMNS = ("order", "created", "profile", "provider", "reference", "status", "amount")


@click.group("payments")
def payments() -> None:
    """Show payment orders, and confirm what came by hand."""


@payments.command("list")
@click.option("--profile", help="Of this billing profile alone.")
@click.option(
    "--status", type=click.Choice([s.value for s in OrderStatus]), help="Of this status alone."
)
@click.option("--most", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
def listed(profile: str | None, status: str | None, most: int, as_json: bool) -> None:
    """Show payment orders, newest first.

    The reference is the provider's own id of the order; of a payment by hand it is what the payer
    was asked to write on his transfer. With --json each order is one object.

    \b
    Examples:
      groschen payments list --profile sternlicht --status open
      groschen payments list --json
    """

    async def work(books: Books, settings: Settings) -> list[PaymentOrder]:
        orders: list[PaymentOrder] = []
        chosen = OrderStatus(status) if status else None
        inventory = await inventory_in_force(books, settings)
        for organisation in _organisations(inventory, profile):
            wanted = OrderFilter(
                organisation=organisation, profile=profile, status=chosen, most=most
            )
            orders += await books.orders.orders(wanted)
        orders.sort(key=lambda order: (order.created_ms, order.order_id), reverse=True)
        return orders[:most]

    found = run(work, as_json=as_json)
    if as_json:
        for order in found:
            write(_values(order))
    else:
        for line in aligned([COLUMNS, *_rows(found)]):
            click.echo(line)


@payments.command("confirm")
@click.argument("order_id")
@author_option
@json_option
def confirm(order_id: str, author: str | None, as_json: bool) -> None:
    """Say that the money of the order ORDER_ID has come by hand: a transfer, or cash.

    The customer has it at once, also in a running call, with the bonus that was promised. Said
    twice it is booked once.

    \b
    Example:
      groschen payments confirm 3f0c5a1e9b7d4c2f8e6a0b1c2d3e4f5a
    """

    async def work(books: Books, settings: Settings) -> PaymentOrder:
        inventory = await inventory_in_force(books, settings)
        known = await books.orders.order(order_id)
        async with manual_till(books, settings, inventory) as till:
            return await acted(
                books,
                "payments.confirm",
                lambda: till.confirm(order_id, author or user()),
                organisation=known.organisation if known is not None else None,
                target=f"payments/{order_id}",
                told=lambda order: {"micros": order.amount_micros},
            )

    order = run(work, as_json=as_json)
    if as_json:
        write(_values(order))
    else:
        click.echo(f"{order.status}: {_amount(order)}")


def _organisations(inventory: Inventory, profile: str | None) -> Sequence[str]:
    """Whose orders are looked through; `CallerError` for a profile there is not."""
    if profile is None:
        return [organisation.name for organisation in inventory.organisations]
    known = inventory.profile(profile)
    if known is None:
        raise CallerError(f"there is no profile {profile}", "--profile")
    return [known.organisation]


def _rows(orders: Sequence[PaymentOrder]) -> Iterator[tuple[str, ...]]:
    for order in orders:
        yield (
            order.order_id,
            f"{_time(order.created_ms):%Y-%m-%d %H:%M}",
            order.profile,
            order.provider,
            order.provider_ref,
            order.status,
            _amount(order),
        )


def _amount(order: PaymentOrder) -> str:
    return f"{format_shortest(order.amount_micros)} {order.currency}"


def _time(at_ms: int) -> datetime:
    return datetime.fromtimestamp(at_ms // 1000, ZoneInfo(HOME_TIMEZONE))


def _values(order: PaymentOrder) -> Mapping[str, object]:
    return {
        "order": order.order_id,
        "created": _time(order.created_ms).isoformat(),
        "profile": order.profile,
        "provider": order.provider,
        "reference": order.provider_ref,
        "account": order.account_id,
        "status": order.status,
        "amount": format_shortest(order.amount_micros),
        "bonus": format_shortest(order.bonus_micros),
        "taken_back": format_shortest(order.taken_back_micros),
        "currency": order.currency,
    }
