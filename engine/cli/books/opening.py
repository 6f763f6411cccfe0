"""What commands on the books share: opening them, naming an account, telling what went wrong."""

import asyncio
import getpass
import uuid
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import click

from engine import logs
from engine.app import Books, books_of
from engine.cli.lines import refusal, write
from engine.core.instant import YEARS, YEARS_RULE
from engine.core.inventory import BillingProfile, Inventory
from engine.core.money import format_shortest, parse_micros
from engine.core.number import HOME_REGION, classify
from engine.errors import CallerError, EngineError, RemoteError
from engine.flows.config import Problems, load
from engine.flows.money.movements import Denied, Why
from engine.payments.registry import option_forms
from engine.ports.ledger import Account
from engine.ports.store import Store
from engine.settings import Settings, read_settings

T = TypeVar("T")
Command = TypeVar("Command", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Answer as JSON.")
profile_option = click.option(
    "--profile", help="Billing profile of a phone number; the only one if not given."
)


def run(work: Callable[[Books, Settings], Awaitable[T]], *, as_json: bool = False) -> T:
    """Do a command's work on the books; what it refuses ends the command with exit code 1."""
    try:
        settings = read_settings()
        logs.configure(level="warning", form=settings.log_format, numbers=settings.log_numbers)
        return asyncio.run(_run(work, settings))
    except EngineError as fault:
        raise failure(fault, as_json) from fault


async def _run(work: Callable[[Books, Settings], Awaitable[T]], settings: Settings) -> T:
    async with books_of(settings) as books:
        if books.note:
            click.echo(f"Note: {books.note}.", err=True)
        return await work(books, settings)


def failure(fault: EngineError, as_json: bool) -> Exception:
    """How a command ends that was refused: one JSON object, or one sentence."""
    shown = fault if isinstance(fault, CallerError) else CallerError(str(fault))
    if as_json:
        write(refusal(shown))
        return click.exceptions.Exit(1)
    return click.ClickException(": ".join(filter(None, (shown.field, str(shown)))))


def needed_store(books: Books) -> Store:
    """The store; `RemoteError` where there is none."""
    if books.store is None:
        raise RemoteError(f"{books.note}: start the engine first")
    return books.store


@dataclass(frozen=True, slots=True)
class Vacant:
    """A phone number that has no account in a profile yet."""

    profile: BillingProfile
    e164: str


async def named(books: Books, settings: Settings, text: str, profile: str | None) -> Account:
    """The account of an id or a phone number; `CallerError` if there is none."""
    found = await sought(books, settings, text, profile)
    if isinstance(found, Vacant):
        told = f"{found.e164} has no account in the profile {found.profile.name}"
        raise CallerError(told, "account")
    return found


async def sought(
    books: Books, settings: Settings, text: str, profile: str | None
) -> Account | Vacant:
    """The account of an id or a phone number, or the place of one that could be opened."""
    account = await books.ledger.account(text)
    if account is not None:
        return account
    e164 = classify(text, HOME_REGION).e164
    if e164 is None:
        raise CallerError(f"there is no account {text}", "account")
    owner = _profile(await inventory_in_force(books, settings), profile)
    return await books.ledger.find_account(owner.name, e164) or Vacant(owner, e164)


def _profile(inventory: Inventory, name: str | None) -> BillingProfile:
    profiles = inventory.profiles
    if name is None and len(profiles) != 1:
        names = ", ".join(profile.name for profile in profiles) or "none"
        raise CallerError(f"must be given: there are {names}", "--profile")
    chosen = [profile for profile in profiles if name in (None, profile.name)]
    if not chosen:
        raise CallerError(f"there is no profile {name}", "--profile")
    return chosen[0]


async def inventory_in_force(books: Books, settings: Settings) -> Inventory:
    """What the version in force says; before there is one, what the operator's files say."""
    current = await books.configuration.in_force()
    if current is None:
        return inventory_of(settings)
    return await books.configuration.inventory(current.version)


def inventory_of(settings: Settings) -> Inventory:
    """What the operator's files say; `CallerError` with every mistake in them."""
    inventory = load(settings.config, forms=option_forms())
    if isinstance(inventory, Problems):
        raise CallerError(str(inventory), "config")
    return inventory


def organisation_of(inventory: Inventory, name: str | None) -> str:
    """The organisation of this name, the only one if none is named."""
    known = [organisation.name for organisation in inventory.organisations]
    if name is None and len(known) == 1:
        return known[0]
    if name not in known:
        raise CallerError(f"must be one of {', '.join(known) or 'none'}", "--organisation")
    return name


class Amount(click.ParamType[int]):
    """An amount of money on the command line, as micro-units."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return value if isinstance(value, int) else parse_micros(value, field="amount")
        except CallerError as fault:
            self.fail(str(fault), param, ctx)


class Day(click.ParamType[date]):
    """A day on the command line: 2026-11-30."""

    name = "day"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        try:
            day = value if isinstance(value, date) else date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no day such as 2026-11-30", param, ctx)
        if day.year not in YEARS:
            self.fail(f"{value!r} {YEARS_RULE}", param, ctx)
        return day


author_option = click.option("--author", help="Who; the user of this shell if not given.")

reason_option = click.option("--reason", required=True, help="Why, for the history.")


def why_options(command: Command) -> Command:
    """The options of every movement by hand."""
    for option in (
        click.option("--reason", required=True, help="Why, for the journal."),
        author_option,
        click.option("--key", help="Idempotency key: the same key again is done once."),
    ):
        command = option(command)
    return command


def why(reason: str, author: str | None, key: str | None) -> Why:
    """The reason of a movement; without a key each command is a movement of its own."""
    return Why(key=key or uuid.uuid4().hex, reason=reason, author=author or user())


def user() -> str:
    """Who runs this command, as the journal names him."""
    with suppress(OSError, KeyError):
        return f"cli:{getpass.getuser()}"
    return "cli"


def told_denied(denied: Denied, as_json: bool) -> Exception:
    """How a refusal that is a value ends the command."""
    available = format_shortest(denied.available_micros)
    if as_json:
        answer: Mapping[str, object] = {
            "denied": denied.reason,
            "available": available,
            "other": denied.other,
        }
        write(answer)
        return click.exceptions.Exit(1)
    sentence = DENIALS[denied.reason].format(available=available, other=denied.other)
    return click.ClickException(sentence)


DENIALS = {
    "not_available": "refused: {available} is available, the rest is held or not there",
    "number_taken": "refused: the number has the account {other}; --merge moves the balance there",
    "money_is_held": "refused: calls hold money on the account; try again when they are over",
}
