"""Change of number: balance, history and list places stay with the account."""

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.money.movements import Denied, DenyReason, Why
from engine.ports.ledger import Account
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import number_of
from engine.web.console.forms.veil import unveil, veil

_WORDS = {
    DenyReason.NOT_AVAILABLE: "customers.not_available",
    DenyReason.MONEY_IS_HELD: "customers.money_is_held",
}


async def change_number(asked: Asked) -> web.StreamResponse:
    """Name the account by another number; onto a number that has an account only once it was asked
    whether the two are to be merged."""
    account, e164 = asked.found(Account), _wanted_number(asked)
    merges = bool(asked.typed("merge"))
    if merges and not asked.may(Right.CUSTOMERS_WRITE):
        raise web.HTTPForbidden
    why = Why(
        key=f"console:{asked.user.user_id}:{asked.typed('form_id')}",
        reason=asked.typed("reason", 200),
        author=asked.user.name,
    )
    asked.note(reason=why.reason, merge=merges)
    changed = await asked.site.money.change_number(account.account_id, e164, why, merge=merges)
    if not isinstance(changed, Denied):
        asked.note(into=changed.account_id)
        said = "customers.merged_now" if merges else "customers.number_changed"
        return asked.done(f"/console/customers/{changed.account_id}", said)
    if changed.reason is DenyReason.NUMBER_TAKEN and changed.other is not None:
        return await _ask_to_merge(asked, account, e164, changed.other)
    asked.note(denied=changed.reason)
    raise CallerError(asked.texts(_WORDS[changed.reason]), "merge")


def _wanted_number(asked: Asked) -> str:
    """The number that was typed, or that a page carried veiled."""
    veiled = unveil(asked, asked.typed("veiled"))
    return veiled if veiled is not None else number_of(asked.typed("number"))


async def _ask_to_merge(asked: Asked, account: Account, e164: str, other_id: str) -> web.Response:
    other = await asked.site.customers.customer(asked.owner, other_id)
    mine = await asked.site.customers.customer(asked.owner, account.account_id)
    if other is None or mine is None:
        raise web.HTTPNotFound
    asked.note(denied=DenyReason.NUMBER_TAKEN)
    return asked.render(
        "customers/merge.html", 409, mine=mine, other=other, veiled=veil(asked, e164)
    )
