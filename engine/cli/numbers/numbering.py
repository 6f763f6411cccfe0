"""What the commands on numbers share: the numbering, and how records are told."""

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import click
import msgspec

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.lines import write
from engine.core.money import format_shortest
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number
from engine.errors import CallerError
from engine.flows.numbers.numbering import Numbering
from engine.settings import Settings

T = TypeVar("T")


def with_numbering(
    work: Callable[[Numbering], Awaitable[T]], as_json: bool, *, organisation: str | None = None
) -> T:
    """Do a command's work where numbers are given out; `organisation` must be in the files."""

    async def opened(books: Books, settings: Settings) -> T:
        if organisation is not None:
            inventory = await inventory_in_force(books, settings)
            known = [one.name for one in inventory.organisations]
            if organisation not in known:
                raise CallerError(f"must be one of {', '.join(known) or 'none'}", "organisation")
        return await work(books.numbering(settings))

    return run(opened, as_json=as_json)


def allowed(answer: T | Refused, as_json: bool) -> T:
    """What was answered; a refusal ends the command with exit code 1."""
    if not isinstance(answer, Refused):
        return answer
    if as_json:
        write({"refused": answer.reason, "sentence": answer.sentence})
        raise click.exceptions.Exit(1)
    raise click.ClickException(f"refused: {answer.sentence}")


def tell_number(number: Number, as_json: bool) -> None:
    """One number, on one line."""
    if as_json:
        write(shown(number))
        return
    parts = (number.e164, number.organisation or "-", number.status, note(number))
    click.echo("  ".join(filter(None, parts)))


def shown(record: object) -> Mapping[str, object]:
    """A record as JSON: days as ISO 8601, prices as decimal strings."""
    found: dict[str, object] = msgspec.to_builtins(record)
    micros = found.pop("price_micros", None)
    if isinstance(micros, int):
        found["price"] = format_shortest(micros)
    return found


def note(number: Number) -> str:
    """What else there is to know of a number as it stands."""
    if number.quarantined_until is not None:
        return f"until {number.quarantined_until}"
    if number.active_since is not None:
        return f"since {number.active_since}, last call {number.last_call_on or 'never'}"
    return f"from {number.starts_on}" if number.starts_on is not None else ""
