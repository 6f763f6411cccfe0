"""Where toll-free numbers are forwarded: set, read, changed, deleted; and the calls' log."""

from dataclasses import replace
from typing import Any

from engine.core.diversion import record
from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import Forwarding, Policy, Route
from engine.core.money import format_shortest, parse_micros
from engine.core.numbers.number import Purpose
from engine.errors import CallerError
from engine.flows.diversion.sheet import values, version_values
from engine.forwarding.rules import check_number, checked
from engine.ports.diversion import ForwardedFilter
from engine.ports.operators import Scope
from engine.web.api import contract
from engine.web.api import models as wire
from engine.web.api.contract import (
    CONFLICT,
    NOT_FOUND,
    Asked,
    NoBody,
    NoQuery,
    Refused,
    Result,
)
from engine.web.api.forwarding import models

NO_NUMBER = Refused(NOT_FOUND, "There is no such number.")
NO_ROUTE = Refused(NOT_FOUND, "The number has no route.")


def number_of(asked: Asked[Any, Any]) -> str:
    """The number that the path names, without its +."""
    return f"+{asked.ids['number']}"


async def is_held(asked: Asked[Any, Any]) -> bool:
    """Whether the number that the path names is the organisation's."""
    found = await asked.site.numbering.numbers.number(number_of(asked))
    return found is not None and found.is_held and found.organisation == asked.organisation


async def list_routes(asked: Asked[models.RoutesQuery, NoBody]) -> Result:
    """A page of the organisation's routes, by number."""
    query = asked.query
    found = await asked.site.routing.routes(
        asked.organisation, Purpose.FORWARDING, query.after or "", query.limit + 1
    )
    page = found[: query.limit]
    return models.ForwardingRoutes(
        routes=[_told(route) for route in page],
        next=page[-1].number if len(found) > query.limit else None,
    )


async def show_route(asked: Asked[NoQuery, NoBody]) -> Result:
    """Where a number is forwarded now."""
    found = await _route(asked)
    return found if isinstance(found, Refused) else _told(found)


async def put_route(asked: Asked[NoQuery, models.RouteForm]) -> Result:
    """Set or change where a number is forwarded; it may still be on order.

    A target must be a US number and none that costs extra, nor lead back to the number. A route
    that has changed since the version named is a conflict, and nothing is done. A cap of costs
    that is not mentioned stays, for a program may not know of it; null takes it out. With other
    targets it has to be mentioned, since their minutes have other prices.
    """
    if not await is_held(asked):
        return NO_NUMBER
    body = asked.body
    terms = Forwarding(
        targets=tuple(body.targets),
        ring_timeout_s=body.ring_timeout_s,
        policy=Policy(**body.policy.model_dump()),
        caps=_caps(body.caps),
        timezone=body.timezone,
    )
    if "cost" not in body.caps.model_fields_set:
        terms = await _with_cost(asked, terms)
    route = await asked.site.routing.forward(
        asked.organisation, number_of(asked), terms, body.version, asked.author
    )
    return _told(route)


async def _with_cost(asked: Asked[Any, Any], terms: Forwarding) -> Forwarding:
    """The terms with the cap of costs that is in force."""
    found = await _route(asked)
    present = None if isinstance(found, Refused) else found.terms
    if not isinstance(present, Forwarding) or present.caps.cost is None:
        return terms
    if checked(number_of(asked), terms).targets != present.targets:
        raise CallerError("must be named, or null, where the targets change", "caps.cost")
    return replace(terms, caps=replace(terms.caps, cost=present.caps.cost))


def _caps(body: models.CapsForm) -> Caps:
    caps = Caps(**body.model_dump(exclude={"cost"}))
    return caps if body.cost is None else replace(caps, cost=_cost(body.cost))


def _cost(body: models.CostForm) -> Cost:
    return Cost(
        currency=body.currency,
        minute_micros=tuple(
            parse_micros(price, field=f"caps.cost.minute_prices.{place}")
            for place, price in enumerate(body.minute_prices)
        ),
        a_day_micros=parse_micros(body.a_day, field="caps.cost.a_day"),
        a_month_micros=parse_micros(body.a_month, field="caps.cost.a_month"),
    )


async def delete_route(asked: Asked[NoQuery, models.Deletion]) -> Result:
    """Forward a number no more: who calls hears ringing, and the old target is not called."""
    found = await _route(asked)
    if isinstance(found, Refused):
        return found
    number = number_of(asked)
    await asked.site.routing.delete(asked.organisation, number, asked.body.version, asked.author)
    return models.RouteDeleted(number=number)


