"""`groschen config check|schema`: the operator's files, looked at without an engine or books."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import click

from engine.cli.lines import write
from engine.core.inventory import Inventory
from engine.errors import CallerError
from engine.flows.config import Problem, Problems, content_hash, parse, read, schema
from engine.flows.config.words import LANGUAGES, told
from engine.payments.registry import option_forms
from engine.settings import read_settings

lang_option = click.option(
    "--lang", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the mistakes."
)


@click.command("check")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Answer as one JSON object.")
@lang_option
def check(folder: Path | None, as_json: bool, lang: str) -> None:
    """Name every mistake in the *.yaml files of FOLDER (of GROSCHEN_CONFIG, if not given).

    With --json the answer holds "valid", "problems" (each with file, line, column, rule, field,
    message, suggestion, paragraph) and "content_hash". The exit code is 1 if there is a mistake.

    \b
    Examples:
      groschen config check
      groschen config check --json config
    """
    sources = read(folder or configured())
    outcome = sources if isinstance(sources, Problems) else parse(sources, forms=option_forms())
    if as_json:
        hashed = None if isinstance(sources, Problems) else content_hash(sources)
        write(_answer(outcome, hashed))
    else:
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
