"""Web analytics that are told of tracking calls: listed with how that goes, added, deleted."""

import hashlib
from typing import Any

from engine.core.analytics.collector import Collector
from engine.core.numbers.number import Purpose, Status
from engine.errors import CallerError
from engine.ports.analytics import Standing
from engine.ports.operators import Scope
from engine.web.api.contract import NOT_FOUND, Asked, NoBody, NoQuery, Refused, Result, Route
from engine.web.api.models import write_time
from engine.web.api.tracking import collector_models as models


async def list_collectors(asked: Asked[NoQuery, NoBody]) -> Result:
    """Who is told of the organisation's calls, and how that goes."""
    found = await asked.site.collecting.of(asked.organisation)
    return models.CollectorList(collectors=[_standing(one) for one in found])


async def add_collector(asked: Asked[NoQuery, models.NewCollector]) -> Result:
    """Tell one more of calls, from the next one on; its secret is kept hidden."""
    body = asked.body
    if body.number is not None:
        number = await asked.site.numbering.number(body.number, asked.organisation)
        if number.purpose is not Purpose.TRACKING or number.status is not Status.ACTIVE:
            raise CallerError("must take tracking calls", "number")
    collector = Collector(
        collector_id=hashlib.sha256(asked.once.encode()).hexdigest()[:24],
        organisation=asked.organisation,
        program=body.program,
        place=body.place,
        url=body.url,
        number=body.number or "",
        secret=body.secret,
    )
    await asked.site.collecting.add(collector)
    return _sheet(collector)


async def delete_collector(asked: Asked[NoQuery, NoBody]) -> Result:
    """Tell one no more, nor what waits for it."""
    collector = await asked.site.collecting.find(asked.ids["collector_id"])
    if collector is None or collector.organisation != asked.organisation:
        return Refused(NOT_FOUND, "There is no such collector.")
    await asked.site.collecting.delete(asked.organisation, collector.collector_id)
    return _sheet(collector)


def _standing(standing: Standing) -> models.CollectorStanding:
    return models.CollectorStanding(
        collector=_sheet(standing.collector),
        waiting=standing.waiting,
        sent=standing.sent,
        given_up=standing.given_up,
        problem=standing.problem,
        problem_at=_time(standing.problem_ms),
        ended_at=_time(standing.ended_ms),
    )


def _time(at_ms: int | None) -> str | None:
    return None if at_ms is None else write_time(at_ms)


def _sheet(collector: Collector) -> models.CollectorSheet:
    return models.CollectorSheet(
        collector_id=collector.collector_id,
        program=collector.program,
        place=collector.place,
        url=collector.url,
        number=collector.number or None,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/tracking/collectors",
        name="listCollectors",
        summary="List who is told of tracking calls",
        scope=Scope.TRACKING_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.CollectorList,
        run=list_collectors,
    ),
    Route(
        method="POST",
        path="/tracking/collectors",
        name="addCollector",
        summary="Tell web analytics of tracking calls",
        scope=Scope.TRACKING_WRITE,
        query=NoQuery,
        body=models.NewCollector,
        answer=models.CollectorSheet,
        run=add_collector,
        status=201,
    ),
    Route(
        method="DELETE",
        path="/tracking/collectors/{collector_id}",
        name="deleteCollector",
        summary="Tell web analytics no more",
        scope=Scope.TRACKING_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=models.CollectorSheet,
        run=delete_collector,
    ),
)
