"""What goes over the wire: bodies and queries that are taken, answers that are given.

Amounts are decimal strings with at most 6 decimals, times RFC 3339 in UTC, numbers E.164. A number
is null where a caller has withheld it: it is told to nobody. Unknown fields are refused.
"""

import re
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from engine.core.instant import EPOCH
from engine.core.instant import write_time as write_time
from engine.core.payment import OrderStatus
from engine.core.posting import EntryKind
from engine.flows.agents import Standing
from engine.ports.people.commands import CallOrder
from engine.ports.store import PauseReason

PAGE_DEFAULT = 50
PAGE_MOST = 200
ID_PATTERN = "^[0-9a-z]{1,64}$"
NAMED_PATTERN = "^[0-9A-Za-z][0-9A-Za-z._-]{0,99}$"
"""What a path may name: an id of ours, a call's, an agent's name."""

_RFC3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII | re.IGNORECASE
)


def _read_time(value: object) -> int:
    """Milliseconds since 1970 of an RFC 3339 time."""
    if isinstance(value, str) and _RFC3339.fullmatch(value):
        try:
            return (datetime.fromisoformat(value.upper()) - EPOCH) // timedelta(milliseconds=1)
        except ValueError:
            pass
    raise ValueError("must be an RFC 3339 time such as 2026-11-01T00:00:00Z")


_TIME_SCHEMA = {"type": "string", "format": "date-time", "examples": ["2026-11-01T00:00:00Z"]}

