"""What a day brings about by itself, and what has to be told: pure, from how things stand.

Looking twice finds nothing new: work that was done is gone, and a notice has a key of its own that
it is told under once. An unconfirmed source is reminded of every 30 days.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from engine.core.numbers.days import is_over
from engine.core.numbers.holder import (
    Demand,
    Holder,
    Policy,
    Proof,
    demanded,
    is_misplaced,
    missing,
    must_confirm,
    overdue,
)
from engine.core.numbers.life import (
    Deactivated,
    DocumentsCompleted,
    Event,
    QuarantineEnded,
    Released,
    SwitchedOn,
)
from engine.core.numbers.number import Number, Status
from engine.core.numbers.source import Source

UNUSED_MONTHS = 12
UNUSED = "nobody called for twelve months"
DOCUMENTS_LATE = "the documents did not come in time"
DOCUMENTS_COMPLETE = "the documents are complete"
QUARANTINE_OVER = "the quarantine is over"
FIRST_DAY_COME = "its first day has come"
SEAT_MOVED = "the seat is in another area"
REMIND_DAYS = 30


class NoticeKind(StrEnum):
    """What an organisation is told; those `TO_OPERATOR` are for the operator alone."""

    ORDER_REFUSED = "order_refused"
    ACTIVATED = "activated"
    REPLACED = "replaced"
    DEACTIVATED = "deactivated"
    DOCUMENTS_DEMANDED = "documents_demanded"
    DOCUMENT_REFUSED = "document_refused"
    DOCUMENTS_OVERDUE = "documents_overdue"
    CONFIRM_DATA = "confirm_data"
    REMOVE_FROM_OFFERS = "remove_from_offers"
    SOURCE_UNCOUNTED = "source_uncounted"
    RECLAIM_PROPOSED = "reclaim_proposed"
    MISPLACED = "misplaced"
    SEAT_UNPROVED = "seat_unproved"
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"


TO_OPERATOR = frozenset(
    {NoticeKind.RECLAIM_PROPOSED, NoticeKind.MISPLACED, NoticeKind.SEAT_UNPROVED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something told once, under its key; `detail` is a number, a proof, a source or a reason."""

    key: str
    organisation: str
    kind: NoticeKind
    day: date
    e164: str = ""
    until: date | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Work:
    """An event that is due for a number, and why."""

    number: Number
    event: Event
    reason: str


def due_of_number(
    number: Number, holder: Holder | None, wanting: bool, policy: Policy, day: date
) -> Work | Notice | None:
    """What is due for one number; `wanting` if its holder has still something to prove."""
    match number.status:
        case Status.QUARANTINED:
            over = number.quarantined_until is not None and day > number.quarantined_until
            return Work(number, QuarantineEnded(), QUARANTINE_OVER) if over else None
        case Status.DOCUMENTS_PENDING if not wanting:
            return Work(number, DocumentsCompleted(), DOCUMENTS_COMPLETE)
        case Status.DOCUMENTS_PENDING if holder is not None and overdue(holder, day):
            return Work(number, Released(), DOCUMENTS_LATE)
        case Status.APPROVED if _may_begin(number, holder, day):
            return Work(number, SwitchedOn(), FIRST_DAY_COME)
        case Status.ACTIVE if is_unused(number, day):
            return _reclaim(number, policy, day)
    return None


def _may_begin(number: Number, holder: Holder | None, day: date) -> bool:
    has_come = number.starts_on is None or number.starts_on <= day
    return has_come and not misplaced(number, holder)


def is_unused(number: Number, day: date) -> bool:
    """Whether nobody has called it for twelve months, nor was it switched on in that time."""
    used = [on for on in (number.active_since, number.last_call_on) if on is not None]
    return bool(used) and is_over(max(used), UNUSED_MONTHS, day)


def _reclaim(number: Number, policy: Policy, day: date) -> Work | Notice:
    if policy.reclaim_automatic:
        return Work(number, Deactivated(), UNUSED)
    used = max(on for on in (number.active_since, number.last_call_on) if on is not None)
    return Notice(
        key=f"reclaim:{number.e164}:{used}",
        organisation=number.organisation or "",
        kind=NoticeKind.RECLAIM_PROPOSED,
        day=day,
        e164=number.e164,
        detail=used.isoformat(),
    )


