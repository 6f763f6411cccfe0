"""The agent's own page as it changes; pause, notes on a caller, a report, a block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from engine.core.inventory import Agent
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.agents import AgentSeen, CallerFile
from engine.flows.live import LiveCall
from engine.ports.people.callers import NOTE_CHARS_MOST, CallerNote, NoteKind
from engine.ports.reading.records import CallFilter
from engine.ports.store import PauseReason
from engine.web.console import live, look
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.agents.days import Days
from engine.web.console.pages.agents.routes import pause_reason
from engine.web.console.pages.desk.shown import DeskCall, TopUps, warning
from engine.web.console.route import Handler, Route, Subject

DESK = "/console/desk"
ONE = f"{DESK}/calls/{{case_id}}"
CALLS_SHOWN = 10
NOTES_SHOWN = 10
REASON_CHARS_MOST = 200


@dataclass(slots=True)
class Desk:
    """One agent's page between two looks: his day and the notes on his caller are kept a while."""

    asked: Asked
    agent: Agent
    days: Days
    top_ups: TopUps = field(default_factory=TopUps)
    account_id: str | None = None
    notes: Sequence[CallerNote] = ()

    async def part(self, seen: AgentSeen) -> dict[str, Any]:
        """What the part that changes shows."""
        call, now_ms = seen.call, self.asked.site.clock.now().wall_ms
        day = (await self.days.of([self.agent]))[self.agent.name]
        return {
            "t": self.asked.texts,
            "asked": self.asked,
            "agent": self.agent,
            "seen": seen,
            "call": call,
            "case": DeskCall.of_live(call) if call else None,
            "day": day,
            "warning": warning(call, now_ms),
            "came_micros": self.top_ups.notice(call, now_ms),
            "notes": await self._notes(call),
            "reasons": list(PauseReason),
        }

    async def _notes(self, call: LiveCall | None) -> Sequence[CallerNote]:
        account_id = call.account_id if call is not None else None
        if account_id != self.account_id:
            file = _file(self.asked, self.agent.organisation)
            self.notes = (await file.notes(account_id))[:NOTES_SHOWN] if account_id else ()
            self.account_id = account_id
        return self.notes


def mine(asked: Asked) -> Agent | None:
    """The agent that the user is, if he is one."""
    user = asked.user
    return next(
        (
            agent
            for agent in asked.site.inventory().agents
            if agent.user == user.name and agent.organisation == user.organisation
        ),
        None,
    )


async def find(asked: Asked) -> Belongs | None:
    """The call that the address names, if he may read it."""
    return await _found(asked, Right.CUSTOMERS_READ)


async def find_to_act(asked: Asked) -> Belongs | None:
    """The call that the address names, if he may act on its caller."""
    return await _found(asked, Right.CUSTOMERS_WRITE)


async def _found(asked: Asked, right: Right) -> Belongs | None:
    """The agent's own call, live or over; anybody's for the operator's staff who have no phone of
    their own and this right over customers."""
    agent, call_id = mine(asked), asked.request.match_info["case_id"]
    if agent is None and not (asked.is_operators and asked.may(right)):
        return None
    seen = await asked.site.staff.agent(agent.name, agent.organisation) if agent else None
    if seen is not None and seen.call is not None and seen.call.call_id == call_id:
        return DeskCall.of_live(seen.call)
    found = await asked.site.reading.records.file(call_id, agent.organisation if agent else None)
    if found is None or (agent is not None and agent.name not in found.record.agents):
        return None
    return DeskCall.of_record(found.record, _title(asked, found.record.service))


async def show(asked: Asked) -> web.StreamResponse:
    """The agent's page."""
    agent = mine(asked)
    if agent is None:
        return asked.render("desk/nobody.html")
    seen = await _seen(asked, agent)
    found = await asked.site.reading.records.search(
        CallFilter(organisation=agent.organisation, agent=agent.name, most=CALLS_SHOWN)
    )
    calls = [DeskCall.of_record(one, _title(asked, one.service)) for one in found.records]
    part = await Desk(asked, agent, Days(asked)).part(seen)
    return asked.render("desk/desk.html", calls=calls, **part)


