"""Stripe Checkout: cards and what else the account offers, on Stripe's own page, by its library.

A session is created with our order's id on it and on its payment; the payer pays on Stripe's page.
Money is a session that is complete *and* paid: slow ways of paying complete it first and tell
later whether the money came. Callbacks carry an HMAC over their time and bytes; the library checks
it, the time is checked here, both ways, against the caller's clock. Refunds are told as totals.
Of a dispute only what moves money counts (`charge.dispute.funds_withdrawn`, `…_reinstated`); such
an event names the payment and not our order, so Stripe is asked for the order's disputes then.

The library's own retries are off: who asks knows whether to ask again.

Built from Stripe's documents and library: nothing here was tried against the live system or its
test mode, nor were connected accounts.

Sources: docs.stripe.com, Checkout, webhooks, currencies, disputes.
"""

from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar, TypeVar

import aiohttp
import msgspec
import stripe
from stripe.params.checkout import SessionCreateParams, SessionRetrieveParams

from engine.core.money import MICROS
from engine.core.payment import FactKind, PaymentFact, PaymentOrder
from engine.errors import CallerError, RemoteError
from engine.payments.http import TIMEOUT_S
from engine.payments.options import Option, read_base_url, read_options
from engine.ports.payments import Forged, Headers, Notice, Places, Redirect

BODY_MOST_BYTES = 256_000
TOLERANCE_S = 300
DISPUTES_MOST = 100
REFUNDS_MOST = 100

WITHOUT_DECIMALS = frozenset(
    {"BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA"}
    | {"PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"}
)
"""Currencies whose minor unit is the unit itself (docs.stripe.com/currencies#zero-decimal). ISK
and UGX have no decimals either, but Stripe writes them with two."""

WITH_THREE_DECIMALS = frozenset({"BHD", "JOD", "KWD", "OMR", "TND"})

_NAMES = {"de": "Guthaben", "en": "Credit"}
_SESSION_EVENTS = {
    "checkout.session.completed": None,
    "checkout.session.async_payment_succeeded": None,
    "checkout.session.async_payment_failed": FactKind.FAILED,
    "checkout.session.expired": FactKind.EXPIRED,
}
_DISPUTE_EVENTS = frozenset({"charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"})
_REFUND_EVENTS = frozenset({"refund.failed", "refund.updated", "charge.refund.updated"})
_FAILED_REFUND = frozenset({"failed", "canceled"})
"""What a refund can be after it had counted; both come off the charge's total again."""

_FIELDS = {"currency": "currency", "amount": "amount_micros"}
_FAILURES = (stripe.StripeError, aiohttp.ClientError, TimeoutError, RecursionError)
"""What the library lets through; the last for an answer that is nested without end."""

T = TypeVar("T")


class _Moved(msgspec.Struct):
    """A movement on the account's balance, in its minor units: negative is money that went."""

    amount: int


class _Dispute(msgspec.Struct):
    id: str
    amount: int
    currency: str
    balance_transactions: tuple[_Moved, ...] = ()


class _Disputes(msgspec.Struct):
    data: tuple[_Dispute, ...]


class _Refund(msgspec.Struct):
    id: str
    amount: int
    status: str | None = None


class _Refunds(msgspec.Struct):
    data: tuple[_Refund, ...]


class _Charge(msgspec.Struct):
    id: str
    currency: str
    payment_intent: str | None = None
    amount_refunded: int = 0
    disputed: bool = False
    metadata: dict[str, str] = {}


class _Intent(msgspec.Struct):
    id: str
    status: str = ""
    latest_charge: _Charge | str | None = None


class _Session(msgspec.Struct):
    id: str
    status: str | None = None
    payment_status: str = ""
    amount_total: int | None = None
    currency: str | None = None
    client_reference_id: str | None = None
    payment_intent: _Intent | str | None = None


class _Made(msgspec.Struct):
    """A session just created; its page is gone once it is over."""

    id: str
    url: str | None = None


