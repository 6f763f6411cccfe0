"""`groschen config check|schema`: the operator's files, looked at without an engine or books."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from engine.app import sounds_of
from engine.cli.lines import write
from engine.core.inventory import Inventory
from engine.errors import CallerError, EngineError
from engine.flows.config import (
    NO_STOCK,
    Problem,
    Problems,
    content_hash,
    parse,
    read,
    schema,
    unsaid_problems,
)
from engine.flows.config.words import LANGUAGES, told
from engine.flows.hearing import foreseen
from engine.payments.registry import option_forms
from engine.ports.versions import Unsaid
from engine.settings import read_settings
from engine.speech.catalogue import read_catalogues

lang_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the mistakes."
)


_VOICELESS = {
    "en": (
        "Note: this machine has no voice for these sentences. An engine without one refuses them; "
        "mend: scripts/sounds --fetch-voice, or a recording:"
    ),
    "de": (
        "Hinweis: Diese Maschine hat für diese Sätze keine Stimme. Eine Maschine ohne Stimme lehnt "
        "sie ab; Abhilfe: scripts/sounds --fetch-voice oder eine Aufnahme:"
    ),
}


@click.command("check")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
@lang_option
def check(folder: Path | None, as_json: bool, lang: str) -> None:
    """Name every mistake in the *.yaml files of FOLDER (of GROSCHEN_CONFIG, if not given).

    With --json the answer holds "valid", "problems" (each with file, line, column, rule, field,
    message, suggestion, paragraph) and "content_hash". The exit code is 1 if there is a mistake.
    The texts of announcements (GROSCHEN_SOUNDS) must name what the law of each service demands.
    The stock is not seen here: a caller_id that is no service's needs its caller_id_right.
    Sentences that this machine has no voice for are told, too ("unsaid"): whether the engines have
    one, they say when the files are applied.

    \b
    Examples:
      groschen config check
      groschen config check --json config
    """
    sources = read(folder or configured())
    outcome = sources if isinstance(sources, Problems) else _judged_here(sources)
    unsaid: Sequence[Unsaid] = ()
    if not isinstance(sources, Problems) and isinstance(outcome, Inventory):
        unsaid = unsaid_here(outcome)
        wrong = [one for one in unsaid if not one.voiceless]
        unspoken = unsaid_problems(sources, wrong) if wrong else ()
        outcome = Problems(unspoken) or outcome
    if as_json:
        hashed = None if isinstance(sources, Problems) else content_hash(sources)
        write({**_answer(outcome, hashed), "unsaid": [asdict(one) for one in unsaid]})
    else:
        tell_unsaid(unsaid, lang)
        click.echo(told(outcome, lang) if isinstance(outcome, Problems) else _summary(outcome))
    if isinstance(outcome, Problems):
        click.get_current_context().exit(1)


@click.command("schema")
def print_schema() -> None:
    """Print the JSON Schema of a file, for editors that complete and check while one types.

    \b
    Example:
      groschen config schema > config/schema.json
    """
    click.echo(json.dumps(schema(), indent=2, ensure_ascii=False))


def unsaid_here(inventory: Inventory) -> Sequence[Unsaid]:
    """What files ask for that no voice of this machine could say."""
    try:
        settings = read_settings()
        return foreseen(
            Inventory(version=0), inventory, sounds_of(settings.sounds, settings.var / "sounds")
        )
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault


def _judged_here(sources: Mapping[str, bytes]) -> Inventory | Problems:
    """What files say, judged by the texts of this machine, too."""
    try:
        catalogues = read_catalogues(read_settings().sounds)
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault
    return parse(sources, forms=option_forms(), stocked=NO_STOCK, catalogues=catalogues)


def tell_unsaid(unsaid: Iterable[Unsaid], lang: str) -> None:
    """Name on standard error the sentences that this machine has no voice for, and the mend."""
    voiceless = {(one.lang, one.key): one for one in unsaid if one.voiceless}
    if not voiceless:
        return
    click.echo(_VOICELESS[lang], err=True)
    for one in voiceless.values():
        recording = f"sounds/{one.lang}/custom/{one.key}.wav"
        place = f"{one.section}.{one.entry}.{one.field}"
        click.echo(f'  {place}: "{one.words}" ({recording})', err=True)


def configured() -> Path:
    """The folder of the settings."""
    try:
        return read_settings().config
    except CallerError as fault:
        raise click.ClickException(str(fault)) from fault


def _answer(outcome: Inventory | Problems, hashed: str | None) -> Mapping[str, object]:
    problems = outcome if isinstance(outcome, Problems) else ()
    return {
        "valid": not problems,
        "problems": plain_problems(problems),
        "content_hash": hashed,
    }


def plain_problems(problems: Iterable[Problem]) -> list[Mapping[str, object]]:
    """Mistakes as programs read them."""
    return [
        {name: value for name, value in asdict(problem).items() if name != "values"}
        for problem in problems
    ]


def _summary(inventory: Inventory) -> str:
    numbers = sum(len(service.dids) for service in inventory.services)
    return (
        f"The configuration is right. Services: {len(inventory.services)}, numbers: {numbers}, "
        f"trunks: {len(inventory.trunks)}, agents: {len(inventory.agents)}."
    )
