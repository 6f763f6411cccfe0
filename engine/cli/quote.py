"""`groschen quote`: what calls would cost, by the core that rates live ones."""

import click

from engine.cli.lines import answer_lines
from engine.core.quote import quote


@click.command("quote")
def quote_calls() -> None:
    """Rate calls without making them.

    Reads JSON objects from stdin, one a line, and answers each with one line. A bad line is
    answered with "error" and "field", and the rest go on; the exit code is then 1.

    \b
    Example:
      tr -d '\\n' <<'EOF' | groschen quote
      {"tariff": {"currency": "EUR", "landline": "1.99", "mobile": "2.99",
        "increment": "60/60",
        "billing_starts": {"from": "conversation", "after_seconds": 10},
        "connect_fee": "0", "first_call": {"price": "0", "minutes": 10},
        "max_call_minutes": 60, "rounding": {"digits": 2, "mode": "half_up"}},
       "line": "landline", "first_call": false, "wait_seconds": 12.5,
       "talk_seconds": 75.2, "balance": "5.00"}
      EOF
    answers
      {"charged_seconds": 120, "charge": "3.98", "affordable_seconds": 120}
    """
    answer_lines(quote)
