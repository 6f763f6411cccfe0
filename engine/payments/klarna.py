"""Klarna: "Pay now" on Klarna's own page, the successor of Sofortüberweisung.

Three interfaces of Klarna play together. A *Klarna Payments* session holds what is to be paid, a
*Hosted Payment Page* session (HPP) shows it to the payer and says how far he is, and once he has
agreed the order is placed, captured at once, and from then on belongs to *Order Management*, which
knows what was captured and refunded. `provider_ref` is the HPP session, `payment_ref` Klarna's
order.

Only COMPLETED means that the payer has agreed; it is no money before the order is placed and its
risk check accepted. Two engines that place it at once, or one that never heard the answer, send the
same idempotency key (kept by Klarna for 24 hours; the agreement itself lapses after one).

The callback is unsigned: it only names a session to ask about, and its address holds a one-time
token. Klarna wants it answered within 3 s and calls four times at most, so orders are polled too.
A dispute shows up only as the refund that ends it.

Built from docs.klarna.com; neither Klarna's playground nor its live system was reachable, so
whether an account may use HPP, what the risk check takes its time for, and which methods the page
offers could not be tried.
"""

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from typing import ClassVar, TypeVar
from urllib.parse import quote

import msgspec

from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.payments.http import TIMEOUT_S, RefusedError, Remote
from engine.payments.options import Option, read_base_url, read_options
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

T = TypeVar("T")

CALLBACK_MOST_BYTES = 16_384
ID_MOST_CHARS = 200
MINOR_MICROS = 10_000
"""All of Klarna's currencies have two decimals."""

_KEYS = uuid.UUID("6ed1a4c0-31a5-5b8a-9a5c-4f4b7f0b7c11")
_TITLES = {"de": "Guthaben", "en": "Credit"}
_SESSION_FACTS = {
    "WAITING": None,
    "IN_PROGRESS": None,
    "BACK": None,
    "FAILED": None,
    "ERROR": None,
    "MANUAL_ID_CHECK": FactKind.PENDING,
    "COMPLETED": FactKind.AUTHORISED,
    "CANCELLED": FactKind.CANCELLED,
    "DISABLED": FactKind.EXPIRED,
}
"""None: the payer has not decided, or may try once more on the same page."""


class _PaymentSession(msgspec.Struct):
    session_id: str


class _Page(msgspec.Struct):
    session_id: str
    redirect_url: str


class _Session(msgspec.Struct):
    """A HPP session; `order_id` once its order has been placed."""

    status: str
    authorization_token: str = ""
    order_id: str = ""


class _Placed(msgspec.Struct):
    order_id: str


class _Order(msgspec.Struct):
    """An order in Order Management; amounts in minor units, totals so far."""

    order_id: str
    status: str
    fraud_status: str
    purchase_currency: str
    order_amount: int
    captured_amount: int = 0
    refunded_amount: int = 0
    merchant_reference1: str = ""


class _NamedSession(msgspec.Struct):
    session_id: str


class _Callback(msgspec.Struct):
    event_id: str
    session: _NamedSession


class _Refusal(msgspec.Struct):
    error_messages: tuple[str, ...] = ()


