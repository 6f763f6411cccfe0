"""paysafecard: prepaid cards, by the REST interface for payments ("disposition").

A payment is created, the payer is sent to paysafecard's page and disposes of his cards' money there
(AUTHORIZED), and the merchant captures it (SUCCESS). His return and paysafecard's notification race
each other, so a capture may come second: it is then refused, and the payment looked at again tells
that it has been captured. The notification is unsigned and its status is not believed.

There is no idempotency key: an order asked for twice is two payments there. Only the one whose
address was given out can be paid, and it is the one that is kept. Refunds are read, not made; they
need an agreement of their own with paysafecard, which knows no chargebacks.

Built from the vendor's published samples; no key for the test system was at hand, so the names of
the states but AUTHORIZED and SUCCESS, the fields a notification is sent with, and whether a
payer's IP address is insisted upon could not be tried.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import ClassVar
from urllib.parse import parse_qs, quote

import msgspec

from engine.core.money import format_micros, parse_micros
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.payments.http import TIMEOUT_S, RefusedError, Remote
from engine.payments.options import Option, read_base_url, read_options
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

CALLBACK_MOST_BYTES = 16_384
CALLBACK_MOST_FIELDS = 50
ID_MOST_CHARS = 200

_PAYMENTS = "/v1/payments"
_NAMES_OF_ID = ("mtid", "payment_id", "id")
_CAPTURED_ALREADY = 2017
_ORDERS_FAULTS = {
    4003: ("is more than paysafecard takes", "amount_micros"),
    2029: ("must be above 0", "amount_micros"),
    2010: ("is not taken by paysafecard", "currency"),
}
_FACTS = {
    "INITIATED": None,
    "REDIRECTED": None,
    "AUTHORIZED": FactKind.AUTHORISED,
    "SUCCESS": FactKind.PAID,
    "CANCELED_MERCHANT": FactKind.CANCELLED,
    "CANCELED_CUSTOMER": FactKind.CANCELLED,
    "EXPIRED": FactKind.EXPIRED,
}


class _Refund(msgspec.Struct):
    status: str
    amount: Decimal


class _Way(msgspec.Struct):
    auth_url: str


class _Created(msgspec.Struct):
    id: str
    redirect: _Way


class _Payment(msgspec.Struct):
    id: str
    status: str
    amount: Decimal
    currency: str
    refunds: tuple[_Refund, ...] = ()


class _Refusal(msgspec.Struct):
    number: int = 0


class Paysafecard:
    """A billing profile's account with paysafecard."""

    NAME: ClassVar[str] = "paysafecard"
    is_signed = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "api_key": Option("the key (psc_…)", is_required=True, is_secret=True),
        "shop_id": Option("which of the merchant's shops, as paysafecard's page names it"),
        "submerchant_id": Option("for payments taken on behalf of another"),
        "base_url": Option(
            "paysafecard's address; for trials https://apitest.paysafecard.com",
            default="https://api.paysafecard.com",
        ),
    }

    def __init__(
        self, options: Mapping[str, str], profile: str, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        read = read_options(options, self.OPTIONS)
        self.name = self.NAME
        self.payee = ""
        self._shop = {name: read[name] for name in ("shop_id", "submerchant_id") if read[name]}
        key = base64.b64encode(read["api_key"].encode()).decode()
        self._remote = Remote(
            read_base_url(read["base_url"], "base_url"),
            timeout_s=timeout_s,
            headers={"Authorization": f"Basic {key}"},
        )

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """A new payment. `CallerError` for an amount or a currency it does not take."""
        body = {
            "type": "PAYSAFECARD",
            "amount": _amount(order),
            "currency": order.currency,
            "customer": {"id": order.account_id},
            "redirect": {"success_url": places.success, "failure_url": places.failure},
            "notification_url": places.notify,
            **self._shop,
        }
        headers = {"Correlation-ID": order.order_id}
        try:
            created = await self._remote.json(
                "POST", f"{_PAYMENTS}/", _Created, body=body, headers=headers
            )
        except RefusedError as error:
            fault = _ORDERS_FAULTS.get(_number(error))
            raise (CallerError(*fault) if fault else _explained(error)) from error
        return Redirect(created.id, created.redirect.auth_url)

    async def learn(self, headers: Headers) -> None:
        """Nothing is needed to take in a notification."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """The payment a notification names, in a form's field or in JSON.

        One with an empty body is no forgery: what it is about is then known only by the token in
        the address it came to.
        """
        if len(raw) > CALLBACK_MOST_BYTES:
            return Forged(f"longer than {CALLBACK_MOST_BYTES} bytes")
        if not raw.strip():
            return Notice(f"empty:{now_ms}")
        payment_id = _payment_named(raw)
        if payment_id is None or len(payment_id) > ID_MOST_CHARS:
            return Forged("names no payment")
        return Notice(hashlib.sha256(raw).hexdigest(), ask=(payment_id,))

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """The payment as it stands, and what has been refunded of it."""
        path = f"{_PAYMENTS}/{quote(order.provider_ref, safe='')}"
        return tuple(_facts(order, await self._ask("GET", path)))

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Take what the payer has disposed of; if it cannot be taken (any more), how it stands."""
        path = f"{_PAYMENTS}/{quote(order.provider_ref, safe='')}/capture"
        try:
            payment = await self._ask("POST", path, {"id": order.provider_ref})
        except RefusedError as error:
            if _number(error) != _CAPTURED_ALREADY:
                raise
            return await self.fetch(order)
        return tuple(_facts(order, payment))

    async def close(self) -> None:
        """Let go of connections."""
        await self._remote.close()

    async def _ask(self, method: str, path: str, body: object = None) -> _Payment:
        try:
            return await self._remote.json(method, path, _Payment, body=body)
        except RefusedError as error:
            raise _explained(error) from error


def _facts(order: PaymentOrder, payment: _Payment) -> Iterator[PaymentFact]:
    """What a payment means."""
    if payment.id != order.provider_ref:
        raise RemoteError(
            f"asked about {order.provider_ref}, told of {payment.id}", retryable=False
        )
    if payment.status not in _FACTS:
        raise RemoteError(f"paysafecard names a status {payment.status!r}", retryable=False)
    kind = _FACTS[payment.status]
    if kind is None:
        return
    is_paid = kind is FactKind.PAID
    yield _fact(kind, order, payment, _micros(payment.amount) if is_paid else 0)
    refunded = sum(_micros(r.amount) for r in payment.refunds if r.status == "SUCCESS")
    if is_paid and refunded:
        yield _fact(FactKind.REFUNDED, order, payment, refunded)


def _fact(kind: FactKind, order: PaymentOrder, payment: _Payment, micros: int) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        provider_ref=payment.id,
        payment_ref=payment.id,
        amount_micros=micros,
        currency=payment.currency,
    )


