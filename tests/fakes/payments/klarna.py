"""Klarna as it is documented: payment sessions, hosted page, placing orders, order management.

Left out: what a top-up does not use (addresses, other methods of payment, settlements, disputes).
What the payer does on the page can also be done by `pay`, `cancel` and `become`.
"""

import asyncio
import itertools
import json
import uuid
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.fakes.payments.site import Courier, Site, choice, page

CURRENCY_OF = {"DE": "EUR", "AT": "EUR", "CH": "CHF", "GB": "GBP"}
CHOICES = {
    "pay": ("Jetzt bezahlen", "Pay now"),
    "decline": ("Ablehnen lassen", "Be declined"),
    "cancel": ("Abbrechen", "Cancel"),
}
_TIME = "2026-11-21T10:00:00.000Z"


@dataclass
class Session:
    """A page (HPP session) and the purchase that it shows."""

    session_id: str
    purchase: dict[str, Any]
    urls: dict[str, str]
    options: dict[str, Any]
    status: str = "WAITING"
    token: str = ""
    order_id: str = ""


@dataclass
class Order:
    """An order in Order Management; amounts in minor units."""

    order_id: str
    purchase: dict[str, Any]
    status: str = "AUTHORIZED"
    fraud_status: str = "ACCEPTED"
    captured: int = 0
    refunded: int = 0
    captures: list[int] = field(default_factory=list)


