"""What is told by webhook: of calls and payments, and of no number more than may be."""

import json
from dataclasses import replace

import pytest

from engine.core.payment import FactKind, OrderStatus, Payee, PaymentFact, PaymentOrder, judge
from engine.core.webhook import Event, EventType, call_ended, payment_told
from tests.ports.ledger.books import NOW_MS, answered_call, refused_call

EURO = 1_000_000
PAYEE = Payee(organisation="acme", profile="acme-eur", provider="paypal")
ORDER = PaymentOrder(
    order_id="o1",
    organisation="acme",
    profile="acme-eur",
    provider="paypal",
    account_id="a1",
    currency="EUR",
    amount_micros=10 * EURO,
    bonus_micros=EURO,
    lang="de",
    e164="+491701234567",
    created_ms=NOW_MS,
)


def told(*facts: tuple[FactKind, int]) -> list[Event]:
    """What is told of one order as its facts come in."""
    order, events = ORDER, []
    for kind, units in facts:
        fact = PaymentFact(
            kind=kind,
            order_id="o1",
            payment_ref="C1",
            amount_micros=units * EURO,
            currency="EUR",
        )
        judged = judge(order, fact, PAYEE, NOW_MS)
        assert judged.order is not None
        order = judged.order
        events += [event for one in judged.entries if (event := payment_told(order, one))]
    return events


def test_a_withheld_number_is_not_told() -> None:
    text = call_ended(answered_call("c1", "a1")).body
    assert "1701234" not in text
    assert json.loads(text)["data"]["caller"] is None


def test_a_number_is_cut() -> None:
    event = call_ended(replace(answered_call("c1", "a1"), withheld=False))
    assert event.data["caller"] == "+491701234xxx"
    assert "1701234567" not in event.body


def test_a_call_is_told_with_what_it_cost() -> None:
    event = call_ended(answered_call("c1", "a1"))
    assert (event.type, event.object_id, event.organisation) == ("call.ended", "c1", "acme")
    data = json.loads(event.body)["data"]
    assert (data["charge"], data["currency"], data["charged_s"]) == ("3.98", "EUR", 120)
    assert data["ended"] == json.loads(event.body)["timestamp"] == "2026-05-28T20:28:07.700Z"
    refused = json.loads(call_ended(refused_call("c2")).body)["data"]
    assert (refused["refusal"], refused["caller"], refused["joined"]) == (
        "not_identified",
        None,
        None,
    )


def test_an_event_is_known_by_organisation_type_and_key() -> None:
    event = call_ended(answered_call("c1", "a1"))
    others = (
        replace(event, organisation="bolt"),
        replace(event, type=EventType.PING),
        replace(event, key="c2"),
    )
    ids = {one.event_id for one in (event, *others)}
    assert len(ids) == 4
    assert replace(event, at_ms=1, data={}).event_id == event.event_id
    assert all("." not in name for name in ids)


@pytest.mark.parametrize(
    ("facts", "types"),
    [
        ([(FactKind.PENDING, 10)], []),
        ([(FactKind.PAID, 10)], ["payment.credited"]),
        ([(FactKind.PAID, 10)] * 2, ["payment.credited"]),
        ([(FactKind.PAID, 9)], []),
        (
            [(FactKind.PAID, 10), (FactKind.REFUNDED, 4), (FactKind.REFUNDED, 10)],
            ["payment.credited", "payment.refunded", "payment.refunded"],
        ),
        (
            [(FactKind.PAID, 10), (FactKind.WITHDRAWN, 10), (FactKind.REINSTATED, 10)],
            ["payment.credited", "payment.reversed", "payment.reinstated"],
        ),
        ([(FactKind.REFUNDED, 4), (FactKind.PAID, 10)], ["payment.credited", "payment.refunded"]),
    ],
)
def test_what_is_told_of_an_order(facts: list[tuple[FactKind, int]], types: list[str]) -> None:
    events = told(*facts)
    assert [event.type for event in events] == types
    assert len({event.event_id for event in events}) == len(events)
    assert all("170123" not in event.body for event in events)


def test_a_payment_is_told_with_how_it_stands() -> None:
    credited, refunded = told((FactKind.PAID, 10), (FactKind.REFUNDED, 4))
    assert credited.data == {
        "order_id": "o1",
        "account_id": "a1",
        "profile": "acme-eur",
        "provider": "paypal",
        "status": OrderStatus.PAID,
        "currency": "EUR",
        "amount": "10.00",
        "bonus": "1.00",
        "taken_back": "0.00",
    }
    assert (refunded.data["taken_back"], refunded.data["status"]) == ("4.00", "refunded")
