"""Money that comes in: what was ordered, what a provider says became of it, what is booked.

A provider tells *facts*: paid, refunded so much in all, withdrawn by a dispute. They come late,
twice and in any order; `judge` adds one to what an order knows already and gives the entries that
bring the books up to it. Every key derives from the order and the fact, never from the message
that told it, so that the same payment told in ten ways is booked once. What does not fit its order
goes to `suspense`, never to a customer.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.money import format_shortest
from engine.core.posting import Entry, EntryKind, Posting, customer

AUTHOR = "payments"
KEY_FAMILY = "payment:"
SETTLED = "settled:"
"""Before the key of a payment in suspense: the key of the one entry that settles it."""


class OrderStatus(StrEnum):
    """How an order stands; only `paid` is money."""

    OPEN = "open"
    PENDING = "pending"
    AUTHORISED = "authorised"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    REVERSED = "reversed"


class FactKind(StrEnum):
    """What a provider can say of a payment.

    `pending` and `authorised` are no money yet; an authorised one waits to be captured. Of
    `refunded` the amount is the total so far; `withdrawn` and `reinstated` are a dispute's.
    """

    PENDING = "pending"
    AUTHORISED = "authorised"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REFUNDED = "refunded"
    WITHDRAWN = "withdrawn"
    REINSTATED = "reinstated"


_FAILED_REFUND = "refund_failed:"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentFact:
    """One thing a provider vouches for; an empty text is something it does not name.

    `order_id` is ours, `provider_ref` the provider's id of the order, `payment_ref` the id of the
    movement itself (a capture, a charge, a dispute), `payee` whose provider account has the money.
    `failed` has the refunds that are in a total and came back, by id (micro-units): told with the
    total, none can be taken for the failing of another.
    """

    kind: FactKind
    order_id: str = ""
    provider_ref: str = ""
    payment_ref: str = ""
    amount_micros: int = 0
    currency: str = ""
    payee: str = ""
    failed: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentOrder:
    """A customer's wish to pay, and all that is known of the payment (amounts in micro-units).

    `e164` is the number it was typed with, whatever his account is named by later; empty in orders
    from before that was kept.
    `paid_ms` is when we were told that its money has come, `set_aside_ms` when money
    for it first did not fit and was put in suspense. `refunded_micros` is the total so far, refunds
    that failed later included; `disputes` has the money each dispute has withdrawn (positive) or
    given back (negative), and each failed refund gave back, by `<kind>:<its id>`.
    """

    order_id: str
    organisation: str
    profile: str
    provider: str
    account_id: str
    currency: str
    amount_micros: int
    bonus_micros: int
    lang: str
    e164: str = ""
    created_ms: int
    provider_ref: str = ""
    payment_ref: str = ""
    status: OrderStatus = OrderStatus.OPEN
    paid_ms: int | None = None
    set_aside_ms: int | None = None
    refunded_micros: int = 0
    disputes: tuple[tuple[str, int], ...] = ()

    @property
    def is_paid(self) -> bool:
        """Whether its money has come, whatever became of it afterwards."""
        return self.paid_ms is not None

    @property
    def withdrawn_micros(self) -> int:
        """What disputes hold back at present; one known to be over before it began holds nothing,
        and gives back nothing of another. A dispute of several steps names each `<its id>:<step>`.
        """
        held: Counter[str] = Counter()
        for name, micros in self.disputes:
            if not name.startswith(_FAILED_REFUND):
                held[name.split(":")[1]] += micros
        return (+held).total()

    @property
    def failed_refunds_micros(self) -> int:
        """What was refunded, and came back because the refund failed."""
        return -sum(micros for name, micros in self.disputes if name.startswith(_FAILED_REFUND))

    @property
    def taken_back_micros(self) -> int:
        """How much of the payment is gone again; never more than was paid, never less than 0."""
        refunded = max(0, self.refunded_micros - self.failed_refunds_micros)
        return min(self.amount_micros, refunded + self.withdrawn_micros)

    @property
    def bonus_back_micros(self) -> int:
        """The bonus that goes with what is gone, in proportion, rounded down."""
        return self.bonus_micros * self.taken_back_micros // self.amount_micros

    @property
    def due_micros(self) -> int:
        """What the customer has of it: paid and given, less what was taken back."""
        if not self.is_paid:
            return 0
        given = self.amount_micros + self.bonus_micros
        return given - self.taken_back_micros - self.bonus_back_micros


@dataclass(frozen=True, slots=True)
class Judged:
    """What follows from a fact: the order as it is now, what is booked, and what is alarming."""

    order: PaymentOrder | None
    entries: tuple[Entry, ...] = ()
    alarm: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee:
    """Where a fact came in: a billing profile's account with a provider.

    `payee` is the account's own id at the provider, empty where the provider names none; `author`
    is who says the fact, as the journal names him.
    """

    organisation: str
    profile: str
    provider: str
    payee: str = ""
    author: str = AUTHOR

    @property
    def account(self) -> str:
        """The account with the provider, in the chart of accounts."""
        return f"provider:{self.profile}.{self.provider}"


_FINAL = {
    FactKind.FAILED: OrderStatus.FAILED,
    FactKind.CANCELLED: OrderStatus.CANCELLED,
    FactKind.EXPIRED: OrderStatus.EXPIRED,
}
_ON_THE_WAY = {
    FactKind.PENDING: OrderStatus.PENDING,
    FactKind.AUTHORISED: OrderStatus.AUTHORISED,
}
_RANK = (OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.AUTHORISED)


def judge(order: PaymentOrder | None, fact: PaymentFact, payee: Payee, now_ms: int) -> Judged:
    """What one fact means for its order; the order is None if there is none of that id.

    It is booked at `now_ms`, when it was told, so that a month once closed stays as it is.
    """
    misfit = _misfit(order, fact, payee)
    if misfit:
        return _set_aside(order, fact, payee, now_ms, misfit)
    assert order is not None
    after = _with_fact(order, fact, now_ms)
    alarm = _alarm(order, after, fact)
    entries = _entries(order, after, payee)
    booked = (replace(entry, at_ms=now_ms, author=payee.author) for entry in entries)
    return Judged(after, tuple(booked), alarm)


def _misfit(order: PaymentOrder | None, fact: PaymentFact, payee: Payee) -> str:
    """What does not fit, in words; empty if all does."""
    if order is None:
        return "no order has this id"
    if (order.profile, order.provider) != (payee.profile, payee.provider):
        return "the order is another profile's or provider's"
    if fact.provider_ref and order.provider_ref and fact.provider_ref != order.provider_ref:
        return "the provider's id is another order's"
    if fact.payee and payee.payee and fact.payee != payee.payee:
        return f"the money went to another payee, {fact.payee}"
    if fact.currency and fact.currency != order.currency:
        return f"the currency is {fact.currency}, not {order.currency}"
    return _amount_misfit(order, fact)


def _amount_misfit(order: PaymentOrder, fact: PaymentFact) -> str:
    if fact.kind is FactKind.PAID:
        if not fact.currency:
            return "no currency is named"
        if fact.amount_micros != order.amount_micros:
            told, wanted = map(format_shortest, (fact.amount_micros, order.amount_micros))
            return f"the amount is {told} {fact.currency}, not {wanted}"
        if order.is_paid and fact.payment_ref != order.payment_ref:
            return "the order has been paid already, by another payment"
    return ""


def _alarm(before: PaymentOrder, after: PaymentOrder, fact: PaymentFact) -> str:
    """What a person must look at, though it fits and is booked; empty if nothing."""
    refunded = fact.amount_micros - after.failed_refunds_micros
    if fact.kind is FactKind.REFUNDED and refunded > after.amount_micros:
        return "more was refunded than was paid"
    if after.failed_refunds_micros > before.failed_refunds_micros:
        return (
            "a refund has failed: its payer has no money of it, and it takes none from his account"
        )
    return ""


def _set_aside(
    order: PaymentOrder | None, fact: PaymentFact, payee: Payee, now_ms: int, misfit: str
) -> Judged:
    """Money that fits no order waits in suspense for a person; other facts only raise an alarm.

    The entry names order and account, so that he finds whose it is; another organisation's never.
    """
    if fact.kind is not FactKind.PAID or fact.amount_micros <= 0 or not fact.currency:
        return Judged(order, alarm=misfit)
    named = f"order {fact.order_id or fact.provider_ref or 'unknown'}"
    if order is not None and order.organisation == payee.organisation:
        named = f"order {order.order_id} of account {order.account_id}"
        if order.set_aside_ms is None:
            order = replace(order, set_aside_ms=now_ms)
    entry = Entry(
        key=suspense_key(payee, fact),
        kind=EntryKind.SUSPENSE,
        currency=fact.currency,
        postings=(
            Posting("suspense", fact.amount_micros),
            Posting(payee.account, -fact.amount_micros),
        ),
        at_ms=now_ms,
        reason=f"{misfit}; {named}",
        author=payee.author,
        organisation=payee.organisation,
    )
    return Judged(order, (entry,), misfit)


def suspense_key(payee: Payee, fact: PaymentFact) -> str:
    """The key of the entry that sets a payment aside."""
    return f"suspense:{payee.profile}:{payee.provider}:{fact.payment_ref or fact.provider_ref}"


def _with_fact(order: PaymentOrder, fact: PaymentFact, now_ms: int) -> PaymentOrder:
    """The order with one more fact known; a fact known already changes nothing."""
    match fact.kind:
        case FactKind.PAID:
            order = replace(
                order,
                paid_ms=order.paid_ms if order.is_paid else now_ms,
                payment_ref=order.payment_ref or fact.payment_ref,
                provider_ref=order.provider_ref or fact.provider_ref,
            )
        case FactKind.REFUNDED:
            total = max(order.refunded_micros, fact.amount_micros)
            failed = {f"{_FAILED_REFUND}{name}": -micros for name, micros in fact.failed}
            order = replace(_with_disputes(order, failed), refunded_micros=total)
        case FactKind.WITHDRAWN | FactKind.REINSTATED:
            sign = 1 if fact.kind is FactKind.WITHDRAWN else -1
            name = f"{fact.kind}:{fact.payment_ref}"
            order = _with_disputes(order, {name: sign * fact.amount_micros})
    return replace(order, status=_status(order, fact))


def _with_disputes(order: PaymentOrder, told: dict[str, int]) -> PaymentOrder:
    """The order with what came and went; what is known already stays as it was told first."""
    return replace(order, disputes=tuple(sorted({**told, **dict(order.disputes)}.items())))


def _status(order: PaymentOrder, fact: PaymentFact) -> OrderStatus:
    """How the order stands, whatever the order in which its facts came."""
    if order.is_paid:
        if order.withdrawn_micros > 0:
            return OrderStatus.REVERSED
        return OrderStatus.REFUNDED if order.taken_back_micros else OrderStatus.PAID
    if fact.kind in _FINAL:
        return _FINAL[fact.kind]
    further = _ON_THE_WAY.get(fact.kind)
    if further is not None and order.status in _RANK:
        return max(order.status, further, key=_RANK.index)
    return order.status


def _entries(before: PaymentOrder, after: PaymentOrder, payee: Payee) -> Iterator[Entry]:
    """What brings the books from `before` to `after`.

    Money taken back before the payment itself was told is booked right after it.
    """
    if not after.is_paid:
        return
    taken_before, bonus_before = 0, 0
    if before.is_paid:
        taken_before, bonus_before = before.taken_back_micros, before.bonus_back_micros
    else:
        yield _entry(after, "paid", EntryKind.TOP_UP, after.amount_micros, payee.account)
        if after.bonus_micros:
            yield _entry(after, "bonus", EntryKind.BONUS, after.bonus_micros, "bonus")
    step = _step(after)
    if taken := after.taken_back_micros - taken_before:
        yield _entry(after, f"back:{step}", EntryKind.REVERSAL, -taken, payee.account)
    if bonus := after.bonus_back_micros - bonus_before:
        yield _entry(after, f"bonus_back:{step}", EntryKind.BONUS_BACK, -bonus, "bonus")


def _step(order: PaymentOrder) -> str:
    """What names the present state of what was taken back, the same however it was reached."""
    return "+".join((str(order.refunded_micros), *(name for name, _ in order.disputes)))


def _entry(order: PaymentOrder, step: str, kind: EntryKind, micros: int, counter: str) -> Entry:
    return Entry(
        key=f"{KEY_FAMILY}{order.order_id}:{step}",
        kind=kind,
        currency=order.currency,
        postings=(Posting(customer(order.account_id), micros), Posting(counter, -micros)),
        at_ms=0,
        reason=order.order_id,
    )