class KlarnaFake(Site):
    """Klarna for one merchant.

    `fraud_status`: of orders placed from now on. `auto_captures`: whether the account may capture
    at once. `excess`: by how many minor units too much is captured. `names_order`: whether a
    session tells its order. `gate`: if set, placing waits for it (`is_placing` tells when), and the
    same again is a conflict.
    """

    def __init__(self, username: str = "PK1_user", password: str = "pass") -> None:
        self.fraud_status = "ACCEPTED"
        self.auto_captures = True
        self.excess = 0
        self.names_order = True
        self.gate: asyncio.Event | None = None
        self.is_placing = asyncio.Event()
        self.sessions: dict[str, Session] = {}
        self.orders: dict[str, Order] = {}
        self._purchases: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, tuple[int, Any]] = {}
        self._placing: set[str] = set()
        self.username = username
        self.password = password
        self._auth = "Basic " + b64encode(f"{username}:{password}".encode()).decode()
        self._count = itertools.count(1)
        super().__init__(Courier(retries=3))

    def options(self) -> dict[str, str]:
        """What an operator would write to use this account."""
        return {"username": self.username, "password": self.password, "base_url": self.url}

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/payments/v1/sessions", self._open_session),
            web.post("/hpp/v1/sessions", self._open_page),
            web.get("/hpp/v1/sessions/{session}", self._read_page),
            web.post("/payments/v1/authorizations/{token}/order", self._place),
            web.get("/ordermanagement/v1/orders/{order}", self._read_order),
            web.post("/ordermanagement/v1/orders/{order}/captures", self._capture),
            web.post("/ordermanagement/v1/orders/{order}/refunds", self._refund),
            web.get("/pay/{session}", self._show),
            web.post("/pay/{session}", self._clicked),
        ]

    def pay(self, session_id: str) -> None:
        """The payer agrees."""
        self.sessions[session_id].token = str(uuid.uuid4())
        self.become(session_id, "COMPLETED")

    def become(self, session_id: str, status: str) -> None:
        """A session changes its status, and the merchant is told."""
        session = self.sessions[session_id]
        session.status = status
        told = {"event_id": str(uuid.uuid4()), "session": _shown(session)}
        body = json.dumps(told).encode()
        self.courier.send(session.urls["status_update"], body, "application/json")

    def lapse(self, session_id: str) -> None:
        """An agreement that was not used within its hour."""
        self.sessions[session_id].token = "lapsed"

    def refund(self, order_id: str, amount: int) -> None:
        """The merchant pays back so many minor units, in Klarna's portal."""
        self.orders[order_id].refunded += amount

    async def _open_session(self, request: web.Request) -> web.Response:
        body, known = await self._received(request)
        if known is not None:
            return known
        currency = CURRENCY_OF.get(body["purchase_country"])
        if body["purchase_currency"] != currency:
            return _refused(400, "BAD_VALUE", "Bad value: purchase_currency")
        if (
            not 0
            < body["order_amount"]
            == sum(line["total_amount"] for line in body["order_lines"])
        ):
            return _refused(400, "BAD_VALUE", "Bad value: order_amount")
        if body["order_amount"] > 1_000_000:
            return _refused(400, "BAD_VALUE", "Bad value: order_amount is above the limit")
        session_id = str(uuid.uuid4())
        self._purchases[session_id] = body
        return self._answer(request, 200, {"session_id": session_id, "client_token": "eyJ"})

    async def _open_page(self, request: web.Request) -> web.Response:
        body, known = await self._received(request)
        if known is not None:
            return known
        base, _, payment_session = body["payment_session_url"].rpartition("/")
        if base != f"{self.url}/payments/v1/sessions" or payment_session not in self._purchases:
            return _refused(400, "BAD_VALUE", "Bad value: payment_session_url")
        session = Session(
            str(uuid.uuid4()),
            self._purchases[payment_session],
            body["merchant_urls"],
            body["options"],
        )
        self.sessions[session.session_id] = session
        url = f"{self.url}/pay/{session.session_id}"
        shown = {"session_id": session.session_id, "redirect_url": url, "expires_at": _TIME}
        return self._answer(request, 201, shown)

    async def _read_page(self, request: web.Request) -> web.Response:
        self._check(request)
        session = self.sessions.get(request.match_info["session"])
        if session is None:
            return _refused(404, "NOT_FOUND", "No such session")
        shown = _shown(session)
        if session.order_id and self.names_order:
            shown["order_id"] = session.order_id
        return web.json_response(shown)

    async def _place(self, request: web.Request) -> web.Response:
        key = request.headers["Klarna-Idempotency-Key"]
        if key in self._placing:
            return _refused(409, "CONFLICT", "This order is being placed")
        body, known = await self._received(request)
        if known is not None:
            return known
        token = request.match_info["token"]
        session = next((s for s in self.sessions.values() if s.token == token), None)
        if session is None or session.order_id or token == "lapsed":
            return _refused(404, "NOT_FOUND", "Invalid authorization token")
        if body["order_amount"] != session.purchase["order_amount"]:
            return _refused(400, "BAD_VALUE", "Not matching fields: [order_amount]")
        if self.gate is not None:
            self._placing.add(key)
            self.is_placing.set()
            await self.gate.wait()
            self._placing.discard(key)
        order = Order(f"klarna-order-{next(self._count)}", body, fraud_status=self.fraud_status)
        self.orders[order.order_id] = order
        session.order_id = order.order_id
        if body["auto_capture"] and self.auto_captures and order.fraud_status == "ACCEPTED":
            self._take(order)
        placed = {"order_id": order.order_id, "fraud_status": order.fraud_status}
        return self._answer(request, 200, placed)

    async def _read_order(self, request: web.Request) -> web.Response:
        self._check(request)
        order = self.orders.get(request.match_info["order"])
        if order is None:
            return _refused(404, "NO_SUCH_ORDER", "No such order")
        return web.json_response(
            {
                "order_id": order.order_id,
                "status": order.status,
                "fraud_status": order.fraud_status,
                "order_amount": order.purchase["order_amount"],
                "original_order_amount": order.purchase["order_amount"],
                "captured_amount": order.captured,
                "refunded_amount": order.refunded,
                "purchase_currency": order.purchase["purchase_currency"],
                "merchant_reference1": order.purchase["merchant_reference1"],
                "captures": [
                    {"captured_amount": amount, "captured_at": _TIME} for amount in order.captures
                ],
            }
        )

    async def _capture(self, request: web.Request) -> web.Response:
        body, known = await self._received(request)
        if known is not None:
            return known
        order = self.orders[request.match_info["order"]]
        if order.captured or body["captured_amount"] > order.purchase["order_amount"]:
            return _refused(403, "CAPTURE_NOT_ALLOWED", "Not allowed")
        self._take(order)
        return self._answer(request, 201, None)

    async def _refund(self, request: web.Request) -> web.Response:
        body, known = await self._received(request)
        if known is not None:
            return known
        order = self.orders[request.match_info["order"]]
        if order.refunded + body["refunded_amount"] > order.captured:
            return _refused(403, "REFUND_NOT_ALLOWED", "Not allowed")
        self.refund(order.order_id, body["refunded_amount"])
        return self._answer(request, 201, None)

    async def _show(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["session"]]
        if session.status == "WAITING":
            self.become(session.session_id, "IN_PROGRESS")
        purchase = session.purchase
        amount = f"{purchase['order_amount'] / 100:.2f} {purchase['purchase_currency']}"
        return page(request, "Klarna", amount, CHOICES)

    async def _clicked(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["session"]]
        match await choice(request):
            case "pay":
                self.pay(session.session_id)
                raise web.HTTPSeeOther(session.urls["success"])
            case "decline":
                self.become(session.session_id, "FAILED")
                raise web.HTTPSeeOther(session.urls["failure"])
            case _:
                self.become(session.session_id, "CANCELLED")
                raise web.HTTPSeeOther(session.urls["cancel"])

    def _take(self, order: Order) -> None:
        order.captured = order.purchase["order_amount"] + self.excess
        order.captures.append(order.captured)
        order.status = "CAPTURED"

    def _check(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != self._auth:
            raise web.HTTPUnauthorized

    async def _received(self, request: web.Request) -> tuple[dict[str, Any], web.Response | None]:
        """A POST's body, and the answer to the same one before."""
        self._check(request)
        known = self._answers.get(request.headers["Klarna-Idempotency-Key"])
        body: dict[str, Any] = await request.json()
        return body, None if known is None else _json(*known)

    def _answer(self, request: web.Request, status: int, body: Any) -> web.Response:
        self._answers[request.headers["Klarna-Idempotency-Key"]] = (status, body)
        return _json(status, body)


def _shown(session: Session) -> dict[str, Any]:
    shown = {"session_id": session.session_id, "status": session.status}
    if session.status == "COMPLETED":
        shown["authorization_token"] = session.token
    return {**shown, "updated_at": _TIME, "expires_at": _TIME}


def _json(status: int, body: Any) -> web.Response:
    return web.Response(status=status) if body is None else web.json_response(body, status=status)


def _refused(status: int, code: str, message: str) -> web.Response:
    told = {"error_code": code, "error_messages": [message], "correlation_id": str(uuid.uuid4())}
    return web.json_response(told, status=status)
