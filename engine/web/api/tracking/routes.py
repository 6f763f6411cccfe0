"""Tracking calls: reported, listed, and how they are counted and told."""

from typing import Any

from engine.core.instant import write_time
from engine.core.tracked import Terms, TrackedCall, check_terms, keys_due
from engine.flows.tracked.report import Report, Wish, report
from engine.flows.tracked.rules import Days
from engine.flows.tracked.sheet import csv_text, values
from engine.ports.operators import Scope
from engine.ports.tracked import CallPlace, ReportFilter
from engine.web.api.contract import Asked, NoBody, NoQuery, Result, Route, Sheet
from engine.web.api.tracking import models


async def show_report(asked: Asked[models.ReportQuery, NoBody]) -> Result:
    """What is known of the calls of some days, from sums: in total, by source, by time, by origin.

    A caller is new once in each key period; who withholds his number is neither new nor known.
    Of callers is told in whole months that are over, by source and month, never of small groups.
    """
    return models.TrackingReport.model_validate(values(await _report(asked)))


async def write_report(asked: Asked[models.ReportQuery, NoBody]) -> Result:
    """The same as CSV: a line for each bucket and source, or each source if no time is asked."""
    return Sheet(text=csv_text(await _report(asked)))


async def _report(asked: Asked[models.ReportQuery, NoBody]) -> Report:
    query = asked.query
    wish = Wish(
        organisation=asked.organisation,
        days=Days(query.first, query.after),
        closed=keys_due(asked.site.clock.now().wall_ms),
        bucket=query.by,
        source=query.source,
        number=query.number,
        against=query.against,
    )
    return await report(asked.site.tracked, wish)


async def list_calls(asked: Asked[models.CallsQuery, NoBody]) -> Result:
    """The calls themselves, newest first, without anything of their callers."""
    query = asked.query
    wanted = ReportFilter(
        organisation=asked.organisation,
        first=query.first,
        after=query.after,
        source=query.source,
        number=query.number,
    )
    found = await asked.site.tracked.rows(wanted, _place(query.after_place), query.limit + 1)
    page = [listed.call for listed in found[: query.limit]]
    last = page[-1] if len(found) > query.limit else None
    return models.TrackingCalls(
        calls=[_call(call) for call in page],
        next=None if last is None else f"{last.arrived_ms}-{last.call_id}",
    )


def _place(text: str | None) -> CallPlace | None:
    if text is None:
        return None
    arrived, _, call_id = text.partition("-")
    return CallPlace(int(arrived), call_id)


def _call(call: TrackedCall) -> models.TrackingCall:
    return models.TrackingCall(
        call_id=call.call_id,
        number=call.number,
        source=call.source,
        arrived=write_time(call.arrived_ms),
        outcome=call.outcome,
        ring_ms=call.ring_ms,
        talk_ms=call.talk_ms,
        target=call.target,
    )


async def show_terms(asked: Asked[NoQuery, NoBody]) -> Result:
    """How calls are counted and told."""
    return _terms(await asked.site.tracked.terms(asked.organisation))


async def change_terms(asked: Asked[NoQuery, models.TrackingTerms]) -> Result:
    """Change how calls are counted and told; what was counted stays."""
    body = asked.body
    terms = Terms(
        organisation=asked.organisation,
        callers_least=body.callers_least,
        key_months=body.key_months,
        mails=tuple(dict.fromkeys(body.mails)),
        lang=body.lang,
    )
    check_terms(terms)
    await asked.site.tracked.set_terms(terms)
    return _terms(terms)


def _terms(terms: Terms) -> models.TrackingTerms:
    told = {name: getattr(terms, name) for name in models.TrackingTerms.model_fields}
    return models.TrackingTerms.model_validate({**told, "mails": list(terms.mails)})


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/tracking/report",
        name="showTrackingReport",
        summary="Report tracking calls",
        scope=Scope.TRACKING_READ,
        query=models.ReportQuery,
        body=NoBody,
        answer=models.TrackingReport,
        run=show_report,
        exports=True,
    ),
    Route(
        method="GET",
        path="/tracking/report.csv",
        name="writeTrackingReport",
        summary="Report tracking calls as CSV",
        scope=Scope.TRACKING_READ,
        query=models.ReportQuery,
        body=NoBody,
        answer=Sheet,
        run=write_report,
    ),
    Route(
        method="GET",
        path="/tracking/calls",
        name="listTrackingCalls",
        summary="List tracking calls",
        scope=Scope.TRACKING_READ,
        query=models.CallsQuery,
        body=NoBody,
        answer=models.TrackingCalls,
        run=list_calls,
    ),
    Route(
        method="GET",
        path="/tracking/terms",
        name="showTrackingTerms",
        summary="Show how tracking calls are counted and told",
        scope=Scope.TRACKING_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.TrackingTerms,
        run=show_terms,
    ),
    Route(
        method="PUT",
        path="/tracking/terms",
        name="changeTrackingTerms",
        summary="Change how tracking calls are counted and told",
        scope=Scope.TRACKING_WRITE,
        query=NoQuery,
        body=models.TrackingTerms,
        answer=models.TrackingTerms,
        run=change_terms,
    ),
)
