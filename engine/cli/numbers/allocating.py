"""Commands that give numbers to organisations and take them back."""

import uuid
from datetime import date

import click

from engine.cli.books.opening import Amount, Day, json_option, reason_option, user
from engine.cli.lines import utc, write
from engine.cli.numbers.numbering import Deed, allowed, shown, tell_number, with_numbering
from engine.core.numbers.number import Number, Purpose, Status
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.numbering import Numbering
from engine.flows.papers.columns import aligned
from engine.ports.numbers import NumberEvent, NumberFilter

HISTORY_MOST = 1_000


@click.command("order")
@click.argument("organisation")
@click.option("--price", type=Amount(), required=True, help="A month, as it was shown.")
@click.option(
    "--purpose",
    type=click.Choice([purpose.value for purpose in Purpose]),
    default=Purpose.TRACKING.value,
    show_default=True,
)
@click.option("--from", "starts_on", type=Day(), help="First day; today if not given.")
@click.option("--number", help="One that the organisation had before.")
@click.option("--key", help="The same key again is the same order.")
@json_option
def order(
    organisation: str,
    price: int,
    purpose: str,
    starts_on: date | None,
    number: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """Order a number for an ORGANISATION; which one is ours to choose.

    \b
    Example:
      groschen numbers order acme --price 4.90
    """
    wish = Wish(
        organisation=organisation,
        key=key or uuid.uuid4().hex,
        purpose=Purpose(purpose),
        price_micros=price,
        starts_on=starts_on,
        e164=number,
    )
    done = with_numbering(
        lambda numbering: Allocation(numbering).order(wish, user()),
        as_json,
        deed=Deed(action="numbers.order", organisation=organisation),
    )
    tell_number(allowed(done, as_json), as_json)


@click.command("approve")
@click.argument("number")
@json_option
def approve(number: str, as_json: bool) -> None:
    """Agree to the order of a NUMBER; documents that are wanting are asked for.

    \b
    Example:
      groschen numbers approve +493023125000
    """
    done = with_numbering(
        lambda numbering: Allocation(numbering).approve(number, user()),
        as_json,
        deed=Deed(action="numbers.approve", number=number),
    )
    tell_number(allowed(done, as_json), as_json)


@click.command("reject")
@click.argument("number")
@reason_option
@json_option
def reject(number: str, reason: str, as_json: bool) -> None:
    """Refuse the order of a NUMBER, which is free at once.

    \b
    Example:
      groschen numbers reject +493023125000 --reason "no contract"
    """
    done = with_numbering(
        lambda numbering: Allocation(numbering).reject(number, reason, user()),
        as_json,
        deed=Deed(action="numbers.reject", number=number),
    )
    tell_number(allowed(done, as_json), as_json)


@click.command("deactivate")
@click.argument("number")
@reason_option
@json_option
def deactivate(number: str, reason: str, as_json: bool) -> None:
    """Switch a NUMBER off; for six months nobody has it.

    \b
    Example:
      groschen numbers deactivate +493023125000 --reason "contract ended"
    """
    done = with_numbering(
        lambda numbering: Allocation(numbering).deactivate(number, reason, user()),
        as_json,
        deed=Deed(action="numbers.deactivate", number=number),
    )
    tell_number(allowed(done, as_json), as_json)


@click.command("withdraw")
@click.argument("number")
@reason_option
@json_option
def withdraw(number: str, reason: str, as_json: bool) -> None:
    """Take a NUMBER that nobody has out of the stock: the carrier has it no more.

    \b
    Example:
      groschen numbers withdraw +493023125000 --reason "block given back"
    """
    done = with_numbering(
        lambda numbering: Allocation(numbering).withdraw(number, reason, user()),
        as_json,
        deed=Deed(action="numbers.withdraw", number=number),
    )
    tell_number(allowed(done, as_json), as_json)


@click.command("replace")
@click.argument("number")
@click.option("--by", "new", help="The new number; a free one of the area if not given.")
@reason_option
@json_option
def replace_number(number: str, new: str | None, reason: str, as_json: bool) -> None:
    """Give another number for this NUMBER: new on and old off in one step.

    \b
    Example:
      groschen numbers replace +493023125000 --reason "nuisance calls"
    """
    done = with_numbering(
        lambda numbering: Allocation(numbering).replace(number, reason, user(), new),
        as_json,
        deed=Deed(action="numbers.replace", number=number),
    )
    for one in allowed(done, as_json):
        tell_number(one, as_json)


@click.command("list")
@click.option("--organisation", help="This organisation's alone.")
@click.option("--status", type=click.Choice([status.value for status in Status]))
@json_option
def list_numbers(organisation: str | None, status: str | None, as_json: bool) -> None:
    """List numbers, one a line.

    \b
    Example:
      groschen numbers list --status ordered
    """
    wanted = NumberFilter(organisation=organisation, status=Status(status) if status else None)

    async def work(numbering: Numbering) -> list[Number]:
        return [number async for number in numbering.all_numbers(wanted)]

    for number in with_numbering(work, as_json):
        tell_number(number, as_json)


@click.command("history")
@click.argument("number")
@json_option
def history(number: str, as_json: bool) -> None:
    """Show what was ever done to a NUMBER, newest first.

    \b
    Example:
      groschen numbers history +493023125000
    """

    async def work(numbering: Numbering) -> list[NumberEvent]:
        await numbering.number(number)
        return list(await numbering.numbers.history(number, None, HISTORY_MOST))

    events = with_numbering(work, as_json)
    if as_json:
        for event in events:
            write(shown(event))
        return
    rows = [
        (utc(e.at_ms), e.author, e.action, e.status, e.organisation or "-", e.other, e.reason)
        for e in events
    ]
    for line in aligned([("at", "by", "what", "then", "of", "other", "why"), *rows]):
        click.echo(line)
