"""Sofortüberweisung by its own XML interface ("multipay"), for those who still have it.

SOFORT has taken no new contracts since 2024; Klarna's "Pay now" (`klarna`) is its successor. The
payer orders a transfer in his own online banking, so there is nothing to capture: SOFORT only tells
what became of the transfer. Its notification names a transaction and a time, unsigned, and is never
more than a reason to ask.

What the statuses mean here:

* `received`: the money is there. It is the only status that is credited, and not when it arrived in
  part (`partially_credited`): a person has to look at that.
* `pending`: the transfer was ordered, the money is on its way (`not_credited_yet`).
* `untraceable`: the transfer was ordered, and whether it arrives SOFORT cannot see, because the
  recipient's account is not one that it watches (`sofort_bank_account_needed`). An order in online
  banking can still be stopped, so this stays pending until the operator has seen the money and says
  so; whoever has such an account credits by hand.
* `loss`: the money did not come in time, or went back after a complaint. An order that was not paid
  has failed. Of one that was, the money is withdrawn, not refunded, because it may come after all
  (`late_succeed`): then it is reinstated. Both are told, so that it does not matter which of two
  engines has heard of the payment.
* `refunded`: the merchant has paid back `amount_refunded` in all.

An order asked for twice is two transactions there, of which only the one that was given out can be
paid. Transactions in test mode are refused unless the option `test` is `yes`.

Built from public integrations of the interface; SOFORT's servers could not be asked, so the order
of the fields, the reasons beyond those named here and today's state of the service are untried.
"""

import base64
import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar
from xml.etree import ElementTree  # only to write; what comes in is read by defusedxml

from defusedxml import ElementTree as SafeElementTree

from engine.core.money import format_micros, parse_micros
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.payments.http import TIMEOUT_S, RefusedError, Remote
from engine.payments.options import Option, read_base_url, read_options
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

CALLBACK_MOST_BYTES = 16_384
ID_MOST_CHARS = 200
PAYER_TIMEOUT_S = 3_600
REASON_MOST_CHARS = 27

_PATH = "/api/xml"
_NOTIFY_ON = "received,loss,refunded,pending"
_NOT_IN_REASON = re.compile(r"[^0-9A-Za-z +,.-]")
_CREDITED_IN_PART = "partially_credited"
_ORDERS_FAULTS = {"amount": "amount_micros", "currency_code": "currency"}


@dataclass(frozen=True, slots=True)
class _Transaction:
    """What SOFORT knows of a transaction; amounts in micro-units."""

    status: str
    reason: str
    modified: str
    amount_micros: int
    refunded_micros: int
    currency: str
    is_test: bool
    order_id: str