async def list_versions(asked: Asked[models.HistoryQuery, NoBody]) -> Result:
    """What a number's route was, and who changed it when; newest first."""
    query, number = asked.query, check_number(number_of(asked))
    found = await asked.site.routing.history(
        asked.organisation, number, query.before, query.limit + 1
    )
    page = found[: query.limit]
    return models.RouteVersions(
        versions=[_version(route) for route in page],
        next=page[-1].version if len(found) > query.limit else None,
    )


async def list_calls(asked: Asked[models.ForwardedQuery, NoBody]) -> Result:
    """The log of calls that are over, newest first: it shows that a number can be reached."""
    query = asked.query
    wanted = ForwardedFilter(
        organisation=asked.organisation,
        number=query.number,
        before=query.after,
        most=query.limit + 1,
    )
    found = await asked.site.routing.calls(wanted)
    page = found[: query.limit]
    return models.ForwardedCalls(
        calls=[_call(call) for call in page],
        next=page[-1].call_id if len(found) > query.limit else None,
    )


async def _route(asked: Asked[Any, Any]) -> Route | Refused:
    route = await asked.site.routing.route(asked.organisation, number_of(asked))
    return route if route is not None and isinstance(route.terms, Forwarding) else NO_ROUTE


def _told(route: Route) -> models.ForwardingRoute:
    return models.ForwardingRoute.model_validate(values(route))


def _version(route: Route) -> models.RouteVersion:
    return models.RouteVersion.model_validate(version_values(route))


def _call(call: record.ForwardedCall) -> models.ForwardedCall:
    assert call.outcome is not None
    assert call.ended_ms is not None
    return models.ForwardedCall(
        call_id=call.call_id,
        number=call.number,
        route_version=call.route_version,
        caller=call.caller,
        caller_class=call.caller_class,
        target=call.target,
        outcome=call.outcome,
        arrived=wire.write_time(call.arrived_ms),
        joined=wire.write_time(call.joined_ms) if call.joined_ms is not None else None,
        ended=wire.write_time(call.ended_ms),
        talk_s=call.talk_ms // 1000,
        cap=call.cap,
        cost=format_shortest(call.cost_micros) if call.currency else None,
        currency=call.currency or None,
    )


ROUTES: tuple[contract.Route[Any, Any], ...] = (
    contract.Route(
        method="GET",
        path="/forwarding/routes",
        name="listForwardingRoutes",
        summary="List where toll-free numbers are forwarded",
        scope=Scope.FORWARDING_READ,
        query=models.RoutesQuery,
        body=NoBody,
        answer=models.ForwardingRoutes,
        run=list_routes,
    ),
    contract.Route(
        method="GET",
        path="/forwarding/routes/{number}",
        name="showForwardingRoute",
        summary="Show where a toll-free number is forwarded",
        scope=Scope.FORWARDING_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.ForwardingRoute,
        run=show_route,
    ),
    contract.Route(
        method="PUT",
        path="/forwarding/routes/{number}",
        name="putForwardingRoute",
        summary="Forward a toll-free number, from the next call on",
        scope=Scope.FORWARDING_WRITE,
        query=NoQuery,
        body=models.RouteForm,
        answer=models.ForwardingRoute,
        run=put_route,
        refusals=(CONFLICT,),
    ),
    contract.Route(
        method="POST",
        path="/forwarding/routes/{number}/delete",
        name="deleteForwardingRoute",
        summary="Forward a toll-free number no more",
        scope=Scope.FORWARDING_WRITE,
        query=NoQuery,
        body=models.Deletion,
        answer=models.RouteDeleted,
        run=delete_route,
        refusals=(CONFLICT,),
    ),
    contract.Route(
        method="GET",
        path="/forwarding/routes/{number}/versions",
        name="listForwardingVersions",
        summary="List what a number's route was, and who changed it",
        scope=Scope.FORWARDING_READ,
        query=models.HistoryQuery,
        body=NoBody,
        answer=models.RouteVersions,
        run=list_versions,
    ),
    contract.Route(
        method="GET",
        path="/forwarding/calls",
        name="listForwardedCalls",
        summary="List the calls to forwarded numbers, newest first",
        scope=Scope.FORWARDING_READ,
        query=models.ForwardedQuery,
        body=NoBody,
        answer=models.ForwardedCalls,
        run=list_calls,
    ),
)
