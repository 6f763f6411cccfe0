"""`groschen apikey`: the keys of the operators' interface."""

from collections.abc import Mapping, Sequence

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, organisation_of, run
from engine.cli.lines import utc, write
from engine.flows.keys import NewKey
from engine.ports.operators import ApiKey, Scope
from engine.settings import Settings


@click.group("apikey")
def apikey() -> None:
    """Make, list and revoke keys of the operators' interface (/api/v1)."""


@apikey.command("create")
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    required=True,
    help="What the key lets its holder do; may be given several times.",
)
@click.option("--organisation", help="Whose it is; the only organisation if not given.")
@json_option
def create(name: str, scopes: tuple[str, ...], organisation: str | None, as_json: bool) -> None:
    """Make a key and show it, this once: only its hash is kept.

    NAME says what it is for.

    \b
    Example:
      groschen apikey create "web shop" --scope accounts:read --scope money:write
    """

    async def work(books: Books, settings: Settings) -> NewKey:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)
        wanted = [Scope(scope) for scope in scopes]
        return await acted(
            books,
            "keys.add",
            lambda: books.keys.create(owner, name, wanted),
            organisation=owner,
            told=lambda made: {"key": made.key.key_id},
        )

    made = run(work, as_json=as_json)
    if as_json:
        write({**_shown(made.key), "secret": made.text})
        return
    click.echo(made.text)
    click.echo("Keep it safe: it is not shown again.", err=True)


@apikey.command("list")
@click.option("--organisation", help="This organisation's alone.")
@json_option
def list_keys(organisation: str | None, as_json: bool) -> None:
    """List all keys, oldest first, revoked ones too.

    \b
    Example:
      groschen apikey list
    """

    async def work(books: Books, _settings: Settings) -> Sequence[ApiKey]:
        return await books.keys.keys(organisation)

    for key in run(work, as_json=as_json):
        _tell(key, as_json)


@apikey.command("revoke")
@click.argument("key_id")
@json_option
def revoke(key_id: str, as_json: bool) -> None:
    """Take a key out of use, at once and for good.

    \b
    Example:
      groschen apikey revoke 3f9c2a71be04d856
    """

    async def work(books: Books, _settings: Settings) -> ApiKey:
        known = await books.keys.key(key_id)
        return await acted(
            books,
            "keys.revoke",
            lambda: books.keys.revoke(key_id),
            organisation=known.organisation if known is not None else None,
            target=f"keys/{key_id}",
        )

    _tell(run(work, as_json=as_json), as_json)


def _tell(key: ApiKey, as_json: bool) -> None:
    shown = _shown(key)
    if as_json:
        write(shown)
        return
    state = f"revoked {shown['revoked']}" if shown["revoked"] else "in use"
    scopes = ",".join(key.scopes)
    click.echo(
        f"{key.key_id}  {key.organisation}  {shown['created']}  {state}  {scopes}  {key.name}"
    )


def _shown(key: ApiKey) -> Mapping[str, object]:
    return {
        "key_id": key.key_id,
        "organisation": key.organisation,
        "name": key.name,
        "scopes": list(key.scopes),
        "created": utc(key.created_ms),
        "revoked": utc(key.revoked_ms) if key.revoked_ms is not None else None,
    }
