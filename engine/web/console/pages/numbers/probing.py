"""What pages on numbers say of probes: how many numbers are called, and how often."""

from dataclasses import dataclass

from engine.core.localtime import DAY_MS
from engine.core.numbers.number import Number
from engine.core.probe import Coverage, ProbePlan, calls_a_day, days_each
from engine.web.console.asked import Asked


@dataclass(frozen=True, slots=True)
class Covered:
    """The numbers of whoever looks, and those of them that were called within a day.

    Each has its turn in so many `days`; so many numbers fit into one, `most`, which is told to the
    operator's staff alone.
    """

    coverage: Coverage
    days: int
    most: int | None


async def covered(asked: Asked) -> Covered | None:
    """None where nothing is probed."""
    plan = asked.site.inventory().probe_plan
    if plan is None:
        return None
    coverage = await _coverage(asked, asked.organisation)
    if not coverage.numbers:
        return None
    most = calls_a_day(plan) if asked.is_operators else None
    return Covered(coverage, await _days(asked, plan), most)


async def days_between(asked: Asked) -> int:
    """In how many days a number that is probed has its turn; 0: numbers are not probed now."""
    plan = asked.site.inventory().probe_plan
    return 0 if plan is None else await _days(asked, plan)


def is_left_out(asked: Asked, number: Number) -> bool:
    """Whether numbers are probed, but not this one, which is toll-free."""
    plan = asked.site.inventory().probe_plan
    return plan is not None and number.purpose is not None and not plan.calls(number.purpose)


async def _days(asked: Asked, plan: ProbePlan) -> int:
    return days_each(plan, (await _coverage(asked, None)).numbers)


async def _coverage(asked: Asked, organisation: str | None) -> Coverage:
    since_ms = asked.site.clock.now().wall_ms - DAY_MS
    return await asked.site.probes.coverage(since_ms, organisation)
