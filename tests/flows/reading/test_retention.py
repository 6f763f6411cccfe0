"""Letting go: all that is due, in batches, once a day, whatever fails."""

import asyncio
from dataclasses import dataclass, field

import pytest

from engine.core.retention import Kind, Policy
from engine.errors import RemoteError
from engine.flows.retention.daily import BATCH, DAY_MS, Daily, carry_out, count_due
from tests.fakes.clock import LoopClock, run_virtually


@dataclass
class FakeKeeping:
    """So much that is due of each kind; fails as often as it is told."""

    due: dict[Kind, int] = field(default_factory=lambda: dict.fromkeys(Kind, 0))
    fault: Exception = field(default_factory=lambda: RemoteError("away"))
    faults: int = 0
    looks: int = 0

    async def count(self, kind: Kind, before_ms: int) -> int:
        return self.due[kind]

    async def let_go(self, kind: Kind, before_ms: int, most: int) -> int:
        self.looks += 1
        if self.faults:
            self.faults -= 1
            raise self.fault
        gone = min(self.due[kind], most)
        self.due[kind] -= gone
        return gone


def test_all_that_is_due_goes() -> None:
    async def scenario() -> None:
        keeping = FakeKeeping()
        keeping.due |= {Kind.CALLS: 2 * BATCH + 1, Kind.LETTERS: BATCH}
        clock = LoopClock()
        counted = await count_due(keeping, Policy(), clock.now().wall_ms)
        assert await carry_out(keeping, Policy(), clock) == counted
        assert keeping.looks == 3 + 2 + len(Kind) - 2
        assert not any(keeping.due.values())

    run_virtually(scenario())


@pytest.mark.parametrize("fault", [RemoteError("away"), ValueError("unheard of")])
def test_what_failed_is_done_on_the_next_day(fault: Exception) -> None:
    async def scenario() -> None:
        keeping = FakeKeeping(fault=fault, faults=1)
        keeping.due[Kind.ORDERS] = 1
        work = asyncio.create_task(Daily(keeping, Policy, LoopClock()).run())
        await asyncio.sleep(1)
        assert keeping.due[Kind.ORDERS] == 1
        await asyncio.sleep(DAY_MS / 1000)
        assert keeping.due[Kind.ORDERS] == 0
        work.cancel()

    run_virtually(scenario())
