"""Commands on sources: where a number is published, and that it is no more."""

from collections.abc import Sequence
from datetime import date

import click

from engine.cli.books.opening import Day, json_option, user
from engine.cli.lines import write
from engine.cli.numbers.numbering import Deed, shown, with_numbering
from engine.core.numbers.source import Source
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.sources import Channel, Sources


@click.group("source")
def source() -> None:
    """List where numbers are published, and write down that they are no more."""


@source.command("add")
@click.argument("organisation")
@click.argument("number")
@click.argument("name")
@click.option("--place", "places", multiple=True, help="Where it is published; repeat for more.")
@click.option("--until", type=Day(), help="Its planned last day.")
@json_option
def add(
    organisation: str,
    number: str,
    name: str,
    places: Sequence[str],
    until: date | None,
    as_json: bool,
) -> None:
    """Publish an ORGANISATION's NUMBER in a channel called NAME.

    \b
    Example:
      groschen numbers source add acme +493023125000 "Spring fair" --place acme.example
    """
    channel = Channel(name=name, places=tuple(places), ends_on=until)
    _tell(
        with_numbering(
            lambda numbering: Sources(numbering).add(organisation, number, channel, user()),
            as_json,
            deed=Deed(action="sources.add", number=number, organisation=organisation),
        ),
        as_json,
    )


@source.command("removed")
@click.argument("organisation")
@click.argument("source_id")
@json_option
def removed(organisation: str, source_id: str, as_json: bool) -> None:
    """Write down that the number is out of every offer of a source.

    \b
    Example:
      groschen numbers source removed acme 3f9c…
    """
    done = with_numbering(
        lambda numbering: Sources(numbering).confirm_removed(organisation, source_id, user()),
        as_json,
        deed=Deed(action="sources.confirm_removed", organisation=organisation),
    )
    _tell(done, as_json)


@source.command("list")
@click.option("--organisation", help="This organisation's alone.")
@json_option
def list_sources(organisation: str | None, as_json: bool) -> None:
    """List sources, one a line.

    \b
    Example:
      groschen numbers source list --organisation acme
    """

    async def work(numbering: Numbering) -> list[Source]:
        return [one async for one in numbering.all_sources(organisation)]

    for one in with_numbering(work, as_json):
        _tell(one, as_json)


def _tell(one: Source, as_json: bool) -> None:
    if as_json:
        write(shown(one))
        return
    end = f", until {one.ends_on}" if one.ends_on is not None else ""
    state = f"removed on {one.removed_on}" if one.removed_on is not None else "published"
    click.echo(f"{one.source_id}  {one.organisation}  {one.e164}  {one.name}{end}  {state}")
