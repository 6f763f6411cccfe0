"""What probes show, written down and told: a number dead or alive again, a trunk that is out."""

from collections.abc import Callable
from dataclasses import replace

import structlog

from engine.core.inventory import Inventory
from engine.core.probe import (
    Health,
    Others,
    Outage,
    Probe,
    ProbePlan,
    Result,
    judged,
    outage_of,
    told,
    wants_witness,
)
from engine.flows.numbers.numbering import Numbering, decided, local_day
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.numbers import Commit
from engine.ports.probes import Awaited, Finding, Probes

AUTHOR = "engine"

log = structlog.get_logger(__name__)


class Judging:
    """The probes of all engines: which calls they are, and what comes of them."""

    def __init__(
        self,
        probes: Probes,
        awaited: Awaited,
        numbering: Numbering,
        inventory: Callable[[], Inventory],
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self.probes = probes
        self.awaited = awaited
        self.numbering = numbering
        self._inventory = inventory
        self._metrics = metrics

    @property
    def plan(self) -> ProbePlan | None:
        """How numbers are probed now; None: they are not."""
        return self._inventory().probe_plan

    def is_line(self, e164: str) -> bool:
        """Whether a service answers the number: a call to it would be that service's."""
        return self._inventory().service_of(e164) is not None

    async def is_probe(self, e164: str) -> bool:
        """Whether a call that shows the house's own number is a probe that has come back."""
        at_ms, _ = self.numbering.now()
        is_ours = await self.awaited.note_arrival(e164, at_ms)
        if is_ours:
            log.info("probe.arrived", did=e164)
        return is_ours

    async def told(self, probe: Probe) -> None:
        """A probe is over, and this is what its leg has shown; that it arrived is in the store."""
        arrived_ms = await self.awaited.arrival(probe.e164)
        if arrived_ms is not None:
            delay_ms = max(0, arrived_ms - probe.placed_ms)
            probe = replace(probe, result=Result.ARRIVED, delay_ms=delay_ms)

        async def decide(_attempt: int) -> None:
            await self._judge(probe)

        await decided(decide)

    async def _judge(self, probe: Probe) -> None:
        plan, before = self.plan, await self.probes.health(probe.e164)
        if plan is None or before is None or before.call_id != probe.call_id:
            log.warning("probe.not_judged", did=probe.e164, probe=probe.call_id)
            return
        others = await self.probes.others(probe.e164)
        after = judged(before, probe, others, plan)
        finding = Finding(
            health=after,
            probe=probe,
            outage=await self._outage(after, others, plan),
            works=plan.trunk if probe.result is Result.ARRIVED else None,
            telling=await self._telling(before, after),
        )
        is_news = await self.probes.note(finding)
        self._metrics.probed(probe.result)
        _log(finding, is_news=is_news)
        if finding.outage is None and wants_witness(after, others):
            at_ms, _ = self.numbering.now()
            await self.probes.wake_witness(after.e164, at_ms)

    async def _outage(self, after: Health, others: Others, plan: ProbePlan) -> Outage | None:
        if after.last_result is Result.ARRIVED:
            return None
        return outage_of(after, others, plan, await self.probes.outage(plan.trunk))

    async def _telling(self, before: Health, after: Health) -> Commit | None:
        """What lets the number's holder know, if there is anything to be told."""
        at_ms, _ = self.numbering.now()
        notice = told(before, after, local_day(at_ms))
        if notice is None:
            return None
        return await self.numbering.mailed(Commit(author=AUTHOR, at_ms=at_ms, notices=(notice,)))


def _log(finding: Finding, *, is_news: bool) -> None:
    """Tell the operator of a probe, what its number's holder was told, and of the trunk."""
    probe, outage = finding.probe, finding.outage
    log.info(
        "probe.judged",
        did=probe.e164,
        result=probe.result,
        delay_ms=probe.delay_ms,
        standing=finding.health.standing,
    )
    for notice in finding.telling.notices if finding.telling else ():
        log.warning("number.told", did=probe.e164, kind=notice.kind, why=notice.detail)
    if is_news and outage is not None:
        log.error("probes.trunk_out", trunk=outage.trunk, since_ms=outage.since_ms)
    elif is_news:
        log.warning("probes.trunk_works", trunk=finding.works)