async def watch(asked: Asked) -> web.StreamResponse:
    """The part of it that changes."""
    agent = mine(asked)
    if agent is None:
        raise web.HTTPNotFound
    desk = Desk(asked, agent, Days(asked))
    async with live.watched(asked) as watched:

        async def seen() -> str:
            found = await asked.site.staff.agent(agent.name, agent.organisation, watched.known)
            if found is None:
                raise web.HTTPNotFound
            return look.piece("desk/now.html", await desk.part(found))

        return await live.stream(asked, seen, watched.changed)


async def show_call(asked: Asked) -> web.StreamResponse:
    """One of his calls, with what is noted of its caller."""
    case = asked.found(DeskCall)
    notes: Sequence[CallerNote] = ()
    if case.account_id is not None:
        notes = (await _file(asked, case.organisation).notes(case.account_id))[:NOTES_SHOWN]
    return asked.render("desk/call.html", case=case, notes=notes)


async def pause(asked: Asked) -> web.StreamResponse:
    """Take no further call."""
    agent, reason = _me(asked), pause_reason(asked)
    asked.note(reason=reason.value)
    await asked.site.staff.pause(agent.name, reason, asked.user.name, agent.organisation)
    return asked.done(DESK, "desk.paused_now")


async def resume(asked: Asked) -> web.StreamResponse:
    """Take calls again."""
    agent = _me(asked)
    await asked.site.staff.resume(agent.name, asked.user.name, agent.organisation)
    return asked.done(DESK, "desk.resumed_now")


async def note(asked: Asked) -> web.StreamResponse:
    """Note something of a caller, or report him to the supervisors."""
    case = asked.found(DeskCall)
    kind = NoteKind.REPORT if asked.typed("kind") == NoteKind.REPORT else NoteKind.NOTE
    text = asked.typed("text", NOTE_CHARS_MOST)
    if not text:
        raise CallerError("must not be empty", "text")
    asked.note(kind=kind.value)
    await _file(asked, case.organisation).note(_account(case), asked.user.name, text, kind)
    kept = "desk.report_kept" if kind is NoteKind.REPORT else "desk.note_kept"
    return asked.done(_back(case), kept)


async def block(asked: Asked) -> web.StreamResponse:
    """Let a caller in no more."""
    case, reason = asked.found(DeskCall), asked.typed("reason", REASON_CHARS_MOST)
    if not reason:
        raise CallerError("must not be empty", "reason")
    asked.note(reason=reason)
    await _file(asked, case.organisation).block(_account(case), asked.user.name, reason)
    return asked.done(_back(case), "desk.blocked_now")


# --- what they need --------------------------------------------------------------------------


def _me(asked: Asked) -> Agent:
    agent = mine(asked)
    if agent is None:
        raise CallerError("has no phone", "agent")
    return agent


async def _seen(asked: Asked, agent: Agent) -> AgentSeen:
    seen = await asked.site.staff.agent(agent.name, agent.organisation)
    if seen is None:
        raise web.HTTPNotFound
    return seen


def _file(asked: Asked, organisation: str) -> CallerFile:
    return CallerFile(asked.site.callers, asked.site.clock, organisation)


def _account(case: DeskCall) -> str:
    """The caller's account; one who was not recognised has none."""
    if case.account_id is None:
        raise CallerError("is not known", "caller")
    return case.account_id


def _title(asked: Asked, service: str) -> str:
    found = (one.title for one in asked.site.inventory().services if one.name == service)
    return next(found, "") or service


def _back(case: DeskCall) -> str:
    """To his page from a call that goes on, else to the call's."""
    return DESK if case.talk_ms is None else f"{DESK}/calls/{case.call_id}"


def _act(path: str, handler: Handler, verb: str, *, asks_first: bool = False) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        Right.DESK,
        handler,
        finds=find_to_act,
        action=f"desk.{verb}",
        asks_first=asks_first,
        again=show_call,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", DESK, Right.DESK, show),
        Route("GET", "/console/live/desk", Right.DESK, watch, is_page=False),
        Route("POST", f"{DESK}/pause", Right.DESK, pause, action="desk.pause", again=show),
        Route("POST", f"{DESK}/resume", Right.DESK, resume, action="desk.resume", again=show),
        Route("GET", ONE, Right.DESK, show_call, finds=find),
        _act("note", note, "note"),
        _act("block", block, "block", asks_first=True),
    ),
    menu=(Item(Section.NOW, DESK, Right.DESK, "desk.title", place=5),),
)
