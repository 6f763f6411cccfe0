"""What PayPal says on the wire: facts about payments in its answers, questions in its events.

Answers (an order with its captures and refunds) and events (one of these, in an envelope) are read
into objects; fields not named here are passed over. Amounts become micro-units, times milliseconds.
Of an event only the id is read that it is about: what it says of money its signature does not
prove, so PayPal is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from engine.core.money import parse_micros
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError

_PAID = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
_OF_CAPTURE = {
    **dict.fromkeys(_PAID, FactKind.PAID),
    "PENDING": FactKind.PENDING,
    "DECLINED": FactKind.FAILED,
    "FAILED": FactKind.FAILED,
}
_OF_ORDER = {"APPROVED": FactKind.AUTHORISED, "VOIDED": FactKind.CANCELLED}
_ORDER_EVENTS = frozenset({"CHECKOUT.ORDER.APPROVED", "CHECKOUT.PAYMENT-APPROVAL.REVERSED"})
_ID = re.compile(r"[A-Za-z0-9-]{1,64}", re.ASCII)
"""More than PayPal's ids need (36 characters at most), and nothing that the books cannot hold."""


class Token(msgspec.Struct):
    access_token: str
    expires_in: int


class Amount(msgspec.Struct):
    currency_code: str
    value: str

    @property
    def micros(self) -> int:
        return parse_micros(self.value, field="value")


class Link(msgspec.Struct):
    rel: str
    href: str


class Payee(msgspec.Struct):
    merchant_id: str = ""


class Ids(msgspec.Struct):
    order_id: str = ""


class Supplementary(msgspec.Struct):
    related_ids: Ids = msgspec.field(default_factory=Ids)


class Movement(msgspec.Struct):
    """A capture, or a refund of one."""

    id: str
    amount: Amount
    status: str = ""
    custom_id: str = ""
    payee: Payee = msgspec.field(default_factory=Payee)


class Payments(msgspec.Struct):
    captures: tuple[Movement, ...] = ()
    refunds: tuple[Movement, ...] = ()


class Unit(msgspec.Struct):
    custom_id: str = ""
    payee: Payee = msgspec.field(default_factory=Payee)
    payments: Payments = msgspec.field(default_factory=Payments)


class Order(msgspec.Struct):
    id: str
    status: str = ""
    purchase_units: tuple[Unit, ...] = ()
    links: tuple[Link, ...] = ()


class Resource(msgspec.Struct):
    """What an event is about (order, approval, capture, refund), as far as it is named."""

    id: str = ""
    order_id: str = ""
    custom_id: str = ""
    links: tuple[Link, ...] = ()
    supplementary_data: Supplementary = msgspec.field(default_factory=Supplementary)


class Event(msgspec.Struct):
    event_type: str
    resource: msgspec.Raw


class Detail(msgspec.Struct):
    issue: str = ""
    field: str = ""


class Fault(msgspec.Struct):
    details: tuple[Detail, ...] = ()


def outcome(kind: FactKind, order: PaymentOrder) -> PaymentFact:
    """A fact about an order of which there is no capture; no money has moved."""
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        provider_ref=order.provider_ref,
    )


def facts_of(found: Order, order: PaymentOrder) -> tuple[PaymentFact, ...]:
    """Everything that PayPal's answer says of an order of ours.

    RemoteError, not retryable, if an amount in it is none.
    """
    try:
        facts = [fact for unit in found.purchase_units for fact in _unit_facts(unit, found)]
    except CallerError as error:
        raise RemoteError(f"PayPal named no amount: {error}", retryable=False) from None
    if not facts and found.status in _OF_ORDER:
        facts = [outcome(_OF_ORDER[found.status], order)]
    return tuple(facts)


def _unit_facts(unit: Unit, found: Order) -> Iterator[PaymentFact]:
    captures = [
        _filled_in(capture, unit)
        for capture in unit.payments.captures
        if capture.status in _OF_CAPTURE
    ]
    for capture in captures:
        yield _fact(_OF_CAPTURE[capture.status], capture, found.id)
    refunds = [refund for refund in unit.payments.refunds if refund.status == "COMPLETED"]
    back = sum(refund.amount.micros for refund in refunds)
    for capture in captures:
        if capture.status in _PAID:
            total = capture.amount.micros if capture.status == "REFUNDED" else back
            if total:
                fact = _fact(FactKind.REFUNDED, capture, found.id)
                yield replace(fact, amount_micros=total)


def _filled_in(capture: Movement, unit: Unit) -> Movement:
    """A capture with what only the order around it says."""
    return msgspec.structs.replace(
        capture,
        custom_id=capture.custom_id or unit.custom_id,
        payee=capture.payee if capture.payee.merchant_id else unit.payee,
    )


def _fact(kind: FactKind, capture: Movement, order_ref: str) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=capture.custom_id,
        provider_ref=order_ref,
        payment_ref=capture.id,
        amount_micros=capture.amount.micros,
        currency=capture.amount.currency_code,
        payee=capture.payee.merchant_id,
    )


def asked_about(raw: bytes) -> tuple[str, ...]:
    """The ids that a signed event makes us ask about; none if it says nothing of money.

    It is PayPal's of the order; where a refund or reversal names none, the capture's, and ours if
    it is named: the books may not know the capture yet.
    Raises what msgspec does (`DecodeError`, `UnicodeDecodeError`, `RecursionError`) for what is no
    event as PayPal documents them.
    """
    event = msgspec.json.decode(raw, type=Event)
    is_capture = event.event_type.startswith("PAYMENT.CAPTURE.")
    if not is_capture and event.event_type not in _ORDER_EVENTS:
        return ()
    about = msgspec.json.decode(event.resource, type=Resource)
    if is_capture:
        order = about.supplementary_data.related_ids.order_id
        order = order or _last_part(about.links, "up", "/orders/")
        capture = _last_part(about.links, "up", "/captures/") or about.id
        named = (order,) if order else (capture, about.custom_id)
    else:
        named = (about.order_id or about.id,)
    return tuple(name for name in named if _ID.fullmatch(name))


def _last_part(links: tuple[Link, ...], rel: str, within: str) -> str:
    """The id at the end of a link; empty if there is none."""
    found = (link.href for link in links if link.rel == rel and within in link.href)
    return next(found, "").rpartition("/")[2]


def ms_of(text: str) -> int | None:
    """A time such as 2026-11-21T10:00:00Z as milliseconds since 1970; None if it is none."""
    try:
        moment = datetime.fromisoformat(text)
        seconds = int(moment.timestamp())
    except (ValueError, OverflowError):
        return None
    return None if moment.tzinfo is None else seconds * 1000 + moment.microsecond // 1000
