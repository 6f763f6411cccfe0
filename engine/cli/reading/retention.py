"""`groschen retention`: what may be kept no longer."""

from collections.abc import Mapping

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, run
from engine.cli.lines import write
from engine.core.retention import Kind
from engine.flows.retention.daily import carry_out, count_due
from engine.settings import Settings

TOLD = {
    Kind.CALLS: "records lose the caller's number",
    Kind.PROMPTS: "records lose their timeline",
    Kind.FORMER: "numbers of accounts from before a change",
    Kind.LETTERS: "callbacks of payment providers",
    Kind.ORDERS: "payment orders for which nothing ever came",
    Kind.NOTES: "notes on callers",
    Kind.ACTS: "lines of the audit log",
    Kind.SESSIONS: "sessions that have ended",
    Kind.ANSWERS: "answers by idempotency key",
    Kind.WEBHOOKS: "what was told by webhook, and its deliveries",
    Kind.ORDERED: "records lose who ordered what of the call",
    Kind.MARKS: "numbers on caller lists",
    Kind.VERIFICATIONS: "verifications lose the number",
    Kind.ACCOUNTS: "accounts that nothing ever came of",
    Kind.TRACKED: "tracking calls, of which the sums stay",
    Kind.MAILS: "to whom something was mailed",
    Kind.FORWARDED: "forwarded calls lose what is left of the caller's number",
}


@click.group("retention")
def retention() -> None:
    """Let go of what may be kept no longer."""


@retention.command("due")
@click.option("--dry-run", is_flag=True, help="Only count; change nothing.")
@json_option
def due(dry_run: bool, as_json: bool) -> None:
    """Let go of all that is due now, as an engine does once a day.

    For how long each kind is kept, the version in force says (`retention`).

    Money is never among it: journal entries stay.

    \b
    Example:
      groschen retention due --dry-run
    """

    async def work(books: Books, settings: Settings) -> Mapping[Kind, int]:
        policy = (await inventory_in_force(books, settings)).policy
        if dry_run:
            return await count_due(books.keeping, policy, books.clock.now().wall_ms)
        return await acted(
            books, "retention.due", lambda: carry_out(books.keeping, policy, books.clock)
        )

    done = run(work, as_json=as_json)
    if as_json:
        write({"dry_run": dry_run, **{kind.value: count for kind, count in done.items()}})
        return
    for kind, count in done.items():
        click.echo(f"{count:>8}  {TOLD[kind]}")
