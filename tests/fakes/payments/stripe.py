"""Stripe on this machine: Checkout sessions, disputes, signed webhooks, the payer's page.

Built from docs.stripe.com (Checkout sessions, disputes, webhook signatures, idempotent requests).
"""

import hmac
import json
import secrets
import time
from collections.abc import Sequence
from typing import Any

from aiohttp import web

from engine.core.money import format_micros
from tests.fakes.payments.signed import Callback, SignedSite
from tests.fakes.payments.site import choice, page

CHOICES = {"pay": ("Bezahlen", "Pay"), "cancel": ("Zurück", "Back")}

_DIGITS = {"eur": 2, "usd": 2, "jpy": 0, "kwd": 3}

Json = dict[str, Any]


class StripeFake(SignedSite):
    """One account.

    Sessions are in `sessions`, their payments in `intents`, then `refunds` and `disputes`. With
    `is_slow` a payment completes its session but arrives only when `settle` says so.
    `charged_minor` is another amount than the session's.
    """

    def __init__(self) -> None:
        self.api_key, self.webhook_secret = "sk_test_rehearsal", "whsec_rehearsal"
        self.sessions: dict[str, Json] = {}
        self.intents: dict[str, Json] = {}
        self.disputes: list[Json] = []
        self.refunds: list[Json] = []
        self.is_slow = False
        self.charged_minor: int | None = None
        self.account = ""
        self._answered: dict[str, tuple[bytes, Json]] = {}
        super().__init__()

    def options(self) -> dict[str, str]:
        """What an operator would write to use this account."""
        return {
            "api_key": self.api_key,
            "webhook_secret": self.webhook_secret,
            "base_url": self.url,
        }

    def routes(self) -> Sequence[web.RouteDef]:
        """Stripe's paths; `/c/pay/<session>` is the payer's page."""
        return [
            web.post("/v1/checkout/sessions", self._create),
            web.get("/v1/checkout/sessions/{id}", self._show),
            web.get("/v1/disputes", self._disputes),
            web.get("/v1/refunds", self._refunds),
            web.get("/c/pay/{id}", self._page),
            web.post("/c/pay/{id}", self._choice),
        ]

    # --- what happens --------------------------------------------------------------------

    def pay(self, session_ref: str) -> None:
        """The payer pays on the session's page."""
        session = self.sessions[session_ref]
        if self.charged_minor is not None:
            session["amount_total"] = self.charged_minor
        intent_ref = _id("pi")
        self.intents[intent_ref] = {
            "id": intent_ref,
            "object": "payment_intent",
            "status": "processing",
            "amount": session["amount_total"],
            "currency": session["currency"],
            "metadata": session["intent_metadata"],
            "latest_charge": None,
        }
        session |= {"status": "complete", "payment_intent": intent_ref}
        if not self.is_slow:
            self._charge(session)
        self._event("checkout.session.completed", _shown(session))

    def settle(self, session_ref: str, *, succeeds: bool) -> None:
        """The money of a slow payment arrives, or does not."""
        session = self.sessions[session_ref]
        if succeeds:
            self._charge(session)
        else:
            self.intents[session["payment_intent"]]["status"] = "requires_payment_method"
        name = "succeeded" if succeeds else "failed"
        self._event(f"checkout.session.async_payment_{name}", _shown(session))

    def expire(self, session_ref: str) -> None:
        """Nobody has paid in time."""
        session = self.sessions[session_ref]
        session["status"] = "expired"
        self._event("checkout.session.expired", _shown(session))

    def refund(self, session_ref: str, minor: int) -> Json:
        """Give back an amount in minor units."""
        charge = self._charge_of(session_ref)
        refund = {
            "id": _id("re"),
            "object": "refund",
            "amount": minor,
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "status": "succeeded",
        }
        self.refunds.append(refund)
        self._refund_by(charge, minor)
        self._event("charge.refunded", charge)
        return refund

    def fail_refund(self, session_ref: str, refund: Json) -> None:
        """The payer's bank does not take a refund, which comes back."""
        refund["status"] = "failed"
        self._refund_by(self._charge_of(session_ref), -refund["amount"])
        self._event("refund.failed", refund)

    def dispute(self, session_ref: str, minor: int) -> Json:
        """A payer's bank takes back an amount in minor units."""
        charge = self._charge_of(session_ref)
        charge["disputed"] = True
        dispute = {
            "id": _id("dp"),
            "object": "dispute",
            "amount": minor,
            "currency": charge["currency"],
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "created": int(time.time()),
            "status": "needs_response",
            "metadata": {},
            "balance_transactions": [{"id": _id("txn"), "amount": -minor}],
        }
        self.disputes.append(dispute)
        self._event("charge.dispute.funds_withdrawn", dispute)
        return dispute

    def win(self, dispute: Json) -> None:
        """The bank gives the money of a dispute back."""
        dispute["status"] = "won"
        dispute["balance_transactions"].append({"id": _id("txn"), "amount": dispute["amount"]})
        self._event("charge.dispute.funds_reinstated", dispute)

    # --- callbacks -----------------------------------------------------------------------

    def callback(self, event: str, about: Json) -> Callback:
        """A signed event of Stripe's form."""
        body = {
            "id": _id("evt"),
            "object": "event",
            "type": event,
            "created": int(time.time()),
            "livemode": False,
            "data": {"object": about},
        }
        if self.account:
            body["account"] = self.account
        return self.signed(json.dumps(body).encode())

    def signed(self, raw: bytes, *, at_s: int | None = None, secret: str | None = None) -> Callback:
        """These bytes with the header of a callback."""
        at_s = int(time.time()) if at_s is None else at_s
        key = (secret or self.webhook_secret).encode()
        digest = hmac.new(key, b"%d.%s" % (at_s, raw), "sha256").hexdigest()
        headers = {"content-type": "application/json", "stripe-signature": f"t={at_s},v1={digest}"}
        return Callback(raw, headers)

    def _event(self, event: str, about: Json) -> None:
        self.tell(self.callback(event, about))

    # --- the interface -------------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        self._authorised(request)
        key, raw = request.headers.get("Idempotency-Key", ""), await request.read()
        if key in self._answered:
            known, body = self._answered[key]
            if known != raw:
                return _refused("Keys for idempotent requests", kind="idempotency_error")
            return web.json_response(body)
        form = {name: str(value) for name, value in (await request.post()).items()}
        item = "line_items[0][price_data]"
        if form[f"{item}[currency]"] not in _DIGITS:
            return _refused("Invalid currency", f"{item}[currency]")
        minor = int(form[f"{item}[unit_amount]"]) * int(form["line_items[0][quantity]"])
        if minor < 50:
            return _refused("Amount is too small", f"{item}[unit_amount]")
        session_ref = _id("cs_test")
        session: Json = {
            "id": session_ref,
            "object": "checkout.session",
            "mode": form["mode"],
            "status": "open",
            "payment_status": "unpaid",
            "amount_total": minor,
            "currency": form[f"{item}[currency]"],
            "client_reference_id": form["client_reference_id"],
            "metadata": {"order_id": form["metadata[order_id]"]},
            "intent_metadata": {"order_id": form["payment_intent_data[metadata][order_id]"]},
            "payment_intent": None,
            "created": int(time.time()),
            "success_url": form["success_url"],
            "cancel_url": form["cancel_url"],
            "url": f"{self.url}/c/pay/{session_ref}",
        }
        self.sessions[session_ref] = session
        self._answered[key] = (raw, _shown(session))
        return web.json_response(_shown(session))

    async def _show(self, request: web.Request) -> web.Response:
        self._authorised(request)
        session = self.sessions.get(request.match_info["id"])
        if session is None:
            return _refused("No such checkout.session", "session", status=404)
        shown = _shown(session)
        if "payment_intent.latest_charge" in request.query.values() and session["payment_intent"]:
            shown["payment_intent"] = self.intents[session["payment_intent"]]
        return web.json_response(shown)

    async def _disputes(self, request: web.Request) -> web.Response:
        self._authorised(request)
        wanted = request.query["payment_intent"]
        found = [dispute for dispute in self.disputes if dispute["payment_intent"] == wanted]
        return web.json_response({"object": "list", "data": found, "has_more": False})

    async def _refunds(self, request: web.Request) -> web.Response:
        self._authorised(request)
        wanted = request.query["payment_intent"]
        found = [refund for refund in self.refunds if refund["payment_intent"] == wanted]
        return web.json_response({"object": "list", "data": found, "has_more": False})

    # --- the payer's page ----------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["id"]]
        digits = _DIGITS[session["currency"]]
        amount = format_micros(session["amount_total"] * 10 ** (6 - digits), digits)
        return page(request, "Stripe", f"{amount} {session['currency'].upper()}", CHOICES)

    async def _choice(self, request: web.Request) -> web.Response:
        session = self.sessions[request.match_info["id"]]
        if await choice(request) != "pay":
            raise web.HTTPSeeOther(session["cancel_url"])
        if session["status"] == "open":
            self.pay(session["id"])
        place = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
        raise web.HTTPSeeOther(place)

    # --- parts ---------------------------------------------------------------------------

    def _authorised(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            error = {"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}
            raise web.HTTPUnauthorized(text=json.dumps(error))

    def _charge(self, session: Json) -> None:
        """The money of a session's payment has come."""
        intent = self.intents[session["payment_intent"]]
        intent["latest_charge"] = {
            "id": _id("ch"),
            "object": "charge",
            "amount": intent["amount"],
            "amount_refunded": 0,
            "refunded": False,
            "disputed": False,
            "currency": intent["currency"],
            "payment_intent": intent["id"],
            "metadata": intent["metadata"],
            "created": int(time.time()),
        }
        intent["status"] = "succeeded"
        session["payment_status"] = "paid"

    def _refund_by(self, charge: Json, minor: int) -> None:
        charge["amount_refunded"] += minor
        charge["refunded"] = charge["amount_refunded"] >= charge["amount"]

    def _charge_of(self, session_ref: str) -> Json:
        intent = self.intents[self.sessions[session_ref]["payment_intent"]]
        charge: Json = intent["latest_charge"]
        return charge


def _shown(session: Json) -> Json:
    return {name: value for name, value in session.items() if name != "intent_metadata"}


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def _refused(
    message: str, param: str = "", *, kind: str = "invalid_request_error", status: int = 400
) -> web.Response:
    error = {"type": kind, "message": message, "param": param}
    return web.json_response({"error": error}, status=status)