class Klarna:
    """A billing profile's account with Klarna."""

    NAME: ClassVar[str] = "klarna"
    is_signed = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "username": Option("the API credential's user name", is_required=True),
        "password": Option("the API credential's password", is_required=True, is_secret=True),
        "country": Option("the country of the payers, two letters", default="DE"),
        "base_url": Option(
            "Klarna's address; for trials https://api.playground.klarna.com",
            default="https://api.klarna.com",
        ),
    }

    def __init__(
        self, options: Mapping[str, str], profile: str, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        read = read_options(options, self.OPTIONS)
        self.name = self.NAME
        self.payee = ""
        self._profile = profile
        self._country = _country(read["country"])
        self._base_url = read_base_url(read["base_url"], "base_url")
        if ":" in read["username"]:
            raise CallerError("must not hold a colon", "username")
        credential = f"{read['username']}:{read['password']}".encode()
        auth = f"Basic {base64.b64encode(credential).decode()}"
        self._remote = Remote(self._base_url, timeout_s=timeout_s, headers={"Authorization": auth})

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """Open both sessions. `CallerError` for an amount or currency that Klarna does not take."""
        try:
            session = await self._post(
                "/payments/v1/sessions", self._purchase(order), order, "session", _PaymentSession
            )
        except RefusedError as error:
            raise _at_fault(error) from error
        page = await self._post(
            "/hpp/v1/sessions", self._hosting(session.session_id, places), order, "page", _Page
        )
        return Redirect(page.session_id, page.redirect_url)

    async def learn(self, headers: Headers) -> None:
        """Nothing is needed to take in a callback."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """The session a callback names; its status is not believed."""
        if len(raw) > CALLBACK_MOST_BYTES:
            return Forged(f"longer than {CALLBACK_MOST_BYTES} bytes")
        try:
            callback = msgspec.json.decode(raw, type=_Callback)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Forged("no status update of a session")
        session_id = callback.session.session_id
        if not (0 < len(session_id) <= ID_MOST_CHARS and callback.event_id):
            return Forged("names no session or no event")
        event = hashlib.sha256(f"{session_id} {callback.event_id}".encode()).hexdigest()
        return Notice(event, ask=(session_id,))

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """From Order Management if the order has been placed, else how far the payer is."""
        if order.payment_ref:
            return tuple(_facts(order, await self._order(order.payment_ref, order)))
        session = await self._session(order)
        if session.order_id:
            return tuple(_facts(order, await self._order(session.order_id, order)))
        return _undecided(order, session)

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Place the order, which takes the money; an agreement that lapsed has expired."""
        if order.payment_ref:
            return await self.fetch(order)
        session = await self._session(order)
        if not session.order_id and session.status != "COMPLETED":
            return _undecided(order, session)
        klarna_id = session.order_id or await self._placed(order, session.authorization_token)
        if not klarna_id:
            return (_fact(FactKind.EXPIRED, order),)
        return tuple(_facts(order, await self._taken(klarna_id, order)))

    async def close(self) -> None:
        """Let go of connections."""
        await self._remote.close()

    async def _placed(self, order: PaymentOrder, token: str) -> str:
        """Klarna's id of the order, placed now or before; empty if the agreement has lapsed.

        An agreement that is used up was used by another engine, which then has placed the order.
        """
        path = f"/payments/v1/authorizations/{quote(token, safe='')}/order"
        body = {**self._purchase(order), "auto_capture": True}
        try:
            return (await self._post(path, body, order, "place", _Placed)).order_id
        except RefusedError as error:
            if error.status not in (404, 409):
                raise
            session = await self._session(order)
            if error.status == 409 and not session.order_id:
                message = f"Klarna is placing order {order.order_id} already"
                raise RemoteError(message) from error
            return session.order_id

    async def _taken(self, klarna_id: str, order: PaymentOrder) -> _Order:
        """The placed order, captured also where the account does not do so by itself."""
        placed = await self._order(klarna_id, order)
        if (placed.status, placed.fraud_status) != ("AUTHORIZED", "ACCEPTED"):
            return placed
        await self._remote.raw(
            "POST",
            f"/ordermanagement/v1/orders/{quote(klarna_id, safe='')}/captures",
            body=msgspec.json.encode({"captured_amount": placed.order_amount}),
            headers={"Content-Type": "application/json", **self._key(order, "capture")},
        )
        return await self._order(klarna_id, order)

    async def _session(self, order: PaymentOrder) -> _Session:
        """How far the payer is; a session that Klarna has forgotten (after 48 hours) is over."""
        path = f"/hpp/v1/sessions/{quote(order.provider_ref, safe='')}"
        try:
            session = await self._remote.json("GET", path, _Session)
        except RefusedError as error:
            if error.status != 404:
                raise
            return _Session("DISABLED")
        if session.status not in _SESSION_FACTS:
            raise RemoteError(f"Klarna names a status {session.status!r}", retryable=False)
        return session

    async def _order(self, klarna_id: str, order: PaymentOrder) -> _Order:
        path = f"/ordermanagement/v1/orders/{quote(klarna_id, safe='')}"
        found = await self._remote.json("GET", path, _Order)
        if found.merchant_reference1 != order.order_id:
            raise RemoteError(f"Klarna's order {klarna_id} is another's", retryable=False)
        return found

    async def _post(
        self, path: str, body: object, order: PaymentOrder, step: str, of: type[T]
    ) -> T:
        return await self._remote.json("POST", path, of, body=body, headers=self._key(order, step))

    def _key(self, order: PaymentOrder, step: str) -> dict[str, str]:
        """The idempotency key of one step of an order, as Klarna wants it: a UUID, version 5."""
        key = uuid.uuid5(_KEYS, f"{self._profile}:{order.order_id}:{step}")
        return {"Klarna-Idempotency-Key": str(key)}

    def _purchase(self, order: PaymentOrder) -> dict[str, object]:
        """What is paid; the same for the session and for the order, or Klarna refuses."""
        amount, rest = divmod(order.amount_micros, MINOR_MICROS)
        if rest or amount <= 0:
            raise CallerError("must be above 0 and have at most 2 decimals", "amount_micros")
        return {
            "intent": "buy",
            "purchase_country": self._country,
            "purchase_currency": order.currency,
            "locale": f"{order.lang}-{self._country}",
            "order_amount": amount,
            "order_tax_amount": 0,
            "order_lines": [
                {
                    "type": "digital",
                    "name": _TITLES.get(order.lang, _TITLES["en"]),
                    "quantity": 1,
                    "unit_price": amount,
                    "total_amount": amount,
                    "tax_rate": 0,
                    "total_tax_amount": 0,
                }
            ],
            "merchant_reference1": order.order_id,
        }

    def _hosting(self, session_id: str, places: Places) -> dict[str, object]:
        return {
            "payment_session_url": f"{self._base_url}/payments/v1/sessions/{session_id}",
            "merchant_urls": {
                "success": places.success,
                "cancel": places.failure,
                "back": places.failure,
                "failure": places.failure,
                "error": places.failure,
                "status_update": places.notify,
            },
            "options": {"place_order_mode": "NONE", "payment_method_categories": ["PAY_NOW"]},
        }


def _undecided(order: PaymentOrder, session: _Session) -> tuple[PaymentFact, ...]:
    """What a session means whose order has not been placed."""
    kind = _SESSION_FACTS[session.status]
    return () if kind is None else (_fact(kind, order),)


def _facts(order: PaymentOrder, found: _Order) -> Iterator[PaymentFact]:
    """What an order in Order Management means."""
    currency = found.purchase_currency
    if found.captured_amount:
        yield _fact(
            FactKind.PAID,
            order,
            payment_ref=found.order_id,
            amount_micros=found.captured_amount * MINOR_MICROS,
            currency=currency,
        )
        if found.refunded_amount:
            yield _fact(
                FactKind.REFUNDED,
                order,
                payment_ref=found.order_id,
                amount_micros=found.refunded_amount * MINOR_MICROS,
                currency=currency,
            )
        return
    yield _fact(_uncaptured(found), order, payment_ref=found.order_id)


def _uncaptured(found: _Order) -> FactKind:
    """How an order stands of which nothing has been captured."""
    if found.status == "EXPIRED":
        return FactKind.EXPIRED
    if found.status in ("CANCELLED", "CLOSED"):
        return FactKind.CANCELLED
    if found.fraud_status == "REJECTED":
        return FactKind.FAILED
    return FactKind.PENDING if found.fraud_status == "PENDING" else FactKind.AUTHORISED


def _fact(
    kind: FactKind,
    order: PaymentOrder,
    *,
    payment_ref: str = "",
    amount_micros: int = 0,
    currency: str = "",
) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        provider_ref=order.provider_ref,
        payment_ref=payment_ref,
        amount_micros=amount_micros,
        currency=currency,
    )


def _country(text: str) -> str:
    if len(text) != 2 or not (text.isascii() and text.isalpha()):
        raise CallerError('must be two letters such as "DE"', "country")
    return text.upper()


def _at_fault(error: RefusedError) -> CallerError | RefusedError:
    """The order's fault if Klarna names one of its fields, else the account's."""
    try:
        refusal = msgspec.json.decode(error.raw, type=_Refusal)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return error
    text = " ".join(refusal.error_messages).lower()
    if error.status == 400 and "currency" in text:
        return CallerError("is not taken by Klarna for this country", "currency")
    if error.status == 400 and "amount" in text:
        return CallerError("is not taken by Klarna", "amount_micros")
    return error
