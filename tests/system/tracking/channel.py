"""A sales channel of the exchange: its number, its dealers, and who calls it."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from engine.core.diversion.route import Target
from engine.core.numbers.source import Source
from engine.core.tracked import TrackedCall
from engine.ports.numbers import Commit
from engine.ports.tracked import ReportFilter
from tests.rig.ear import Ear
from tests.rig.sip.agents import Agent
from tests.rig.sip.legs import Leg
from tests.system.stage.exchange import SOURCE, Exchange
from tests.tracking.cases import number, tracking

KEPT_WITHIN_S = 20.0


@dataclass
class Channel:
    """A sales channel with a number, its dealers' phones, and a caller."""

    x: Exchange
    n: int

    @property
    def number(self) -> str:
        return f"+49302312{5100 + self.n}"

    @property
    def caller(self) -> str:
        """A caller of the scene's own."""
        return f"+4915228817{300 + self.n}"

    def dealer(self, nth: int = 0) -> Agent:
        """A dealer's phone."""
        return self.x.world.agent(f"+49302312{5300 + 100 * nth + self.n}")

    async def opened(self, *targets: Target, **changes: Any) -> "Channel":
        """The number is acme's, published in the source; it leads to these targets, if any."""
        await self.x.give(number(self.number))
        source = Source(
            source_id=f"s{self.n}", organisation="acme", e164=self.number, name=SOURCE, version=1
        )
        commit = Commit(author="owner", at_ms=0, sources=(source,))
        await self.x.patiently(lambda: self.x.numbers.commit(commit))
        if targets:
            terms = tracking(*targets, **changes)
            await self.x.patiently(
                lambda: self.x.routing.track("acme", self.number, terms, 0, "owner")
            )
        return self

    def target(self, nth: int = 0, *spans: Any) -> Target:
        return Target(e164=self.dealer(nth).name, spans=spans)

    async def call(self, **identity: Any) -> Leg:
        """Somebody calls; his network vouches for his number."""
        return await self.x.call(self.number, self.caller, **identity)

    async def told(self, calls: int = 1) -> list[TrackedCall]:
        """What was told of the channel's calls, newest first, once there are so many."""
        today = datetime.now(UTC).date()
        wanted = ReportFilter(
            organisation="acme",
            first=today - timedelta(days=1),
            after=today + timedelta(days=2),
            number=self.number,
        )
        deadline_s = time.monotonic() + KEPT_WITHIN_S
        while True:
            found = await self.x.tracked.rows(wanted)
            if len(found) >= calls or time.monotonic() > deadline_s:
                assert len(found) == calls
                return [one.call for one in found]
            await asyncio.sleep(0.1)


def named_in(leg: Leg, x: Exchange) -> bool:
    """Whether the source is named in what a dealer heard."""
    words = x.plan.sounds / "de" / "custom" / f"whisper_source-{SOURCE}.wav"
    return bool(Ear(leg.recording).find(words))
