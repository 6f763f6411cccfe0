"""Placing probes: whoever is due is claimed, counted under the limits of all engines, then dialled.

Every engine looks; the version of a number's health decides who is first, and what an engine that
died has claimed is due again soon.
"""

import secrets
from collections.abc import Callable

import structlog

from engine.core.numbers.number import Purpose
from engine.core.probe import (
    Health,
    Outage,
    ProbePlan,
    calls_a_day,
    claimed,
    enrolled,
    hours_ms,
    is_time,
    next_day,
)
from engine.errors import ConflictError, EngineError
from engine.flows.calls import Calls
from engine.flows.machines.probing import ProbingMachine
from engine.flows.probing.judging import Judging
from engine.ports.limits import Limit, Limits
from engine.ports.metrics import UNMEASURED, Metrics
from engine.probing import machine

LOOK_EVERY_MS = 1_000
ENROL_MOST = 200
MARGIN_S = 30
"""So long after its time to arrive a probe is still known for one, and its number still claimed."""

MINUTE_MS = 60_000
ID_BYTES = 8

log = structlog.get_logger(__name__)


class Placing:
    """Places the probes of this engine."""

    def __init__(
        self,
        judging: Judging,
        calls: Calls,
        limits: Limits,
        metrics: Metrics = UNMEASURED,
        new_id: Callable[[], str] = lambda: f"probe-{secrets.token_hex(ID_BYTES)}",
    ) -> None:
        self._judging = judging
        self._probes = judging.probes
        self._clock = judging.numbering.clock
        self._calls = calls
        self._limits = limits
        self._metrics = metrics
        self._new_id = new_id
        self._machine = ProbingMachine()
        self._enrol_ms = 0

    async def run(self) -> None:
        """Look for who is due, for ever."""
        while True:
            try:
                await self.look()
            except EngineError as error:
                log.warning("probes.not_looked_at", error=str(error))
            except Exception:  # the numbers of all organisations wait for this
                log.exception("probes.fault")
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> None:
        """See to every number that is due now; while the trunk is out, to one now and then."""
        plan = self._judging.plan
        if plan is None:
            self._metrics.probe_trunk_out(False)
            return
        await self._enrol(plan)
        outage = await self._probes.outage(plan.trunk)
        self._metrics.probe_trunk_out(outage is not None)
        at_ms = self._now_ms()
        most = 1 if outage else plan.at_once
        for health in await self._probes.due(at_ms, most, retries_first=outage is None):
            if not is_time(plan, health, at_ms, is_out=outage is not None):
                await self._put_off(plan, at_ms, outage)
                return
            if self._judging.is_line(health.e164):
                await self._claim(health, "", next_day(plan, at_ms))
            elif health.wanted_ms is not None or outage is None or outage.until_ms <= at_ms:
                await self._place(health, plan, outage)

    async def _enrol(self, plan: ProbePlan) -> None:
        """Note, every minute, who has not been probed for its holder yet, and who is no more."""
        at_ms = self._now_ms()
        if at_ms < self._enrol_ms:
            return
        for purpose in Purpose:
            if not plan.calls(purpose):
                await self._probes.dismiss(purpose)
        called = [purpose for purpose in Purpose if plan.calls(purpose)]
        found = await self._probes.strangers(called, ENROL_MOST)
        if found:
            await self._probes.enrol([enrolled(*one, plan, at_ms) for one in found])
        self._enrol_ms = at_ms + MINUTE_MS

    async def _put_off(self, plan: ProbePlan, at_ms: int, outage: Outage | None) -> None:
        """The hours are over: who has not had his turn is among the first tomorrow."""
        tries = 0 if outage else plan.tries
        numbers = await self._probes.put_off(
            at_ms, next_day(plan, at_ms), hours_ms(plan) // 2, tries
        )
        if numbers:
            self._metrics.probes_deferred(numbers)
            most, is_out = calls_a_day(plan), outage is not None
            log.warning("probes.put_off", numbers=numbers, a_day_at_most=most, trunk_out=is_out)

    async def _place(self, health: Health, plan: ProbePlan, outage: Outage | None) -> None:
        call_id = self._new_id()
        limits = _limits(plan, 1 if outage else plan.at_once)
        if await self._limits.admit(call_id, limits, ()) is not None:
            return
        at_ms = self._now_ms()
        lasts_ms = (plan.arrive_within_s + MARGIN_S) * 1000
        if not await self._claim(health, call_id, at_ms + lasts_ms):
            return
        await self._judging.awaited.expect_probe(health.e164, lasts_ms)
        self._calls.place(self._machine, machine.begin(health, call_id, plan, at_ms))

    async def _claim(self, health: Health, call_id: str, until_ms: int) -> bool:
        """Whether nobody was faster."""
        try:
            await self._probes.put(claimed(health, call_id, until_ms))
        except ConflictError:
            return False
        return True

    def _now_ms(self) -> int:
        return self._clock.now().wall_ms


def _limits(plan: ProbePlan, at_once: int) -> tuple[Limit, ...]:
    """What all engines together may place: a probe counts for as long as it may last."""
    lasts_ms = plan.arrive_within_s * 1000
    return (
        Limit("at_once", "probes:at_once", at_once, lasts_ms),
        Limit("per_minute", "probes:per_minute", plan.per_minute, MINUTE_MS),
    )