class _OfIntent(msgspec.Struct):
    """A dispute or a refund, whose payment is to be asked about."""

    payment_intent: str | None = None


class _Object(msgspec.Struct):
    object: msgspec.Raw


class _Event(msgspec.Struct):
    id: str
    type: str
    data: _Object
    account: str | None = None


class Stripe:
    """One billing profile's account with Stripe."""

    NAME: ClassVar[str] = "stripe"
    is_signed = True
    OPTIONS: ClassVar[Mapping[str, Option]] = {
        "api_key": Option("the API's secret key, sk_…", is_required=True, is_secret=True),
        "webhook_secret": Option("our webhook's secret, whsec_…", is_required=True, is_secret=True),
        "account": Option("the connected account, acct_…, whose money it is (Connect)"),
        "base_url": Option("where Stripe is asked", default=stripe.DEFAULT_API_BASE),
    }

    def __init__(self, options: Mapping[str, str], profile: str) -> None:
        given = read_options(options, self.OPTIONS)
        self.name = self.NAME
        self.payee = given["account"]
        self._webhook_secret = given["webhook_secret"]
        self._http = stripe.AIOHTTPClient(timeout=aiohttp.ClientTimeout(total=TIMEOUT_S))
        self._client = stripe.StripeClient(
            given["api_key"],
            stripe_account=given["account"] or None,
            base_addresses={"api": read_base_url(given["base_url"], "base_url")},
            max_network_retries=0,
            http_client=self._http,
        )

    async def create(self, order: PaymentOrder, places: Places) -> Redirect:
        """Create a session; the order's id is its idempotency key (kept for a day at least)."""
        wanted = _wanted(order, places)
        options: stripe.RequestOptions = {"idempotency_key": order.order_id}
        try:
            answer = await self._client.v1.checkout.sessions.create_async(wanted, options)
            made = _read(answer, _Made)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise _refusal(error) from None
        except _FAILURES as error:
            raise _translated(error) from error
        if not made.url:
            raise RemoteError("Stripe made a session without a page", retryable=False)
        return Redirect(made.id, made.url)

    async def fetch(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """All that Stripe knows, refunds and disputes included.

        Failed refunds are asked for before the total that they come off: one that fails in between
        is missed until the next time, and not counted twice.
        """
        failed = await self._failed_refunds(order)
        expand: SessionRetrieveParams = {"expand": ["payment_intent.latest_charge"]}
        asked = self._client.v1.checkout.sessions.retrieve_async(order.provider_ref, expand)
        session = await _answer(asked, _Session)
        facts = [fact for fact in [self._session_fact(session, self.payee)] if fact is not None]
        intent = session.payment_intent
        charge = intent.latest_charge if isinstance(intent, _Intent) else None
        if isinstance(intent, _Intent) and isinstance(charge, _Charge):
            facts += self._refunded(charge, _order_id(session), self.payee, failed)
            if charge.disputed:
                facts += await self._disputed(intent.id, session)
        return tuple(facts)

    async def capture(self, order: PaymentOrder) -> tuple[PaymentFact, ...]:
        """Stripe captures by itself, so there is nothing to do but to look."""
        return await self.fetch(order)

    async def learn(self, headers: Headers) -> None:
        """Nothing needs to be learnt: the secret is ours."""

    def verify(self, raw: bytes, headers: Headers, now_ms: int) -> Notice | Forged:
        """What a callback proves."""
        forged = self._forged(raw, headers.get("stripe-signature", ""), now_ms)
        if forged is not None:
            return forged
        try:
            return self._notice(msgspec.json.decode(raw, type=_Event))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Forged(f"signed by Stripe, but no event as it documents them: {error}")

    async def close(self) -> None:
        """Let go of connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]  # the library left it so

    # --- callbacks -----------------------------------------------------------------------

    def _forged(self, raw: bytes, signature: str, now_ms: int) -> Forged | None:
        """Why the callback is not Stripe's, or too old to be believed; None if it is good."""
        if len(raw) > BODY_MOST_BYTES:
            return Forged(f"more than {BODY_MOST_BYTES} bytes")
        if not signature.isascii():
            return Forged("the signature is none")
        try:
            stripe.WebhookSignature.verify_header(raw, signature, self._webhook_secret)
        except (stripe.SignatureVerificationError, UnicodeDecodeError):
            return Forged("the signature does not fit")
        parts = (part.partition("=") for part in signature.split(","))
        signed_s = int(next(value for name, _, value in parts if name == "t"))
        if abs(now_ms - signed_s * 1000) > TOLERANCE_S * 1000:
            return Forged(f"signed at {signed_s}, more than {TOLERANCE_S} s from now")
        return None

    def _notice(self, event: _Event) -> Notice:
        """What a signed event says; one that says nothing of money is taken in without facts."""
        payee, raw = event.account or self.payee, event.data.object
        if event.type in _SESSION_EVENTS:
            session = msgspec.json.decode(raw, type=_Session)
            fact = self._session_fact(session, payee, _SESSION_EVENTS[event.type])
            return Notice(event.id, () if fact is None else (fact,))
        if event.type == "charge.refunded":
            charge = msgspec.json.decode(raw, type=_Charge)
            order_id = charge.metadata.get("order_id", "")
            facts = self._refunded(charge, order_id, payee)
            ask = (charge.payment_intent,) if charge.payment_intent else ()
            return Notice(event.id, tuple(facts) if order_id else (), ask)
        if event.type in _DISPUTE_EVENTS | _REFUND_EVENTS:
            intent = msgspec.json.decode(raw, type=_OfIntent).payment_intent
            return Notice(event.id, ask=(intent,) if intent else ())
        return Notice(event.id)

    # --- facts ---------------------------------------------------------------------------

    def _session_fact(
        self, session: _Session, payee: str, kind: FactKind | None = None
    ) -> PaymentFact | None:
        """What a session says: `kind`, or what its own state says; None for one still open."""
        kind = kind or _kind(session)
        if kind is None:
            return None
        intent = session.payment_intent
        currency = (session.currency or "").upper()
        return PaymentFact(
            kind=kind,
            order_id=_order_id(session),
            provider_ref=session.id,
            payment_ref=intent.id if isinstance(intent, _Intent) else intent or "",
            amount_micros=_micros(session.amount_total or 0, currency),
            currency=currency,
            payee=payee,
        )

    def _refunded(
        self, charge: _Charge, order_id: str, payee: str, failed: tuple[_Refund, ...] = ()
    ) -> list[PaymentFact]:
        """The total refunded of a charge, if anything was; what failed of it came off Stripe's."""
        minor = charge.amount_refunded + sum(refund.amount for refund in failed)
        if minor == 0:
            return []
        currency = charge.currency.upper()
        fact = PaymentFact(
            kind=FactKind.REFUNDED,
            order_id=order_id,
            payment_ref=charge.id,
            amount_micros=_micros(minor, currency),
            currency=currency,
            payee=payee,
            failed=tuple((refund.id, _micros(refund.amount, currency)) for refund in failed),
        )
        return [fact]

    async def _failed_refunds(self, order: PaymentOrder) -> tuple[_Refund, ...]:
        """The refunds of a paid order that have failed since."""
        if not order.payment_ref:
            return ()
        params: stripe.params.RefundListParams = {
            "payment_intent": order.payment_ref,
            "limit": REFUNDS_MOST,
        }
        found = await _answer(self._client.v1.refunds.list_async(params), _Refunds)
        return tuple(refund for refund in found.data if refund.status in _FAILED_REFUND)

    async def _disputed(self, intent: str, session: _Session) -> list[PaymentFact]:
        """What disputes have withdrawn and given back, in the payment's own currency.

        The balance moves in the account's currency, so only its direction is read from it.
        """
        params: stripe.params.DisputeListParams = {
            "payment_intent": intent,
            "limit": DISPUTES_MOST,
        }
        found = await _answer(self._client.v1.disputes.list_async(params), _Disputes)
        facts = []
        for dispute in found.data:
            currency = dispute.currency.upper()
            moved = [movement.amount for movement in dispute.balance_transactions]
            kinds = {FactKind.WITHDRAWN: min(moved, default=0) < 0}
            kinds[FactKind.REINSTATED] = max(moved, default=0) > 0
            facts += [
                PaymentFact(
                    kind=kind,
                    order_id=_order_id(session),
                    provider_ref=session.id,
                    payment_ref=dispute.id,
                    amount_micros=_micros(dispute.amount, currency),
                    currency=currency,
                    payee=self.payee,
                )
                for kind, has_moved in kinds.items()
                if has_moved
            ]
        return facts


def _wanted(order: PaymentOrder, places: Places) -> SessionCreateParams:
    """What a session is created with; `CallerError` for an amount it cannot have."""
    step = _micros(1, order.currency)
    if order.amount_micros % step:
        raise CallerError(f"has too many decimals for {order.currency}", "amount_micros")
    lang = order.lang if order.lang in _NAMES else "en"
    return {
        "mode": "payment",
        "client_reference_id": order.order_id,
        "metadata": {"order_id": order.order_id},
        "payment_intent_data": {"metadata": {"order_id": order.order_id}},
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": order.currency.lower(),
                    "unit_amount": order.amount_micros // step,
                    "product_data": {"name": _NAMES[lang]},
                },
            }
        ],
        "locale": "de" if lang == "de" else "en",
        "success_url": places.success,
        "cancel_url": places.failure,
    }


