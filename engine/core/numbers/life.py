"""What may happen to a number: `step(number, event, day) -> number`, or why not.

A number is ordered from the stock, approved by the operator, waits for documents where these are
wanting, and takes calls from its first day on. Whoever gives it back loses it at once: six calendar
months nobody has it, then it is free if it is still there. It never passes from one organisation
to another: `Ordered` begins at `FREE` alone. A number that never took calls needs no quarantine.

What is not here: whether an organisation may have a number at all (`holder`), what a day brings
about by itself (`due`). No number is entered in a directory: there is no event for it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any

from engine.core.numbers.days import months_later
from engine.core.numbers.number import Number, Purpose, Status

QUARANTINE_MONTHS = 6
AHEAD_MONTHS = 12
"""How long beforehand a number can be ordered."""


class Reason(StrEnum):
    """Why something is refused."""

    NOT_NOW = "not_now"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    IN_QUARANTINE = "in_quarantine"
    OTHER_AREA = "other_area"
    NONE_FREE = "none_free"
    NEVER_HAD = "never_had"
    NO_HOLDER = "no_holder"
    FOREIGN_SEAT = "foreign_seat"
    DATA_NOT_CONFIRMED = "data_not_confirmed"
    DOCUMENTS_OVERDUE = "documents_overdue"
    PRICE_CHANGED = "price_changed"
    NOT_OFFERED = "not_offered"


@dataclass(frozen=True, slots=True)
class Refused:
    """What may not be, and why in a sentence."""

    reason: Reason
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """An organisation wants the number from `starts_on` on, at the monthly price it was shown."""

    organisation: str
    purpose: Purpose
    order_key: str
    price_micros: int
    currency: str
    starts_on: date


@dataclass(frozen=True, slots=True)
class Approved:
    """The operator agrees; `complete` if no document is wanting."""

    complete: bool


@dataclass(frozen=True, slots=True)
class DocumentsCompleted:
    """What was wanting is there, and was accepted."""


@dataclass(frozen=True, slots=True)
class SwitchedOn:
    """It takes calls from today on."""


@dataclass(frozen=True, slots=True)
class Released:
    """An order came to nothing: refused, taken back, or its documents never came."""


@dataclass(frozen=True, slots=True)
class Deactivated:
    """It takes no calls any more."""


@dataclass(frozen=True, slots=True)
class TookOver:
    """It comes in the place of another, at the same moment."""

    former: Number


@dataclass(frozen=True, slots=True)
class QuarantineEnded:
    """Its six months are over."""


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The carrier has it no more."""


Event = (
    Ordered
    | Approved
    | DocumentsCompleted
    | SwitchedOn
    | Released
    | Deactivated
    | TookOver
    | QuarantineEnded
    | Withdrawn
)
Handler = Callable[[Number, Any, date], Number | Refused]


def step(number: Number, event: Event, day: date) -> Number | Refused:
    """The number after an event on a day, or why that may not be."""
    handler = TRANSITIONS.get((number.status, type(event)))
    if handler is None:
        if number.status is Status.QUARANTINED:
            until = number.quarantined_until
            return Refused(Reason.IN_QUARANTINE, f"{number.e164} is in quarantine until {until}")
        return Refused(Reason.NOT_NOW, f"{number.e164} is {number.status}")
    after = handler(number, event, day)
    if isinstance(after, Refused):
        return after
    return replace(after, version=number.version + 1)


def replaced(old: Number, new: Number, day: date) -> tuple[Number, Number] | Refused:
    """Both numbers after `new` has come on and `old` gone off, in one step; or why not.

    An order that is not switched on yet passes over too, and leaves its number free.
    """
    on = step(new, TookOver(old), day)
    if isinstance(on, Refused):
        return on
    off = step(old, Deactivated() if old.status is Status.ACTIVE else Released(), day)
    return off if isinstance(off, Refused) else (off, on)


def _order(number: Number, event: Ordered, day: date) -> Number | Refused:
    if event.starts_on < day:
        return Refused(Reason.TOO_EARLY, f"{event.starts_on} is over")
    if event.starts_on > months_later(day, AHEAD_MONTHS):
        return Refused(Reason.TOO_LATE, f"{event.starts_on} is more than {AHEAD_MONTHS} months off")
    return replace(
        number,
        status=Status.ORDERED,
        organisation=event.organisation,
        purpose=event.purpose,
        order_key=event.order_key,
        price_micros=event.price_micros,
        currency=event.currency,
        starts_on=event.starts_on,
    )


def _approve(number: Number, event: Approved, _day: date) -> Number:
    status = Status.APPROVED if event.complete else Status.DOCUMENTS_PENDING
    return replace(number, status=status)


def _complete(number: Number, _event: DocumentsCompleted, _day: date) -> Number:
    return replace(number, status=Status.APPROVED)


def _switch_on(number: Number, _event: SwitchedOn, day: date) -> Number | Refused:
    if number.starts_on is not None and day < number.starts_on:
        return Refused(Reason.TOO_EARLY, f"{number.e164} begins on {number.starts_on}")
    return replace(number, status=Status.ACTIVE, active_since=day)


def _release(number: Number, _event: Released, _day: date) -> Number:
    return _without_holder(number)


def _deactivate(number: Number, _event: Deactivated, day: date) -> Number:
    until = months_later(day, QUARANTINE_MONTHS)
    return replace(_without_holder(number), status=Status.QUARANTINED, quarantined_until=until)


def _take_over(number: Number, event: TookOver, day: date) -> Number | Refused:
    former = event.former
    if not former.is_held:
        return Refused(Reason.NOT_NOW, f"{former.e164} is {former.status}")
    return replace(
        former,
        e164=number.e164,
        country=number.country,
        area_code=number.area_code,
        active_since=day if former.status is Status.ACTIVE else None,
        last_call_on=None,
        version=number.version,
    )


def _end_quarantine(number: Number, _event: QuarantineEnded, day: date) -> Number | Refused:
    until = number.quarantined_until
    if until is not None and day <= until:
        return Refused(Reason.IN_QUARANTINE, f"{number.e164} is in quarantine until {until}")
    return _without_holder(number)


def _withdraw(number: Number, _event: Withdrawn, _day: date) -> Number:
    return replace(_without_holder(number), status=Status.WITHDRAWN)


def _without_holder(number: Number) -> Number:
    return Number(e164=number.e164, country=number.country, area_code=number.area_code)


TRANSITIONS: Mapping[tuple[Status, type[Event]], Handler] = {
    (Status.FREE, Ordered): _order,
    (Status.FREE, TookOver): _take_over,
    (Status.FREE, Withdrawn): _withdraw,
    (Status.ORDERED, Approved): _approve,
    (Status.ORDERED, Released): _release,
    (Status.DOCUMENTS_PENDING, DocumentsCompleted): _complete,
    (Status.DOCUMENTS_PENDING, Released): _release,
    (Status.APPROVED, SwitchedOn): _switch_on,
    (Status.APPROVED, Released): _release,
    (Status.ACTIVE, Deactivated): _deactivate,
    (Status.QUARANTINED, QuarantineEnded): _end_quarantine,
    (Status.QUARANTINED, Withdrawn): _withdraw,
}
"""All that may happen; whatever is not here is refused."""
