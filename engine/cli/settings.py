"""`groschen settings`: what can be set in the environment, and what is in force."""

import re

import click
from pydantic import SecretStr

from engine.errors import CallerError
from engine.settings import documented, read_settings

_USERINFO = re.compile(r"://[^/@\s]+@")


@click.command("settings")
@click.option("--markdown", is_flag=True, help="Print the table of config/README.md instead.")
def show_settings(markdown: bool) -> None:
    """Show every GROSCHEN_ variable and the value in force; secrets only as set or not set.

    \b
    Examples:
      groschen settings
      groschen settings --markdown
    """
    click.echo(as_markdown() if markdown else "\n".join(_in_force()))


def as_markdown() -> str:
    """The table of all settings, as it stands in `config/README.md`."""
    lines = ["| variable | what it is | default |", "|---|---|---|"]
    for setting in documented():
        meaning = f"{setting.meaning} (secret)" if setting.secret else setting.meaning
        default = f"`{setting.default}`" if setting.default else ""
        lines.append(f"| `{setting.variable}` | {meaning} | {default} |")
    return "\n".join(lines)


def _in_force() -> list[str]:
    try:
        settings = read_settings()
    except CallerError as fault:
        raise click.ClickException(str(fault)) from fault
    width = max(len(setting.variable) for setting in documented())
    return [
        f"{setting.variable:{width}}  {_value(value)}"
        for setting, (_, value) in zip(documented(), settings, strict=True)
    ]


def _value(value: object) -> str:
    if isinstance(value, SecretStr):
        return "(set)"
    return "(not set)" if value in (None, "") else _USERINFO.sub("://***@", str(value))
