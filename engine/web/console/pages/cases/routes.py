"""Authorities' requests: opened, seen, answered or referred, each look in the case's own log.

Of them silence is kept: nothing here is any organisation's, not even a line of the audit log.
"""

from dataclasses import dataclass
from datetime import date

from aiohttp import web

from engine.core.numbers.case import TEXT_MOST, CaseKind, CaseStatus
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.cases import Cases, Request, Viewer
from engine.web.console.asked import Asked, Belongs
from engine.web.console.forms.filters import day_of, number_of, today, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.route import Handler, Route, Subject, Whose

CASES = "/console/cases"
ONE = f"{CASES}/{{request_id}}"
SHOWN_MOST = 500


@dataclass(frozen=True, slots=True)
class CaseNamed:
    """A case by its id: no organisation's, whoever had the number it is about."""

    case_id: str
    organisation: None = None


async def find(asked: Asked) -> Belongs | None:
    """The case that the address names; whether it is there is asked with the look at it."""
    return CaseNamed(asked.request.match_info["request_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Cases, those that must be ended first before the others."""
    status = word_of(CaseStatus, asked.wanted("status"))
    found = await _cases(asked).listed(status)
    cases = sorted(found, key=lambda one: (one.status is not CaseStatus.OPEN, one.due_on))
    return asked.render(
        "cases/list.html",
        cases=cases[:SHOWN_MOST],
        unseen=len(cases) - SHOWN_MOST,
        wanted=status or "",
        statuses=tuple(CaseStatus),
        day=today(asked),
    )


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form for a new case."""
    return asked.render("cases/new.html", kinds=tuple(CaseKind))


async def open_case(asked: Asked) -> web.StreamResponse:
    """Open a case on a number; who had it then is found out."""
    kind = word_of(CaseKind, asked.typed("kind"))
    if kind is None:
        raise CallerError("must be one of the list", "kind")
    request = Request(
        e164=number_of(asked.typed("number", 50)),
        kind=kind,
        authority=asked.typed("authority"),
        reference=asked.typed("reference"),
        from_day=_day(asked, "from_day"),
        to_day=_day(asked, "to_day"),
        due_on=_day(asked, "due_on"),
    )
    opened = await _cases(asked).open(request)
    return asked.done(f"{CASES}/{opened.case_id}", "cases.opened_now")


async def show(asked: Asked) -> web.StreamResponse:
    """A case and who handled or saw it, this look included."""
    try:
        found = await _cases(asked).show(asked.found(CaseNamed).case_id)
    except CallerError as error:
        raise web.HTTPNotFound from error
    return asked.render(
        "cases/case.html",
        case=found.case,
        holdings=found.holdings,
        lines=found.lines,
        day=today(asked),
    )


async def answer(asked: Asked) -> web.StreamResponse:
    """Write down what the authority was given."""
    await _cases(asked).answer(*_ending(asked))
    return asked.done(_path(asked), "cases.answered_now")


async def refer(asked: Asked) -> web.StreamResponse:
    """Write down that it was referred to the holder."""
    await _cases(asked).refer(*_ending(asked))
    return asked.done(_path(asked), "cases.referred_now")


def _ending(asked: Asked) -> tuple[str, str]:
    return asked.found(CaseNamed).case_id, asked.typed("outcome", TEXT_MOST)


def _path(asked: Asked) -> str:
    return f"{CASES}/{asked.found(CaseNamed).case_id}"


def _cases(asked: Asked) -> Cases:
    user = asked.user
    viewer = Viewer(name=user.name, role=user.role, organisation=user.organisation)
    return Cases(asked.site.numbering, asked.site.cases, viewer)


def _day(asked: Asked, field: str) -> date:
    day = day_of(asked.typed(field))
    if day is None:
        raise CallerError("must be a day", field)
    return day


def _act(path: str, handler: Handler, verb: str) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        Right.CASES_WRITE,
        handler,
        whose=Whose.OPERATOR,
        finds=find,
        action=f"cases.{verb}",
        asks_first=True,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", CASES, Right.CASES_READ, show_all, whose=Whose.OPERATOR),
        Route("GET", f"{CASES}/new", Right.CASES_WRITE, show_new, whose=Whose.OPERATOR),
        Route(
            "POST",
            f"{CASES}/new",
            Right.CASES_WRITE,
            open_case,
            whose=Whose.OPERATOR,
            action="cases.open",
            again=show_new,
        ),
        Route("GET", ONE, Right.CASES_READ, show, whose=Whose.OPERATOR, finds=find),
        _act("answer", answer, "answer"),
        _act("refer", refer, "refer"),
    ),
    menu=(
        Item(Section.HOUSE, CASES, Right.CASES_READ, "cases.title", place=80, operator_alone=True),
    ),
)
