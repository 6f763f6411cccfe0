"""Commands on authorities' requests; who gives them is an owner among the users of the console."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import TypeVar

import click

from engine.app import Books
from engine.cli.books.acts import acted
from engine.cli.books.opening import Day, json_option, run
from engine.cli.lines import utc, write
from engine.cli.numbers.numbering import shown
from engine.core.numbers.case import Case, CaseKind, CaseStatus
from engine.flows.numbers.cases import Cases, Request, Viewer
from engine.settings import Settings

T = TypeVar("T")

owner_option = click.option("--owner", required=True, help="Who, for the case's own audit log.")


@click.group("case")
def case() -> None:
    """Keep authorities' requests about numbers; nobody but owners sees them."""


@case.command("open")
@click.argument("number")
@click.argument("kind", type=click.Choice([kind.value for kind in CaseKind]))
@click.option("--authority", required=True)
@click.option("--reference", required=True, help="The authority's own.")
@click.option("--from", "from_day", type=Day(), required=True, help="Asked about from this day")
@click.option("--to", "to_day", type=Day(), required=True, help="to this one, included.")
@click.option("--due", "due_on", type=Day(), required=True, help="To be answered by.")
@owner_option
@json_option
def open_case(
    number: str,
    kind: str,
    authority: str,
    reference: str,
    from_day: date,
    to_day: date,
    due_on: date,
    owner: str,
    as_json: bool,
) -> None:
    """Open a case on a NUMBER; who had it then is found out.

    \b
    Example:
      groschen numbers case open +493023125000 subscriber --authority "LKA Berlin" \\
        --reference "12 Js 34/26" --from 2026-11-01 --to 2026-11-07 --due 2026-12-01 \\
        --owner ada@example.org
    """
    request = Request(
        e164=number,
        kind=CaseKind(kind),
        authority=authority,
        reference=reference,
        from_day=from_day,
        to_day=to_day,
        due_on=due_on,
    )
    _tell([_as(owner, lambda cases: cases.open(request), as_json, action="open")], as_json)


@case.command("list")
@click.option("--status", type=click.Choice([status.value for status in CaseStatus]))
@owner_option
@json_option
def list_cases(status: str | None, owner: str, as_json: bool) -> None:
    """List cases, one a line.

    \b
    Example:
      groschen numbers case list --status open --owner ada@example.org
    """
    wanted = CaseStatus(status) if status is not None else None
    _tell(_as(owner, lambda cases: cases.listed(wanted), as_json), as_json)


@case.command("show")
@click.argument("case_id")
@owner_option
@json_option
def show(case_id: str, owner: str, as_json: bool) -> None:
    """Show a case, who had the number in its span, and who handled or saw it; this look is
    written down too.

    \b
    Example:
      groschen numbers case show 3f9c… --owner ada@example.org
    """
    found = _as(owner, lambda cases: cases.show(case_id), as_json)
    if as_json:
        held = [shown(one) for one in found.holdings]
        write({**shown(found.case), "held": held, "log": [shown(line) for line in found.lines]})
        return
    _tell([found.case], as_json)
    for one in found.holdings:
        until = utc(one.until_ms) if one.until_ms is not None else "now"
        click.echo(f"  held by {one.organisation} from {utc(one.from_ms)} to {until}")
    for line in found.lines:
        click.echo(f"  {utc(line.at_ms)}  {line.author}  {line.action}")


@case.command("answer")
@click.argument("case_id")
@click.option("--outcome", required=True, help="What the authority was given.")
@owner_option
@json_option
def answer(case_id: str, outcome: str, owner: str, as_json: bool) -> None:
    """Write down that a case was answered.

    \b
    Example:
      groschen numbers case answer 3f9c… --outcome "name and seat" --owner ada@example.org
    """
    done = _as(
        owner,
        lambda cases: cases.answer(case_id, outcome),
        as_json,
        action="answer",
        case_id=case_id,
    )
    _tell([done], as_json)


@case.command("refer")
@click.argument("case_id")
@click.option("--outcome", required=True, help="To whom, and why.")
@owner_option
@json_option
def refer(case_id: str, outcome: str, owner: str, as_json: bool) -> None:
    """Write down that the authority was referred to the holder.

    \b
    Example:
      groschen numbers case refer 3f9c… --outcome "Acme GmbH answers" --owner ada@example.org
    """
    done = _as(
        owner, lambda cases: cases.refer(case_id, outcome), as_json, action="refer", case_id=case_id
    )
    _tell([done], as_json)


def _as(
    owner: str,
    work: Callable[[Cases], Awaitable[T]],
    as_json: bool,
    *,
    action: str = "",
    case_id: str = "",
) -> T:
    """Do something with cases as this owner; what changes one has an `action`, and stands in the
    operator's log without the number."""

    async def opened(books: Books, settings: Settings) -> T:
        user = await books.people.named(owner)
        viewer = Viewer(name=user.name, role=user.role, organisation=user.organisation)

        async def handle() -> T:
            return await work(Cases(books.numbering(settings), books.cases, viewer))

        if not action:
            return await handle()
        target = f"cases/{case_id}" if case_id else ""
        return await acted(books, f"cases.{action}", handle, target=target)

    return run(opened, as_json=as_json)


def _tell(cases: Sequence[Case], as_json: bool) -> None:
    for one in cases:
        if as_json:
            write(shown(one))
        else:
            asked = f"{one.from_day} to {one.to_day}, due {one.due_on}"
            held = one.organisation or "nobody"
            click.echo(
                f"{one.case_id}  {one.status}  {one.kind}  {one.e164} ({held})  {one.authority}"
                f" {one.reference}  {asked}  {one.outcome}".rstrip()
            )
