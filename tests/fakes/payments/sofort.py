"""SOFORT's XML interface: new transactions, what became of them, status notifications.

As documented, a transaction that the payer has not finished is not known to its merchant yet, and
`untraceable` is all that is ever known where the recipient's account is not watched.
"""

import itertools
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

from aiohttp import web
from defusedxml import ElementTree as SafeElementTree

from tests.fakes.payments.site import Courier, Site, choice, page

CURRENCIES = {"EUR", "CHF", "GBP", "PLN"}
CHOICES = {"pay": ("Überweisung freigeben", "Approve transfer"), "cancel": ("Abbrechen", "Cancel")}


@dataclass
class Transaction:
    """A transaction; `status` is empty until the payer has ordered the transfer."""

    transaction: str
    amount: Decimal
    currency: str
    variables: list[str]
    reasons: list[str]
    success_url: str
    abort_url: str
    notify: list[tuple[str, set[str]]] = field(default_factory=list)
    status: str = ""
    reason: str = ""
    refunded: Decimal = Decimal(0)
    changes: int = 0


class SofortFake(Site):
    """SOFORT for one project.

    `is_watched`: whether it sees the recipient's account. `settles`: the money comes at once.
    `is_test`: the project is in test mode. `excess`: how much too much is told.
    """

    def __init__(
        self, customer_id: str = "1234", api_key: str = "key", project_id: str = "99"
    ) -> None:
        self.is_watched = True
        self.settles = False
        self.is_test = False
        self.excess = Decimal(0)
        self.transactions: dict[str, Transaction] = {}
        self.customer_id = customer_id
        self.api_key = api_key
        self.project_id = project_id
        self._auth = "Basic " + b64encode(f"{customer_id}:{api_key}".encode()).decode()
        self._count = itertools.count(1)
        super().__init__(Courier())

    def options(self) -> dict[str, str]:
        """What an operator would write to use this account."""
        return {
            "customer_id": self.customer_id,
            "project_id": self.project_id,
            "api_key": self.api_key,
            "base_url": self.url,
        }

    def routes(self) -> Sequence[web.RouteDef]:
        return [
            web.post("/api/xml", self._xml),
            web.get("/pay/{transaction}", self._show),
            web.post("/pay/{transaction}", self._clicked),
        ]

    def pay(self, transaction: str) -> None:
        """The payer orders the transfer."""
        if not self.is_watched:
            self.become(transaction, "untraceable", "sofort_bank_account_needed")
            return
        self.become(transaction, "pending", "not_credited_yet")
        if self.settles:
            self.become(transaction, "received", "credited")

    def become(
        self, transaction: str, status: str, reason: str = "", refunded: Decimal | None = None
    ) -> None:
        """A transaction changes, and the merchant is told if he wants to hear of that status."""
        found = self.transactions[transaction]
        found.status, found.reason = status, reason
        found.refunded = found.refunded if refunded is None else refunded
        found.changes += 1
        root = ElementTree.Element("status_notification")
        ElementTree.SubElement(root, "transaction").text = transaction
        ElementTree.SubElement(root, "time").text = _when(found)
        for url, statuses in found.notify:
            if status in statuses:
                self.courier.send(url, _written(root), "application/xml")

    def refund(self, transaction: str, amount: Decimal) -> None:
        """The merchant pays back so much more, and is told."""
        found = self.transactions[transaction]
        total = found.refunded + amount
        reason = "refunded" if total == found.amount else "compensation"
        self.become(transaction, "refunded", reason, total)

    async def _xml(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self._auth:
            raise web.HTTPUnauthorized
        asked = SafeElementTree.fromstring(await request.read(), forbid_dtd=True)
        root = self._multipay(asked) if asked.tag == "multipay" else self._details(asked)
        return web.Response(body=_written(root), content_type="application/xml")

    def _multipay(self, asked: Any) -> ElementTree.Element:
        amount = Decimal(asked.findtext("amount"))
        currency = asked.findtext("currency_code")
        if asked.findtext("project_id") != self.project_id:
            return _errors("8010", "project_id", "Project does not exist")
        if not Decimal("0.10") <= amount <= 5000:
            return _errors("8015", "amount", "Amount is out of range")
        if currency not in CURRENCIES:
            return _errors("8018", "currency_code", "Currency is not supported")
        transaction = f"{self.project_id}-1234-{next(self._count):08d}"
        self.transactions[transaction] = Transaction(
            transaction,
            amount,
            currency,
            [variable.text for variable in asked.iterfind("user_variables/user_variable")],
            [reason.text for reason in asked.iterfind("reasons/reason")],
            asked.findtext("success_url").replace("-TRANSACTION-", transaction),
            asked.findtext("abort_url"),
            [
                (url.text, set(url.get("notify_on").split(",")))
                for url in asked.iterfind("notification_urls/notification_url")
            ],
        )
        root = ElementTree.Element("new_transaction")
        ElementTree.SubElement(root, "transaction").text = transaction
        ElementTree.SubElement(root, "payment_url").text = f"{self.url}/pay/{transaction}"
        return root

    def _details(self, asked: Any) -> ElementTree.Element:
        root = ElementTree.Element("transactions")
        for wanted in asked.iterfind("transaction"):
            found = self.transactions.get(wanted.text)
            if found is not None and found.status:
                root.append(self._told(found))
        return root

    def _told(self, found: Transaction) -> ElementTree.Element:
        told = ElementTree.Element("transaction_details")
        values = {
            "project_id": self.project_id,
            "transaction": found.transaction,
            "test": str(int(self.is_test)),
            "time": "2026-11-21T10:00:00+01:00",
            "status": found.status,
            "status_reason": found.reason,
            "status_modified": _when(found),
            "payment_method": "su",
            "language_code": "de",
            "amount": f"{found.amount + self.excess:.2f}",
            "amount_refunded": f"{found.refunded:.2f}",
            "currency_code": found.currency,
        }
        for tag, text in values.items():
            ElementTree.SubElement(told, tag).text = text
        for tag, texts in (("reason", found.reasons), ("user_variable", found.variables)):
            group = ElementTree.SubElement(told, f"{tag}s")
            for text in texts:
                ElementTree.SubElement(group, tag).text = text
        return told

    async def _show(self, request: web.Request) -> web.Response:
        found = self.transactions[request.match_info["transaction"]]
        return page(request, "SOFORT", f"{found.amount} {found.currency}", CHOICES)

    async def _clicked(self, request: web.Request) -> web.Response:
        found = self.transactions[request.match_info["transaction"]]
        if await choice(request) == "pay":
            self.pay(found.transaction)
            raise web.HTTPSeeOther(found.success_url)
        raise web.HTTPSeeOther(found.abort_url)


def _when(found: Transaction) -> str:
    return f"2026-11-21T10:{found.changes:02d}:00+01:00"


def _written(root: ElementTree.Element) -> bytes:
    written: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _errors(code: str, field_name: str, message: str) -> ElementTree.Element:
    root = ElementTree.Element("errors")
    error = ElementTree.SubElement(root, "error")
    for tag, text in (("code", code), ("message", message), ("field", field_name)):
        ElementTree.SubElement(error, tag).text = text
    return root
