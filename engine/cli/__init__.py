"""The command line `groschen`: this file only wires, each command lives in a file beside it.

Exit codes of every command: 0 done, 1 refused or different, 2 wrong usage.
"""

import click

from engine.cli.books.apikey import apikey
from engine.cli.books.balance import balance
from engine.cli.books.evn import evn
from engine.cli.books.ledger import ledger
from engine.cli.books.payments import payments
from engine.cli.books.statement import statement
from engine.cli.books.verification import verification
from engine.cli.config import config
from engine.cli.dialplan import dialplan
from engine.cli.live.agents import agents
from engine.cli.live.calls import calls
from engine.cli.number import classify_numbers
from engine.cli.numbers import numbers
from engine.cli.quote import quote_calls
from engine.cli.reading.call import call
from engine.cli.reading.retention import retention
from engine.cli.reading.routes import forwarding
from engine.cli.reading.tracking import tracking
from engine.cli.replay import replay
from engine.cli.serve import serve
from engine.cli.settings import show_settings
from engine.cli.user import user
from engine.cli.webhook import webhook


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="groschen")
def main() -> None:
    """Groschen: prepaid calls on Asterisk, rated to the second."""


main.add_command(agents)
main.add_command(apikey)
main.add_command(balance)
main.add_command(call)
main.add_command(calls)
main.add_command(classify_numbers)
main.add_command(config)
main.add_command(dialplan)
main.add_command(evn)
main.add_command(forwarding)
main.add_command(ledger)
main.add_command(numbers)
main.add_command(payments)
main.add_command(quote_calls)
main.add_command(replay)
main.add_command(retention)
main.add_command(serve)
main.add_command(show_settings)
main.add_command(statement)
main.add_command(tracking)
main.add_command(user)
main.add_command(verification)
main.add_command(webhook)
