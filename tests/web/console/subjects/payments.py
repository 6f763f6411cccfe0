"""Top-ups and payments in suspense."""

from dataclasses import replace

from engine.core.payment import FactKind, PaymentFact, PaymentOrder, suspense_key
from engine.core.posting import Entry, EntryKind, Posting
from tests.web.console.house import MASTERS, OTHERS, House, Row
from tests.web.console.money.business import account, euros
from tests.web.site import LANDLINE, MOBILE, PROVIDER, fact

READERS = f"{MASTERS} manager auditor"

ROWS = {
    ("GET", "/console/payments"): Row(READERS),
    ("GET", "/console/payments/suspense"): Row(READERS),
    ("POST", "/console/payments/suspense/{suspense_key}/settle"): Row(
        MASTERS, {"number": MOBILE, "reason": "named in the reference"}
    ),
    ("POST", "/console/payments/{order_id}/confirm"): Row(f"{MASTERS} manager"),
}


async def seed(house: House) -> None:
    """A paid order, one by hand, one that failed; a payment in suspense here and one elsewhere."""
    bench = house.bench
    await account(house, MOBILE)
    paid = await bench.begin(MOBILE)
    await bench.tell(paid.order, FactKind.PAID)
    failed = await bench.begin(LANDLINE, 10)
    await bench.tell(failed.order, FactKind.FAILED)
    by_hand = await bench.begin(MOBILE, 50, provider="manual")
    house.own["order_id"] = by_hand.order.order_id
    payee = bench.site.till.payee_of(paid.order)
    assert payee is not None
    strange = PaymentFact(
        kind=FactKind.PAID,
        payment_ref="pay-strange",
        amount_micros=euros(15),
        currency="EUR",
    )
    await bench.site.till.note((strange,), payee)
    house.own["suspense_key"] = suspense_key(payee, strange)
    await _seed_elsewhere(house, fact(paid.order, FactKind.PAID), paid.order)


async def _seed_elsewhere(house: House, told: PaymentFact, order: PaymentOrder) -> None:
    theirs = await account(house, LANDLINE, organisation=OTHERS)
    foreign = replace(
        order,
        order_id="b" * 32,
        organisation=OTHERS,
        profile="bolt-eur",
        account_id=theirs,
        provider_ref="ref-bolt",
        payment_ref="",
    )
    await house.bench.site.till.orders.place(foreign)
    house.foreign["order_id"] = foreign.order_id
    key = f"suspense:bolt-eur:{PROVIDER}:{told.payment_ref}"
    await house.bench.ledger.post(
        Entry(
            key=key,
            kind=EntryKind.SUSPENSE,
            currency="EUR",
            postings=(
                Posting("suspense", told.amount_micros),
                Posting(f"provider:bolt-eur.{PROVIDER}", -told.amount_micros),
            ),
            at_ms=house.bench.site.clock.now().wall_ms,
            reason="no order has this id",
            organisation=OTHERS,
        )
    )
    house.foreign["suspense_key"] = key
