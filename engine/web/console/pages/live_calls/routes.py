"""Live calls: all as they change, one with what was done to it; topped up, warned, ended."""

import secrets
from collections.abc import Mapping
from typing import Any

from aiohttp import web

from engine.core.money import parse_micros
from engine.core.roles import Right
from engine.errors import CallerError, RemoteError
from engine.flows.live import LiveCall
from engine.flows.money.movements import Why
from engine.ports.audit import ActFilter, AuditLine
from engine.ports.people.commands import CallOrder, Command, Outcome
from engine.web.console import live, look
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item, Section
from engine.web.console.pages.live_calls.shown import PHASES, Wanted, phase, shown, told
from engine.web.console.route import Handler, Route, Subject

CALLS = "/console/live-calls"
ONE = f"{CALLS}/{{live_id}}"
FORM_ID_CHARS = 24
REASON_CHARS_MOST = 200
ACTS_MOST = 50

_REFUSED: Mapping[Outcome, str] = {
    Outcome.BUSY: "busy",
    Outcome.NOT_TALKING: "not_talking",
    Outcome.TOO_SOON: "too_soon",
}


async def find(asked: Asked) -> Belongs | None:
    """The live call that the address names."""
    return await asked.site.live.call(asked.request.match_info["live_id"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """All live calls that the filters let through."""
    calls = await asked.site.live.calls(asked.organisation)
    wanted = _wanted(asked)
    services = [
        service.title or service.name
        for service in asked.site.inventory().services
        if asked.organisation in (None, service.organisation)
    ]
    agents = [
        agent.name
        for agent in asked.site.inventory().agents
        if asked.organisation in (None, agent.organisation)
    ]
    return asked.render(
        "live_calls/list.html",
        **_table(asked, calls, wanted),
        services=services,
        agents=agents,
        phases=PHASES,
    )


async def watch_all(asked: Asked) -> web.StreamResponse:
    """The table as it changes."""
    wanted = _wanted(asked)
    async with live.watched(asked) as watched:

        async def seen() -> str:
            calls = tuple(watched.known.values())
            return look.piece("live_calls/table.html", _table(asked, calls, wanted))

        return await live.stream(asked, seen, watched.changed)


async def show(asked: Asked) -> web.StreamResponse:
    """One call, what was done to it, and what can be done."""
    call = asked.found(LiveCall)
    may_give = asked.may(Right.MONEY_WRITE) or asked.may(Right.MONEY_WRITE_LIMITED)
    return asked.render(
        "live_calls/call.html",
        **await _one(asked, call),
        may_give=may_give and call.account_id is not None,
        most=asked.limit_micros,
        form_id=asked.typed("form_id") or secrets.token_hex(FORM_ID_CHARS // 2),
    )


async def watch(asked: Asked) -> web.StreamResponse:
    """One call as it changes, until it is over."""
    call_id = asked.found(LiveCall).call_id
    async with live.watched(asked) as watched:

        async def seen() -> str:
            call = watched.known.get(call_id)
            if call is None:
                return look.piece("live_calls/over.html", {"t": asked.texts})
            return look.piece("live_calls/now.html", await _one(asked, call))

        return await live.stream(asked, seen, watched.changed)


async def top_up(asked: Asked) -> web.StreamResponse:
    """Give the caller money; the call goes on with it at once."""
    call = asked.found(LiveCall)
    micros = _amount(asked)
    if call.account_id is None:
        raise CallerError("has no account", "amount")
    why = Why(key=_form_id(asked), reason=_reason(asked), author=asked.user.name)
    asked.note(micros=micros, currency=call.currency, reason=why.reason)
    await asked.site.money.credit(call.account_id, micros, why)
    amount = asked.texts.money(micros, call.currency)
    return asked.done(_path(call), "live_calls.topped_up", amount=amount)


async def warn(asked: Asked) -> web.StreamResponse:
    """Let both hear how long they may talk on."""
    call = asked.found(LiveCall)
    outcome = await _order(asked, call, CallOrder.WARN)
    if outcome is Outcome.GONE:
        return asked.done(CALLS, "live_calls.gone")
    return asked.done(_path(call), "live_calls.warned_now")


async def end(asked: Asked) -> web.StreamResponse:
    """End a call; both hear so."""
    call, reason = asked.found(LiveCall), _reason(asked)
    asked.note(reason=reason)
    outcome = await _order(asked, call, CallOrder.END, reason)
    key = "live_calls.gone" if outcome is Outcome.GONE else "live_calls.ended_now"
    return asked.done(CALLS, key)


async def _order(asked: Asked, call: LiveCall, order: CallOrder, reason: str = "") -> Outcome:
    """What came of an order: done, or gone; `CallerError` for what cannot be now."""
    command = Command(
        command_id=secrets.token_hex(12),
        call_id=call.call_id,
        organisation=call.organisation,
        order=order,
        by=asked.user.name,
        reason=reason,
    )
    outcome = await asked.site.control.carry_out(command)
    if outcome is Outcome.UNANSWERED:
        raise RemoteError("the call's engine did not answer; it may have been carried out")
    if outcome in _REFUSED:
        raise CallerError(outcome.value, _REFUSED[outcome])
    return outcome


# --- what is read ----------------------------------------------------------------------------


def _wanted(asked: Asked) -> Wanted:
    return Wanted(
        service=asked.wanted("service"), phase=asked.wanted("phase"), agent=asked.wanted("agent")
    )


def _amount(asked: Asked) -> int:
    """Micro-units; decimals after a comma, too."""
    micros = parse_micros(
        asked.typed("amount").replace(",", "."), field="amount", max_decimals=2, minimum=10_000
    )
    if not asked.may_move(micros):
        raise CallerError("is more than you may give", "amount")
    return micros


def _reason(asked: Asked) -> str:
    reason = asked.typed("reason", REASON_CHARS_MOST)
    if not reason:
        raise CallerError("must not be empty", "reason")
    return reason


def _form_id(asked: Asked) -> str:
    """The form's own id: the same form sent twice gives money once."""
    form_id = asked.typed("form_id")
    if len(form_id) != FORM_ID_CHARS or not form_id.isalnum():
        raise CallerError("must be the form's", "form_id")
    return f"console:{form_id}"


# --- what is shown ---------------------------------------------------------------------------


def _path(call: LiveCall) -> str:
    return f"{CALLS}/{call.call_id}"


def _table(asked: Asked, calls: tuple[LiveCall, ...], wanted: Wanted) -> dict[str, Any]:
    return {
        "t": asked.texts,
        "asked": asked,
        "shown": shown(calls, wanted),
        "wanted": wanted,
        "phase": phase,
        "told": told,
    }


async def _one(asked: Asked, call: LiveCall) -> dict[str, Any]:
    return {
        "t": asked.texts,
        "asked": asked,
        "call": call,
        "phase": phase(call),
        "told": told(call),
        "acts": await _acts(asked, call),
    }


async def _acts(asked: Asked, call: LiveCall) -> list[AuditLine]:
    """Who did what to the call by this page, oldest first."""
    wanted = ActFilter(
        organisation=call.organisation,
        action="live_calls",
        from_ms=call.arrived_ms,
        most=ACTS_MOST,
    )
    lines = await asked.site.audit.lines(wanted)
    return [line for line in reversed(lines) if line.act.target == f"live_calls/{call.call_id}"]


def _act(
    path: str, handler: Handler, right: Right, verb: str, *, asks_first: bool = False
) -> Route:
    return Route(
        "POST",
        f"{ONE}/{path}",
        right,
        handler,
        finds=find,
        action=f"live_calls.{verb}",
        asks_first=asks_first,
        again=show,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", CALLS, Right.CALLS_READ, show_all),
        Route("GET", "/console/live/calls", Right.CALLS_READ, watch_all, is_page=False),
        Route("GET", ONE, Right.CALLS_READ, show, finds=find),
        Route(
            "GET",
            "/console/live/calls/{live_id}",
            Right.CALLS_READ,
            watch,
            finds=find,
            is_page=False,
        ),
        _act("top-up", top_up, Right.MONEY_WRITE_LIMITED, "top_up"),
        _act("warn", warn, Right.CALLS_WRITE, "warn"),
        _act("end", end, Right.CALLS_WRITE, "end", asks_first=True),
    ),
    menu=(Item(Section.NOW, CALLS, Right.CALLS_READ, "live_calls.title", place=10),),
)
