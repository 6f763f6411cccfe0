"""What an organisation's programs are told by webhook, in the words of the Standard Webhooks.

An event says what has happened, never what is to be done; it names its object by the id it has on
the interface. Numbers are cut, withheld ones are not there at all. Its id derives from its key, so
the same thing told twice is the same event. A body is `type`, `timestamp` and `data`
(https://www.standardwebhooks.com, "Payload structure"); amounts and times are those of the
interface.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.instant import write_time
from engine.core.masking import shown
from engine.core.money import format_shortest
from engine.core.payment import OrderStatus, PaymentOrder
from engine.core.posting import Entry, EntryKind
from engine.core.verification import Verification


class EventType(StrEnum):
    """What can have happened; `ping` is a trial, sent when somebody asks for it."""

    CALL_ENDED = "call.ended"
    PAYMENT_CREDITED = "payment.credited"
    PAYMENT_REFUNDED = "payment.refunded"
    PAYMENT_REVERSED = "payment.reversed"
    PAYMENT_REINSTATED = "payment.reinstated"
    VERIFICATION_ENDED = "verification.ended"
    PING = "ping"


WANTED = tuple(kind for kind in EventType if kind is not EventType.PING)
"""What an endpoint can be told of by itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that has happened; `key` is what it is known by within its organisation.

    `object_id` is the call's, the order's, the verification's or the endpoint's.
    """

    organisation: str
    type: EventType
    key: str
    object_id: str
    at_ms: int
    data: Mapping[str, object]

    @property
    def event_id(self) -> str:
        """The same for each delivery and each try: what a receiver tells repeats by."""
        known_by = json.dumps([self.organisation, self.type, self.key])
        return f"evt_{hashlib.sha256(known_by.encode()).hexdigest()[:32]}"

    @property
    def body(self) -> str:
        """What goes over the wire, to the letter."""
        told = {"type": self.type, "timestamp": write_time(self.at_ms), "data": self.data}
        return json.dumps(told, separators=(",", ":"), ensure_ascii=False)


def call_ended(record: CallRecord, *, hidden: bool = False) -> Event:
    """A call has its record; `hidden` if its number was withheld in another call."""
    joined_ms = record.joined_ms
    return Event(
        organisation=record.organisation,
        type=EventType.CALL_ENDED,
        key=record.call_id,
        object_id=record.call_id,
        at_ms=record.ended_ms,
        data={
            "call_id": record.call_id,
            "service": record.service,
            "profile": record.profile,
            "did": record.did,
            "account_id": record.account_id,
            "caller": shown(record.e164, withheld=hidden or record.withheld),
            "withheld": record.withheld,
            "disposition": record.disposition,
            "refusal": record.refusal,
            "agents": list(record.agents),
            "arrived": write_time(record.arrived_ms),
            "joined": write_time(joined_ms) if joined_ms is not None else None,
            "ended": write_time(record.ended_ms),
            "wait_ms": record.wait_ms,
            "talk_ms": record.talk_ms,
            "charged_s": record.charged_s,
            "charge": format_shortest(record.charge_micros),
            "currency": record.currency,
        },
    )


def payment_told(order: PaymentOrder, entry: Entry) -> Event | None:
    """What an entry of an order tells; None for its bonus, which the order's event names.

    Money that is taken back is `reversed` while a dispute holds any of it, else `refunded`.
    """
    kind = _payment_type(order, entry)
    if kind is None:
        return None
    return Event(
        organisation=order.organisation,
        type=kind,
        key=entry.key,
        object_id=order.order_id,
        at_ms=entry.at_ms,
        data={
            "order_id": order.order_id,
            "account_id": order.account_id,
            "profile": order.profile,
            "provider": order.provider,
            "status": order.status,
            "currency": order.currency,
            "amount": format_shortest(order.amount_micros),
            "bonus": format_shortest(order.bonus_micros),
            "taken_back": format_shortest(order.taken_back_micros),
        },
    )


def _payment_type(order: PaymentOrder, entry: Entry) -> EventType | None:
    if entry.kind is EntryKind.TOP_UP:
        return EventType.PAYMENT_CREDITED
    if entry.kind is not EntryKind.REVERSAL:
        return None
    customers = entry.postings[0]
    if customers.micros > 0:
        return EventType.PAYMENT_REINSTATED
    if order.status is OrderStatus.REVERSED:
        return EventType.PAYMENT_REVERSED
    return EventType.PAYMENT_REFUNDED


def verification_ended(one: Verification) -> Event:
    """A verification is final: its merchant's reference, never number or code."""
    ended_ms = one.ended_ms or one.created_ms
    return Event(
        organisation=one.organisation,
        type=EventType.VERIFICATION_ENDED,
        key=one.verification_id,
        object_id=one.verification_id,
        at_ms=ended_ms,
        data={
            "verification_id": one.verification_id,
            "merchant": one.merchant,
            "reference": one.reference,
            "status": one.status,
            "reason": one.reason or None,
            "method": one.method,
            "ended": write_time(ended_ms),
            "charge": format_shortest(one.charge_micros),
            "currency": one.currency,
            "test": one.test,
        },
    )


def ping(organisation: str, endpoint_id: str, key: str, at_ms: int) -> Event:
    """A trial for one endpoint."""
    return Event(
        organisation=organisation,
        type=EventType.PING,
        key=key,
        object_id=endpoint_id,
        at_ms=at_ms,
        data={"endpoint_id": endpoint_id},
    )
