"""`groschen number`: what the engine thinks of a phone number."""

from collections.abc import Mapping
from dataclasses import asdict

import click

from engine.cli.lines import answer_lines, write
from engine.core.form import Form
from engine.core.number import HOME_REGION, check_region, classify
from engine.errors import CallerError


@click.command("number")
@click.argument("number", required=False)
@click.option(
    "--region",
    default=HOME_REGION,
    show_default=True,
    help='Country whose national numbers are read; "" for none.',
)
@click.option("--stdin", "from_stdin", is_flag=True, help="Read JSON lines from stdin.")
def classify_numbers(number: str | None, region: str, from_stdin: bool) -> None:
    """Say what the engine thinks of a phone NUMBER, as JSON.

    With --stdin it reads {"number": …, "region": …} objects, one a line, and answers each with
    one line; "region" may be left out (then --region holds) or null (none). A bad line is
    answered with "error" and "field"; the exit code is then 1.

    \b
    Examples:
      groschen number "030 23125 000"
      groschen number --region AT "0664 1234567"
      echo '{"number": "110", "region": "DE"}' | groschen number --stdin
    """
    if (number is None) is not from_stdin:
        raise click.UsageError("Give either a NUMBER or --stdin.")
    try:
        home = check_region(region, field="--region")
    except CallerError as fault:
        raise click.BadParameter(str(fault), param_hint=fault.field) from fault
    if number is None:
        answer_lines(lambda form: _answer(form, home))
    else:
        write(asdict(classify(number, home)))


def _answer(form: Form, home: str | None) -> Mapping[str, object]:
    raw = form.text("number")
    if form.has("region"):
        home = None if form.is_null("region") else check_region(form.text("region"), field="region")
    form.close()
    return asdict(classify(raw, home))