def _micros(minor: int, currency: str) -> int:
    """Stripe's minor units as micro-units."""
    if currency in WITHOUT_DECIMALS:
        return minor * MICROS
    return minor * (MICROS // 1000 if currency in WITH_THREE_DECIMALS else MICROS // 100)


def _order_id(session: _Session) -> str:
    return session.client_reference_id or ""


def _kind(session: _Session) -> FactKind | None:
    """How a session stands; None for one that nobody has paid yet, or that cost nothing."""
    if session.payment_status == "paid":
        return FactKind.PAID
    if session.status == "expired":
        return FactKind.EXPIRED
    if session.status != "complete" or session.payment_status != "unpaid":
        return None
    intent = session.payment_intent
    has_failed = isinstance(intent, _Intent) and intent.status == "requires_payment_method"
    return FactKind.FAILED if has_failed else FactKind.PENDING


async def _answer(asked: Awaitable[Any], of: type[T]) -> T:
    """The answer of the library as an object of ours; RemoteError for all that goes wrong."""
    try:
        return _read(await asked, of)
    except _FAILURES as error:
        raise _translated(error) from error


def _read(answer: Any, of: type[T]) -> T:
    try:
        return msgspec.convert(answer.to_dict(), of)
    except msgspec.ValidationError as error:
        raise RemoteError(f"Stripe answered what it should not: {error}", retryable=False) from None


def _translated(error: Exception) -> RemoteError:
    """The library's failure as the house's: worth another try unless Stripe refused for good."""
    status = error.http_status if isinstance(error, stripe.StripeError) else None
    is_final = status is not None and 400 <= status < 500 and status not in (409, 429)
    is_final = is_final or isinstance(error, RecursionError)
    return RemoteError(f"Stripe: {type(error).__name__}: {error}", retryable=not is_final)


def _refusal(error: stripe.InvalidRequestError | stripe.CardError) -> Exception:
    """`CallerError` for an order refused for its amount or currency; else RemoteError.

    Stripe's own words may be about the merchant's account, so they are not for the payer.
    """
    about = f"{error.param or ''} {error.code or ''}" if error.http_status in (400, 402) else ""
    field = next((ours for theirs, ours in _FIELDS.items() if theirs in about), "")
    return CallerError("is not taken by Stripe", field) if field else _translated(error)
