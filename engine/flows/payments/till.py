"""The till: orders are begun here, and everything that is said about payments comes in here.

A callback is verified, then written down with all that follows from it (journal entries, outbox)
in one transaction, and only then answered. The store, and with it the running call, is told right
after the commit, beside the answer; what fails there the relay brings later. A callback that
proves nothing by itself only makes its order due to be asked about (`flows.payments.asking`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import uuid4

import structlog

from engine.core.inventory import BillingProfile, Inventory
from engine.core.number import classify
from engine.core.payment import FactKind, OrderStatus, Payee, PaymentFact, PaymentOrder
from engine.errors import CallerError
from engine.flows.money.relay import Relay
from engine.flows.payments.seals import Purpose, Seal
from engine.ports.clock import Clock
from engine.ports.ledger import Ledger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.orders import Letter, Orders, Taken
from engine.ports.payments import Forged, Headers, Places, Provider
from engine.ports.store import StorePosting

FIRST_ASK_MS = 20_000
MANUAL = "manual"

Providers = Mapping[tuple[str, str], Provider]
"""Every profile's accounts, by the profile's name and the provider's."""

log = structlog.get_logger(__name__)


class Outcome(StrEnum):
    """What became of a callback."""

    TAKEN = "taken"
    REPEATED = "repeated"
    FORGED = "forged"


