"""PayPal: Orders v2, captured at once, with signed webhooks.

An order is created with the payer's way back; he approves it on PayPal's page, which brings him
back or tells us (`CHECKOUT.ORDER.APPROVED`): no money yet, the order must be captured. Money is a
capture that is COMPLETED, never an order that is. `IMMEDIATE_PAYMENT_REQUIRED` keeps slow ways of
paying out, so that a capture is hardly ever pending.

A callback is signed (RSA, PKCS#1 v1.5, SHA-256) over its id, its time, our webhook's id and the
CRC-32 of its bytes; the certificate is fetched by `learn` and followed to a root of trust. A
CRC-32 is no digest: whoever sees one genuine callback can make another body fit its signature. So a
callback proves that PayPal called, not what it says: it only makes us ask (`fetch`), and money is
what the answer says, one question later (milliseconds, seldom a second). A callback goes by the id
that is signed, so that one signature is taken in once.

PayPal sends a callback up to 25 times over 3 days, and nothing says whether the signed time is the
first or the last try's. So one may be `OLDEST_MS` old: replaying it until then does nothing.

Of a capture that a dispute reverses, PayPal tells a refund (`PAYMENT.CAPTURE.REVERSED`), which may
name the capture alone; the order is found by that. `CUSTOMER.DISPUTE.*` is passed over: such an
event says what is argued about, not that money has moved; money that a seller wins back is for a
person to book.

Built from PayPal's documents and samples: nothing here was tried against the live system or its
sandbox, above all not whether the file at PAYPAL-CERT-URL holds the whole chain (if it does not,
`ca_file` must hold the missing certificate), whether a callback sent again has the same id (if it
has not, PayPal is asked once more), nor that an order's refunds have its reversals among them.

Sources: developer.paypal.com, Orders v2, Payments v2 and Webhooks.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote
from zlib import crc32

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256

from engine.core.money import format_micros
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.payments.http import RefusedError, Remote
from engine.payments.options import Option, read_base_url, read_options
from engine.payments.paypal.certificates import Certificates, read_roots
from engine.payments.paypal.messages import (
    Fault,
    Order,
    Token,
    asked_about,
    facts_of,
    ms_of,
    outcome,
)
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

DOMAIN = "paypal.com"
BODY_MOST_BYTES = 256_000
OLDEST_MS = 4 * 24 * 3_600_000
AHEAD_MS = 5 * 60_000
TOKEN_SPARE_S = 60

WITHOUT_DECIMALS = frozenset({"HUF", "JPY", "TWD"})
"""Currencies of which PayPal takes whole units only; all others have two decimals."""

_LOCALES = {"de": "de-DE", "en": "en-US"}
_SIGNED_HEADERS = (
    "paypal-transmission-id",
    "paypal-transmission-time",
    "paypal-transmission-sig",
    "paypal-cert-url",
    "paypal-auth-algo",
)
_DECLINED = frozenset({"INSTRUMENT_DECLINED", "PAYER_CANNOT_PAY", "TRANSACTION_REFUSED"})

_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


@dataclass(frozen=True, slots=True)
class _Seal:
    """A callback's signature and what it is over, besides the body; where its certificate lies."""

    transmission: str
    sent: str
    signature: bytes
    address: str


