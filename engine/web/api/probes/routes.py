"""How the organisation's numbers stand by their probes, and the probes of one."""

from typing import Any

from engine.core.instant import write_time
from engine.core.numbers.number import Status
from engine.core.probe import Health
from engine.ports.numbers import NumberFilter
from engine.ports.operators import Scope
from engine.web.api.contract import NOT_FOUND, Asked, NoBody, Refused, Result, Route
from engine.web.api.probes import models


async def list_standings(asked: Asked[models.ProbesQuery, NoBody]) -> Result:
    """A page of the organisation's active numbers that are probed: which of them can be reached.

    Toll-free numbers are probed where the operator's trunk reaches them; a page may have fewer
    lines than there are numbers.
    """
    query = asked.query
    wanted = NumberFilter(
        organisation=asked.organisation,
        status=Status.ACTIVE,
        after=query.after or "",
        most=query.limit + 1,
    )
    found = await asked.site.numbering.numbers.numbers(wanted)
    page = [number.e164 for number in found[: query.limit]]
    healths = await asked.site.probes.healths(page)
    known = [healths[e164] for e164 in page if e164 in healths]
    return models.Standings(
        numbers=[_standing(one) for one in known if one.organisation == asked.organisation],
        next=page[-1] if len(found) > query.limit else None,
    )


async def list_probes(asked: Asked[models.NumberQuery, NoBody]) -> Result:
    """The last probes of a number, newest first."""
    number = await asked.site.numbering.numbers.number(f"+{asked.ids['number']}")
    if number is None or number.organisation != asked.organisation:
        return Refused(NOT_FOUND, "There is no such number.")
    found = await asked.site.probes.history(number.e164, asked.organisation, asked.query.limit)
    return models.NumberProbes(
        probes=[
            models.ProbeSheet(
                at=write_time(one.placed_ms), result=one.result, delay_ms=one.delay_ms
            )
            for one in found
        ]
    )


def _standing(health: Health) -> models.NumberStanding:
    return models.NumberStanding(
        number=health.e164,
        standing=health.standing,
        failing_since=_time(health.failing_since_ms),
        reached=_time(health.arrived_ms),
        probed=_time(health.last_ms),
        result=health.last_result,
    )


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else write_time(at_ms)


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/probes",
        name="listProbed",
        summary="Show which numbers can be reached",
        scope=Scope.DIDS_READ,
        query=models.ProbesQuery,
        body=NoBody,
        answer=models.Standings,
        run=list_standings,
    ),
    Route(
        method="GET",
        path="/numbers/{number}/probes",
        name="listProbes",
        summary="List the probes of a number",
        scope=Scope.DIDS_READ,
        query=models.NumberQuery,
        body=NoBody,
        answer=models.NumberProbes,
        run=list_probes,
    ),
)
