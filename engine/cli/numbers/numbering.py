"""What the commands on numbers share: the numbering, and how records are told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import click
import msgspec

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, run
from engine.cli.lines import write
from engine.core.money import format_shortest
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number
from engine.errors import CallerError
from engine.flows.numbers.numbering import Numbering
from engine.settings import Settings

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What a command changes: an act of the audit log, in that of the organisation which has the
    number, else of the one that is named, if it is there."""

    action: str
    number: str = ""
    organisation: str = ""


def with_numbering(
    work: Callable[[Numbering], Awaitable[T]],
    as_json: bool,
    *,
    deed: Deed | None = None,
    organisation: str | None = None,
) -> T:
    """Do a command's work where numbers are given out; `organisation` must be in the files."""

    async def opened(books: Books, settings: Settings) -> T:
        if organisation is not None:
            known = await _organisations(books, settings)
            if organisation not in known:
                raise CallerError(f"must be one of {', '.join(known) or 'none'}", "organisation")
        numbering = books.numbering(settings)
        if deed is None:
            return await work(numbering)
        named = deed.number or deed.organisation
        return await acted(
            books,
            deed.action,
            lambda: work(numbering),
            organisation=await _whose(deed, numbering, books, settings),
            target=f"{'numbers' if deed.number else 'holders'}/{named}" if named else "",
        )

    return run(opened, as_json=as_json)


async def _whose(deed: Deed, numbering: Numbering, books: Books, settings: Settings) -> str | None:
    if deed.number:
        number = await numbering.numbers.number(deed.number)
        if number is not None and number.organisation is not None:
            return number.organisation
    known = await _organisations(books, settings) if deed.organisation else ()
    return deed.organisation if deed.organisation in known else None


async def _organisations(books: Books, settings: Settings) -> Sequence[str]:
    return [one.name for one in (await inventory_in_force(books, settings)).organisations]


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
