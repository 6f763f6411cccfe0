"""How agents stand, and their pauses: ordered by an agent himself or by a supervisor.

The store knows who is claimed by which call and who is paused, the live call whether they talk
already. Who asks for another organisation's agent is told that there is none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import structlog

from engine.core.inventory import Agent, Inventory
from engine.flows.live.watch import Live
from engine.flows.machines.seen import LiveCall
from engine.ports.clock import Clock
from engine.ports.people.callers import AgentDay, Callers
from engine.ports.store import AgentState, PauseReason, Store
from engine.premium.call import State

log = structlog.get_logger(__name__)


class Standing(StrEnum):
    """What an agent is at."""

    FREE = "free"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSeen:
    """An agent now; times by the store's clock or, of his call, by Asterisk's.

    `since_ms` is when this began, None if he never had a call; `until_ms` is the end of his
    wrap-up time. `pause` may also be one that begins after his `call`.
    """

    name: str
    organisation: str
    standing: Standing
    since_ms: int | None
    until_ms: int | None = None
    pause: PauseReason | None = None
    call: LiveCall | None = None


class Staff:
    """The agents of the inventory."""

    def __init__(
        self,
        store: Store,
        live: Live,
        callers: Callers,
        inventory: Callable[[], Inventory],
        clock: Clock,
    ) -> None:
        self._store = store
        self._live = live
        self._callers = callers
        self._inventory = inventory
        self._clock = clock

    async def agents(
        self, organisation: str | None = None, calls: Mapping[str, LiveCall] | None = None
    ) -> tuple[AgentSeen, ...]:
        """All agents (of an organisation), in the order of the operator's files.

        Who watches the live calls anyway gives them, by their ids; else they are read.
        """
        agents = [a for a in self._inventory().agents if organisation in (None, a.organisation)]
        return await self._seen(agents, calls)

    async def agent(
        self,
        name: str,
        organisation: str | None = None,
        calls: Mapping[str, LiveCall] | None = None,
    ) -> AgentSeen | None:
        """One agent, None if there is none; `calls` as for `agents`."""
        agent = self._agent(name, organisation)
        return (await self._seen([agent], calls))[0] if agent is not None else None

    async def today(self, organisation: str, timezone: str) -> Mapping[str, AgentDay]:
        """What agents have done since midnight in a time zone (IANA), by name; who has talked in
        no call is left out."""
        zone = ZoneInfo(timezone)
        now = datetime.fromtimestamp(self._clock.now().wall_ms / 1000, zone)
        midnight = datetime.combine(now.date(), time(), zone)
        from_ms = round(midnight.timestamp() * 1000)
        to_ms = round((midnight + timedelta(days=1)).timestamp() * 1000)
        return await self._callers.days(organisation, from_ms, to_ms)

    async def pause(
        self, name: str, reason: PauseReason, by: str, organisation: str | None = None
    ) -> bool:
        """Give an agent no further call; the one he has goes on. False if there is none such."""
        if self._agent(name, organisation) is None:
            return False
        await self._store.set_pause(name, reason)
        log.info("agent.paused", agent=name, reason=reason, by=by)
        return True

    async def resume(self, name: str, by: str, organisation: str | None = None) -> bool:
        """End an agent's pause and wrap-up time. False if there is no such agent."""
        if self._agent(name, organisation) is None:
            return False
        await self._store.set_pause(name, None)
        await self._store.end_wrap_up(name)
        log.info("agent.resumed", agent=name, by=by)
        return True

    def _agent(self, name: str, organisation: str | None) -> Agent | None:
        agent = self._inventory().agent(name)
        return agent if agent and organisation in (None, agent.organisation) else None

    async def _seen(
        self, agents: list[Agent], known: Mapping[str, LiveCall] | None
    ) -> tuple[AgentSeen, ...]:
        states = await self._store.agent_states(tuple(agent.name for agent in agents))
        if known is None:
            busy = [state.call_id for state in states if state.call_id is not None]
            known = await self._live.those(busy) if busy else {}
        return tuple(
            seen_agent(agent, state, known.get(state.call_id or ""))
            for agent, state in zip(agents, states, strict=True)
        )


def seen_agent(agent: Agent, state: AgentState, call: LiveCall | None) -> AgentSeen:
    """An agent by what the store and (if he has one) his live call say of him."""
    standing, since_ms, until_ms = Standing.FREE, state.idle_since_ms or None, None
    if state.call_id is not None:
        standing, since_ms = Standing.RINGING, state.claimed_ms or None
        if call is not None and (call.agent, call.state) == (agent.name, State.TALKING):
            standing, since_ms = Standing.TALKING, call.since_ms
    elif state.pause is not None:
        standing, since_ms = Standing.PAUSED, state.paused_ms or None
    elif not state.free:
        standing, until_ms = Standing.WRAP_UP, state.idle_since_ms
        since_ms = until_ms - agent.wrap_up_s * 1000
    return AgentSeen(
        name=agent.name,
        organisation=agent.organisation,
        standing=standing,
        since_ms=since_ms,
        until_ms=until_ms,
        pause=state.pause,
        call=call,
    )
