"""`scripts/run --fake-payments`: the engine as it always runs, with every provider's fake.

    python -m tests.demo.payments

The operator's files are used as they are, but that the first billing profile's providers are fakes
on this machine: a whole payment can be clicked through in a browser, without a cent. Money that
nobody paid comes into no real books: store, books and Asterisk are its own, in `var/fake-payments`.
"""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path

import click

from engine import logs
from engine.app import Plan, Running, plan_of
from engine.cli.books.opening import inventory_of
from engine.cli.serve import work
from engine.core.inventory import BillingProfile, Inventory, TopUpAmount
from engine.errors import CallerError, EngineError
from engine.settings import PREFIX, Settings, read_settings
from tests.fakes.payments.every import FakeProviders, every_provider

AMOUNTS = (TopUpAmount(pay_micros=10_000_000), TopUpAmount(pay_micros=20_000_000))


@click.command()
def main() -> None:
    """Run the engine with fakes of all payment providers, until Ctrl-C."""
    try:
        asyncio.run(_run())
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault


async def _run() -> None:
    settings = read_settings()
    plan = plan_apart(settings)
    logs.configure(level=settings.log_level, form=settings.log_format, numbers=settings.log_numbers)
    inventory = inventory_of(settings)
    if not inventory.profiles:
        raise CallerError("there is no billing profile in the operator's files", "profiles")
    with tempfile.TemporaryDirectory(prefix="groschen-fakes-") as folder:
        async with every_provider(Path(folder)) as fakes:
            plan = replace(plan, inventory=_with_fakes(inventory, fakes))
            profile = inventory.profiles[0].name

            def tell(run: Running) -> None:
                origin = settings.web_origin or f"http://{settings.web_host}:{run.web_port}"
                fakes.hear_at(f"{origin}/hooks/{profile}")
                click.echo(f"Pay without a cent: {origin}/topup/{profile}", err=True)

            await work(plan, tell)


def plan_apart(settings: Settings) -> Plan:
    """The plan of these settings in a folder of its own.

    `CallerError` if they name a database, store or Asterisk: real money and calls are there.
    """
    for name in ("database_url", "store_url", "ari_url"):
        if getattr(settings, name) is not None:
            variable = f"{PREFIX}{name.upper()}"
            raise CallerError("must be left out: no fake money into the operator's books", variable)
    return replace(plan_of(settings), folder=settings.var / "fake-payments")


def _with_fakes(inventory: Inventory, fakes: FakeProviders) -> Inventory:
    """The first profile pays by fakes, the others not at all: callbacks go to one address."""
    first, *others = inventory.profiles
    profiles = (_fake(first, fakes), *(replace(other, providers=()) for other in others))
    return replace(inventory, profiles=profiles)


def _fake(profile: BillingProfile, fakes: FakeProviders) -> BillingProfile:
    return replace(profile, providers=fakes.terms, amounts=profile.amounts or AMOUNTS)


if __name__ == "__main__":
    main(prog_name="scripts/run --fake-payments")
