"""A toll-free number of the exchange with those behind it, and who calls it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from engine.core.diversion.record import ForwardedCall, Outcome
from engine.ports.diversion import ForwardedFilter
from tests.forwarding.cases import forwarding, number
from tests.rig.sip.agents import Agent
from tests.rig.sip.legs import Leg
from tests.system.stage.exchange import Exchange

KEPT_WITHIN_S = 20.0


@dataclass
class Line:
    """A toll-free number of its own, its targets' phones, and a caller."""

    x: Exchange
    n: int

    @property
    def number(self) -> str:
        return f"+188855501{self.n:02}"

    def target(self, nth: int = 0) -> Agent:
        """A target's phone."""
        return self.x.world.agent(f"+1{212 + nth}55501{self.n:02}")

    @property
    def us(self) -> str:
        """A caller of the scene's own."""
        return f"+141555501{self.n:02}"

    async def opened(self, *targets: int, **changes: Any) -> "Line":
        """The number is acme's and active; it has a route, unless there are no targets."""
        await self.x.give(number(self.number))
        if targets:
            await self.leads(0, *targets, **changes)
        return self

    async def leads(self, version: int, *targets: int, **changes: Any) -> None:
        """Let the number lead to these targets from now on."""
        numbers = [self.target(nth).name for nth in targets]
        terms = forwarding(*numbers, **changes)
        await self.x.patiently(
            lambda: self.x.routing.forward("acme", self.number, terms, version, "owner")
        )

    async def call(self, caller: str | None = None, **identity: Any) -> Leg:
        """Somebody calls; his network vouches for his number."""
        return await self.x.call(self.number, caller or self.us, **identity)

    def is_untouched(self) -> bool:
        """Whether no INVITE of ours went to a target of the line, by the SIP messages."""
        phones = {self.target(nth).name for nth in range(2)}
        invites = (m for m in self.x.world.sip_trace() if m.start_line.startswith("INVITE"))
        return not any(phone in m.start_line for m in invites for phone in phones)

    async def kept(self, calls: int = 1) -> list[ForwardedCall]:
        """The line's calls in the log, newest first, once there are so many."""
        wanted = ForwardedFilter(organisation="acme", number=self.number)
        deadline_s = time.monotonic() + KEPT_WITHIN_S
        while True:
            found = await self.x.forwarded.calls(wanted)
            if len(found) >= calls or time.monotonic() > deadline_s:
                assert len(found) == calls
                return list(found)
            await asyncio.sleep(0.1)

    async def outcome(self) -> Outcome | None:
        """What the line's only call came to."""
        (call,) = await self.kept()
        return call.outcome
