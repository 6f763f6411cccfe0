"""paysafecard's payments as the vendor's samples use them, with the documented error numbers.

What the payer does on the page can also be done by `pay` and `become`.
"""

import itertools
import time
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from tests.fakes.payments.site import Courier, Site, choice, page

MOST = Decimal(1000)
CURRENCIES = {"EUR", "CHF", "GBP", "PLN"}
CHOICES = {
    "pay": ("PIN eingeben und bezahlen", "Enter PIN and pay"),
    "cancel": ("Abbrechen", "Cancel"),
}


@dataclass
class Payment:
    """A payment and where its payer goes on."""

    payment_id: str
    amount: Decimal
    currency: str
    success_url: str
    failure_url: str
    notification_url: str
    asked: dict[str, Any]
    status: str = "INITIATED"
    refunds: list[tuple[str, Decimal]] = field(default_factory=list)


class PaysafecardFake(Site):
    """paysafecard for one merchant.

    `is_active`, `is_known_address`: the merchant's account, his server's address. `excess`: how
    much too much a payment turns out to be. `names_payment`: whether notifications have a body.
    """

    def __init__(self, api_key: str = "psc_test") -> None:
        self.is_active = True
        self.is_known_address = True
        self.excess = Decimal(0)
        self.names_payment = True
        self.payments: dict[str, Payment] = {}
        self.api_key = api_key
        self._auth = "Basic " + b64encode(api_key.encode()).decode()
        self._count = itertools.count(1)
        super().__init__(Courier())

    def options(self) -> dict[str, str]:
        """What an operator would write to use this account."""
        return {"api_key": self.api_key, "base_url": self.url}

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/v1/payments/", self._create),
            web.get("/v1/payments/{payment}", self._retrieve),
            web.post("/v1/payments/{payment}/capture", self._capture),
            web.post("/v1/payments/{payment}/refunds", self._refund),
            web.get("/pay/{payment}", self._show),
            web.post("/pay/{payment}", self._clicked),
        ]

    def pay(self, payment_id: str) -> None:
        """The payer disposes of his cards' money, and the merchant is notified."""
        payment = self.payments[payment_id]
        payment.status = "AUTHORIZED"
        told = urlencode({"mtid": payment_id, "eventType": "ASSIGN_CARDS"}).encode()
        body = told if self.names_payment else b""
        self.courier.send(payment.notification_url, body, "application/x-www-form-urlencoded")

    def become(self, payment_id: str, status: str) -> None:
        """A payment changes its state; the merchant is not told."""
        self.payments[payment_id].status = status

    def refund(self, payment_id: str, amount: Decimal, status: str = "SUCCESS") -> None:
        """The merchant pays back, or has a refund checked only (`VALIDATION_SUCCESSFUL`)."""
        self.payments[payment_id].refunds.append((status, amount))

    async def _create(self, request: web.Request) -> web.Response:
        self._check(request)
        asked = await request.json()
        amount = Decimal(asked["amount"])
        if amount > MOST:
            return _refused(400, 4003, "The amount for this transaction exceeds the maximum amount")
        if amount <= 0:
            return _refused(400, 2029, "Amount is not valid")
        if asked["currency"] not in CURRENCIES:
            return _refused(400, 2010, "Currency is not supported")
        if not self.is_active:
            return _refused(400, 3001, "Merchant is not active")
        payment_id = f"pay_{next(self._count):010d}_{asked['currency']}"
        urls = [asked["redirect"]["success_url"], asked["redirect"]["failure_url"]]
        success, failure, notification = (
            url.replace("{payment_id}", payment_id) for url in [*urls, asked["notification_url"]]
        )
        self.payments[payment_id] = Payment(
            payment_id, amount, asked["currency"], success, failure, notification, asked
        )
        return self._told(self.payments[payment_id], 201)

    async def _retrieve(self, request: web.Request) -> web.Response:
        return self._told(self._payment(request), 200)

    async def _capture(self, request: web.Request) -> web.Response:
        payment = self._payment(request)
        if payment.status != "AUTHORIZED":
            return _refused(400, 2017, "The payment is in an invalid state")
        payment.status = "SUCCESS"
        return self._told(payment, 200)

    async def _refund(self, request: web.Request) -> web.Response:
        payment = self._payment(request)
        amount = Decimal((await request.json())["amount"])
        if payment.status != "SUCCESS":
            return _refused(400, 3180, "Original Transaction is in an invalid state")
        if amount + sum(done for _, done in payment.refunds) > payment.amount:
            return _refused(400, 3179, "The amount is invalid")
        self.refund(payment.payment_id, amount)
        return self._told(payment, 201)

    async def _show(self, request: web.Request) -> web.Response:
        payment = self.payments[request.match_info["payment"]]
        if payment.status == "INITIATED":
            payment.status = "REDIRECTED"
        return page(request, "paysafecard", f"{payment.amount} {payment.currency}", CHOICES)

    async def _clicked(self, request: web.Request) -> web.Response:
        payment = self.payments[request.match_info["payment"]]
        if await choice(request) == "pay":
            self.pay(payment.payment_id)
            raise web.HTTPSeeOther(payment.success_url)
        payment.status = "CANCELED_CUSTOMER"
        raise web.HTTPSeeOther(payment.failure_url)

    def _check(self, request: web.Request) -> None:
        if not self.is_known_address:
            raise web.HTTPForbidden
        if request.headers.get("Authorization") != self._auth:
            raise web.HTTPUnauthorized

    def _payment(self, request: web.Request) -> Payment:
        self._check(request)
        payment = self.payments.get(request.match_info["payment"])
        if payment is None:
            told = '{"code":"payment_unknown","message":"payment id is unknown","number":2002}'
            raise web.HTTPNotFound(text=told, content_type="application/json")
        return payment

    def _told(self, payment: Payment, status: int) -> web.Response:
        """As JSON with plain numbers, which is how paysafecard writes amounts."""
        told = {
            "object": "PAYMENT",
            "id": payment.payment_id,
            "created": time.time_ns() // 1_000_000,
            "updated": time.time_ns() // 1_000_000,
            "amount": float(payment.amount + self.excess),
            "currency": payment.currency,
            "status": payment.status,
            "type": "PAYSAFECARD",
            "redirect": {
                "success_url": payment.success_url,
                "failure_url": payment.failure_url,
                "auth_url": f"{self.url}/pay/{payment.payment_id}",
            },
            "customer": payment.asked["customer"],
            "notification_url": payment.notification_url,
            "refunds": [
                {"status": state, "amount": float(amount), "currency": payment.currency}
                for state, amount in payment.refunds
            ],
        }
        return web.json_response(told, status=status)


def _refused(status: int, number: int, message: str) -> web.Response:
    return web.json_response({"message": message, "number": number}, status=status)
