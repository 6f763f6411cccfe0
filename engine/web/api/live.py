"""Live calls and agents: looked at, warned, ended, paused."""

from typing import Any

from engine.core.money import format_shortest
from engine.errors import RemoteError
from engine.flows.agents import AgentSeen
from engine.flows.live import LiveCall
from engine.ports.operators import Scope
from engine.ports.people.commands import CallOrder, Command, Outcome
from engine.web.api import models
from engine.web.api.contract import (
    CALL_BUSY,
    NOT_FOUND,
    NOT_TALKING,
    TOLD_LATELY,
    Asked,
    NoBody,
    NoQuery,
    Refused,
    Result,
    Route,
)

_NO_CALL = Refused(NOT_FOUND, "There is no such live call.")
_NO_AGENT = Refused(NOT_FOUND, "There is no such agent.")
_REFUSALS = {
    Outcome.GONE: _NO_CALL,
    Outcome.BUSY: Refused(CALL_BUSY, "Nothing was done. Ask again with another key."),
    Outcome.NOT_TALKING: Refused(NOT_TALKING, "Only a conversation can be told its time."),
    Outcome.TOO_SOON: Refused(TOLD_LATELY, "They are told at most every 30 seconds."),
}


# --- calls ---------------------------------------------------------------------------------


async def list_calls(asked: Asked[NoQuery, NoBody]) -> Result:
    """All live calls, oldest first."""
    calls = await asked.site.live.calls(asked.organisation)
    return models.Calls(calls=[_call(call) for call in calls])


async def show_call(asked: Asked[NoQuery, NoBody]) -> Result:
    """One live call."""
    call = await asked.site.live.call(asked.ids["call_id"], asked.organisation)
    return _NO_CALL if call is None else _call(call)


async def end_call(asked: Asked[NoQuery, models.End]) -> Result:
    """End a live call; both hear so."""
    return await _order(asked, CallOrder.END, asked.body.reason)


async def warn_call(asked: Asked[NoQuery, NoBody]) -> Result:
    """Let both hear how long they may talk on, at most every 30 seconds."""
    return await _order(asked, CallOrder.WARN)


async def _order(
    asked: Asked[models.Form, models.Form], order: CallOrder, reason: str = ""
) -> Result:
    command = Command(
        command_id=asked.once,
        call_id=asked.ids["call_id"],
        organisation=asked.organisation,
        order=order,
        by=asked.author,
        reason=reason,
    )
    outcome = await asked.site.control.carry_out(command)
    if outcome is Outcome.UNANSWERED:
        # No answer to be kept: the same key may be tried again, and learns what came of it.
        raise RemoteError("the call's engine did not answer; it may have been carried out")
    return _REFUSALS.get(outcome) or models.Ordered(call_id=command.call_id, order=order)


def _call(call: LiveCall) -> models.Call:
    balance, held = call.balance_micros, call.held_micros
    return models.Call(
        call_id=call.call_id,
        at=models.write_time(call.at_ms),
        service=call.service or call.kind,
        account_id=call.account_id,
        caller=call.caller,
        withheld=call.withheld,
        agent=call.agent,
        state=call.state,
        since=models.write_time(call.since_ms),
        arrived=models.write_time(call.arrived_ms),
        currency=call.currency,
        cost=format_shortest(call.cost_micros),
        meter_runs=call.meter_runs,
        left_ms=call.left_ms,
        balance=format_shortest(balance) if balance is not None else None,
        held=format_shortest(held) if held is not None else None,
        first_call=call.first_call,
        config_version=call.config_version,
        engine=call.engine,
    )


# --- agents --------------------------------------------------------------------------------


async def list_agents(asked: Asked[NoQuery, NoBody]) -> Result:
    """All agents, and how they stand."""
    agents = await asked.site.staff.agents(asked.organisation)
    return models.Agents(agents=[_agent(agent) for agent in agents])


async def pause_agent(asked: Asked[NoQuery, models.Pausing]) -> Result:
    """Give an agent no further call; the one he has goes on."""
    name = asked.ids["agent"]
    await asked.site.staff.pause(name, asked.body.reason, asked.author, asked.organisation)
    return await _standing(asked)


async def resume_agent(asked: Asked[NoQuery, NoBody]) -> Result:
    """End an agent's pause, and his wrap-up time."""
    await asked.site.staff.resume(asked.ids["agent"], asked.author, asked.organisation)
    return await _standing(asked)


async def _standing(asked: Asked[models.Form, models.Form]) -> Result:
    seen = await asked.site.staff.agent(asked.ids["agent"], asked.organisation)
    return _NO_AGENT if seen is None else _agent(seen)


def _agent(agent: AgentSeen) -> models.Agent:
    since_ms, until_ms = agent.since_ms, agent.until_ms
    return models.Agent(
        name=agent.name,
        state=agent.standing,
        since=models.write_time(since_ms) if since_ms is not None else None,
        until=models.write_time(until_ms) if until_ms is not None else None,
        pause=agent.pause,
        call_id=agent.call.call_id if agent.call is not None else None,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/calls",
        name="listCalls",
        summary="List the live calls of all engines",
        scope=Scope.CALLS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Calls,
        run=list_calls,
    ),
    Route(
        method="GET",
        path="/calls/{call_id}",
        name="showCall",
        summary="Show a live call",
        scope=Scope.CALLS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Call,
        run=show_call,
    ),
    Route(
        method="POST",
        path="/calls/{call_id}/end",
        name="endCall",
        summary="End a live call, on whatever engine it runs",
        scope=Scope.CALLS_WRITE,
        query=NoQuery,
        body=models.End,
        answer=models.Ordered,
        run=end_call,
        refusals=(CALL_BUSY,),
    ),
    Route(
        method="POST",
        path="/calls/{call_id}/warn",
        name="warnCall",
        summary="Let both in a live call hear how long they may talk on",
        scope=Scope.CALLS_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=models.Ordered,
        run=warn_call,
        refusals=(NOT_TALKING, TOLD_LATELY, CALL_BUSY),
    ),
    Route(
        method="GET",
        path="/agents",
        name="listAgents",
        summary="List agents and how they stand",
        scope=Scope.CALLS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Agents,
        run=list_agents,
    ),
    Route(
        method="POST",
        path="/agents/{agent}/pause",
        name="pauseAgent",
        summary="Give an agent no further call",
        scope=Scope.AGENTS_WRITE,
        query=NoQuery,
        body=models.Pausing,
        answer=models.Agent,
        run=pause_agent,
    ),
    Route(
        method="POST",
        path="/agents/{agent}/resume",
        name="resumeAgent",
        summary="End an agent's pause, and his wrap-up time",
        scope=Scope.AGENTS_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=models.Agent,
        run=resume_agent,
    ),
)
