"""To which dealers tracked numbers lead: set, read, changed, deleted; and what was before."""

from typing import Any

from engine.core.diversion.route import Route, Target, Tracking
from engine.core.inventory import Span
from engine.core.numbers.number import Purpose
from engine.flows.diversion.sheet import values, version_values
from engine.ports.operators import Scope
from engine.tracking.rules import check_number
from engine.web.api import contract
from engine.web.api.contract import CONFLICT, Asked, NoBody, NoQuery, Refused, Result
from engine.web.api.forwarding.models import Deletion, HistoryQuery, RouteDeleted, RoutesQuery
from engine.web.api.forwarding.routes import (
    NO_NUMBER,
    NO_ROUTE,
    is_held,
    number_of,
)
from engine.web.api.tracking import route_models as models


async def list_routes(asked: Asked[RoutesQuery, NoBody]) -> Result:
    """A page of the organisation's tracked numbers that lead somewhere."""
    query = asked.query
    found = await asked.site.routing.routes(
        asked.organisation, Purpose.TRACKING, query.after or "", query.limit + 1
    )
    page = found[: query.limit]
    return models.TrackingRoutes(
        routes=[_told(route) for route in page],
        next=page[-1].number if len(found) > query.limit else None,
    )


async def show_route(asked: Asked[NoQuery, NoBody]) -> Result:
    """To whom a tracked number leads now."""
    found = await _route(asked)
    return found if isinstance(found, Refused) else _told(found)


async def put_route(asked: Asked[NoQuery, models.TrackingRouteForm]) -> Result:
    """Set or change to whom a tracked number leads; it may still be on order.

    A route that has changed since the version named is a conflict, and nothing is done.
    """
    if not await is_held(asked):
        return NO_NUMBER
    body = asked.body
    terms = Tracking(
        targets=tuple(_target(target) for target in body.targets),
        ring_timeout_s=body.ring_timeout_s,
        whisper=body.whisper,
        lang=body.lang,
        timezone=body.timezone,
    )
    route = await asked.site.routing.track(
        asked.organisation, number_of(asked), terms, body.version, asked.author
    )
    return _told(route)


async def delete_route(asked: Asked[NoQuery, Deletion]) -> Result:
    """Let a tracked number lead nowhere: who calls hears ringing."""
    found = await _route(asked)
    if isinstance(found, Refused):
        return found
    number = number_of(asked)
    await asked.site.routing.delete(asked.organisation, number, asked.body.version, asked.author)
    return RouteDeleted(number=number)


async def list_versions(asked: Asked[HistoryQuery, NoBody]) -> Result:
    """To whom a tracked number led, and who changed it when; newest first."""
    query, number = asked.query, check_number(number_of(asked))
    found = await asked.site.routing.history(
        asked.organisation, number, query.before, query.limit + 1
    )
    page = found[: query.limit]
    return models.TrackingVersions(
        versions=[_version(route) for route in page],
        next=page[-1].version if len(found) > query.limit else None,
    )


async def _route(asked: Asked[Any, Any]) -> Route | Refused:
    route = await asked.site.routing.route(asked.organisation, number_of(asked))
    return route if route is not None and isinstance(route.terms, Tracking) else NO_ROUTE


def _target(form: models.TargetForm) -> Target:
    spans = tuple(
        Span(weekday=span.weekday, opens_min=_minutes(span.opens), closes_min=_minutes(span.closes))
        for span in form.spans
    )
    return Target(e164=form.number, spans=spans)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _told(route: Route) -> models.TrackingRoute:
    return models.TrackingRoute.model_validate(values(route))


def _version(route: Route) -> models.TrackingVersion:
    return models.TrackingVersion.model_validate(version_values(route))


ROUTES: tuple[contract.Route[Any, Any], ...] = (
    contract.Route(
        method="GET",
        path="/tracking/routes",
        name="listTrackingRoutes",
        summary="List to whom tracked numbers lead",
        scope=Scope.TRACKING_READ,
        query=RoutesQuery,
        body=NoBody,
        answer=models.TrackingRoutes,
        run=list_routes,
    ),
    contract.Route(
        method="GET",
        path="/tracking/routes/{number}",
        name="showTrackingRoute",
        summary="Show to whom a tracked number leads",
        scope=Scope.TRACKING_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.TrackingRoute,
        run=show_route,
    ),
    contract.Route(
        method="PUT",
        path="/tracking/routes/{number}",
        name="putTrackingRoute",
        summary="Let a tracked number lead to dealers, from the next call on",
        scope=Scope.TRACKING_WRITE,
        query=NoQuery,
        body=models.TrackingRouteForm,
        answer=models.TrackingRoute,
        run=put_route,
        refusals=(CONFLICT,),
    ),
    contract.Route(
        method="POST",
        path="/tracking/routes/{number}/delete",
        name="deleteTrackingRoute",
        summary="Let a tracked number lead nowhere",
        scope=Scope.TRACKING_WRITE,
        query=NoQuery,
        body=Deletion,
        answer=RouteDeleted,
        run=delete_route,
        refusals=(CONFLICT,),
    ),
    contract.Route(
        method="GET",
        path="/tracking/routes/{number}/versions",
        name="listTrackingVersions",
        summary="List to whom a tracked number led, and who changed it",
        scope=Scope.TRACKING_READ,
        query=HistoryQuery,
        body=NoBody,
        answer=models.TrackingVersions,
        run=list_versions,
    ),
)