class Sofort:
    """A billing profile's project with SOFORT."""

    NAME: ClassVar[str] = "sofort"
    is_signed = False
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "customer_id": Option("the merchant's customer number", is_required=True),
        "project_id": Option("the project's number", is_required=True),
        "api_key": Option("the interface's key", is_required=True, is_secret=True),
        "test": Option("yes: transactions in test mode count as money", default="no"),
        "base_url": Option("SOFORT's address", default="https://api.sofort.com"),
    }

    def __init__(
        self, options: Mapping[str, str], profile: str, *, timeout_s: float = TIMEOUT_S
    ) -> None:
        read = read_options(options, self.OPTIONS)
        for name in ("customer_id", "project_id"):
            if not (read[name].isascii() and read[name].isdigit()):
                raise CallerError("must be a number", name)
        if read["test"] not in ("yes", "no"):
            raise CallerError("must be yes or no", "test")
        self.name = self.NAME
        self.payee = ""
        self._project_id = read["project_id"]
        self._takes_tests = read["test"] == "yes"
        credential = f"{read['customer_id']}:{read['api_key']}".encode()
        self._remote = Remote(
            read_base_url(read["base_url"], "base_url"),
            timeout_s=timeout_s,
            headers={
                "Authorization": f"Basic {base64.b64encode(credential).decode()}",
                "Content-Type": "application/xml; charset=UTF-8",
                "Accept": "application/xml; charset=UTF-8",
            },
        )

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """A new transaction. `CallerError` for an amount or a currency that SOFORT refuses."""
        answer = await self._ask(_multipay(self._project_id, order, places))
        transaction, url = _text(answer, "transaction"), _text(answer, "payment_url")
        if not (transaction and url):
            raise RemoteError("SOFORT names no transaction or no address", retryable=False)
        return Redirect(transaction, url)

    async def learn(self, headers: Headers) -> None:
        """Nothing is needed to take in a notification."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """The transaction a notification names. XML with a DTD in it is not even read."""
        if len(raw) > CALLBACK_MOST_BYTES:
            return Forged(f"longer than {CALLBACK_MOST_BYTES} bytes")
        root = _parsed(raw)
        if root is None or root.tag != "status_notification":
            return Forged("no status notification")
        transaction, when = _text(root, "transaction"), _text(root, "time")
        if not 0 < len(transaction) <= ID_MOST_CHARS:
            return Forged("names no transaction")
        event = hashlib.sha256(f"{transaction} {when}".encode()).hexdigest()
        return Notice(event, ask=(transaction,))

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """What became of the transfer; nothing as long as the payer has not ordered it."""
        request = ElementTree.Element("transaction_request", version="2")
        _add(request, "transaction", order.provider_ref)
        answer = await self._ask(request)
        for found in answer.iterfind("transaction_details"):
            if _text(found, "transaction") == order.provider_ref:
                transaction = _transaction(found)
                self._check(transaction, order)
                return tuple(_facts(order, transaction))
        return ()

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """There is nothing to take: a transfer comes by itself or not at all."""
        return await self.fetch(order)

    async def close(self) -> None:
        """Let go of connections."""
        await self._remote.close()

    def _check(self, transaction: _Transaction, order: PaymentOrder) -> None:
        if transaction.order_id != order.order_id:
            raise RemoteError(f"{order.provider_ref} is another order's", retryable=False)
        if transaction.is_test and not self._takes_tests:
            raise RemoteError(f"{order.provider_ref} is in test mode, no money", retryable=False)

    async def _ask(self, request: ElementTree.Element) -> ElementTree.Element:
        """SOFORT's answer. Its errors come with 200 or with 4xx, as `errors` either way."""
        body = ElementTree.tostring(request, encoding="UTF-8", xml_declaration=True)
        try:
            raw = await self._remote.raw("POST", _PATH, body=body)
        except RefusedError as error:
            root = _parsed(error.raw)
            if root is None or root.tag != "errors":
                raise
        else:
            root = _parsed(raw)
        if root is None:
            raise RemoteError("SOFORT answered what is no XML", retryable=False)
        if root.tag == "errors":
            raise _refusal(root)
        return root


def _multipay(project_id: str, order: PaymentOrder, places: Places) -> ElementTree.Element:
    """The request for a new transaction."""
    root = ElementTree.Element("multipay")
    try:
        amount = format_micros(order.amount_micros)
    except ValueError:
        raise CallerError("must have at most 2 decimals", "amount_micros") from None
    _add(root, "project_id", project_id)
    _add(root, "interface_version", "groschen_1")
    _add(root, "timeout", str(PAYER_TIMEOUT_S))
    _add(root, "amount", amount)
    _add(root, "currency_code", order.currency)
    reasons = ElementTree.SubElement(root, "reasons")
    _add(reasons, "reason", "-TRANSACTION-")
    _add(reasons, "reason", _NOT_IN_REASON.sub(" ", order.order_id)[:REASON_MOST_CHARS])
    variables = ElementTree.SubElement(root, "user_variables")
    _add(variables, "user_variable", order.order_id)
    _add(root, "success_url", places.success)
    _add(root, "success_link_redirect", "1")
    _add(root, "abort_url", places.failure)
    _add(root, "timeout_url", places.failure)
    urls = ElementTree.SubElement(root, "notification_urls")
    _add(urls, "notification_url", places.notify).set("notify_on", _NOTIFY_ON)
    ElementTree.SubElement(root, "su")
    return root