def misplaced(number: Number, holder: Holder | None) -> bool:
    """Whether it has to be replaced, because its holder's seat is elsewhere now."""
    if holder is None or not number.is_held:
        return False
    return is_misplaced(holder, number.purpose, number.area)


def due_of_holder(
    holder: Holder, held: Mapping[str, int], policy: Policy, day: date
) -> tuple[Holder, tuple[Notice, ...]]:
    """The holder after demands that the day makes (a document ran out), and what he is told."""
    notices = [_overdue(holder, demand, day) for demand in overdue(holder, day)]
    if must_confirm(holder, day):
        notices.append(
            Notice(
                key=f"confirm:{holder.organisation}:{holder.confirmed_on}",
                organisation=holder.organisation,
                kind=NoticeKind.CONFIRM_DATA,
                day=day,
                detail=holder.confirmed_on.isoformat(),
            )
        )
    after, told = asked_for(holder, held, policy, day) if any(held.values()) else (holder, ())
    return after, (*notices, *told)


def asked_for(
    holder: Holder, held: Mapping[str, int], policy: Policy, day: date
) -> tuple[Holder, tuple[Notice, ...]]:
    """The holder after all that is wanting was asked for, and what he is told."""
    asked = {demand.proof for demand in holder.demands}
    wanting = sorted(missing(holder, held, day, policy) - asked)
    by = day + timedelta(days=policy.deadline_days)
    told = tuple(
        demand_notice(holder, Demand(proof=proof, asked_on=day, by=by)) for proof in wanting
    )
    for proof in wanting:
        holder = demanded(holder, proof, by, day)
    return holder, told


def demand_notice(holder: Holder, demand: Demand) -> Notice:
    """What a holder is told of a demand."""
    return Notice(
        key=f"demand:{holder.organisation}:{demand.proof}:{demand.asked_on}:{demand.by}",
        organisation=holder.organisation,
        kind=NoticeKind.DOCUMENTS_DEMANDED,
        day=demand.asked_on,
        until=demand.by,
        detail=demand.proof,
    )


def _overdue(holder: Holder, demand: Demand, day: date) -> Notice:
    notice = demand_notice(holder, demand)
    key = notice.key.replace("demand:", "overdue:", 1)
    return replace(notice, key=key, kind=NoticeKind.DOCUMENTS_OVERDUE, day=day)


def unproved_seat(holder: Holder, day: date) -> Notice | None:
    """What the operator is told of a holder whose numbers take calls, though the proof of his seat
    is overdue: he may switch them off."""
    for demand in overdue(holder, day):
        if demand.proof is Proof.SEAT:
            notice = demand_notice(holder, demand)
            return replace(
                notice,
                key=notice.key.replace("demand:", "unproved:", 1),
                kind=NoticeKind.SEAT_UNPROVED,
                day=day,
                detail=holder.seat.line,
            )
    return None


def due_of_source(source: Source, day: date) -> Notice | None:
    """The reminder that its number has to be out of every offer."""
    if source.ends_on is None or source.removed_on is not None or not source.has_ended(day):
        return None
    round_ = (day - source.ends_on).days // REMIND_DAYS
    return Notice(
        key=f"remove:{source.source_id}:{source.ends_on}:{round_}",
        organisation=source.organisation,
        kind=NoticeKind.REMOVE_FROM_OFFERS,
        day=day,
        e164=source.e164,
        detail=source.name,
    )


def uncounted(source: Source, day: date) -> Notice:
    """That no call counts for a source, because its number has another one running.

    Such sources are of a time when a number could have several.
    """
    return Notice(
        key=f"uncounted:{source.source_id}",
        organisation=source.organisation,
        kind=NoticeKind.SOURCE_UNCOUNTED,
        day=day,
        e164=source.e164,
        detail=source.name,
    )
