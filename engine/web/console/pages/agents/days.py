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
            staff = self.asked.site.staff
            owners = sorted({agent.organisation for agent in agents})
            today = await asyncio.gather(*(staff.today(owner, ZONE.key) for owner in owners))
            days = dict(zip(owners, today, strict=True))
            self.known = {a.name: days[a.organisation].get(a.name, AgentDay()) for a in agents}
            self.read_ms = now_ms
        return self.known
