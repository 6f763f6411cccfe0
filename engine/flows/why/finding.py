"""What stands between a caller and his money, the likeliest reason first.

From a number as a person typed it, or from a refused call's record. His last calls say why he was
refused; the accounts of the same organisation that his number names, named once, or nearly names
say where the money may be.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from engine.core.cdr import CallRecord, Refusal
from engine.core.likeness import Likeness, like
from engine.core.number import HOME_REGION, classify, meant_number
from engine.errors import CallerError
from engine.ports.operators import Customer
from engine.ports.reading.kin import Kin, Named

CALLS_MOST = 10


class Reason(StrEnum):
    """Why, the most telling first."""

    BLOCKED = "blocked"
    CALLER_BLOCKED = "caller_blocked"
    FORMER_NUMBER = "former_number"
    OTHER_PROFILE = "other_profile"
    NOT_IDENTIFIED = "not_identified"
    PIN_WRONG = "pin_wrong"
    NEAR_NUMBER = "near_number"
    BALANCE_TOO_LOW = "balance_too_low"
    CLOSED = "closed"
    NO_ACCOUNT = "no_account"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One reason: the account it is about, if any, how its number is like the caller's, and how
    many of his last calls were refused for it.

    Two numbers that are alike tell of each other. So where either is withheld, `likeness` is None,
    and the customer counts as one whose number is withheld.
    """

    reason: Reason
    customer: Customer | None = None
    likeness: Likeness | None = Likeness.SAME
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """What was found for a number, the likeliest first; `withheld` if a caller withholds it.

    `calls` are his last calls, newest first.
    """

    e164: str
    withheld: bool
    findings: tuple[Finding, ...]
    calls: tuple[CallRecord, ...]


async def why_number(kin: Kin, organisation: str, typed: str, profile: str | None = None) -> Why:
    """Why the owner of a number cannot use his money.

    `CallerError` with the rule for what is no number; one that was probably meant is told.
    """
    info = classify(typed, HOME_REGION)
    if info.e164 is None:
        meant = meant_number(info)
        raise CallerError(f"did you mean {meant}?" if meant else info.reason or "", "number")
    return await _why(kin, organisation, info.e164, profile)


async def why_call(kin: Kin, record: CallRecord) -> Why:
    """Why a call was refused; a call without any number says it of itself."""
    if record.e164 is not None:
        hides = record.withheld
        return await _why(kin, record.organisation, record.e164, record.profile, withheld=hides)
    findings = rank((record,), (), {}, record.profile)
    return Why(e164="", withheld=record.withheld, findings=findings, calls=(record,))


async def _why(
    kin: Kin, organisation: str, e164: str, profile: str | None, *, withheld: bool = False
) -> Why:
    withheld = withheld or await kin.was_withheld(organisation, e164)
    calls = tuple(await kin.last_calls(organisation, e164, CALLS_MOST))
    alike = like(e164)
    named = tuple(await kin.named(organisation, alike))
    if profile is None:
        profile = next((call.profile for call in calls), None)
    findings = rank(calls, named, alike, profile, withheld=withheld)
    return Why(e164=e164, withheld=withheld, findings=findings, calls=calls)


_REFUSED = {
    Refusal.ACCOUNT_BLOCKED: Reason.BLOCKED,
    Refusal.CALLER_BLOCKED: Reason.CALLER_BLOCKED,
    Refusal.NOT_IDENTIFIED: Reason.NOT_IDENTIFIED,
    Refusal.PIN_WRONG: Reason.PIN_WRONG,
    Refusal.BALANCE_TOO_LOW: Reason.BALANCE_TOO_LOW,
    Refusal.CLOSED: Reason.CLOSED,
    Refusal.HOLIDAY: Reason.CLOSED,
}


def rank(
    calls: tuple[CallRecord, ...],
    named: tuple[Named, ...],
    alike: dict[str, Likeness],
    profile: str | None,
    *,
    withheld: bool = False,
) -> tuple[Finding, ...]:
    """The findings, the most telling first; pure, of what was looked up.

    `profile` is where the caller wants to use his money; None: wherever he has an account.
    `withheld` if his number is.
    """
    own = next((one for one in named if _is_own(one, alike, profile)), None)
    found = [_of_account(one, alike, withheld=withheld) for one in named if one is not own]
    refused = [_REFUSED[call.refusal] for call in calls if call.refusal in _REFUSED]
    for reason in dict.fromkeys(refused):
        customer = own.customer if own else None
        found.append(Finding(reason=reason, customer=customer, refused=refused.count(reason)))
    if (
        own is not None
        and own.customer.account.balance_micros < 0
        and Reason.BLOCKED not in refused
    ):
        found.append(Finding(reason=Reason.BLOCKED, customer=own.customer))
    if own is None:
        found.append(Finding(reason=Reason.NO_ACCOUNT))
    elif not found:
        found.append(Finding(reason=Reason.NOTHING, customer=own.customer))
    return tuple(sorted(found, key=_weight))


def _is_own(one: Named, alike: dict[str, Likeness], profile: str | None) -> bool:
    """Whether this is the account that the caller's very number names, where he calls."""
    is_named = one.until_ms is None and alike.get(one.e164) is Likeness.SAME
    return is_named and profile in (None, one.customer.account.profile)


def _of_account(one: Named, alike: dict[str, Likeness], *, withheld: bool) -> Finding:
    likeness = alike.get(one.e164, Likeness.ONE_WRONG)
    if likeness is not Likeness.SAME:
        hides = withheld or one.withheld or one.customer.withheld
        return _near(one.customer, likeness, hides=hides)
    reason = Reason.OTHER_PROFILE if one.until_ms is None else Reason.FORMER_NUMBER
    return Finding(reason=reason, customer=one.customer)


def _near(customer: Customer, likeness: Likeness, *, hides: bool) -> Finding:
    """An account whose number is nearly the caller's, or was; how, only where nothing hides it."""
    if hides:
        hidden = replace(customer, withheld=True)
        return Finding(reason=Reason.NEAR_NUMBER, customer=hidden, likeness=None)
    return Finding(reason=Reason.NEAR_NUMBER, customer=customer, likeness=likeness)


def _weight(finding: Finding) -> tuple[bool, int, int, int]:
    """Accounts without money explain little; then by reason, by likeness, by money."""
    micros = finding.customer.account.balance_micros if finding.customer else 0
    is_elsewhere = finding.reason in _ELSEWHERE
    likeness = finding.likeness
    return (
        is_elsewhere and micros <= 0,
        list(Reason).index(finding.reason),
        len(Likeness) if likeness is None else list(Likeness).index(likeness),
        -micros,
    )


_ELSEWHERE = (Reason.FORMER_NUMBER, Reason.OTHER_PROFILE, Reason.NEAR_NUMBER)
