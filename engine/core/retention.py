"""What may be kept no longer: a pure rule from the policy and the time to what is due.

* `CALLS`: a record's caller number and the identity as received, six months after the statement
  of its month (§ 10(2) TDDDG). The rest of the record stays, which names nobody but by the
  account: it is the voucher of a journal entry (§ 147 AO, § 257 HGB), and the sums add it up.
* `PROMPTS`: a record's course: what each side heard and when, what was held when, and who was
  joined when.
* `FORMER`: the numbers an account had before a change, so many months after the change.
* `LETTERS`: callbacks of payment providers as they came; the longest time to take a direct debit
  back is 13 months (§ 676b(2) BGB).
* `ORDERS`: payment orders of which no money ever came.
* `ACCOUNTS`: accounts that nothing ever came of, no call, no money, no note: mostly a number that
  somebody typed on the top-up page. One that has an order still stays as long as that.
* `NOTES`: what staff noted of callers and reported, so many months after it was written: it is for
  the next calls, and no voucher of anything (Art. 5(1)(e) GDPR).
* `ACTS`: lines of the audit log, which name people and their addresses.
* `SESSIONS`: of people who are signed in no more; `ANSWERS`: of the operators' interface, by their
  idempotency keys. Both go sooner where anybody signs in or asks; this is for where nobody does.
* `WEBHOOKS`: what programs were told, and what came of each delivery.
* `ORDERED`: in a record, who of the staff ordered what of the call.
* `MARKS`: numbers on caller lists, three years after the offer (§ 195 BGB); then they are new.
* `VERIFICATIONS`: the number that was to be proved and where from, after the verification's end.
  What it cost and the merchant's reference stay.
* `TRACKED`: tracking calls one by one, which name no caller; their sums stay.
* `MAILS`: to whom something was mailed, once it was sent or given up.
* `FORWARDED`: what is left of the caller's number in the log of forwarded calls. That a call came,
  from what kind of place, and what became of it stays: it is the proof that the number was reached.

The journal is not here: entries are never let go, and hold account ids, no numbers.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from enum import StrEnum

from engine.core.localtime import month_start_ms


class Kind(StrEnum):
    """What is kept for a time of its own; see the module."""

    CALLS = "calls"
    PROMPTS = "prompts"
    FORMER = "former"
    LETTERS = "letters"
    ORDERS = "orders"
    NOTES = "notes"
    ACTS = "acts"
    SESSIONS = "sessions"
    ANSWERS = "answers"
    WEBHOOKS = "webhooks"
    ORDERED = "ordered"
    MARKS = "marks"
    VERIFICATIONS = "verifications"
    ACCOUNTS = "accounts"
    TRACKED = "tracked"
    MAILS = "mails"
    FORWARDED = "forwarded"


@dataclass(frozen=True, slots=True)
class Kept:
    """For how long an operator keeps the kind of this name."""

    name: str
    months: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long each kind is kept; `calls_months` and `prompts_months` begin with the statement,
    on the first of the month that follows the call's, `accounts_months` with the day when the
    account was last asked for."""

    calls_months: int = 6
    prompts_months: int = 6
    former_months: int = 24
    letters_months: int = 13
    orders_months: int = 3
    notes_months: int = 24
    acts_months: int = 24
    sessions_months: int = 1
    answers_months: int = 1
    webhooks_months: int = 1
    ordered_months: int = 24
    marks_months: int = 36
    verifications_months: int = 6
    accounts_months: int = 3
    tracked_months: int = 6
    mails_months: int = 1
    forwarded_months: int = 6


def policy_of(kept: Iterable[Kept]) -> Policy:
    """The policy with these kinds changed."""
    return replace(Policy(), **{f"{one.name}_months": one.months for one in kept})


def due(policy: Policy, now_ms: int, zone: tzinfo) -> dict[Kind, int]:
    """For each kind the instant (ms) before which all of it is due: a month's start in the zone."""
    now = datetime.fromtimestamp(now_ms // 1000, zone)
    present = now.year * 12 + now.month - 1
    months = {
        Kind.CALLS: policy.calls_months,
        Kind.PROMPTS: policy.prompts_months,
        Kind.FORMER: policy.former_months,
        Kind.LETTERS: policy.letters_months,
        Kind.ORDERS: policy.orders_months,
        Kind.NOTES: policy.notes_months,
        Kind.ACTS: policy.acts_months,
        Kind.SESSIONS: policy.sessions_months,
        Kind.ANSWERS: policy.answers_months,
        Kind.WEBHOOKS: policy.webhooks_months,
        Kind.ORDERED: policy.ordered_months,
        Kind.MARKS: policy.marks_months,
        Kind.VERIFICATIONS: policy.verifications_months,
        Kind.ACCOUNTS: policy.accounts_months,
        Kind.TRACKED: policy.tracked_months,
        Kind.MAILS: policy.mails_months,
        Kind.FORWARDED: policy.forwarded_months,
    }
    return {kind: month_start_ms(zone, present - kept) for kind, kept in months.items()}
