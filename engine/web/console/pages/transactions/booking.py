"""A transaction by hand: typed, shown with the balance before and after, then booked once.

The form carries an id: however often it is sent, it is one transaction. A caller who is talking
can go on with it at once.
"""

import secrets
from dataclasses import dataclass

from aiohttp import web

from engine.core.inventory import BillingProfile
from engine.errors import CallerError, RemoteError
from engine.flows.money.accounts import put_back
from engine.flows.money.movements import Denied, Why
from engine.ports.operators import Customer
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import amount_of, number_of

GIVE, TAKE = "give", "take"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be booked: `micros` given (or taken); `customer` is None for a number that has no
    account yet, which giving opens."""

    e164: str
    profile: BillingProfile
    customer: Customer | None
    gives: bool
    micros: int
    why: Why

    @property
    def signed_micros(self) -> int:
        """As it changes the balance."""
        return self.micros if self.gives else -self.micros

    @property
    def balance_micros(self) -> int:
        """The balance as the journal has it before."""
        return self.customer.account.balance_micros if self.customer else 0


def profiles(asked: Asked) -> list[BillingProfile]:
    """The organisation's billing profiles."""
    known = asked.site.inventory().profiles
    return [profile for profile in known if profile.organisation == asked.owner]


async def show_new(asked: Asked) -> web.StreamResponse:
    """The form; for a customer if the address names his account."""
    account_id = str(asked.form.get("account", "")) or asked.wanted("account")
    customer = await _by_id(asked, account_id) if account_id else None
    return asked.render(
        "transactions/new.html",
        customer=customer,
        profiles=profiles(asked),
        form_id=str(asked.form.get("form_id", "")) or secrets.token_hex(12),
        limit_micros=asked.limit_micros,
    )


async def preview(asked: Asked) -> web.StreamResponse:
    """The balance before and after, and the question whether to book."""
    draft = await _draft(asked)
    available_micros: int | None = None
    if draft.customer is not None:
        try:
            view = await put_back(asked.site.ledger, asked.site.store, draft.customer.account)
            available_micros = view.available_micros
        except RemoteError:
            available_micros = None
    return asked.render("transactions/preview.html", draft=draft, available_micros=available_micros)


async def book(asked: Asked) -> web.StreamResponse:
    """Book it."""
    draft = await _draft(asked)
    account_id = await _account_id(asked, draft)
    asked.note(account=account_id, micros=draft.signed_micros, reason=draft.why.reason)
    money = asked.site.money
    move = money.credit if draft.gives else money.debit
    done = await move(account_id, draft.micros, draft.why)
    if isinstance(done, Denied):
        available = asked.texts.money(done.available_micros, draft.profile.currency)
        raise CallerError(asked.texts("transactions.denied", available=available), "money")
    return asked.done(
        f"/console/customers/{account_id}",
        "transactions.booked" if done.in_store else "transactions.booked_later",
        amount=asked.texts.money(draft.signed_micros, done.account.currency),
        balance=asked.texts.money(done.account.balance_micros, done.account.currency),
    )


async def _account_id(asked: Asked, draft: Draft) -> str:
    if draft.customer is not None:
        return draft.customer.account.account_id
    if not draft.gives:
        raise CallerError("has no account", "number")
    profile = draft.profile
    opened = await asked.site.ledger.open_account(
        profile.organisation, profile.name, draft.e164, profile.currency
    )
    return opened.account_id


async def _draft(asked: Asked) -> Draft:
    """What the form says; `CallerError` with the field that is wrong."""
    micros = amount_of(asked.typed("amount", 40))
    if not micros:
        raise CallerError("must be more than 0", "amount")
    if not asked.may_move(micros):
        raise CallerError("is more than you may book", "limit")
    reason, form_id = asked.typed("reason", 200), asked.typed("form_id", 100)
    for field, text in (("reason", reason), ("form_id", form_id)):
        if not text:
            raise CallerError("must not be empty", field)
    profile, customer, e164 = await _whom(asked)
    return Draft(
        e164=e164,
        profile=profile,
        customer=customer,
        gives=asked.typed("direction") != TAKE,
        micros=micros,
        why=Why(
            key=f"console:{asked.user.user_id}:{form_id}", reason=reason, author=asked.user.name
        ),
    )


async def _whom(asked: Asked) -> tuple[BillingProfile, Customer | None, str]:
    """The profile, the account if there is one, and the number."""
    known = {profile.name: profile for profile in profiles(asked)}
    if account_id := asked.typed("account"):
        customer = await _by_id(asked, account_id)
        if customer is None or customer.account.profile not in known:
            raise CallerError("has no account", "number")
        return known[customer.account.profile], customer, customer.account.e164
    e164 = number_of(asked.typed("number", 50))
    profile = known.get(asked.typed("profile") or next(iter(known), ""))
    if profile is None:
        raise CallerError("must be one of the profiles", "profile")
    account = await asked.site.ledger.find_account(profile.name, e164)
    return profile, await _by_id(asked, account.account_id) if account else None, e164


async def _by_id(asked: Asked, account_id: str) -> Customer | None:
    return await asked.site.customers.customer(asked.owner, account_id)
