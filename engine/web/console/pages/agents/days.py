"""What agents have done since midnight, for pages that look often."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from engine.core.inventory import Agent
from engine.ports.people.callers import AgentDay
from engine.web.console.asked import Asked
from engine.web.console.wording import ZONE

DAYS_KEPT_MS = 15_000


@dataclass(slots=True)
class Days:
    """The agents' days, asked for again only when they are some seconds old."""

    asked: Asked
    known: Mapping[str, AgentDay] = field(default_factory=dict)
    read_ms: int | None = None

    async def of(self, agents: Sequence[Agent]) -> Mapping[str, AgentDay]:
        """Each one's calls and talk time since midnight."""
        now_ms = self.asked.site.clock.now().mono_ms
        if self.read_ms is None or now_ms >= self.read_ms + DAYS_KEPT_MS:
            today = (self.asked.site.staff.today(a.name, a.organisation, ZONE.key) for a in agents)
            days = await asyncio.gather(*today)
            self.known = {agent.name: day for agent, day in zip(agents, days, strict=True)}
            self.read_ms = now_ms
        return self.known
