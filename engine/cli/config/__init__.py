"""`groschen config`: the operator's files, and the numbered versions that are made of them."""

import click

from engine.cli.config.changing import apply, confirm, rollback
from engine.cli.config.files import check, print_schema
from engine.cli.config.looking import diff, export, history


@click.group("config")
def config() -> None:
    """Check the operator's files, put them in force as a version, go back."""


for _command in (check, diff, apply, confirm, rollback, history, export, print_schema):
    config.add_command(_command)
