"""Agents and hunt groups as they stand; a supervisor pauses agents and lets them work again."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from engine.core.inventory import Agent, AgentKind, HuntGroup
from engine.core.roles import Right
from engine.errors import CallerError, RemoteError
from engine.flows.agents import AgentSeen, Standing
from engine.flows.live import LiveCall
from engine.ports.people.callers import AgentDay
from engine.ports.store import PauseReason
from engine.web.console import live, look
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.agents.days import Days
from engine.web.console.route import Handler, Route, Subject

AGENTS = "/console/agents"
ONE = f"{AGENTS}/{{agent}}"
AGENTS_MOST = 200


@dataclass(frozen=True, slots=True)
class Line:
    """An agent's line: as the files have him, how he stands, his day; `phone` is whether his can
    be reached, None where that is not known."""

    agent: Agent
    seen: AgentSeen
    phone: bool | None
    day: AgentDay


@dataclass(frozen=True, slots=True)
class GroupLine:
    """A hunt group, and how many of its agents stand how."""

    group: HuntGroup
    standing: Mapping[Standing, int]


async def find(asked: Asked) -> Belongs | None:
    """The agent that the address names."""
    return await asked.site.staff.agent(asked.request.match_info["agent"])


async def show(asked: Asked) -> web.StreamResponse:
    """All agents and groups."""
    return asked.render("agents/list.html", **await _table(asked, Days(asked)))


async def watch(asked: Asked) -> web.StreamResponse:
    """The same as it changes."""
    days = Days(asked)
    async with live.watched(asked) as watched:

        async def seen() -> str:
            return look.piece("agents/table.html", await _table(asked, days, watched.known))

        return await live.stream(asked, seen, watched.changed)


async def pause(asked: Asked) -> web.StreamResponse:
    """Give an agent no further call."""
    seen, reason = asked.found(AgentSeen), pause_reason(asked)
    asked.note(reason=reason.value)
    await asked.site.staff.pause(seen.name, reason, asked.user.name, seen.organisation)
    return asked.done(AGENTS, "agents.paused_now", name=seen.name)


async def resume(asked: Asked) -> web.StreamResponse:
    """End an agent's pause and wrap-up time."""
    seen = asked.found(AgentSeen)
    await asked.site.staff.resume(seen.name, asked.user.name, seen.organisation)
    return asked.done(AGENTS, "agents.resumed_now", name=seen.name)


def pause_reason(asked: Asked) -> PauseReason:
    """The reason that was chosen; `CallerError` if it is none."""
    try:
        return PauseReason(asked.typed("reason"))
    except ValueError:
        raise CallerError("must be a reason", "reason") from None


async def _table(
    asked: Asked, days: Days, calls: Mapping[str, LiveCall] | None = None
) -> dict[str, Any]:
    inventory = asked.site.inventory()
    agents = [a for a in inventory.agents if asked.organisation in (None, a.organisation)]
    shown = agents[:AGENTS_MOST]
    standing = await asked.site.staff.agents(asked.organisation, calls)
    seen = {one.name: one for one in standing}
    online, known = await _online(asked), await days.of(shown)
    return {
        "t": asked.texts,
        "asked": asked,
        "lines": [
            Line(a, seen[a.name], _phone(a, online), known.get(a.name, AgentDay()))
            for a in shown
            if a.name in seen
        ],
        "unseen": len(agents) - len(shown),
        "groups": [
            GroupLine(group, Counter(seen[name].standing for name in group.agents if name in seen))
            for group in inventory.groups
            if asked.organisation in (None, group.organisation)
        ],
        "standings": list(Standing),
        "reasons": list(PauseReason),
    }


async def _online(asked: Asked) -> frozenset[str] | None:
    """Whose phones can be reached, None while Asterisk does not answer."""
    try:
        return await asked.site.phones.registered()
    except RemoteError:
        return None


def _phone(agent: Agent, online: frozenset[str] | None) -> bool | None:
    if agent.kind is AgentKind.OUTSIDE or online is None:
        return None
    return agent.name in online


def _act(path: str, handler: Handler, verb: str) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        Right.AGENTS_WRITE,
        handler,
        finds=find,
        action=f"agents.{verb}",
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", AGENTS, Right.CALLS_READ, show),
        Route("GET", "/console/live/agents", Right.CALLS_READ, watch, is_page=False),
        _act("pause", pause, "pause"),
        _act("resume", resume, "resume"),
    ),
    menu=(Item(Section.NOW, AGENTS, Right.CALLS_READ, "agents.title", place=20),),
)
