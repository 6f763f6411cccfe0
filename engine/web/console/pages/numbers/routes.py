"""Numbers: listed; one with its history; given back, and what the operator decides of it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from aiohttp import web

from engine.core.numbers.life import Refused
from engine.core.numbers.number import Number, Status
from engine.core.probe import Health, Standing
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.allocation import Allocation
from engine.ports.numbers import NumberFilter
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import number_of, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.pages.diversion.paths import path_of as route_path
from engine.web.console.pages.numbers import billing, notices, ordering, probing
from engine.web.console.pages.numbers.paths import NUMBERS, allowed, path_of
from engine.web.console.route import Handler, Route, Subject, Whose

ONE = f"{NUMBERS}/{{number}}"
EVENTS_MOST = 200
SOURCES_MOST = 50
PROBES_SHOWN = 10
REASON_CHARS_MOST = 200
APPROVED = {
    Status.ACTIVE: "numbers.approved_active",
    Status.APPROVED: "numbers.approved_approved",
    Status.DOCUMENTS_PENDING: "numbers.approved_documents_pending",
}
"""What is said of an order that was agreed to, by how its number stands then."""


async def find(asked: Asked) -> Belongs | None:
    """The number that the address names, without its plus sign."""
    return await asked.site.numbering.numbers.number(f"+{asked.request.match_info['number']}")


async def show_all(asked: Asked) -> web.StreamResponse:
    """An organisation's numbers, perhaps those that are dead; the whole stock for the operator's
    staff."""
    status = word_of(Status, asked.wanted("status"))
    is_dead = asked.wanted("status") == Standing.DEAD
    after = asked.wanted("after", 20)
    after = f"+{after}" if after else ""
    site, only = asked.site, None
    if is_dead:
        only = await site.probes.dead(asked.organisation, after, PAGE_ROWS + 1)
    wanted = NumberFilter(
        organisation=asked.organisation,
        status=status,
        only=only,
        after=after,
        most=PAGE_ROWS + 1,
    )
    found = await site.numbering.numbers.numbers(wanted)
    more = found[PAGE_ROWS - 1].e164[1:] if len(found) > PAGE_ROWS else ""
    return asked.render(
        "numbers/list.html",
        numbers=found[:PAGE_ROWS],
        more=more,
        wanted=Standing.DEAD if is_dead else status or "",
        statuses=tuple(Status),
        healths=await _healths(asked, found),
        areas=asked.site.numbering.areas,
        covered=await probing.covered(asked),
    )


async def show(asked: Asked) -> web.StreamResponse:
    """One number, and what was done to it; an organisation sees its own time alone."""
    number, whose = asked.found(Number), asked.user.organisation
    numbers = asked.site.numbering.numbers
    events = await numbers.history(number.e164, None, EVENTS_MOST)
    sources = await numbers.sources(whose, number.e164, "", SOURCES_MOST)
    health = (await _healths(asked, [number])).get(number.e164)
    return asked.render(
        "numbers/number.html",
        number=number,
        events=[event for event in events if whose in (None, event.organisation)],
        sources=sources,
        areas=asked.site.numbering.areas,
        route_path=route_path,
        health=health,
        days=await probing.days_between(asked) if health is not None else 0,
        unprobed=probing.is_left_out(asked, number),
        probes=await asked.site.probes.history(
            number.e164, number.organisation or "", PROBES_SHOWN
        ),
    )


async def _healths(asked: Asked, numbers: Sequence[Number]) -> Mapping[str, Health]:
    """How numbers stand that are probed for the holder they have now."""
    whose = {one.e164: one.organisation for one in numbers if one.status is Status.ACTIVE}
    found = await asked.site.probes.healths(whose)
    return {e164: one for e164, one in found.items() if one.organisation == whose[e164]}


async def approve(asked: Asked) -> web.StreamResponse:
    """Agree to an order."""
    number = asked.found(Number)
    after = allowed(await _allocation(asked).approve(number.e164, asked.user.name))
    return asked.done(path_of(number), APPROVED[after.status])


def _ended(end: Callable[[Asked, Number, str], Awaitable[object | Refused]], told: str) -> Handler:
    """A handler that ends something for a reason, then says the text `told`."""

    async def handler(asked: Asked) -> web.StreamResponse:
        number, reason = asked.found(Number), asked.typed("reason", REASON_CHARS_MOST)
        if not reason:
            raise CallerError("must be given", "reason")
        asked.note(reason=reason)
        allowed(await end(asked, number, reason))
        # Whoever gives a number back has it no more.
        path = path_of(number) if asked.is_operators else NUMBERS
        return asked.done(path, told)

    return handler


async def _reject(asked: Asked, number: Number, reason: str) -> object | Refused:
    return await _allocation(asked).reject(number.e164, reason, asked.user.name)


async def _deactivate(asked: Asked, number: Number, reason: str) -> object | Refused:
    whose = asked.user.organisation
    return await _allocation(asked).deactivate(number.e164, reason, asked.user.name, whose)


async def _withdraw(asked: Asked, number: Number, reason: str) -> object | Refused:
    return await _allocation(asked).withdraw(number.e164, reason, asked.user.name)


async def _replace(asked: Asked, number: Number, reason: str) -> object | Refused:
    typed = asked.typed("new", 50)
    new = number_of(typed, "new") if typed else None
    return await _allocation(asked).replace(number.e164, reason, asked.user.name, new)


def _allocation(asked: Asked) -> Allocation:
    return Allocation(asked.site.numbering)


def _act(
    verb: str, handler: Handler, whose: Whose = Whose.OPERATOR, *, asks_first: bool = True
) -> Route:
    return Route(
        "POST",
        f"{ONE}/{verb}",
        Right.NUMBERS_WRITE,
        handler,
        whose=whose,
        finds=find,
        action=f"numbers.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", NUMBERS, Right.NUMBERS_READ, show_all),
        *ordering.ROUTES,
        *notices.ROUTES,
        *billing.ROUTES,
        Route("GET", ONE, Right.NUMBERS_READ, show, finds=find),
        _act("approve", approve, asks_first=False),
        _act("reject", _ended(_reject, "numbers.rejected_now")),
        _act("deactivate", _ended(_deactivate, "numbers.deactivated_now"), Whose.ANY),
        _act("withdraw", _ended(_withdraw, "numbers.withdrawn_now")),
        _act("replace", _ended(_replace, "numbers.replaced_now")),
    ),
    menu=(Item(Section.LINES, NUMBERS, Right.NUMBERS_READ, "numbers.title", place=60),),
)
