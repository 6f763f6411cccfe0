"""`groschen serve`: an engine at work."""

import asyncio
import contextlib
import signal
from collections.abc import Callable

import click

from engine import logs
from engine.app import Plan, Running, freeze_heap, plan_of, running
from engine.errors import EngineError
from engine.flows.versions.configuration import Opening
from engine.settings import read_settings


@click.command("serve")
def serve() -> None:
    """Take calls until Ctrl-C (or SIGTERM); live calls are then left to other engines.

    Settings come from the environment (GROSCHEN_…), trunks, prices and people from the operator's
    files. Without further settings the engine brings its own store, books and Asterisk.

    \b
    Example:
      GROSCHEN_SIP_PORT=5070 groschen serve
    """
    try:
        asyncio.run(_serve())
    except EngineError as fault:
        raise click.ClickException(str(fault)) from fault


async def _serve() -> None:
    settings = read_settings()
    logs.configure(level=settings.log_level, form=settings.log_format, numbers=settings.log_numbers)
    await work(plan_of(settings))


async def work(plan: Plan, tell: Callable[[Running], None] = lambda _run: None) -> None:
    """Run the engine of a plan until SIGINT or SIGTERM; `tell` may say more once it works."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    click.echo("Starting store, books and Asterisk …", err=True)
    async with running(plan) as run:
        inventory = run.house.inventory()
        services = ", ".join(f"{s.title or s.name} ({s.dids[0]})" for s in inventory.services)
        click.echo(f"SIP on {run.access.sip_host}:{run.access.sip_port} (UDP)", err=True)
        if plan.web is not None:
            origin = plan.web.origin or f"http://{plan.web.host}:{run.web_port}"
            click.echo(f"Pages on http://{plan.web.host}:{run.web_port}", err=True)
            click.echo(f"Console on {origin}/console (first user: groschen user add)", err=True)
        click.echo(f"Health on http://{plan.health_host}:{run.health_port}/readyz", err=True)
        if run.opening is not None:
            _tell_version(run.opening, plan)
        tell(run)
        freeze_heap()
        click.echo(f"Serving: {services}. Stop with Ctrl-C.", err=True)
        stopped = asyncio.create_task(stop.wait())
        await asyncio.wait({stopped, run.work}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            if run.work.done():
                run.work.result()


def _tell_version(opening: Opening, plan: Plan) -> None:
    """Which version is in force, and that the operator's files are another, if they are."""
    number, author = opening.activation.number, opening.activation.author
    click.echo(f"Configuration: version {number}, {opening.activation.cause} by {author}", err=True)
    if opening.differs:
        click.echo(
            f"The files in {plan.config} differ from version {number}, which is in force: "
            "see groschen config diff, and groschen config apply to put them in force.",
            err=True,
        )
