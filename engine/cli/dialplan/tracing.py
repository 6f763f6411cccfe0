"""`groschen dialplan trace`: what would happen to a call, told before anybody calls."""

import asyncio
from collections.abc import Mapping
from functools import partial

import click

from engine.app import Books, asterisk_files
from engine.asterisk.etc.plan import plan_of_own
from engine.asterisk.etc.rules import place_of
from engine.cli.books.opening import Amount, failure, inventory_of, run
from engine.cli.dialplan.putting import inventory_here, with_folder
from engine.cli.lines import write
from engine.core.imagined import Imagined, Step
from engine.core.inventory import Inventory
from engine.core.phrasing import Catalogue
from engine.errors import CallerError, EngineError
from engine.flows.clock import SystemClock
from engine.flows.dialplan.tracing import own_standing, said, steps_of
from engine.flows.dialplan.words import LANGUAGES, sentence
from engine.flows.diversion.directory import Directory
from engine.settings import Settings, read_settings
from engine.speech.catalogue import read_catalogues

Traced = tuple[tuple[Step, ...], Mapping[str, Catalogue]]


@click.command("trace")
@click.argument("number")
@click.option(
    "--at", default="", help="When: 2026-12-24T18:30, in the service's or route's own time; now."
)
@click.option("--from", "caller", default="", help="Who calls; without: one without a number.")
@click.option("--trunk", default="", help="The trunk he comes in by; the first there is.")
@click.option("--withheld", is_flag=True, help="He withholds his number.")
@click.option("--returning", is_flag=True, help="He has had the first-call offer.")
@click.option("--balance", type=Amount(), help="His balance; without: enough for the longest call.")
@click.option("--draft", is_flag=True, help="By the operator's files, not the version in force.")
@click.option("--lang", type=click.Choice(sorted(LANGUAGES)), default="de", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
def trace_call(
    number: str,
    at: str,
    caller: str,
    trunk: str,
    withheld: bool,
    returning: bool,
    balance: int | None,
    draft: bool,
    lang: str,
    as_json: bool,
) -> None:
    """Say step by step what would happen to a call to NUMBER. Nobody is called.

    Numbers are read as people write them in the trunk's country. The rules are those of the version
    in force, with --draft of the files in GROSCHEN_CONFIG, and those of a real call: the first
    agent or target rung answers, nobody hangs up, and the call goes on to its end. Where a
    forwarded or tracked number leads the books say, as they are now; with --draft that is not
    known. What the own dialplan takes, its version in force says, with --draft the folder; if
    Asterisk has it otherwise, the first line says so.

    With --json the answer holds "steps", each with "step", "talked_s" (seconds since both were
    joined), its values and, where somebody hears something, "who", "lang" and "says".

    \b
    Examples:
      groschen dialplan trace "030 23125 100" --from "0171 2345678" --at 2026-12-24T18:30
      groschen dialplan trace "030 23125 100" --from "030 23125 111" --balance 5.00 --json
      groschen dialplan trace "+1 888 555 0100" --from "+1 415 555 0123"
    """
    asked = Imagined(
        dialled=number,
        at_ms=0,
        caller=caller,
        trunk=trunk,
        withheld=withheld,
        returning=returning,
        balance_micros=balance,
    )

    async def by_version(books: Books, settings: Settings) -> Traced:
        inventory = await inventory_here(books, settings)
        traced, said_by = await _traced(asked, at, settings, inventory, books.directory(settings))
        return (*_beware(settings, inventory), *traced), said_by

    steps, catalogues = _by_draft(asked, at, as_json) if draft else run(by_version, as_json=as_json)
    if as_json:
        write({"steps": [_answer(step, catalogues) for step in steps]})
        return
    for step in steps:
        click.echo(sentence(step, LANGUAGES[lang], said(step, catalogues)))


def _by_draft(asked: Imagined, at: str, as_json: bool) -> Traced:
    """By the operator's files alone: no books are needed."""
    try:
        settings = read_settings()
        inventory = with_folder(inventory_of(settings), settings)
        return asyncio.run(_traced(asked, at, settings, inventory, None))
    except EngineError as fault:
        raise failure(fault, as_json) from fault


async def _traced(
    asked: Imagined,
    at: str,
    settings: Settings,
    inventory: Inventory,
    directory: Directory | None,
) -> Traced:
    """The steps, and what is said in them."""
    now_ms = SystemClock().now().wall_ms
    taken_at = partial(place_of, plan_of_own(inventory.own_dialplan or {}))
    steps = await steps_of(asked, at, now_ms, inventory, taken_at, directory)
    return steps, read_catalogues(settings.sounds)


def _beware(settings: Settings, inventory: Inventory) -> tuple[Step, ...]:
    """Whether Asterisk goes by the own dialplan as the steps do."""
    try:
        return own_standing(asterisk_files(settings).unapplied(inventory))
    except (CallerError, OSError):
        return own_standing(None if inventory.own_dialplan else ())


def _answer(step: Step, catalogues: Mapping[str, Catalogue]) -> Mapping[str, object]:
    answer: dict[str, object] = {"step": step.name, "talked_s": step.talked_s, **step.values}
    if step.says:
        answer |= {"who": step.who, "lang": step.lang, "says": said(step, catalogues)}
    return answer
