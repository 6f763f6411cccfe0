"""`groschen ledger`: are the books right, and does the store agree with them?"""

from collections.abc import Sequence
from dataclasses import asdict

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import json_option, needed_store, run
from engine.cli.lines import write
from engine.flows.money import books as flow
from engine.flows.money.books import Rebuilt
from engine.settings import Settings


@click.group("ledger")
def ledger() -> None:
    """Compare journal and store, and put back a store that was lost."""


@ledger.command("verify")
@json_option
def verify(as_json: bool) -> None:
    """Name every difference: within the journal, and between journal and store.

    Correct while calls run: what is merely under way is looked at again for five seconds. Without
    a store the journal alone is verified. The exit code is 1 if anything differs.

    \b
    Example:
      groschen ledger verify
    """

    async def work(books: Books, _settings: Settings) -> tuple[bool, Sequence[str]]:
        if books.store is None:
            return False, await books.ledger.verify()
        return True, await flow.verify(books.ledger, books.store, books.clock)

    with_store, differences = run(work, as_json=as_json)
    if as_json:
        write({"clean": not differences, "store": with_store, "differences": list(differences)})
    else:
        of_what = "Journal and store agree." if with_store else "The journal is clean."
        click.echo("\n".join(differences) or of_what)
    if differences:
        click.get_current_context().exit(1)


@ledger.command("rebuild")
@json_option
def rebuild(as_json: bool) -> None:
    """Bring the store to where the journal is, while calls run.

    For a store that was emptied or fell behind. Engines put back by themselves what their live
    calls hold; an account put in grants nothing until they had the time. Takes half a minute
    longer if money is held for a debit that may be under way.

    \b
    Example:
      groschen ledger rebuild
    """

    async def work(books: Books, _settings: Settings) -> Rebuilt:
        store = needed_store(books)
        return await acted(
            books, "ledger.rebuild", lambda: flow.rebuild(books.ledger, store, books.clock)
        )

    done = run(work, as_json=as_json)
    if as_json:
        write(asdict(done))
        return
    click.echo(
        f"Accounts put in: {done.put_in}, brought up: {done.brought_up}. "
        f"Holds of nobody ended: {done.holds_ended}."
    )
