"""What a payer is told of his order: how it stands, and, once he has paid, his balance.

The balance is told for a while after the payment only: the address stays in a browser's history.
"""

from collections.abc import Mapping

from engine.core.account import AccountView
from engine.core.inventory import BillingProfile
from engine.core.money import format_shortest
from engine.core.number import classify, mask
from engine.core.payment import OrderStatus, PaymentOrder
from engine.core.tariff import Line
from engine.flows.payments.till import MANUAL
from engine.ports.ledger import Account
from engine.web.site import Site
from engine.web.topup.offers import home_of, reach, services_of
from engine.web.topup.wording import Texts, languages

BALANCE_TOLD_MS = 2 * 3600_000

_TONES: Mapping[OrderStatus, str] = {
    OrderStatus.OPEN: "waiting",
    OrderStatus.PENDING: "waiting",
    OrderStatus.AUTHORISED: "waiting",
    OrderStatus.PAID: "good",
}

Told = dict[str, object]


def texts_of(order: PaymentOrder) -> Texts:
    """In the payer's language."""
    return languages()[order.lang]


def tells_balance(order: PaymentOrder, now_ms: int) -> bool:
    """Whether the payer is still told the balance."""
    return order.paid_ms is not None and now_ms < order.paid_ms + BALANCE_TOLD_MS


async def told_of(site: Site, order: PaymentOrder, path: str) -> Told:
    """All that is told of an order; `path` is the address under which it is watched."""
    texts = texts_of(order)
    profile = site.inventory().profile(order.profile)
    account = await site.ledger.account(order.account_id)
    waits = order.provider == MANUAL and order.status is OrderStatus.OPEN
    told: Told = {
        "order_id": order.order_id,
        "status": order.status,
        "tone": "due" if waits else _TONES.get(order.status, "bad"),
        "title": texts(f"title_{order.status}"),
        "text": texts("transfer_text" if waits else f"text_{order.status}"),
        "amount": texts.round_money(order.amount_micros, order.currency),
        "summary": _summary(order, texts),
        "balance": None,
        "receipt": f"{path}/receipt" if order.is_paid else None,
        "transfer": _transfer(order, profile) if waits and profile else None,
    }
    if profile and account and tells_balance(order, site.clock.now().wall_ms):
        view = await site.store.account(order.account_id)
        if view is not None:
            told["balance"] = _balance(site, profile, account, view, texts)
    return told


def _summary(order: PaymentOrder, texts: Texts) -> str:
    """What was ordered, for which number as it was typed (without its last three digits)."""
    amount = texts.round_money(order.amount_micros, order.currency)
    if order.bonus_micros:
        bonus = texts.round_money(order.bonus_micros, order.currency)
        amount = f"{amount} {texts('bonus', amount=bonus)}"
    return texts("summary", amount=amount, number=mask(order.e164) if order.e164 else "")


def _balance(
    site: Site, profile: BillingProfile, account: Account, view: AccountView, texts: Texts
) -> Told:
    """What can be spent now, what a running call holds of the rest, and the minutes it buys."""
    services = services_of(site.inventory(), profile)
    line = classify(account.e164, home_of(services)).line or Line.OTHER
    available = view.available_micros
    held = texts.money(view.held_micros, view.currency)
    minutes = texts.reach(reach(services, line, available), line)
    return {
        "available": format_shortest(available),
        "currency": view.currency,
        "text": texts.money(available, view.currency),
        "held": texts("held", amount=held) if view.held_micros else "",
        "minutes": minutes if services else "",
    }


def _transfer(order: PaymentOrder, profile: BillingProfile) -> Mapping[str, str]:
    """Whom to send a bank transfer to, and the reference by which it is found."""
    terms = next((t for t in profile.providers if t.provider == order.provider), None)
    options = dict(terms.options) if terms is not None else {}
    return {
        "holder": options.get("holder", ""),
        "iban": options.get("iban", ""),
        "reference": order.provider_ref,
    }
