"""`groschen forwarding` and `groschen tracking`: where numbers of the stock lead."""

from collections.abc import Mapping

import click

from engine.app import Books
from engine.cli.books.opening import inventory_in_force, json_option, organisation_of, run
from engine.cli.lines import write
from engine.cli.reading.tracking import tracking
from engine.core.diversion.route import Route
from engine.core.number import HOME_REGION, classify, international
from engine.core.numbers.number import Purpose
from engine.errors import CallerError
from engine.flows.dialplan.diverted import CODES
from engine.flows.diversion.directory import Known
from engine.flows.diversion.sheet import LANGS, brief, text, values
from engine.forwarding import rules as forwarding_rules
from engine.ports.numbers import NumberFilter
from engine.settings import Settings
from engine.tracking import rules as tracking_rules

whose_option = click.option("--organisation", help="Whose numbers; the only one's if not given.")
lang_option = click.option(
    "--lang", type=click.Choice(LANGS), default="de", show_default=True, help="Words."
)


@click.group("forwarding")
def forwarding() -> None:
    """Look at where toll-free numbers are forwarded."""


@forwarding.command("list")
@whose_option
@lang_option
@json_option
def list_forwarded(organisation: str | None, lang: str, as_json: bool) -> None:
    """List an organisation's toll-free numbers and where they lead, one a line.

    \b
    Examples:
      groschen forwarding list
      groschen forwarding list --organisation acme --json
    """
    _list(Purpose.FORWARDING, organisation, lang, as_json)


@forwarding.command("show")
@click.argument("number")
@lang_option
@json_option
def show_forwarded(number: str, lang: str, as_json: bool) -> None:
    """Show where a toll-free NUMBER leads: targets, who is put through, caps.

    \b
    Examples:
      groschen forwarding show "+1 888 555 0100"
      groschen forwarding show +18885550100 --json
    """
    _show(Purpose.FORWARDING, number, lang, as_json)


@tracking.command("list")
@whose_option
@lang_option
@json_option
def list_tracked(organisation: str | None, lang: str, as_json: bool) -> None:
    """List an organisation's tracked numbers and where they lead, one a line.

    \b
    Examples:
      groschen tracking list
      groschen tracking list --organisation acme --json
    """
    _list(Purpose.TRACKING, organisation, lang, as_json)


@tracking.command("show")
@click.argument("number")
@lang_option
@json_option
def show_tracked(number: str, lang: str, as_json: bool) -> None:
    """Show to whom a tracked NUMBER leads, and at what times.

    \b
    Examples:
      groschen tracking show "+49 30 23125000"
      groschen tracking show +493023125000 --json
    """
    _show(Purpose.TRACKING, number, lang, as_json)


def _list(purpose: Purpose, organisation: str | None, lang: str, as_json: bool) -> None:
    async def work(books: Books, settings: Settings) -> list[Known]:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)
        directory, numbering = books.directory(settings), books.numbering(settings)
        wanted = NumberFilter(organisation=owner, purpose=purpose)
        return [await directory.known(one.e164) async for one in numbering.all_numbers(wanted)]

    for known in run(work, as_json=as_json):
        if as_json:
            write(_values(known))
        else:
            click.echo(f"{_head(known, lang)}  {brief(_route(known), lang)}")


def _show(purpose: Purpose, typed: str, lang: str, as_json: bool) -> None:
    async def work(books: Books, settings: Settings) -> Known:
        e164 = CHECKS[purpose](typed)
        known = await books.directory(settings).known(e164)
        if known.number is None or not known.number.is_held:
            held = "`groschen numbers list` names those that are"
            raise CallerError(f"{e164} is no organisation's: {held}", "number")
        return known

    known = run(work, as_json=as_json)
    if as_json:
        write(_values(known))
        return
    route = _route(known)
    click.echo(_head(known, lang))
    click.echo(text(route, lang) if route is not None else brief(None, lang))


def _tracked(typed: str) -> str:
    return tracking_rules.check_number(classify(typed, HOME_REGION).e164 or typed)


CHECKS = {Purpose.FORWARDING: forwarding_rules.check_number, Purpose.TRACKING: _tracked}


def _route(known: Known) -> Route | None:
    return known.last if known.last is not None and known.last.terms is not None else None


def _values(known: Known) -> Mapping[str, object]:
    number, route = known.number, _route(known)
    assert number is not None, "a number of the stock"
    return {
        "number": number.e164,
        "organisation": number.organisation,
        "status": number.status.value,
        "loops": known.found.loops,
        "route": values(route) if route is not None else None,
    }


def _head(known: Known, lang: str) -> str:
    """The number, how it stands, and whether its calls come back to it."""
    number, codes = known.number, CODES[lang]
    assert number is not None, "a number of the stock"
    parts = [
        international(number.e164),
        number.organisation or "",
        codes[f"status_{number.status}"],
    ]
    if known.last is not None and known.found.loops:
        parts.append(codes["route_loops"].format(version=known.last.version))
    return "  ".join(parts)
