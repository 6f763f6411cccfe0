"""`groschen user`: who may sign in to the console. Passwords are read from standard input, or made
here and shown once; they are in no argument, which other users of the machine could see."""

import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, run
from engine.cli.lines import write
from engine.core.roles import Role
from engine.errors import CallerError
from engine.flows.access import NewUser, People
from engine.ports.users import User, UserFilter
from engine.settings import Settings

PAGE = 500

T = TypeVar("T")

stdin_option = click.option(
    "--password-stdin",
    is_flag=True,
    help="Read the password from standard input; without, one is made and shown once.",
)


@click.group("user")
def user() -> None:
    """Add, list, lock and unlock those who may sign in to the console."""


@user.command("add")
@click.argument("name")
@click.option(
    "--role", type=click.Choice([role.value for role in Role]), required=True, help="What he may."
)
@click.option("--organisation", help="Whose he is; without, one of the operator's own staff.")
@stdin_option
@json_option
def add(
    name: str, role: str, organisation: str | None, password_stdin: bool, as_json: bool
) -> None:
    """Add a user; a made password is shown, this once.

    \b
    Example:
      groschen user add ada@example.org --role owner
    """
    password = _read_password(password_stdin)

    async def work(books: Books, settings: Settings) -> NewUser:
        inventory = await inventory_in_force(books, settings)
        known = [one.name for one in inventory.organisations]
        if organisation not in (None, *known):
            raise CallerError(f"must be one of {', '.join(known) or 'none'}", "--organisation")
        return await acted(
            books,
            "users.add" if organisation else "users.add_staff",
            lambda: books.people.add(organisation, name, Role(role), password),
            organisation=organisation,
            told=lambda made: {"user": made.user.name, "role": role},
        )

    _tell_new(run(work, as_json=as_json), password, as_json)


@user.command("list")
@click.option("--organisation", help="This organisation's alone.")
@json_option
def list_users(organisation: str | None, as_json: bool) -> None:
    """List all users by name.

    \b
    Example:
      groschen user list
    """

    async def work(books: Books, _settings: Settings) -> list[User]:
        found: list[User] = []
        while page := await books.people.listed(
            UserFilter(organisation=organisation, after=found[-1].name if found else "", most=PAGE)
        ):
            found += page
        return found

    for one in run(work, as_json=as_json):
        _tell(one, as_json)


@user.command("password")
@click.argument("name")
@stdin_option
@json_option
def password(name: str, password_stdin: bool, as_json: bool) -> None:
    """Give a user another password; all his sessions end.

    \b
    Example:
      groschen user password ada@example.org
    """
    given = _read_password(password_stdin)

    def change(people: People, found: User) -> Awaitable[NewUser]:
        return people.reset_password(found, given)

    _tell_new(_done(name, change, "users.reset_password", as_json), given, as_json)


@user.command("lock")
@click.argument("name")
@json_option
def lock(name: str, as_json: bool) -> None:
    """Let a user in no more, and end his sessions.

    \b
    Example:
      groschen user lock ada@example.org
    """

    async def change(people: People, found: User) -> User:
        await people.lock(found)
        return await people.named(name)

    _tell(_done(name, change, "users.lock", as_json), as_json)


@user.command("unlock")
@click.argument("name")
@json_option
def unlock(name: str, as_json: bool) -> None:
    """Let a user in again, also one who has tried too often.

    \b
    Example:
      groschen user unlock ada@example.org
    """

    async def change(people: People, found: User) -> User:
        await people.unlock(found)
        return await people.named(name)

    _tell(_done(name, change, "users.unlock", as_json), as_json)


def _done(
    name: str, change: Callable[[People, User], Awaitable[T]], action: str, as_json: bool
) -> T:
    """Carry out a change of a user, as an act of the audit log."""

    async def work(books: Books, _settings: Settings) -> T:
        found = await books.people.named(name)
        return await acted(
            books,
            action,
            lambda: change(books.people, found),
            organisation=found.organisation,
            target=f"users/{found.user_id}",
            told=lambda _done: {"user": found.name},
        )

    return run(work, as_json=as_json)


def _read_password(from_stdin: bool) -> str:
    if not from_stdin:
        return ""
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        raise click.UsageError("standard input holds no password")
    return text


def _tell_new(made: NewUser, given: str, as_json: bool) -> None:
    if as_json:
        write({**_shown(made.user), **({} if given else {"password": made.password})})
        return
    _tell(made.user, as_json)
    if not given:
        click.echo(made.password)
        click.echo("This password is not shown again; it must be changed at sign-in.", err=True)


def _tell(one: User, as_json: bool) -> None:
    if as_json:
        write(_shown(one))
        return
    state = "locked" if one.locked_ms is not None else "active"
    click.echo(f"{one.name}  {one.organisation or '(operator)'}  {one.role}  {state}")


def _shown(one: User) -> Mapping[str, object]:
    return {
        "user_id": one.user_id,
        "name": one.name,
        "organisation": one.organisation,
        "role": one.role.value,
        "locked": one.locked_ms is not None,
        "second_factor": one.totp_secret is not None,
    }
