"""The command that sees whether a number lives."""

import click
import msgspec

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, run
from engine.cli.lines import write
from engine.core.number import HOME_REGION, classify
from engine.core.probe import WHY, Health, Result
from engine.errors import CallerError
from engine.flows.probing.asking import probed
from engine.settings import Settings


@click.command("probe")
@click.argument("number")
@json_option
def probe(number: str, as_json: bool) -> None:
    """Call a number of ours now, and see whether the call comes back.

    An engine must run; the call is refused as it arrives, and costs nothing. Exit code 1 if it did
    not arrive. One that does not counts as a try: see config/probing.yaml.

    \b
    Example:
      groschen numbers probe +493023125101
    """

    async def opened(books: Books, settings: Settings) -> Health:
        plan = (await inventory_in_force(books, settings)).probe_plan
        if plan is None:
            raise CallerError("has no entry: no number to show is configured", "probing")
        e164 = classify(number, HOME_REGION).e164 or number
        numbering = books.numbering(settings)
        known = await numbering.numbers.number(e164)
        return await acted(
            books,
            "numbers.probe",
            lambda: probed(numbering, books.probes, plan, e164),
            organisation=known.organisation if known is not None else None,
            target=f"numbers/{e164}",
        )

    health = run(opened, as_json=as_json)
    if as_json:
        write(msgspec.to_builtins(health))
    elif health.last_result is Result.ARRIVED:
        click.echo(f"{health.e164}  {health.standing}, arrived after {health.delay_ms} ms")
    elif health.last_result is not None:
        click.echo(f"{health.e164}  {health.standing}, {WHY[health.last_result]}")
    if health.last_result is not Result.ARRIVED:
        raise click.exceptions.Exit(1)