def _add(parent: ElementTree.Element, tag: str, text: str) -> ElementTree.Element:
    child = ElementTree.SubElement(parent, tag)
    child.text = text
    return child


def _parsed(raw: bytes) -> ElementTree.Element | None:
    """The root, None if it is no XML; entities and external parts are refused with their DTD."""
    try:
        root: ElementTree.Element = SafeElementTree.fromstring(raw, forbid_dtd=True)
    except (ElementTree.ParseError, ValueError, LookupError):
        # An encoding that is unknown is a LookupError; what defusedxml refuses, a ValueError.
        return None
    return root


def _text(parent: ElementTree.Element, path: str) -> str:
    return (parent.findtext(path) or "").strip()


def _transaction(found: ElementTree.Element) -> _Transaction:
    return _Transaction(
        status=_text(found, "status"),
        reason=_text(found, "status_reason"),
        modified=_text(found, "status_modified"),
        amount_micros=_micros(found, "amount"),
        refunded_micros=_micros(found, "amount_refunded"),
        currency=_text(found, "currency_code"),
        is_test=_text(found, "test") not in ("", "0"),
        order_id=_text(found, "user_variables/user_variable"),
    )


def _micros(found: ElementTree.Element, tag: str) -> int:
    try:
        return parse_micros(_text(found, tag) or "0", field=tag)
    except CallerError as error:
        raise RemoteError(f"SOFORT's {tag} {error}", retryable=False) from error


def _facts(order: PaymentOrder, transaction: _Transaction) -> Iterator[PaymentFact]:
    """What a transaction means; every step of it is named by the time it was changed."""
    ref, amount = order.provider_ref, transaction.amount_micros
    step = f"{ref}:{transaction.modified}"
    match transaction.status:
        case "received" if transaction.reason != _CREDITED_IN_PART:
            if order.withdrawn_micros:
                yield _fact(FactKind.REINSTATED, order, transaction, step, order.withdrawn_micros)
            yield _fact(FactKind.PAID, order, transaction, ref, amount)
        case "received" | "pending" | "untraceable":
            yield _fact(FactKind.PENDING, order, transaction, ref, amount)
        case "loss":
            yield _fact(FactKind.FAILED, order, transaction, ref, amount)
            if not order.withdrawn_micros:
                yield _fact(FactKind.WITHDRAWN, order, transaction, step, amount)
        case "refunded":
            pass
        case other:
            raise RemoteError(f"SOFORT names a status {other!r}", retryable=False)
    if transaction.refunded_micros:
        yield _fact(FactKind.REFUNDED, order, transaction, ref, transaction.refunded_micros)


def _fact(
    kind: FactKind, order: PaymentOrder, transaction: _Transaction, ref: str, micros: int
) -> PaymentFact:
    return PaymentFact(
        kind=kind,
        order_id=order.order_id,
        provider_ref=order.provider_ref,
        payment_ref=ref,
        amount_micros=micros,
        currency=transaction.currency,
    )


def _refusal(errors: ElementTree.Element) -> CallerError | RemoteError:
    """The order's fault if SOFORT names one of its fields, else the project's."""
    for error in errors.iter("error"):
        field = _ORDERS_FAULTS.get(_text(error, "field"))
        if field is not None:
            return CallerError("is not taken by SOFORT", field)
    told = ", ".join(
        f"{_text(error, 'code')} {_text(error, 'message')}" for error in errors.iter("error")
    )
    return RemoteError(f"SOFORT refuses: {told[:200]}", retryable=False)
