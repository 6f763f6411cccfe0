"""`scripts/run --demo-data`: the engine as it always runs, with a business that is made up.

    python -m tests.demo.business

Store, books, Asterisk and configuration are its own, in `var/demo-data`, made anew each time; a
folder of that name without its mark is left alone. Callers call as long as it runs.
"""

import asyncio
import os
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
from rich.table import Table

from engine import logs
from engine.app import Plan, Running
from engine.app.site import webhooks_of
from engine.cli.books.opening import inventory_of
from engine.cli.serve import work
from engine.core.inventory import Inventory
from engine.core.roles import Role
from engine.errors import CallerError, EngineError
from engine.flows.access import People
from engine.flows.clock import SystemClock
from engine.ledger.sql import SqlLedger
from engine.ledger.users.sql import SqlSessions, SqlUsers
from engine.settings import Settings, read_settings
from engine.speech.library import Library
from engine.speech.voices import find_voices
from tests.demo.business.books import History
from tests.demo.business.callers import Callers
from tests.demo.business.channels import Channels
from tests.demo.business.notes import write_notes
from tests.demo.business.programs import SHOP, shop_programs, write_programs, written
from tests.demo.business.proofs import write_proofs
from tests.demo.payments import plan_apart
from tests.fakes.payments.every import FakeProviders, every_provider
from tests.progress import Shown
from tests.rig.house import free_udp_port
from tests.rig.outside import OutsideWorld

MARK = "made-by-demo-data"
BUSINESS = Path(__file__).with_name("business.yaml")


@click.command()
@click.option("--calls", type=click.IntRange(1), default=2_000, show_default=True,
              help="Calls of the last months.")  # fmt: skip
def main(calls: int) -> None:
    """Run the engine with two made-up businesses, until Ctrl-C."""
    try:
        asyncio.run(_run(calls))
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault


async def _run(calls: int) -> None:
    began = time.monotonic()
    folder = read_settings().var / "demo-data"
    # Whoever names real books, store or Asterisk is refused before anything is made.
    plan_apart(read_settings())
    empty(folder)
    sip_port = read_settings().sip_port or free_udp_port()
    world = OutsideWorld(folder / "outside", engine_port=sip_port)
    async with AsyncExitStack() as beside:
        url = await beside.enter_async_context(shop_programs())
        fakes = await beside.enter_async_context(every_provider(folder))
        await _serve(_settings(folder, world, sip_port, fakes), world, fakes, url, calls, began)


async def _serve(
    settings: Settings,
    world: OutsideWorld,
    fakes: FakeProviders,
    url: str,
    calls: int,
    began: float,
) -> None:
    """Fill the books and run the engine; `url` is where the shop hears webhooks."""
    folder = settings.var / "demo-data"
    logs.configure(level=settings.log_level, form=settings.log_format, numbers=settings.log_numbers)
    plan = replace(plan_apart(settings), folder=folder)
    assert plan.web is not None
    plan = replace(plan, web=replace(plan.web, webhook_loopback=True))
    inventory = inventory_of(settings)
    logins, channels = await _fill(plan, inventory, calls, url)
    calling: list[asyncio.Task[None]] = []

    def tell(run: Running) -> None:
        origin = settings.web_origin or f"http://{settings.web_host}:{run.web_port}"
        fakes.hear_at(f"{origin}/hooks/{SHOP}")
        _tell(logins, f"{origin}/console", time.monotonic() - began)
        callers = Callers(world, run.house, channels)
        calling.append(asyncio.create_task(callers.run(), name="callers"))

    async with world:
        try:
            await work(plan, tell)
        finally:
            for task in calling:
                task.cancel()
            await asyncio.gather(*calling, return_exceptions=True)


def empty(folder: Path) -> None:
    """Make the demo's folder anew; `CallerError` if what is there is not the demo's."""
    if folder.exists() and not (folder / MARK).exists():
        raise CallerError(f"{folder} was not made by the demo, so it is left alone", "demo-data")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    (folder / MARK).touch()


def _settings(folder: Path, world: OutsideWorld, sip_port: int, fakes: FakeProviders) -> Settings:
    """The settings of this process, with the demo's configuration and secrets."""
    (folder / "secrets").mkdir(mode=0o700)
    text = BUSINESS.read_text()
    text = text.replace("PHONES", str(world.phones_port)).replace(
        "NETWORK", str(world.network_port)
    )
    text = text.replace("PROVIDERS", written(fakes, folder / "secrets"))
    (folder / "config").mkdir()
    (folder / "config" / BUSINESS.name).write_text(text)
    own = {
        "GROSCHEN_CONFIG": str(folder / "config"),
        "GROSCHEN_SECRETS": str(folder / "secrets"),
        "GROSCHEN_SIP_PORT": str(sip_port),
    }
    return read_settings({**os.environ, **own})


async def _fill(
    plan: Plan, inventory: Inventory, calls: int, url: str
) -> tuple[Mapping[str, tuple[str, str, str]], Sequence[str]]:
    """Write months of business and the people: each one's organisation, role and password, and
    the numbers of sales channels."""
    clock = SystemClock()
    ledger = SqlLedger(plan.database, lambda: clock.now().wall_ms)
    try:
        await ledger.migrate()
        channels = await _write(plan, ledger, inventory, clock.now().wall_ms, calls)
        assert plan.web is not None
        await write_programs(ledger, webhooks_of(plan.web, ledger, clock), url)
        people = People(SqlUsers(ledger), SqlSessions(ledger), clock)
        logins: dict[str, tuple[str, str, str]] = {}
        for organisation in (None, *(one.name for one in inventory.organisations)):
            for role in Role:
                name = f"{role.value}@{organisation or 'operator'}.example"
                password = secrets.token_urlsafe(9)
                await people.add(organisation, name, role, password)
                logins[name] = (organisation or "(operator)", role.value, password)
        return logins, channels
    finally:
        await ledger.close()


async def _write(
    plan: Plan, ledger: SqlLedger, inventory: Inventory, now_ms: int, calls: int
) -> Sequence[str]:
    """Months of business, with how far that is; the numbers of sales channels."""
    assert plan.web is not None
    secret, voices = bytes.fromhex(plan.web.secret), find_voices(plan.rendered.parent / "voices")
    sounds = Library(plan.sounds, plan.rendered, voices)
    columns = (TextColumn("Making up calls"), BarColumn(), MofNCompleteColumn())
    with Shown(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("calls", total=calls)
        history = History(ledger, inventory, now_ms, calls, lambda: shown.advance(task))
        await history.write()
    await write_proofs(ledger, inventory, now_ms)
    await write_notes(ledger, inventory, now_ms)
    return await Channels(ledger, secret, sounds, now_ms).write()


def _tell(logins: Mapping[str, tuple[str, str, str]], address: str, took_s: float) -> None:
    table = Table(title=f"Demo data: {address} (made in {took_s:.0f} s)")
    for heading in ("user", "organisation", "role", "password"):
        table.add_column(heading)
    for name, (organisation, role, password) in logins.items():
        table.add_row(name, organisation, role, password)
    Console(stderr=True).print(table)


if __name__ == "__main__":
    main(prog_name="scripts/run --demo-data")