def _micros(amount: Decimal) -> int:
    try:
        return parse_micros(str(amount), field="amount")
    except CallerError as error:
        raise RemoteError(f"paysafecard's amount {error}", retryable=False) from error


def _amount(order: PaymentOrder) -> str:
    """Two decimals, as paysafecard writes amounts."""
    try:
        return format_micros(order.amount_micros)
    except ValueError:
        raise CallerError("must have at most 2 decimals", "amount_micros") from None


def _payment_named(raw: bytes) -> str | None:
    """The payment's id in a form or a JSON object; None if there is none."""
    try:
        if raw.lstrip().startswith(b"{"):
            fields = msgspec.json.decode(raw, type=dict[str, object])
        else:
            form = parse_qs(raw.decode("ascii"), max_num_fields=CALLBACK_MOST_FIELDS)
            fields = {name: values[0] for name, values in form.items()}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    named = (fields.get(name) for name in _NAMES_OF_ID)
    return next((value for value in named if isinstance(value, str) and value), None)


def _number(error: RefusedError) -> int:
    """paysafecard's own number of an error; 0 if it names none."""
    try:
        return msgspec.json.decode(error.raw, type=_Refusal).number
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return 0


def _explained(error: RefusedError) -> RefusedError:
    """The refusal, with what the operator can do about it."""
    if error.status != 403:
        return error
    message = f"paysafecard does not know this server's address (is it registered?): {error}"
    return RefusedError(message, error.status, error.raw)
