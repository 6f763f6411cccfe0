"""`groschen dialplan`: the configuration that Asterisk loads, and what it does with a call."""

import click

from engine.cli.dialplan.applying import apply, check
from engine.cli.dialplan.rendering import render_files
from engine.cli.dialplan.tracing import trace_call
from engine.cli.dialplan.versions import export, history, rollback


@click.group("dialplan")
def dialplan() -> None:
    """Asterisk's configuration, made of the operator's files."""


dialplan.add_command(render_files)
dialplan.add_command(check)
dialplan.add_command(apply)
dialplan.add_command(trace_call)
dialplan.add_command(history)
dialplan.add_command(rollback)
dialplan.add_command(export)
