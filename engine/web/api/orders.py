"""Payment orders: listed, begun, and confirmed where money comes by hand."""

from typing import Any

from engine.core.money import format_shortest, parse_micros
from engine.core.payment import PaymentOrder
from engine.errors import CallerError
from engine.flows.payments.till import Wish
from engine.ports.operators import Scope
from engine.ports.orders import OrderFilter
from engine.web.api import models
from engine.web.api.contract import NOT_FOUND, Asked, NoBody, NoQuery, Refused, Result, Route

_NOT_THERE = Refused(NOT_FOUND, "There is no such order.")


async def _order(asked: Asked[models.Form, models.Form], order_id: str) -> PaymentOrder | None:
    """The order with this id, if it is the organisation's."""
    order = await asked.site.till.orders.order(order_id)
    return order if order is not None and order.organisation == asked.organisation else None


async def list_orders(asked: Asked[models.OrdersQuery, NoBody]) -> Result:
    """A page of orders, newest first."""
    query = asked.query
    if query.after is not None and await _order(asked, query.after) is None:
        raise CallerError("is no `next` of a page", "after")
    wanted = OrderFilter(
        organisation=asked.organisation,
        profile=query.profile,
        account_id=query.account_id,
        status=query.status,
        before=query.after,
        most=query.limit + 1,
    )
    found = await asked.site.till.orders.orders(wanted)
    page = found[: query.limit]
    return models.Orders(
        orders=[_shown(order) for order in page],
        next=page[-1].order_id if len(found) > query.limit else None,
    )


async def show_order(asked: Asked[NoQuery, NoBody]) -> Result:
    """One order."""
    order = await _order(asked, asked.ids["order_id"])
    return _NOT_THERE if order is None else _shown(order)


async def begin_order(asked: Asked[NoQuery, models.NewOrder]) -> Result:
    """Begin a payment; its answer says where the payer goes on."""
    body = asked.body
    profile = asked.site.inventory().profile(body.profile)
    if profile is None or profile.organisation != asked.organisation:
        raise CallerError("there is no such billing profile", "profile")
    wish = Wish(
        profile=body.profile,
        provider=body.provider,
        e164=body.number,
        pay_micros=parse_micros(body.amount, field="amount"),
        lang=body.lang,
    )
    begun = await asked.site.till.begin(wish)
    return models.BegunOrder(order=_shown(begun.order), redirect_url=begun.url)


async def confirm_order(asked: Asked[NoQuery, NoBody]) -> Result:
    """The money of a manual order has come."""
    order = await _order(asked, asked.ids["order_id"])
    if order is None:
        return _NOT_THERE
    return _shown(await asked.site.till.confirm(order.order_id, asked.author))


def _shown(order: PaymentOrder) -> models.Order:
    return models.Order(
        order_id=order.order_id,
        profile=order.profile,
        provider=order.provider,
        account_id=order.account_id,
        currency=order.currency,
        amount=format_shortest(order.amount_micros),
        bonus=format_shortest(order.bonus_micros),
        taken_back=format_shortest(order.taken_back_micros),
        status=order.status,
        lang=order.lang,
        created=models.write_time(order.created_ms),
        paid=models.write_time(order.paid_ms) if order.paid_ms is not None else None,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/orders",
        name="listOrders",
        summary="List payment orders, newest first",
        scope=Scope.ORDERS_READ,
        query=models.OrdersQuery,
        body=NoBody,
        answer=models.Orders,
        run=list_orders,
    ),
    Route(
        method="POST",
        path="/orders",
        name="beginOrder",
        summary="Begin a payment order",
        scope=Scope.ORDERS_WRITE,
        query=NoQuery,
        body=models.NewOrder,
        answer=models.BegunOrder,
        run=begin_order,
        status=201,
    ),
    Route(
        method="GET",
        path="/orders/{order_id}",
        name="showOrder",
        summary="Show a payment order",
        scope=Scope.ORDERS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.Order,
        run=show_order,
    ),
    Route(
        method="POST",
        path="/orders/{order_id}/confirm",
        name="confirmOrder",
        summary="Say that the money of a manual order has come",
        scope=Scope.MONEY_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=models.Order,
        run=confirm_order,
    ),
)
