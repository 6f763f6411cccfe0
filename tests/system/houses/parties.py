"""Several calls to one line, each with a caller and a balance of its own."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass

from engine.core.cdr import CallRecord
from tests.rig.sip.legs import Leg
from tests.system.stage.lines import line
from tests.system.stage.listening import Witness
from tests.system.stage.scenes import Scene

WARNED = line(thresholds_s=(10,))


@dataclass(frozen=True, slots=True)
class Party:
    """One of several calls to the same line."""

    e164: str
    call: Leg

    def leg(self, s: Scene, record: CallRecord) -> Leg:
        """The leg of the agent this caller talked with."""
        assert record.e164 == self.e164
        return s.house.world.agent(record.agents[0]).legs[-1]

    async def heard(self, s: Scene, record: CallRecord, *also: str) -> Witness:
        return await s.heard(self.call, self.leg(s, record), None, is_agent=False, also=also)


async def all_talk(s: Scene, balances_micros: Sequence[int]) -> list[Party]:
    """So many calls, each with a balance of its own, when all have got to the conversation."""
    parties = []
    for number, micros in enumerate(balances_micros):
        e164 = f"+4930231{45000 + number}"
        await s.house.book(e164, micros)
        parties.append(Party(e164, await s.call(pai=e164, from_user=e164)))
    for party in parties:
        await party.call.answered()
    await asyncio.sleep(1)
    return parties


async def records_of(s: Scene, parties: Sequence[Party]) -> list[CallRecord]:
    """The parties' records in their own order: calls made at once may arrive in another."""
    records = {record.e164: record for record in await s.records(len(parties))}
    return [records[party.e164] for party in parties]


async def talked(call: Leg, talked_s: float) -> None:
    """Sleep until about so many seconds of conversation."""
    assert call.answered_at_ms is not None
    await asyncio.sleep((call.answered_at_ms - time.time_ns() / 1e6) / 1000 + talked_s)