@dataclass(frozen=True, slots=True)
class Begun:
    """An order that its provider knows, and where the payer goes on."""

    order: PaymentOrder
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What a payer asks for; `e164` is the number whose account is to be topped up."""

    profile: str
    provider: str
    e164: str
    pay_micros: int
    lang: str


class Till:
    """Takes money in for all billing profiles.

    `origin` is where the world reaches our pages (`https://pay.example.org`).
    """

    def __init__(
        self,
        *,
        orders: Orders,
        ledger: Ledger,
        relay: Relay,
        providers: Callable[[], Providers],
        inventory: Callable[[], Inventory],
        clock: Clock,
        seal: Seal,
        origin: str,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self.orders = orders
        self.asked = asyncio.Event()
        self._ledger = ledger
        self._relay = relay
        self._providers = providers
        self._inventory = inventory
        self._clock = clock
        self.seal = seal
        self._origin = origin
        self.metrics = metrics
        self._telling: set[asyncio.Task[None]] = set()

    async def close(self) -> None:
        """Wait until the store has been told of all that was taken in."""
        if self._telling:
            await asyncio.wait(self._telling)

    # --- who gets it ---------------------------------------------------------------------

    def provider(self, profile: str, provider: str) -> Provider | None:
        """A profile's account with a provider, if it has one."""
        return self._providers().get((profile, provider))

    def payee(self, profile: BillingProfile, provider: str) -> Payee:
        """Where facts of this account come in."""
        account = self._providers()[profile.name, provider]
        return Payee(
            organisation=profile.organisation,
            profile=profile.name,
            provider=provider,
            payee=account.payee,
        )

    def payee_of(self, order: PaymentOrder) -> Payee | None:
        """Where facts about an order come in; None if its profile has left the provider."""
        profile = self._inventory().profile(order.profile)
        if profile is None or self.provider(order.profile, order.provider) is None:
            return None
        return self.payee(profile, order.provider)

    # --- orders --------------------------------------------------------------------------

    async def begin(self, wish: Wish) -> Begun:
        """Write an order down and take it to its provider.

        Raises `CallerError` with the field for a wish that cannot be met, `RemoteError` if books
        or provider do not answer (the order then stays open, and no money can come of it).
        """
        profile = self._profile(wish.profile)
        provider = self.provider(profile.name, wish.provider)
        if provider is None:
            raise CallerError("is not among the profile's providers", "provider")
        order = await self._order(profile, wish)
        await self.orders.place(order)
        redirect = await provider.create(order, self._places(order))
        ask_at_ms = None if wish.provider == MANUAL else self._now_ms() + FIRST_ASK_MS
        order = await self.orders.started(order.order_id, redirect.provider_ref, ask_at_ms)
        log.info("payment.begun", order=order.order_id, provider=order.provider)
        return Begun(order, redirect.url)

    def _profile(self, name: str) -> BillingProfile:
        profile = self._inventory().profile(name)
        if profile is None:
            raise CallerError("there is no such billing profile", "profile")
        return profile

    async def _order(self, profile: BillingProfile, wish: Wish) -> PaymentOrder:
        amount = next((a for a in profile.amounts if a.pay_micros == wish.pay_micros), None)
        if amount is None:
            raise CallerError("is not among the amounts that can be paid in", "amount")
        if classify(wish.e164, None).e164 != wish.e164:
            raise CallerError("must be a number such as +493023125000", "number")
        account = await self._ledger.open_account(
            profile.organisation, profile.name, wish.e164, profile.currency
        )
        return PaymentOrder(
            order_id=uuid4().hex,
            organisation=profile.organisation,
            profile=profile.name,
            provider=wish.provider,
            account_id=account.account_id,
            currency=profile.currency,
            amount_micros=amount.pay_micros,
            bonus_micros=amount.bonus_micros,
            lang=wish.lang,
            e164=wish.e164,
            created_ms=self._now_ms(),
        )

    def _places(self, order: PaymentOrder) -> Places:
        watched = self.seal.make(Purpose.WATCH, order.order_id)
        back = f"{self._origin}/pay/{order.order_id}/{watched}/back"
        named = _named(order.profile, order.provider, order.order_id)
        token = f"{order.order_id}.{self.seal.make(Purpose.NOTIFY, named)}"
        notify = f"{self._origin}/hooks/{order.profile}/{order.provider}/{token}"
        return Places(success=f"{back}?paid", failure=back, notify=notify)

    # --- what is said of payments --------------------------------------------------------

    async def receive(
        self, payee: Payee, raw: bytes, headers: Headers, token: str | None
    ) -> Outcome:
        """Take a callback in; when this returns it is durable and may be answered.

        `token` is what stood in the address it came to, None if nothing did. `RemoteError` if the
        books do not answer, or what proves the callback cannot be had: it is to be sent again.
        """
        received_ms = self._clock.now().mono_ms
        provider = self._providers()[payee.profile, payee.provider]
        if token is None and not provider.is_signed:
            return self._forged(payee, "the address names no order")
        if token is not None and not self._is_ours(token, payee):
            return self._forged(payee, "the address has a token that is not ours")
        await provider.learn(headers)
        now_ms = self._now_ms()
        notice = provider.verify(raw, headers, now_ms)
        if isinstance(notice, Forged):
            return self._forged(payee, notice.reason)
        letter = Letter(
            payee=payee,
            event_id=notice.event_id,
            raw=raw,
            received_ms=now_ms,
            facts=notice.facts,
            ask=notice.ask if token is None else (*notice.ask, _order_in(token)),
        )
        taken = await self.orders.take_in(letter)
        for posting in taken.postings:
            self.metrics.money_received(posting.account_id, received_ms)
        self._tell(taken, payee, received_ms)
        if not notice.facts:
            self.asked.set()
        outcome = Outcome.TAKEN if taken.is_new else Outcome.REPEATED
        self.metrics.callback_received(payee.provider, outcome)
        return outcome

    def _is_ours(self, token: str, payee: Payee) -> bool:
        name = _named(payee.profile, payee.provider, _order_in(token))
        return self.seal.fits(Purpose.NOTIFY, name, token.rpartition(".")[2])

    def _forged(self, payee: Payee, reason: str) -> Outcome:
        log.warning("payment.forged", profile=payee.profile, provider=payee.provider, reason=reason)
        self.metrics.callback_received(payee.provider, Outcome.FORGED)
        return Outcome.FORGED

    async def note(self, facts: tuple[PaymentFact, ...], payee: Payee) -> Taken:
        """Take in what a provider has answered."""
        taken = await self.orders.note(facts, payee, self._now_ms())
        self._tell(taken, payee)
        return taken

    async def confirm(self, order_id: str, author: str) -> PaymentOrder:
        """The money of a manual order has come, as `author` says (an operator, for the journal)."""
        if not author.strip():
            raise CallerError("must say who confirms it", "author")
        order = await self.orders.order(order_id)
        payee = self.payee_of(order) if order is not None else None
        if order is None or payee is None or order.provider != MANUAL:
            raise CallerError("is no order that is confirmed by hand", "order_id")
        paid = PaymentFact(
            kind=FactKind.PAID,
            order_id=order_id,
            payment_ref=order_id,
            amount_micros=order.amount_micros,
            currency=order.currency,
        )
        return (await self.note((paid,), replace(payee, author=author))).orders[0]

    async def ask_now(self, order: PaymentOrder) -> None:
        """The payer is back: ask the provider at once how the order stands."""
        if order.provider == MANUAL:
            return
        if order.status in (OrderStatus.OPEN, OrderStatus.PENDING, OrderStatus.AUTHORISED):
            await self.orders.ask_later(order.order_id, self._now_ms())
            self.asked.set()

    def _tell(self, taken: Taken, payee: Payee, received_ms: int | None = None) -> None:
        """Tell the store, and the running call, beside the answer to whoever told us; a callback's
        way there is timed from when it was received."""
        for alarm in taken.alarms:
            self.metrics.set_aside(payee.provider)
            log.error(
                "payment.does_not_fit",
                profile=payee.profile,
                provider=payee.provider,
                alarm=alarm,
                orders=[order.order_id for order in taken.orders],
            )
        if taken.postings:
            task = asyncio.create_task(self._credit(taken.postings, payee.provider, received_ms))
            self._telling.add(task)
            task.add_done_callback(self._telling.discard)

    async def _credit(
        self, postings: Sequence[StorePosting], provider: str, received_ms: int | None
    ) -> None:
        has_all = await self._relay.apply(postings)
        if has_all and received_ms is not None:
            self.metrics.credited(provider, self._clock.now().mono_ms - received_ms)

    def _now_ms(self) -> int:
        return self._clock.now().wall_ms


def _named(profile: str, provider: str, order_id: str) -> str:
    """What a callback's address is sealed for."""
    return f"{profile}/{provider}/{order_id}"


def _order_in(token: str) -> str:
    """The order that a callback's address names."""
    return token.rpartition(".")[0]
