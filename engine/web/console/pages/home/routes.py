"""The first page: live calls, the day so far, where a user can go; the organisation switch."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError, RemoteError
from engine.flows.agents.callers import NOTES_SHOWN, CallerFile
from engine.flows.live import LiveCall
from engine.flows.machines.premium import PremiumMachine
from engine.ports.reading.sums import CallSums, SumFilter
from engine.web.console import live, look
from engine.web.console.asked import HOME, Asked
from engine.web.console.forms.filters import start_ms, today
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose


@dataclass(frozen=True, slots=True)
class LiveService:
    """A service, or another kind of calls, with those that live and how many of them talk."""

    title: str
    calls: int
    talking: int


async def show(asked: Asked) -> web.StreamResponse:
    """What is going on."""
    services = await _services(asked)
    return asked.render(
        "home/home.html",
        services=services,
        sums=await _today(asked),
        reports=await _open_reports(asked),
        reports_most=NOTES_SHOWN,
    )


async def watch(asked: Asked) -> web.StreamResponse:
    """The part of the page that changes by itself."""

    async def seen() -> str:
        services = await _services(asked)
        if services is None:
            raise RemoteError("the store does not answer")
        return look.piece("home/live.html", {"t": asked.texts, "services": services})

    return await live.stream(asked, seen)


async def look_at(asked: Asked) -> web.StreamResponse:
    """Let one of the operator's staff look at an organisation, or at all (empty)."""
    name = asked.typed("organisation")
    if name and name not in asked.organisations:
        raise CallerError("is none", "organisation")
    asked.note(organisation=name)
    await asked.site.people.sessions.look_at(asked.session.session_hash, name or None)
    return asked.go(asked.next_path())


async def _services(asked: Asked) -> list[LiveService] | None:
    """The services' live calls, None while the store does not answer or for whom they are not."""
    if not asked.may(Right.CALLS_READ):
        return None
    try:
        calls = await asked.site.live.calls(asked.organisation)
    except RemoteError:
        return None
    return _by_service(asked, calls)


def _by_service(asked: Asked, calls: Sequence[LiveCall]) -> list[LiveService]:
    count, talking = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for call in calls:
        is_line = call.kind == PremiumMachine.kind
        of_it = (call.organisation, call.service) if is_line else ("", call.kind)
        count[of_it] += 1
        talking[of_it] += call.state == "talking"
    lines = [
        (service.organisation, service.title or service.name)
        for service in asked.site.inventory().services
        if asked.organisation in (None, service.organisation)
    ]
    found = [LiveService(one[1], count[one], talking[one]) for one in lines]
    others = sorted(kind for organisation, kind in count if not organisation)
    return found + [
        LiveService(asked.texts(f"kind_{kind}"), count["", kind], talking["", kind])
        for kind in others
    ]


async def _today(asked: Asked) -> Sequence[CallSums]:
    """An organisation's calls of the day so far, a sum for each currency; none for whom they are
    not."""
    if asked.organisation is None or not asked.may(Right.CALLS_READ):
        return ()
    day = today(asked)
    wanted = SumFilter(
        organisation=asked.organisation,
        from_ms=start_ms(day),
        to_ms=start_ms(day + timedelta(days=1)),
        by_service=False,
        with_outcomes=False,
    )
    return await asked.site.reading.sums.calls(wanted)


async def _open_reports(asked: Asked) -> int:
    """How many reports on an organisation's callers wait, of more than `NOTES_SHOWN` one more than
    that; none for whom they are not."""
    if asked.organisation is None or not asked.may(Right.CUSTOMERS_READ):
        return 0
    file = CallerFile(asked.site.callers, asked.site.clock, asked.organisation)
    return len(await file.open_reports())


SUBJECT = Subject(
    routes=(
        Route("GET", HOME, Right.OWN, show),
        Route("GET", f"{HOME}/live/home", Right.CALLS_READ, watch, is_page=False),
        Route(
            "POST",
            f"{HOME}/organisation",
            Right.OWN,
            look_at,
            whose=Whose.OPERATOR,
            action="home.look_at",
        ),
    ),
    menu=(Item(Section.NOW, HOME, Right.OWN, "home.title", place=0),),
)
