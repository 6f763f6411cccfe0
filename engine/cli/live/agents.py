"""`groschen agents`: who is free, who talks, who is away; pauses."""

from collections.abc import Mapping

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force, json_option, needed_store, run, user
from engine.cli.lines import write
from engine.errors import CallerError
from engine.flows.agents import AgentSeen, Staff
from engine.flows.live import Live
from engine.flows.papers.columns import aligned
from engine.ports.store import PauseReason
from engine.settings import Settings

COLUMNS = ("agent", "organisation", "state", "for", "pause", "call", "caller")


@click.group("agents", invoke_without_command=True)
@json_option
@click.pass_context
def agents(context: click.Context, as_json: bool) -> None:
    """Show how all agents stand, one a line; pause one, or let him work again.

    \b
    Examples:
      groschen agents
      groschen agents pause anna --reason break
    """
    if context.invoked_subcommand is not None:
        return

    async def work(books: Books, settings: Settings) -> tuple[tuple[AgentSeen, ...], int]:
        staff = await _staff(books, settings)
        return await staff.agents(), books.clock.now().wall_ms

    seen, now_ms = run(work, as_json=as_json)
    if as_json:
        for agent in seen:
            write(_shown(agent))
        return
    for line in aligned([COLUMNS, *(_row(agent, now_ms) for agent in seen)]):
        click.echo(line)


@agents.command("pause")
@click.argument("name")
@click.option(
    "--reason",
    type=click.Choice([reason.value for reason in PauseReason]),
    default=PauseReason.OTHER_WORK.value,
    show_default=True,
)
@json_option
def pause(name: str, reason: str, as_json: bool) -> None:
    """Give an agent no further call; the one he has goes on.

    \b
    Example:
      groschen agents pause anna --reason break
    """
    _change(name, PauseReason(reason), as_json)


@agents.command("resume")
@click.argument("name")
@json_option
def resume(name: str, as_json: bool) -> None:
    """End an agent's pause, and his wrap-up time.

    \b
    Example:
      groschen agents resume anna
    """
    _change(name, None, as_json)


def _change(name: str, reason: PauseReason | None, as_json: bool) -> None:
    async def work(books: Books, settings: Settings) -> AgentSeen:
        staff = await _staff(books, settings)
        known = await staff.agent(name)

        async def change() -> AgentSeen:
            if reason is None:
                await staff.resume(name, user())
            else:
                await staff.pause(name, reason, user())
            seen = await staff.agent(name)
            if seen is None:
                raise CallerError(f"there is no agent {name}", "name")
            return seen

        return await acted(
            books,
            "agents.resume" if reason is None else "agents.pause",
            change,
            organisation=known.organisation if known is not None else None,
            target=f"agents/{name}",
            told=lambda _seen: {} if reason is None else {"reason": reason.value},
        )

    seen = run(work, as_json=as_json)
    if as_json:
        write(_shown(seen))
    else:
        click.echo(f"{seen.name}: {seen.standing}")


async def _staff(books: Books, settings: Settings) -> Staff:
    store, inventory = needed_store(books), await inventory_in_force(books, settings)
    live = Live(store, books.clock)
    return Staff(store, live, books.callers, lambda: inventory, books.clock)


def _shown(agent: AgentSeen) -> Mapping[str, object]:
    return {
        "name": agent.name,
        "organisation": agent.organisation,
        "state": agent.standing,
        "since_ms": agent.since_ms,
        "until_ms": agent.until_ms,
        "pause": agent.pause,
        "call_id": agent.call.call_id if agent.call is not None else None,
    }


def _row(agent: AgentSeen, now_ms: int) -> tuple[str, ...]:
    since_s = max(0, now_ms - agent.since_ms) // 1000 if agent.since_ms is not None else None
    call = agent.call
    return (
        agent.name,
        agent.organisation,
        agent.standing,
        "-" if since_s is None else f"{since_s // 60}:{since_s % 60:02}",
        agent.pause or "-",
        call.call_id if call is not None else "-",
        (call.caller if call is not None else None) or "-",
    )