class PayPal:
    """One billing profile's account with PayPal."""

    NAME: ClassVar[str] = "paypal"
    is_signed = True
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "client_id": Option("the REST app's client id", is_required=True),
        "client_secret": Option("the REST app's secret", is_required=True, is_secret=True),
        "webhook_id": Option("the id that PayPal gave our webhook", is_required=True),
        "merchant_id": Option("the account's merchant id, to whom money goes", is_required=True),
        "base_url": Option("where PayPal is asked", default="https://api-m.paypal.com"),
        "ca_file": Option("roots of trust for callbacks (PEM) in place of this machine's"),
        "certificate_origin": Option("where certificates lie in place of paypal.com, for a fake"),
    }

    def __init__(self, options: Mapping[str, str], profile: str) -> None:
        given = read_options(options, self.OPTIONS)
        self.name = self.NAME
        self.payee = given["merchant_id"]
        self._webhook_id = given["webhook_id"]
        self._remote = Remote(read_base_url(given["base_url"], "base_url"))
        secret = f"{given['client_id']}:{given['client_secret']}"
        self._basic = f"Basic {base64.b64encode(secret.encode()).decode()}"
        self._known_token = ""
        self._known_until_s = 0.0
        self._renewing = asyncio.Lock()
        origin = given["certificate_origin"]
        if origin:
            origin = read_base_url(origin, "certificate_origin")
        self._certificates = Certificates(DOMAIN, read_roots(given["ca_file"], "ca_file"), origin)

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """Create PayPal's order; the order's id is its `PayPal-Request-Id` (kept for 6 hours) and
        its `invoice_id`, which PayPal lets be paid once."""
        body = _wanted(order, places)
        try:
            path = "/v2/checkout/orders"
            made = await self._ask("POST", path, body=body, request_id=order.order_id)
        except RefusedError as error:
            raise _refusal(error) from None
        for link in made.links:
            if link.rel in ("payer-action", "approve"):
                return Redirect(made.id, link.href)
        raise RemoteError("PayPal made an order that nobody can approve", retryable=False)

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """All that PayPal knows; an unpaid order that it has forgotten has expired."""
        try:
            found = await self._ask("GET", _path(order))
        except RefusedError as error:
            if error.status != 404 or order.is_paid:
                raise
            return (outcome(FactKind.EXPIRED, order),)
        return facts_of(found, order)

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Take the money of an approved order; nothing happens to one not approved yet."""
        path, request_id = f"{_path(order)}/capture", f"{order.order_id}-capture"
        try:
            taken = await self._ask("POST", path, body={}, request_id=request_id)
        except RefusedError as error:
            issues = {detail.issue for detail in _fault(error).details}
            if "ORDER_ALREADY_CAPTURED" in issues:
                return await self.fetch(order)
            if "ORDER_NOT_APPROVED" in issues:
                return ()
            if issues & _DECLINED:
                return (outcome(FactKind.FAILED, order),)
            raise
        return facts_of(taken, order)

    async def learn(self, headers: Headers) -> None:
        """Fetch the certificate that a callback was signed with, if it can be one of PayPal's.

        What its headers alone betray sends nobody out; its time is held against this machine's.
        RemoteError if the certificate cannot be had now.
        """
        seal = _seal(headers, time.time_ns() // 1_000_000)
        if isinstance(seal, _Seal):
            await self._certificates.fetch(seal.address)

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """Which order a callback makes us ask about; never a fact."""
        seal = _seal(headers, now_ms)
        if isinstance(seal, Forged):
            return seal
        forged = self._forged(raw, seal, now_ms)
        if forged is not None:
            return forged
        try:
            return Notice(seal.transmission, ask=asked_about(raw))
        except _UNREADABLE as error:
            return Forged(f"signed by PayPal, but no event as it documents them: {error}")

    async def close(self) -> None:
        """Let go of connections."""
        await self._remote.close()

    # --- asking --------------------------------------------------------------------------

    async def _ask(
        self, method: str, path: str, *, body: object = None, request_id: str = ""
    ) -> Order:
        """Ask with a token; once more with a new one if PayPal does not know it any longer."""
        headers = {"Prefer": "return=representation"}
        if request_id:
            headers["PayPal-Request-Id"] = request_id
        token = await self._token()
        for is_last in (False, True):
            headers["Authorization"] = f"Bearer {token}"
            try:
                return await self._remote.json(method, path, Order, body=body, headers=headers)
            except RefusedError as error:
                if error.status == 409:  # a request with the same id is under way
                    raise RemoteError(str(error)) from None
                if error.status != 401 or is_last:
                    raise
            token = await self._token(stale=token)
        raise AssertionError("the second try either returns or raises")

    async def _token(self, stale: str = "") -> str:
        """A token that is good for another minute and is not `stale`; one refresh at a time."""
        async with self._renewing:
            is_over = time.monotonic() >= self._known_until_s
            if is_over or self._known_token == stale:
                asked_s = time.monotonic()
                form = {"grant_type": "client_credentials"}
                basic = {"Authorization": self._basic}
                path = "/v1/oauth2/token"
                found = await self._remote.json("POST", path, Token, form=form, headers=basic)
                self._known_token = found.access_token
                self._known_until_s = asked_s + found.expires_in - TOKEN_SPARE_S
            return self._known_token

    # --- callbacks -----------------------------------------------------------------------

    def _forged(self, raw: bytes, seal: _Seal, now_ms: int) -> Forged | None:
        """Why the callback is not PayPal's, or not to our webhook; None if it is."""
        if len(raw) > BODY_MOST_BYTES:
            return Forged(f"more than {BODY_MOST_BYTES} bytes")
        key = self._certificates.key(seal.address, now_ms)
        if isinstance(key, Forged):
            return key
        signed = f"{seal.transmission}|{seal.sent}|{self._webhook_id}|{crc32(raw)}"
        try:
            key.verify(seal.signature, signed.encode(), PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return Forged("the signature does not fit")
        return None


def _seal(headers: Headers, now_ms: int) -> _Seal | Forged:
    """What a callback's headers say of its signature, if it can be one of PayPal's."""
    given = [headers.get(name, "") for name in _SIGNED_HEADERS]
    if not all(given):
        return Forged("a header of the signature is missing")
    transmission, sent, encoded, address, algorithm = given
    if algorithm != "SHA256withRSA":
        return Forged("signed in a way that PayPal does not sign")
    sent_ms = ms_of(sent)
    if sent_ms is None or not now_ms - OLDEST_MS <= sent_ms <= now_ms + AHEAD_MS:
        return Forged(f"sent at {sent!r}, which is too long ago, or not yet")
    try:
        signature = base64.b64decode(encoded, validate=True)
    except ValueError:
        return Forged("the signature is none")
    return _Seal(transmission, sent, signature, address)


def _wanted(order: PaymentOrder, places: Places) -> dict[str, object]:
    """The body that creates PayPal's order; `CallerError` for an amount it cannot have."""
    digits = 0 if order.currency in WITHOUT_DECIMALS else 2
    try:
        value = format_micros(order.amount_micros, digits)
    except ValueError:
        message = f"must have at most {digits} decimals in {order.currency}"
        raise CallerError(message, "amount_micros") from None
    unit = {
        "custom_id": order.order_id,
        "invoice_id": order.order_id,
        "amount": {"currency_code": order.currency, "value": value},
    }
    experience = {
        "payment_method_preference": "IMMEDIATE_PAYMENT_REQUIRED",
        "user_action": "PAY_NOW",
        "shipping_preference": "NO_SHIPPING",
        "locale": _LOCALES.get(order.lang, "en-US"),
        "return_url": places.success,
        "cancel_url": places.failure,
    }
    return {
        "intent": "CAPTURE",
        "purchase_units": [unit],
        "payment_source": {"paypal": {"experience_context": experience}},
    }


def _path(order: PaymentOrder) -> str:
    return f"/v2/checkout/orders/{quote(order.provider_ref, safe='')}"


def _fault(error: RefusedError) -> Fault:
    """What PayPal says is wrong; nothing if it cannot be read."""
    try:
        return msgspec.json.decode(error.raw, type=Fault)
    except _UNREADABLE:
        return Fault()


def _refusal(error: RefusedError) -> Exception:
    """`CallerError` for an order refused for its amount or currency; else the error itself.

    PayPal's own words may be about the merchant's account, so they are not for the payer.
    """
    details = _fault(error).details if error.status in (400, 422) else ()
    about = details[0].field if details else ""
    fields = {"currency": "currency", "amount": "amount_micros"}
    field = next((ours for theirs, ours in fields.items() if theirs in about), "")
    return CallerError("is not taken by PayPal", field) if field else error