AmountIn = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,10}(\.[0-9]{1,6})?$")]
Amount = Annotated[str, Field(pattern=r"^-?[0-9]+\.[0-9]{2,6}$")]
Number = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
Name = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._-]{1,100}$")]
Reason = Annotated[
    str, StringConstraints(pattern=r"^[^\x00-\x20\x7f][^\x00-\x1f\x7f]{0,199}$", max_length=200)
]
Instant = Annotated[int, PlainValidator(_read_time), WithJsonSchema(_TIME_SCHEMA)]
Time = Annotated[str, WithJsonSchema(_TIME_SCHEMA)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class Form(BaseModel):
    """What a caller sends: of exactly this form."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


class Page(Form):
    """Which part of a list."""

    limit: int = Field(PAGE_DEFAULT, ge=1, le=PAGE_MOST, description="How many at most.")


class AccountsQuery(Page):
    """Which accounts."""

    after: Id | None = Field(None, description="The `next` of the page before.")
    number: Number | None = Field(None, description="The number that names the account now.")
    profile: Name | None = Field(None, description="The billing profile.")


class TransactionsQuery(Page):
    """Which transactions; `from` is included, `to` is not."""

    after: int | None = Field(None, ge=1, lt=2**53, description="The `next` of the page before.")
    kind: EntryKind | None = Field(None, description="What kind of entry.")
    from_ms: Instant | None = Field(None, alias="from", description="Not before this time.")
    to_ms: Instant | None = Field(None, alias="to", description="Before this time.")


class OrdersQuery(Page):
    """Which orders."""

    after: Id | None = Field(None, description="The `next` of the page before.")
    profile: Name | None = Field(None, description="The billing profile.")
    account_id: Id | None = Field(None, description="The account that is topped up.")
    status: OrderStatus | None = Field(None, description="How the order stands.")


class Movement(Form):
    """Money given or taken."""

    model_config = _example(amount="4.50", reason="Newsletter, November")

    amount: AmountIn = Field(description="More than 0, at most 6 decimals.")
    reason: Reason = Field(description="Why, for the journal.")


class NumberChange(Form):
    """Another number for an account."""

    model_config = _example(number="+493023125200", merge=False)

    number: Number
    merge: bool = Field(False, description="Move the balance to the account the number has.")
    reason: Reason = Field("change of number", description="Why, for the journal.")


class NewOrder(Form):
    """A payment to be begun."""

    model_config = _example(
        profile="acme-eur", provider="manual", number="+493023125100", amount="20.00", lang="de"
    )

    profile: Name = Field(description="The billing profile.")
    provider: Name = Field(description="One of the profile's payment providers.")
    number: Number = Field(description="Whose account is topped up; opened if there is none.")
    amount: AmountIn = Field(description="One of the amounts the profile offers.")
    lang: Literal["de", "en"] = "de"


class Account(BaseModel):
    """A customer's account with its balance by the journal."""

    model_config = _example(
        account_id="9f1c3a5be0d24c7f8a6b1d2e3f405162",
        profile="acme-eur",
        currency="EUR",
        number="+493023125100",
        balance="15.50",
    )

    account_id: Id
    profile: str
    currency: Currency
    number: str | None = Field(description="E.164; null if a caller has withheld it.")
    balance: Amount


class Accounts(BaseModel):
    """A page of accounts."""

    accounts: list[Account]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")


class Customer(Account):
    """An account, and what was paid in."""

    model_config = _example(
        account_id="9f1c3a5be0d24c7f8a6b1d2e3f405162",
        profile="acme-eur",
        currency="EUR",
        number="+493023125100",
        balance="15.50",
        top_ups=2,
        last_top_up="2026-11-03T16:20:00.000Z",
    )

    top_ups: int = Field(description="Payments that came in; bonuses and reversals are none.")
    last_top_up: Time | None


class Customers(BaseModel):
    """A page of customers."""

    customers: list[Customer]
    next: str | None


class Balance(BaseModel):
    """An account as running calls see it."""

    model_config = _example(
        account_id="9f1c3a5be0d24c7f8a6b1d2e3f405162",
        currency="EUR",
        balance="15.50",
        held="1.99",
        available="13.51",
    )

    account_id: Id
    currency: Currency
    balance: Amount
    held: Amount = Field(description="What running calls may still use up.")
    available: Amount = Field(description="Balance less what is held.")


class Booking(BaseModel):
    """Money was given or taken."""

    model_config = _example(
        account_id="9f1c3a5be0d24c7f8a6b1d2e3f405162",
        amount="4.50",
        currency="EUR",
        balance="11.00",
        in_store=True,
    )

    account_id: Id
    amount: Amount
    currency: Currency
    balance: Amount = Field(description="By the journal, afterwards.")
    in_store: bool = Field(description="Whether running calls know of it already.")


class Transaction(BaseModel):
    """One line of an account's journal."""

    model_config = _example(
        seq=7,
        at="2026-11-03T16:20:00.000Z",
        kind="debit",
        amount="-4.50",
        balance="11.00",
        reason="Newsletter, November",
        author="api:3f9c2a71be04d856",
        call_id=None,
    )

    seq: int = Field(description="Its place in the account's gapless sequence, from 1.")
    at: Time
    kind: EntryKind
    amount: Amount = Field(description="Positive if the balance rose.")
    balance: Amount = Field(description="After it.")
    reason: str
    author: str
    call_id: str | None


class Transactions(BaseModel):
    """A page of transactions, newest first."""

    transactions: list[Transaction]
    next: str | None


_ORDER: dict[str, Any] = {
    "order_id": "4b0e7c1d9a2f4e538c6d7f8091a2b3c4",
    "profile": "acme-eur",
    "provider": "manual",
    "account_id": "9f1c3a5be0d24c7f8a6b1d2e3f405162",
    "currency": "EUR",
    "amount": "20.00",
    "bonus": "2.00",
    "taken_back": "0.00",
    "status": "open",
    "lang": "de",
    "created": "2026-11-03T16:19:02.114Z",
    "paid": None,
}


class Order(BaseModel):
    """A payment order; only one that was paid is money."""

    model_config = ConfigDict(json_schema_extra={"examples": [_ORDER]})

    order_id: Id
    profile: str
    provider: str
    account_id: Id
    currency: Currency
    amount: Amount
    bonus: Amount
    taken_back: Amount = Field(description="How much of the payment is gone again.")
    status: OrderStatus
    lang: str
    created: Time
    paid: Time | None


class Orders(BaseModel):
    """A page of orders, newest first."""

    orders: list[Order]
    next: str | None


class BegunOrder(BaseModel):
    """An order that its provider knows."""

    model_config = _example(order=_ORDER, redirect_url="https://pay.example.org/manual/4b0e7c1d")

    order: Order
    redirect_url: str = Field(description="Where the payer goes on.")


class End(Form):
    """Why a call is ended."""

    model_config = _example(reason="complaint 4711")

    reason: Reason = Field(description="Why, for the call's record.")


class Ordered(BaseModel):
    """The call's engine has carried it out."""

    model_config = _example(call_id="1795300000.12", order="warn")

    call_id: str
    order: CallOrder


_CALL: dict[str, Any] = {
    "call_id": "1795300000.12",
    "at": "2026-11-03T16:20:00.000Z",
    "service": "Sternlicht",
    "account_id": "9f1c3a5be0d24c7f8a6b1d2e3f405162",
    "caller": "+493023125xxx",
    "withheld": False,
    "agent": "anna",
    "state": "talking",
    "since": "2026-11-03T16:17:30.100Z",
    "arrived": "2026-11-03T16:17:02.114Z",
    "currency": "EUR",
    "cost": "4.98",
    "meter_runs": True,
    "left_ms": 271500,
    "balance": "15.50",
    "held": "5.98",
    "first_call": False,
    "config_version": 12,
    "engine": "engine-1",
}


class Call(BaseModel):
    """A live call at an instant."""

    model_config = ConfigDict(json_schema_extra={"examples": [_CALL]})

    call_id: str
    at: Time = Field(description="The instant that cost and time left are of.")
    service: str
    account_id: str | None
    caller: str | None = Field(description="Cut by three digits; null if withheld or unknown.")
    withheld: bool
    agent: str | None
    state: str
    since: Time = Field(description="When it came into this state.")
    arrived: Time
    currency: Currency
    cost: Amount = Field(description="What it costs if it ends now.")
    meter_runs: bool = Field(description="Whether `left_ms` is counting down.")
    left_ms: int | None = Field(description="How long it may go on; null while nothing is charged.")
    balance: Amount | None
    held: Amount | None = Field(description="What all calls on the account may still use up.")
    first_call: bool
    config_version: int
    engine: str


class Calls(BaseModel):
    """All live calls, oldest first."""

    calls: list[Call]


class Pausing(Form):
    """Why an agent pauses."""

    model_config = _example(reason="break")

    # JSON knows no members of an enumeration.
    reason: PauseReason = Field(strict=False)


class Agent(BaseModel):
    """How an agent stands."""

    model_config = _example(
        name="anna",
        state="wrap_up",
        since="2026-11-03T16:20:00.000Z",
        until="2026-11-03T16:20:30.000Z",
        pause=None,
        call_id=None,
    )

    name: str
    state: Standing
    since: Time | None = Field(description="Null if he never had a call.")
    until: Time | None = Field(description="When his wrap-up time ends.")
    pause: PauseReason | None = Field(description="Also one that begins after his call.")
    call_id: str | None


class Agents(BaseModel):
    """All agents, in the order of the operator's files."""

    agents: list[Agent]


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str = Field(description="Its dotted path.")
    message: str


class Problem(BaseModel):
    """Why a request was refused (RFC 9457)."""

    type: str = Field(description="`urn:groschen:problem:<code>`, stable for programs.")
    title: str
    status: int
    detail: str = ""
    field: str = Field("", description="The dotted path of the (first) fault.")
    request: str = Field("", description="The request's id, as in `X-Request-Id` and our log.")
    errors: list[Fault] = Field([], description="Every fault of the body or query.")
    available: str = Field("", description="What could be taken from the account.")
    account_id: str = Field("", description="The account that is in the way.")
    reason: str = Field("", description="Which rule forbids it, stable for programs.")
    did_you_mean: str = Field("", description="The number that was probably meant.")
