"""PayPal on this machine: Orders v2, refunds, certificates, signed webhooks, the payer's page.

Built from developer.paypal.com (Orders v2, Payments v2, Webhooks). Its certificates are made by an
authority of its own, whose root (`authority.root`) is what our side has to trust.
"""

import base64
import json
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from aiohttp import web

from engine.core.money import format_micros, parse_micros
from tests.fakes.payments.authority import Authority, Signer
from tests.fakes.payments.signed import Callback, SignedSite
from tests.fakes.payments.site import choice, page

CERTIFIED_NAME = "messageverificationcerts.paypal.com"
TOKEN_S = 32_400
CHOICES = {"pay": ("Jetzt bezahlen", "Pay now"), "cancel": ("Abbrechen", "Cancel")}

Json = dict[str, Any]


class PayPalFake(SignedSite):
    """One merchant's account.

    Orders are in `orders` by PayPal's id. `decline` names an issue (`INSTRUMENT_DECLINED`) with
    which the next captures are refused, `capture_status` how new captures stand, `captured_value`
    another amount than the order's. `tokens_asked`, `certificates_asked` count.
    """

    def __init__(self) -> None:
        self.client_id, self.client_secret = "client", "client-secret"
        self.webhook_id, self.merchant_id = "5GP028458E2496506", "PAYEE42"
        self.authority = Authority()
        self.signers: dict[str, Signer] = {"CERT-1": self.authority.issue(CERTIFIED_NAME)}
        self.orders: dict[str, Json] = {}
        self.decline = ""
        self.capture_status = "COMPLETED"
        self.captured_value = ""
        self.tokens: set[str] = set()
        self.tokens_asked = 0
        self.certificates_asked = 0
        self._answered: dict[tuple[str, str], Json] = {}
        super().__init__()

    def options(self, ca_file: str) -> dict[str, str]:
        """What an operator would write to use this account; the root lies in `ca_file`."""
        return {
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "webhook_id": self.webhook_id,
            "merchant_id": self.merchant_id,
            "base_url": self.url,
            "certificate_origin": self.url,
            "ca_file": ca_file,
        }

    def routes(self) -> Sequence[web.RouteDef]:
        """PayPal's paths; `/checkoutnow` is the payer's page."""
        return [
            web.post("/v1/oauth2/token", self._token),
            web.post("/v2/checkout/orders", self._create),
            web.get("/v2/checkout/orders/{id}", self._show),
            web.post("/v2/checkout/orders/{id}/capture", self._capture),
            web.post("/v2/payments/captures/{id}/refund", self._refund),
            web.get("/v1/notifications/certs/{name}", self._certificate),
            web.get("/checkoutnow", self._page),
            web.post("/checkoutnow", self._choice),
        ]

    # --- what happens --------------------------------------------------------------------

    def approve(self, order_ref: str) -> None:
        """The payer agrees to pay."""
        order = self.orders[order_ref]
        order["status"] = "APPROVED"
        self._event("CHECKOUT.ORDER.APPROVED", "checkout-order", order)

    def reverse_approval(self, order_ref: str) -> None:
        """Nobody captured in time: PayPal lets the payer's agreement lapse."""
        order = self.orders[order_ref]
        order["status"] = "VOIDED"
        units = [{"custom_id": unit["custom_id"]} for unit in order["purchase_units"]]
        resource = {"order_id": order_ref, "purchase_units": units}
        self._event("CHECKOUT.PAYMENT-APPROVAL.REVERSED", "payment-approval", resource)

    def capture(self, order_ref: str) -> Json:
        """Take an order's money, as its own interface does."""
        order = self.orders[order_ref]
        unit = order["purchase_units"][0]
        amount = dict(unit["amount"])
        if self.captured_value:
            amount["value"] = self.captured_value
        capture = {
            "id": _id(),
            "status": self.capture_status,
            "amount": amount,
            "custom_id": unit["custom_id"],
            "invoice_id": unit["invoice_id"],
            "payee": unit["payee"],
            "final_capture": True,
            "supplementary_data": {"related_ids": {"order_id": order_ref}},
            "create_time": _now(),
            "update_time": _now(),
        }
        capture["links"] = self._links("captures", str(capture["id"]), "checkout/orders", order_ref)
        unit["payments"] = {"captures": [capture], "refunds": []}
        order["status"] = "COMPLETED"
        self.settle(order_ref, self.capture_status)
        return capture

    def settle(self, order_ref: str, status: str) -> None:
        """A capture now stands so (PENDING, COMPLETED, DECLINED), and that is told."""
        capture = self._capture_of(order_ref)
        capture["status"] = status
        name = "DENIED" if status == "DECLINED" else status
        self._event(f"PAYMENT.CAPTURE.{name}", "capture", capture)

    def refund(self, order_ref: str, micros: int, *, event: str = "REFUNDED") -> Json:
        """Give money back; with `event="REVERSED"` a dispute takes it."""
        order = self.orders[order_ref]
        unit = order["purchase_units"][0]
        capture = self._capture_of(order_ref)
        refunds = unit["payments"]["refunds"]
        before = sum(parse_micros(r["amount"]["value"], field="") for r in refunds)
        total = before + micros
        currency = capture["amount"]["currency_code"]
        refund = {
            "id": _id(),
            "status": "COMPLETED",
            "amount": _amount(micros, currency),
            "custom_id": unit["custom_id"],
            "invoice_id": unit["invoice_id"],
            "seller_payable_breakdown": {"total_refunded_amount": _amount(total, currency)},
            "create_time": _now(),
        }
        refund["links"] = self._links(
            "refunds", str(refund["id"]), "payments/captures", capture["id"]
        )
        refunds.append(refund)
        is_all = total >= parse_micros(capture["amount"]["value"], field="")
        capture["status"] = "REFUNDED" if is_all else "PARTIALLY_REFUNDED"
        self._event(f"PAYMENT.CAPTURE.{event}", "refund", refund)
        return refund

    # --- callbacks -----------------------------------------------------------------------

    def callback(self, event: str, kind: str, resource: Json) -> Callback:
        """A signed event of PayPal's form."""
        body = {
            "id": f"WH-{_id()}-{_id()}",
            "event_version": "1.0",
            "create_time": _now(),
            "resource_type": kind,
            "resource_version": "2.0",
            "event_type": event,
            "summary": f"{event}, summed up",
            "resource": resource,
        }
        return self.signed(json.dumps(body).encode())

    def signed(
        self,
        raw: bytes,
        *,
        name: str = "CERT-1",
        at: datetime | None = None,
        webhook_id: str | None = None,
    ) -> Callback:
        """These bytes with the headers of a callback, signed by one of `signers`."""
        transmission, sent = secrets.token_hex(16), _now(at)
        signed = f"{transmission}|{sent}|{webhook_id or self.webhook_id}|{crc32(raw)}"
        signature = self.signers[name].sign(signed.encode())
        headers = {
            "content-type": "application/json",
            "paypal-transmission-id": transmission,
            "paypal-transmission-time": sent,
            "paypal-transmission-sig": base64.b64encode(signature).decode(),
            "paypal-cert-url": f"{self.url}/v1/notifications/certs/{name}",
            "paypal-auth-algo": "SHA256withRSA",
        }
        return Callback(raw, headers)

    def _event(self, event: str, kind: str, resource: Json) -> None:
        self.tell(self.callback(event, kind, resource))

    # --- the interface -------------------------------------------------------------------

    async def _token(self, request: web.Request) -> web.Response:
        self.tokens_asked += 1
        basic = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {basic}":
            return web.json_response({"error": "invalid_client"}, status=401)
        form = await request.post()
        if form.get("grant_type") != "client_credentials":
            return web.json_response({"error": "unsupported_grant_type"}, status=400)
        token = secrets.token_urlsafe()
        self.tokens.add(token)
        body = {"access_token": token, "token_type": "Bearer", "expires_in": TOKEN_S}
        return web.json_response(body)

    async def _create(self, request: web.Request) -> web.Response:
        known = self._repeated(request)
        if known is not None:
            return web.json_response(known, status=200)
        body = await request.json()
        unit = body["purchase_units"][0]
        if unit["amount"]["currency_code"] not in ("EUR", "USD", "JPY", "CHF"):
            return _refused("CURRENCY_NOT_SUPPORTED", "/purchase_units/0/amount/currency_code")
        if parse_micros(unit["amount"]["value"], field="") == 0:
            return _refused("CANNOT_BE_ZERO_OR_NEGATIVE", "/purchase_units/0/amount/value")
        order_ref = _id()
        unit["payee"] = {"merchant_id": self.merchant_id, "email_address": "payee@example.com"}
        order = {
            "id": order_ref,
            "intent": body["intent"],
            "status": "PAYER_ACTION_REQUIRED",
            "payment_source": body["payment_source"],
            "purchase_units": [{"reference_id": "default", **unit}],
            "create_time": _now(),
            "links": [
                {"rel": "self", "href": f"{self.url}/v2/checkout/orders/{order_ref}"},
                {"rel": "payer-action", "href": f"{self.url}/checkoutnow?token={order_ref}"},
            ],
        }
        self.orders[order_ref] = order
        return self._answer(request, order)

    async def _show(self, request: web.Request) -> web.Response:
        self._authorised(request)
        return web.json_response(self._order(request))

    async def _capture(self, request: web.Request) -> web.Response:
        known = self._repeated(request)
        if known is not None:
            return web.json_response(known, status=200)
        order = self._order(request)
        if order["status"] == "COMPLETED":
            return _refused("ORDER_ALREADY_CAPTURED")
        if order["status"] != "APPROVED":
            return _refused("ORDER_NOT_APPROVED")
        if self.decline:
            return _refused(self.decline)
        self.capture(order["id"])
        return self._answer(request, order)

    async def _refund(self, request: web.Request) -> web.Response:
        known = self._repeated(request)
        if known is not None:
            return web.json_response(known, status=200)
        body = await request.json()
        for order_ref, order in self.orders.items():
            captures = order["purchase_units"][0].get("payments", {}).get("captures", [])
            if any(capture["id"] == request.match_info["id"] for capture in captures):
                micros = parse_micros(body["amount"]["value"], field="")
                return self._answer(request, self.refund(order_ref, micros))
        return _unknown()

    async def _certificate(self, request: web.Request) -> web.Response:
        self.certificates_asked += 1
        signer = self.signers.get(request.match_info["name"])
        return _unknown() if signer is None else web.Response(body=signer.chain)

    # --- the payer's page ----------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        order = self.orders[request.query["token"]]
        amount = order["purchase_units"][0]["amount"]
        return page(request, "PayPal", f"{amount['value']} {amount['currency_code']}", CHOICES)

    async def _choice(self, request: web.Request) -> web.Response:
        order_ref = request.query["token"]
        places = self.orders[order_ref]["payment_source"]["paypal"]["experience_context"]
        if await choice(request) != "pay":
            raise web.HTTPSeeOther(_with(places["cancel_url"], f"token={order_ref}"))
        self.approve(order_ref)
        raise web.HTTPSeeOther(_with(places["return_url"], f"token={order_ref}&PayerID=PAYER1"))

    # --- parts ---------------------------------------------------------------------------

    def _authorised(self, request: web.Request) -> None:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind != "Bearer" or token not in self.tokens:
            raise web.HTTPUnauthorized(text='{"error":"invalid_token"}')

    def _repeated(self, request: web.Request) -> Json | None:
        """What was answered to the same `PayPal-Request-Id` on the same path before."""
        self._authorised(request)
        return self._answered.get((request.path, request.headers.get("PayPal-Request-Id", "")))

    def _answer(self, request: web.Request, body: Json) -> web.Response:
        request_id = request.headers.get("PayPal-Request-Id", "")
        if request_id:
            self._answered[request.path, request_id] = json.loads(json.dumps(body))
        return web.json_response(body, status=201)

    def _order(self, request: web.Request) -> Json:
        order = self.orders.get(request.match_info["id"])
        if order is None:
            raise web.HTTPNotFound(text='{"name":"RESOURCE_NOT_FOUND"}')
        return order

    def _capture_of(self, order_ref: str) -> Json:
        found: Json = self.orders[order_ref]["purchase_units"][0]["payments"]["captures"][0]
        return found

    def _links(self, kind: str, own: str, above: str, above_id: str) -> list[Json]:
        return [
            {"rel": "self", "method": "GET", "href": f"{self.url}/v2/payments/{kind}/{own}"},
            {"rel": "up", "method": "GET", "href": f"{self.url}/v2/{above}/{above_id}"},
        ]


def _id() -> str:
    return secrets.token_hex(9).upper()[:17]


def _now(at: datetime | None = None) -> str:
    return (at or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def _amount(micros: int, currency: str) -> Json:
    digits = 0 if currency in ("HUF", "JPY", "TWD") else 2
    return {"currency_code": currency, "value": format_micros(micros, digits)}


def _with(url: str, query: str) -> str:
    return f"{url}{'&' if '?' in url else '?'}{query}"


def _refused(issue: str, field: str = "") -> web.Response:
    detail = {"issue": issue, "field": field, "description": "described by PayPal"}
    body = {"name": "UNPROCESSABLE_ENTITY", "details": [detail], "debug_id": "b1d1f06c7246c"}
    return web.json_response(body, status=422)


def _unknown() -> web.Response:
    return web.json_response({"name": "RESOURCE_NOT_FOUND"}, status=404)
