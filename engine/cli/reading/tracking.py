"""`groschen tracking`: what is known of tracking calls, and how they are counted and told."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import date

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import Day, inventory_in_force, json_option, organisation_of, run
from engine.cli.lines import write
from engine.core.tracked import KEY_MONTHS, LANGS, Terms, check_terms, keys_due
from engine.errors import CallerError
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.flows.tracked.report import Against, Report, Wish, report
from engine.flows.tracked.rules import Days
from engine.flows.tracked.sheet import csv_text, text, values
from engine.ports.reading.sums import Bucket
from engine.settings import Settings

whose_option = click.option("--organisation", help="Whose calls; the only one's if not given.")


@click.group("tracking")
def tracking() -> None:
    """Look at tracking calls: counted by source, without their callers."""


@tracking.command("report")
@whose_option
@click.option("--month", help="Such as 2026-11.")
@click.option("--from", "first", type=Day(), help="First local day.")
@click.option("--to", "after", type=Day(), help="Local day after the last.")
@click.option("--by", type=click.Choice([each.value for each in Bucket]), default="whole",
              show_default=True, help="What rows are told apart by.")  # fmt: skip
@click.option("--against", type=click.Choice([each.value for each in Against]), default="nothing",
              show_default=True, help="The days before, or the year before.")  # fmt: skip
@click.option("--source", help="Only this sales channel.")
@click.option("--number", help="Only this number (E.164).")
@click.option("--csv", "form", flag_value="csv", help="For spreadsheets.")
@click.option("--json", "form", flag_value="json", help="For programs.")
@click.option("--lang", type=click.Choice(LANGS), default="de", show_default=True, help="Words.")
def show_report(
    organisation: str | None,
    month: str | None,
    first: date | None,
    after: date | None,
    by: str,
    against: str,
    source: str | None,
    number: str | None,
    form: str | None,
    lang: str,
) -> None:
    """Report an organisation's calls in a month, or from a day on until before another.

    First calls are those of callers who had not called in their key period. They are told of whole
    months that are over, by source and by month, and not of groups too small.

    \b
    Examples:
      groschen tracking report --month 2026-11 --against before
      groschen tracking report --from 2026-11-01 --to 2026-11-08 --by hour --csv
    """
    days = _days(month, first, after)

    async def work(books: Books, settings: Settings) -> Report:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)
        wish = Wish(
            organisation=owner,
            days=days,
            closed=keys_due(books.clock.now().wall_ms),
            bucket=Bucket(by),
            source=source,
            number=number,
            against=Against(against),
        )
        return await report(books.tracked(settings), wish)

    found = run(work, as_json=form == "json")
    match form:
        case "json":
            write(values(found))
        case "csv":
            click.echo(csv_text(found), nl=False)
        case _:
            click.echo(text(found, lang))


def _days(month: str | None, first: date | None, after: date | None) -> Days:
    """The days that are asked for; two ways at once, and half of one, are wrong usage."""
    if month is not None and first is None and after is None:
        try:
            span = month_of(month, HOME_TIMEZONE)
        except CallerError as fault:
            raise click.BadParameter(str(fault), param_hint="--month") from fault
        return Days(span.first.date(), span.end.date())
    if month is None and first is not None and after is not None:
        return Days(first, after)
    raise click.UsageError("Give --month, or --from and --to.")


@tracking.command("terms")
@whose_option
@click.option(
    "--callers-least", type=int, help="Smaller groups of callers are not told of; 5 at least."
)
@click.option("--key-months", type=click.Choice([str(each) for each in KEY_MONTHS]),
              help="How long callers are told apart at a time.")  # fmt: skip
@click.option("--mail", "mails", multiple=True, help="Who is mailed missed calls, instead of those "
              "before; may be given several times, \"\" for nobody.")  # fmt: skip
@click.option("--lang", type=click.Choice(LANGS), help="Of the mails.")
@json_option
def terms(
    organisation: str | None,
    callers_least: int | None,
    key_months: str | None,
    mails: Sequence[str],
    lang: str | None,
    as_json: bool,
) -> None:
    """Show how an organisation's calls are counted and told, or change it from now on.

    \b
    Example:
      groschen tracking terms --mail verkauf@example.org --callers-least 10
    """
    given = {
        "callers_least": callers_least,
        "key_months": None if key_months is None else int(key_months),
        "mails": tuple(filter(None, mails)) if mails else None,
        "lang": lang,
    }
    changed = {name: value for name, value in given.items() if value is not None}

    async def work(books: Books, settings: Settings) -> Terms:
        owner = organisation_of(await inventory_in_force(books, settings), organisation)
        tracked = books.tracked(settings)
        present = await tracked.terms(owner)
        if not changed:
            return present
        wanted = replace(present, **changed)  # type: ignore[arg-type]  # each value has its field's type

        async def change() -> Terms:
            check_terms(wanted)
            await tracked.set_terms(wanted)
            return wanted

        return await acted(books, "tracked.set_terms", change, organisation=owner)

    found = run(work, as_json=as_json)
    if as_json:
        write(asdict(found))
        return
    for name, value in asdict(found).items():
        click.echo(f"{name}: {', '.join(value) if name == 'mails' else value}")
