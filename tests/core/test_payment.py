"""What facts mean for an order: booked once, in any order; misfits never to a customer."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.payment import (
    FactKind,
    OrderStatus,
    Payee,
    PaymentFact,
    PaymentOrder,
    judge,
)
from engine.core.posting import Entry, EntryKind, check_bookable, customer_id

EURO = 1_000_000
NOW_MS = 1_795_000_000_000
PAYEE = Payee(organisation="acme", profile="acme-eur", provider="paypal", payee="M1")
ORDER = PaymentOrder(
    order_id="o1",
    organisation="acme",
    profile="acme-eur",
    provider="paypal",
    account_id="a1",
    currency="EUR",
    amount_micros=20 * EURO,
    bonus_micros=2 * EURO,
    lang="de",
    created_ms=NOW_MS,
    provider_ref="P1",
)


def fact(kind: FactKind, micros: int = 0, payment_ref: str = "C1", **other: str) -> PaymentFact:
    values = {"order_id": "o1", "provider_ref": "P1", "currency": "EUR", "payee": "M1", **other}
    return PaymentFact(kind=kind, amount_micros=micros, payment_ref=payment_ref, **values)


PAID = fact(FactKind.PAID, 20 * EURO)


def told(*facts: PaymentFact) -> tuple[PaymentOrder, list[Entry]]:
    """The order and all entries after these facts."""
    order, entries = ORDER, list[Entry]()
    for one in facts:
        judged = judge(order, one, PAYEE, NOW_MS)
        assert judged.order is not None
        assert judged.alarm == "" or one.failed
        order = judged.order
        entries += judged.entries
    return order, entries


def refunded(euros: int, *failed: tuple[str, int]) -> PaymentFact:
    """A total, and what of it came back."""
    came_back = tuple((name, micros * EURO) for name, micros in failed)
    return replace(fact(FactKind.REFUNDED, euros * EURO), failed=came_back)


def on_customer(entries: list[Entry]) -> int:
    lines = (line for entry in entries for line in entry.postings)
    return sum(line.micros for line in lines if customer_id(line.account))


def test_a_payment_is_booked_with_its_bonus_as_a_line_of_its_own() -> None:
    order, entries = told(PAID)
    assert order.status is OrderStatus.PAID
    assert [(e.kind, e.postings[0].micros, e.postings[1].account) for e in entries] == [
        (EntryKind.TOP_UP, 20 * EURO, "provider:acme-eur.paypal"),
        (EntryKind.BONUS, 2 * EURO, "bonus"),
    ]
    for entry in entries:
        check_bookable(entry)


@pytest.mark.parametrize(
    "kind", [FactKind.PENDING, FactKind.AUTHORISED, FactKind.FAILED, FactKind.EXPIRED]
)
def test_what_is_no_money_yet_is_shown_and_not_credited(kind: FactKind) -> None:
    order, entries = told(fact(kind, 20 * EURO))
    assert order.status.value == kind.value
    assert entries == []


def test_a_part_refunded_takes_its_part_of_the_bonus_back() -> None:
    order, entries = told(PAID, fact(FactKind.REFUNDED, 5 * EURO))
    assert order.status is OrderStatus.REFUNDED
    assert [e.postings[0].micros for e in entries[2:]] == [-5 * EURO, -EURO // 2]
    assert on_customer(entries) == 15 * EURO + 3 * EURO // 2


def test_a_dispute_that_is_won_gives_all_back() -> None:
    withdrawn = fact(FactKind.WITHDRAWN, 20 * EURO, "D1")
    order, entries = told(PAID, withdrawn)
    assert (order.status, on_customer(entries)) == (OrderStatus.REVERSED, 0)
    order, entries = told(PAID, withdrawn, fact(FactKind.REINSTATED, 20 * EURO, "D1"))
    assert (order.status, on_customer(entries)) == (OrderStatus.PAID, 22 * EURO)


def test_a_refund_that_failed_gives_back_what_it_took_with_one_alarm() -> None:
    order, _ = told(PAID, fact(FactKind.REFUNDED, 5 * EURO))
    failed = refunded(5, ("R1", 5))
    judged = judge(order, failed, PAYEE, NOW_MS)
    assert "a refund has failed" in judged.alarm
    assert [entry.postings[0].micros for entry in judged.entries] == [5 * EURO, EURO // 2]
    assert judged.order is not None
    assert (judged.order.status, judged.order.due_micros) == (OrderStatus.PAID, 22 * EURO)
    again = judge(judged.order, failed, PAYEE, NOW_MS)
    assert (again.order, again.entries, again.alarm) == (judged.order, (), "")
    # 25 in all, 5 of which failed, are no more than was paid; a dispute beside it is one.
    most = judge(judged.order, refunded(25), PAYEE, NOW_MS)
    assert (most.alarm, most.order and most.order.due_micros) == ("", 0)
    disputed = judge(judged.order, fact(FactKind.WITHDRAWN, 5 * EURO, "D1"), PAYEE, NOW_MS)
    assert disputed.order is not None
    assert disputed.order.status is OrderStatus.REVERSED


def test_what_came_back_before_it_is_known_to_have_gone_gives_nothing_of_another() -> None:
    order, _ = told(PAID, fact(FactKind.REINSTATED, 5 * EURO, "D1"), refunded(4))
    assert order.taken_back_micros == 4 * EURO
    order, _ = told(PAID, refunded(0, ("R1", 5)), fact(FactKind.WITHDRAWN, 4 * EURO, "D1"))
    assert order.taken_back_micros == 4 * EURO


MISFITS = {
    "no order": (None, PAID),
    "other amount": (ORDER, fact(FactKind.PAID, 20 * EURO - 1)),
    "other currency": (ORDER, fact(FactKind.PAID, 20 * EURO, currency="USD")),
    "other payee": (ORDER, fact(FactKind.PAID, 20 * EURO, payee="M2")),
    "other order's id": (ORDER, fact(FactKind.PAID, 20 * EURO, provider_ref="P2")),
    "other provider's order": (replace(ORDER, provider="stripe"), PAID),
    "other profile's order": (replace(ORDER, profile="other"), PAID),
    "paid twice": (replace(ORDER, paid_ms=NOW_MS, payment_ref="C0"), PAID),
}


@pytest.mark.parametrize("name", MISFITS)
def test_money_that_does_not_fit_is_set_aside_with_an_alarm(name: str) -> None:
    order, misfit = MISFITS[name]
    judged = judge(order, misfit, PAYEE, NOW_MS)
    assert judged.alarm
    (entry,) = judged.entries
    assert (entry.kind, entry.organisation) == (EntryKind.SUSPENSE, "acme")
    if order is None:
        assert judged.order is None
        assert entry.reason == f"{judged.alarm}; order {misfit.order_id}"
    else:
        assert judged.order == replace(order, set_aside_ms=NOW_MS)
        told_for = f"order {order.order_id} of account {order.account_id}"
        assert entry.reason == f"{judged.alarm}; {told_for}"
        again = judge(judged.order, misfit, PAYEE, NOW_MS + 1)
        assert again.order == judged.order
    assert on_customer([entry]) == 0
    check_bookable(entry)


def test_another_organisations_order_is_neither_named_nor_touched() -> None:
    theirs = replace(ORDER, organisation="bolt", profile="bolt-eur")
    judged = judge(theirs, PAID, PAYEE, NOW_MS)
    assert judged.order == theirs
    (entry,) = judged.entries
    assert theirs.account_id not in entry.reason


def test_more_refunded_than_paid_takes_all_of_it_back_with_an_alarm() -> None:
    order, _ = told(PAID)
    judged = judge(order, fact(FactKind.REFUNDED, 21 * EURO), PAYEE, NOW_MS)
    assert judged.alarm
    assert on_customer(list(judged.entries)) == -22 * EURO


def test_money_without_a_currency_is_none() -> None:
    judged = judge(ORDER, fact(FactKind.PAID, 20 * EURO, currency=""), PAYEE, NOW_MS)
    assert (judged.order, judged.entries) == (ORDER, ())
    assert judged.alarm


FACTS = st.one_of(
    st.just(PAID),
    st.sampled_from([fact(FactKind.PENDING), fact(FactKind.FAILED), fact(FactKind.EXPIRED)]),
    st.integers(1, 20).map(lambda euros: fact(FactKind.REFUNDED, euros * EURO)),
    st.integers(1, 3).map(lambda n: fact(FactKind.WITHDRAWN, n * EURO, f"D{n}")),
    st.integers(1, 3).map(lambda n: fact(FactKind.REINSTATED, n * EURO, f"D{n}")),
    st.integers(1, 3).map(lambda n: refunded(3 + n, (f"R{n}", n))),
)


@given(st.lists(FACTS, max_size=8), st.randoms(use_true_random=False))
def test_whatever_the_order_and_however_often_the_same_is_booked(
    facts: list[PaymentFact], chance: object
) -> None:
    shuffled = facts + facts[: len(facts) // 2]
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis types it as object
    first, entries = told(*facts)
    second, again = told(*shuffled)
    assert replace(first, status=OrderStatus.OPEN) == replace(second, status=OrderStatus.OPEN)
    assert on_customer(entries) == on_customer(again)
    assert on_customer(entries) == first.due_micros
    assert len({entry.key for entry in again}) == len(again)


@st.composite
def refunds_told(draw: st.DrawFn) -> tuple[list[PaymentFact], int, int]:
    """What is told of refunds that succeed and fail: by messages, which name what has not failed by
    then, and by answers, which name all, the last answer among them; in any order and repeated,
    some never. Beside it what is refunded in the end (euros), and how many refunds failed.
    """
    steps = draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    refunds, answers, messages = dict[str, int](), list[PaymentFact](), list[PaymentFact]()
    failed = dict[str, int]()
    for number, euros in enumerate(steps):
        refunds[f"R{number}"] = euros
        total = sum(refunds.values())
        messages.append(refunded(total - sum(failed.values())))
        answers.append(refunded(total, *failed.items()))
        if draw(st.booleans()):
            failed[f"R{number}"] = euros
            answers.append(refunded(total, *failed.items()))
    some = draw(st.lists(st.sampled_from([*answers, *messages, PAID]), max_size=10))
    said = draw(st.permutations([PAID, answers[-1], *some]))
    return said, sum(refunds.values()) - sum(failed.values()), len(failed)


@given(refunds_told())
def test_whichever_of_payment_refund_and_its_failing_comes_first_the_books_end_alike(
    drawn: tuple[list[PaymentFact], int, int],
) -> None:
    said, euros, failures = drawn
    order, entries = told(*said)
    taken = euros * EURO
    assert (order.taken_back_micros, on_customer(entries)) == (taken, 22 * EURO - taken * 11 // 10)
    assert order.failed_refunds_micros == order.refunded_micros - taken
    assert len({entry.key for entry in entries}) == len(entries)
    assert sum(name.startswith("refund_failed:") for name, _ in order.disputes) == failures
