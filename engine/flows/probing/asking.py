"""A probe at once, for somebody who waits for it; an engine that runs places it."""

from dataclasses import replace

from engine.core.numbers.number import Purpose
from engine.core.probe import Health, ProbePlan, enrolled
from engine.errors import CallerError, RemoteError
from engine.flows.numbers.numbering import Numbering, decided
from engine.ports.probes import Probes

LOOK_EVERY_MS = 200
PATIENCE_S = 15
"""So long beyond a probe's own time its result is waited for."""


async def ask(numbering: Numbering, probes: Probes, plan: ProbePlan, e164: str) -> Health:
    """Let a number be due at once. `CallerError` for one that is not probed."""
    purpose = (await numbering.number(e164)).purpose
    if purpose is not None and not plan.calls(purpose):
        raise CallerError("is toll-free: see toll_free under probing", "number")

    async def decide(_attempt: int) -> Health:
        at_ms, _ = numbering.now()
        for number, organisation in await probes.strangers(tuple(Purpose), 1, e164):
            await probes.enrol([enrolled(number, organisation, plan, at_ms)])
        before = await probes.health(e164)
        if before is None:
            raise CallerError("takes no calls", "number")
        after = replace(before, next_ms=at_ms, wanted_ms=at_ms, version=before.version + 1)
        await probes.put(after)
        return after

    return await decided(decide)


async def probed(numbering: Numbering, probes: Probes, plan: ProbePlan, e164: str) -> Health:
    """A number after a probe that is placed now; `RemoteError` if no engine has placed it."""
    asked = await ask(numbering, probes, plan, e164)
    wait_ms = (plan.arrive_within_s + PATIENCE_S) * 1000
    for _ in range(wait_ms // LOOK_EVERY_MS):
        now = await probes.health(e164)
        if now is not None and now.wanted_ms is None and now.version > asked.version:
            return now
        await numbering.clock.sleep(LOOK_EVERY_MS)
    raise RemoteError("no engine has placed the call: none runs, or too many are under way")
