"""What PayPal says on the wire, and which facts about payments it is.

Answers (an order with its captures and refunds) and events (one of these, in an envelope) are read
into objects; fields not named here are passed over. Amounts become micro-units, times milliseconds.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

import msgspec

from engine.core.money import parse_micros
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.ports.payments import Notice

_PAID = frozenset({"COMPLETED", "PARTIALLY_REFUNDED", "REFUNDED"})
_OF_CAPTURE = {
    **dict.fromkeys(_PAID, FactKind.PAID),
    "PENDING": FactKind.PENDING,
    "DECLINED": FactKind.FAILED,
    "FAILED": FactKind.FAILED,
}
_OF_ORDER = {"APPROVED": FactKind.AUTHORISED, "VOIDED": FactKind.CANCELLED}
_CAPTURE_EVENTS = {
    "PAYMENT.CAPTURE.PENDING": FactKind.PENDING,
    "PAYMENT.CAPTURE.COMPLETED": FactKind.PAID,
    "PAYMENT.CAPTURE.DENIED": FactKind.FAILED,
    "PAYMENT.CAPTURE.DECLINED": FactKind.FAILED,
}
_REFUND_EVENTS = frozenset({"PAYMENT.CAPTURE.REFUNDED", "PAYMENT.CAPTURE.REVERSED"})


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


class Breakdown(msgspec.Struct):
    total_refunded_amount: Amount | None = None


class Movement(msgspec.Struct):
    """A capture, or a refund of one."""

    id: str
    amount: Amount
    status: str = ""
    custom_id: str = ""
    create_time: str = ""
    payee: Payee = msgspec.field(default_factory=Payee)
    links: tuple[Link, ...] = ()
    supplementary_data: Supplementary = msgspec.field(default_factory=Supplementary)
    seller_payable_breakdown: Breakdown = msgspec.field(default_factory=Breakdown)

    @property
    def order_ref(self) -> str:
        """PayPal's id of the order, where it is named."""
        linked = _last_part(self.links, "up", "/orders/")
        return self.supplementary_data.related_ids.order_id or linked


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
    create_time: str = ""
    purchase_units: tuple[Unit, ...] = ()
    links: tuple[Link, ...] = ()


class Approval(msgspec.Struct):
    """What `CHECKOUT.PAYMENT-APPROVAL.REVERSED` is about."""

    order_id: str
    purchase_units: tuple[Unit, ...] = ()


class Event(msgspec.Struct):
    id: str
    event_type: str
    create_time: str
    resource: msgspec.Raw


class Detail(msgspec.Struct):
    issue: str = ""
    field: str = ""
    description: str = ""


class Fault(msgspec.Struct):
    message: str = ""
    details: tuple[Detail, ...] = ()


def outcome(kind: FactKind, order: PaymentOrder) -> PaymentFact:
    """A fact about an order of which there is no capture; no money has moved."""
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        provider_ref=order.provider_ref,
        at_ms=order.created_ms,
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
        _filled_in(capture, unit, found)
        for capture in unit.payments.captures
        if capture.status in _OF_CAPTURE
    ]
    for capture in captures:
        yield _fact(_OF_CAPTURE[capture.status], capture)
    refunds = [refund for refund in unit.payments.refunds if refund.status == "COMPLETED"]
    back = sum(refund.amount.micros for refund in refunds)
    for capture in captures:
        if capture.status in _PAID:
            total = capture.amount.micros if capture.status == "REFUNDED" else back
            if total:
                yield replace(_fact(FactKind.REFUNDED, capture), amount_micros=total)


def _filled_in(capture: Movement, unit: Unit, found: Order) -> Movement:
    """A capture with what only the order around it says."""
    return msgspec.structs.replace(
        capture,
        custom_id=capture.custom_id or unit.custom_id,
        create_time=capture.create_time or found.create_time,
        payee=capture.payee if capture.payee.merchant_id else unit.payee,
        supplementary_data=Supplementary(Ids(order_id=found.id)),
    )


def _fact(kind: FactKind, capture: Movement) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=capture.custom_id,
        provider_ref=capture.order_ref,
        payment_ref=capture.id,
        amount_micros=capture.amount.micros,
        currency=capture.amount.currency_code,
        payee=capture.payee.merchant_id,
        at_ms=ms_of(capture.create_time) or 0,
    )


def notice_of(raw: bytes) -> Notice:
    """What a signed event says; one that says nothing of money is taken in without facts.

    Raises `msgspec.DecodeError` or `CallerError` for what is no event as PayPal documents them.
    """
    event = msgspec.json.decode(raw, type=Event)
    if event.event_type == "CHECKOUT.ORDER.APPROVED":
        return Notice(event.id, ask=(msgspec.json.decode(event.resource, type=Order).id,))
    if event.event_type == "CHECKOUT.PAYMENT-APPROVAL.REVERSED":
        return Notice(event.id, (_withdrawn_approval(event),))
    if event.event_type in _CAPTURE_EVENTS:
        capture = msgspec.json.decode(event.resource, type=Movement)
        return Notice(event.id, (_fact(_CAPTURE_EVENTS[event.event_type], capture),))
    if event.event_type in _REFUND_EVENTS:
        return _refund_notice(event)
    return Notice(event.id)


def _withdrawn_approval(event: Event) -> PaymentFact:
    approval = msgspec.json.decode(event.resource, type=Approval)
    return PaymentFact(
        kind=FactKind.CANCELLED,
        order_id=approval.purchase_units[0].custom_id if approval.purchase_units else "",
        provider_ref=approval.order_id,
        at_ms=ms_of(event.create_time) or 0,
    )


def _refund_notice(event: Event) -> Notice:
    """A refund or reversal: the total so far if the event names it, else the order is asked."""
    refund = msgspec.json.decode(event.resource, type=Movement)
    total = refund.seller_payable_breakdown.total_refunded_amount
    if total is None or not (refund.custom_id or refund.order_ref):
        return Notice(event.id, ask=(refund.order_ref,) if refund.order_ref else ())
    fact = replace(
        _fact(FactKind.REFUNDED, refund),
        payment_ref=_last_part(refund.links, "up", "/captures/"),
        amount_micros=total.micros,
    )
    return Notice(event.id, (fact,))


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
