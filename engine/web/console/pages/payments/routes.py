"""Top-ups: what was ordered and what became of it; what waits for a person is settled by hand."""

from aiohttp import web

from engine.core.payment import OrderStatus, PaymentOrder
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.money.movements import Why
from engine.flows.payments.till import MANUAL
from engine.ports.orders import OrderFilter
from engine.ports.reading.suspense import Waiting
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import number_of, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.route import Route, Subject, Whose

PAYMENTS = "/console/payments"
SUSPENSE = f"{PAYMENTS}/suspense"
WAITING_MOST = 200


async def find_order(asked: Asked) -> Belongs | None:
    """The order that the address names."""
    return await asked.site.till.orders.order(asked.request.match_info["order_id"])


async def find_waiting(asked: Asked) -> Belongs | None:
    """The payment in suspense that the address names."""
    return await asked.site.reading.suspense.one(asked.request.match_info["suspense_key"])


async def show_all(asked: Asked) -> web.StreamResponse:
    """Payment orders, newest first."""
    status = word_of(OrderStatus, asked.wanted("status"))
    wanted = OrderFilter(
        organisation=asked.owner,
        status=status,
        account_id=asked.wanted("account") or None,
        before=asked.wanted("before") or None,
        most=PAGE_ROWS + 1,
    )
    orders = await asked.site.till.orders.orders(wanted)
    waiting = await asked.site.reading.suspense.waiting(asked.owner, WAITING_MOST)
    return asked.render(
        "payments/list.html",
        orders=orders[:PAGE_ROWS],
        more=orders[PAGE_ROWS - 1].order_id if len(orders) > PAGE_ROWS else "",
        wanted=status or "",
        statuses=tuple(OrderStatus),
        manual=MANUAL,
        waiting=len(waiting),
    )


async def confirm(asked: Asked) -> web.StreamResponse:
    """The money of an order by hand has come."""
    order = asked.found(PaymentOrder)
    if not asked.may_move(order.amount_micros):
        raise CallerError("is more than you may book", "limit")
    asked.note(order=order.order_id, micros=order.amount_micros)
    paid = await asked.site.till.confirm(order.order_id, asked.user.name)
    amount = asked.texts.money(paid.amount_micros, paid.currency)
    return asked.done(PAYMENTS, "payments.confirmed_now", amount=amount)


async def show_waiting(asked: Asked) -> web.StreamResponse:
    """Payments that fitted no order."""
    waiting = await asked.site.reading.suspense.waiting(asked.owner, WAITING_MOST)
    return asked.render("payments/suspense.html", waiting=waiting)


async def settle(asked: Asked) -> web.StreamResponse:
    """Give a payment in suspense to the customer it was for."""
    waiting = asked.found(Waiting)
    profile = _profile_of(asked, waiting)
    e164 = number_of(asked.typed("number", 50))
    account = await asked.site.ledger.find_account(profile, e164)
    if account is None:
        raise CallerError("has no account", "number")
    reason = asked.typed("reason", 200)
    why = Why(key=waiting.key, reason=reason, author=asked.user.name)
    asked.note(account=account.account_id, micros=waiting.micros, reason=reason)
    done = await asked.site.money.settle(waiting, account.account_id, why)
    amount = asked.texts.money(done.micros, waiting.currency)
    path = f"/console/customers/{account.account_id}"
    return asked.done(path, "payments.settled_now", amount=amount)


def _profile_of(asked: Asked, waiting: Waiting) -> str:
    """The billing profile whose account with a provider has the money."""
    name = waiting.counter.removeprefix("provider:").rpartition(".")[0]
    profile = asked.site.inventory().profile(name)
    if profile is None or profile.organisation != waiting.organisation:
        raise CallerError("has no profile any more", "profile")
    return name


SUBJECT = Subject(
    routes=(
        Route("GET", PAYMENTS, Right.MONEY_READ, show_all, whose=Whose.ONE),
        Route("GET", SUSPENSE, Right.MONEY_READ, show_waiting, whose=Whose.ONE),
        Route(
            "POST",
            f"{SUSPENSE}/{{suspense_key}}/settle",
            Right.MONEY_WRITE,
            settle,
            finds=find_waiting,
            action="payments.settle",
            asks_first=True,
            again=show_waiting,
        ),
        Route(
            "POST",
            f"{PAYMENTS}/{{order_id}}/confirm",
            Right.MONEY_WRITE_LIMITED,
            confirm,
            finds=find_order,
            action="payments.confirm",
            asks_first=True,
            again=show_all,
        ),
    ),
    menu=(Item(Section.BUSINESS, PAYMENTS, Right.MONEY_READ, "payments.title", place=30),),
)
