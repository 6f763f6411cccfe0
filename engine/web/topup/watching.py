"""What the payer of an order watches: its status, as it changes, the way back, the receipt.

Every address holds the order's seal; without it there is no such order. A stream looks once a
second into books and store, so it tells of a callback that any engine took in; it ends by itself,
and the browser comes again.
"""

import asyncio
import json

import structlog
from aiohttp import web

from engine.core.payment import OrderStatus, PaymentOrder
from engine.errors import RemoteError
from engine.flows.payments.seals import Purpose
from engine.web.guard import SECURITY_HEADERS
from engine.web.problems import problem
from engine.web.rates import MINUTE_S, Limit, Streams
from engine.web.site import SITE, Site
from engine.web.topup import page
from engine.web.topup.receipt import receipt_of
from engine.web.topup.told import Told, tells_balance, texts_of, told_of

LOOK_EVERY_MS = 1_000
HEARTBEAT_LOOKS = 15
STREAM_LOOKS = 600
STREAMS_MOST = 200
STREAMS_OF_ADDRESS_MOST = 20
ASKS = Limit(6, MINUTE_S)
ASKS_OF_ADDRESS = Limit(60, MINUTE_S)
NO_STORE = {"Cache-Control": "no-store"}

_OVER = (OrderStatus.FAILED, OrderStatus.CANCELLED, OrderStatus.EXPIRED)
_OVER_AFTER_MS = 3_600_000

log = structlog.get_logger(__name__)


class Watching:
    """The handlers of all that is watched, and how many streams there are."""

    def __init__(self) -> None:
        self._streams = Streams()

    async def status(self, request: web.Request) -> web.Response:
        """How the order stands, once."""
        order = await _order(request)
        told = await told_of(request.app[SITE], order, _path(request))
        return web.json_response(told, headers=NO_STORE)

    async def events(self, request: web.Request) -> web.StreamResponse:
        """How the order stands, now and whenever that changes (server-sent events).

        204, which tells a browser not to come again, when nothing can change any more.
        """
        order = await _order(request)
        if _is_over(order, request.app[SITE].clock.now().wall_ms):
            return web.Response(status=204)
        address = request.app[SITE].guard.address(request)
        with self._streams.counted(address, STREAMS_MOST, STREAMS_OF_ADDRESS_MOST) as within:
            if not within:
                return problem(429, "Too many streams")
            return await _stream(request, order)

    async def back(self, request: web.Request) -> web.Response:
        """Where the provider sends the payer: it is asked at once how the order stands."""
        site = request.app[SITE]
        order = await _order(request)
        address = site.guard.address(request)
        if site.guard.allows(ASKS, "asks", order.order_id) and site.guard.allows(
            ASKS_OF_ADDRESS, "asks", address
        ):
            await site.till.ask_now(order)
        told = await told_of(site, order, _path(request))
        return page.back(site, order, told, _path(request))

    async def receipt(self, request: web.Request) -> web.Response:
        """The receipt of a paid order (PDF)."""
        site = request.app[SITE]
        order = await _order(request)
        if order.paid_ms is None:
            raise web.HTTPNotFound
        texts = texts_of(order)
        name = f"{texts('receipt_file')}-{order.order_id[:8]}.pdf"
        # A page of PDF takes longer than a call may wait.
        body = await asyncio.to_thread(receipt_of, order, _issuer(site, order), texts)
        return web.Response(
            body=body,
            content_type="application/pdf",
            headers={**NO_STORE, "Content-Disposition": f'attachment; filename="{name}"'},
        )


async def _order(request: web.Request) -> PaymentOrder:
    """The order in the address; 404 unless its seal fits, before anything is looked up."""
    site = request.app[SITE]
    order_id, seal = request.match_info["order_id"], request.match_info["watch"]
    if not site.seal.fits(Purpose.WATCH, order_id, seal):
        raise web.HTTPNotFound
    order = await site.till.orders.order(order_id)
    if order is None:
        raise web.HTTPNotFound
    return order


def _issuer(site: Site, order: PaymentOrder) -> str:
    """Who has the money: the organisation, as people read it."""
    organisations = site.inventory().organisations
    titles = (o.title for o in organisations if o.name == order.organisation)
    return next(titles, order.organisation)


def _path(request: web.Request) -> str:
    return f"/pay/{request.match_info['order_id']}/{request.match_info['watch']}"


def _is_over(order: PaymentOrder, now_ms: int) -> bool:
    """Whether there is nothing more to tell of an order."""
    if order.paid_ms is not None:
        return not tells_balance(order, now_ms)
    return order.status in _OVER and now_ms > order.created_ms + _OVER_AFTER_MS


async def _stream(request: web.Request, order: PaymentOrder) -> web.StreamResponse:
    site = request.app[SITE]
    answer = web.StreamResponse(headers={**SECURITY_HEADERS, **NO_STORE, "X-Accel-Buffering": "no"})
    answer.content_type = "text/event-stream"
    await answer.prepare(request)
    last: Told = {}
    try:
        for look in range(STREAM_LOOKS):
            told = await _look(request, order.order_id)
            if told is not None and told != last:
                await answer.write(f"event: status\ndata: {json.dumps(told)}\n\n".encode())
                last = told
            elif look % HEARTBEAT_LOOKS == HEARTBEAT_LOOKS - 1:
                await answer.write(b": still here\n\n")
            if request.transport is None or request.transport.is_closing():
                break
            await site.clock.sleep(LOOK_EVERY_MS)
    except ConnectionError:
        log.debug("watching.left", order=order.order_id)
    return answer


async def _look(request: web.Request, order_id: str) -> Told | None:
    """What is to be told now; None while books or store do not answer."""
    site = request.app[SITE]
    try:
        order = await site.till.orders.order(order_id)
        return await told_of(site, order, _path(request)) if order is not None else None
    except RemoteError as error:
        log.warning("watching.waits", order=order_id, error=str(error))
        return None
