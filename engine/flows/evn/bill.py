"""The calls of an account in a month, each with its charge, summing to what the journal booked.

Numbers are without their last three digits (§ 11 TDDDG). Refused calls are there too, also those
refused before they had an account, found by the account's present number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from engine.core.cdr import CallRecord
from engine.core.number import mask
from engine.core.posting import EntryKind
from engine.core.rating import Rate, first_price_seconds
from engine.errors import EngineError
from engine.flows.papers.month import Month
from engine.ports.ledger import Account, JournalLine, Ledger

READ_MOST = 3
"""A call may be booked between two readings; then both are done again."""

BOOKED_WITHIN_MS = 2 * 24 * 3_600_000
"""So long after its end a call may be booked: that of an engine which died, found later."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BillLine:
    """One call. Prices per minute in micro-units; `first_s` seconds were at `first_price_micros`.

    `digits` is how many decimals its charge was rounded to, `outcome` the refusal's name or else
    the disposition's.
    """

    call_id: str
    at: datetime
    number: str
    service: str
    line: str | None
    talk_ms: int
    charged_s: int
    price_micros: int | None
    first_price_micros: int | None
    first_s: int
    connect_fee_micros: int
    charge_micros: int
    digits: int
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One account's month (`2026-11`, in `timezone`); `total_micros` is the sum of its lines.

    `until` is when it was complete, if calls of the month may still be booked.
    """

    account_id: str
    number: str
    profile: str
    currency: str
    month: str
    timezone: str
    lines: tuple[BillLine, ...]
    total_micros: int
    until: datetime | None = None


def complete_until(month: Month, now_ms: int) -> datetime | None:
    """When a paper of the month is complete that is made now; None if no call is still to come."""
    if now_ms >= month.to_ms + BOOKED_WITHIN_MS:
        return None
    return datetime.fromtimestamp(now_ms // 1000, month.zone)


async def itemise(ledger: Ledger, account: Account, month: Month, now_ms: int) -> Bill:
    """The bill of an account's month, with all that was booked by now; `EngineError` if it does not
    sum to what was booked."""
    for _ in range(READ_MOST):
        records = await _records(ledger, account, month)
        booked = await ledger.lines(account.account_id, month.from_ms, month.to_ms)
        total_micros = sum(record.charge_micros for record in records)
        if total_micros == _charged(booked):
            return Bill(
                account_id=account.account_id,
                number=mask(account.e164),
                profile=account.profile,
                currency=account.currency,
                month=month.name,
                timezone=month.zone.key,
                lines=tuple(line_of(record, month.zone) for record in records),
                total_micros=total_micros,
                until=complete_until(month, now_ms),
            )
    raise EngineError("the calls do not sum to what was booked: see `groschen ledger verify`")


async def _records(ledger: Ledger, account: Account, month: Month) -> list[CallRecord]:
    span = month.from_ms, month.to_ms
    own = await ledger.calls(account.account_id, *span)
    unknown = await ledger.calls_without_account(account.profile, account.e164, *span)
    return sorted([*own, *unknown], key=lambda record: (record.ended_ms, record.call_id))


def _charged(booked: Sequence[JournalLine]) -> int:
    return -sum(line.micros for line in booked if line.kind == EntryKind.CALL)


def line_of(record: CallRecord, zone: ZoneInfo) -> BillLine:
    """A call as a line of a bill, its time in the zone."""
    rate = record.rate
    return BillLine(
        call_id=record.call_id,
        at=datetime.fromtimestamp(record.arrived_ms // 1000, zone),
        number=mask(record.did),
        service=record.service,
        line=record.line,
        talk_ms=record.talk_ms,
        charged_s=record.charged_s,
        price_micros=rate.price_micros if rate else None,
        first_price_micros=rate.first_price_micros if rate else None,
        first_s=first_price_seconds(rate, _increments(rate, record.charged_s)) if rate else 0,
        connect_fee_micros=rate.connect_fee_micros if rate and record.charged_s else 0,
        charge_micros=record.charge_micros,
        digits=rate.rounding.digits if rate else 2,
        outcome=record.refusal or record.disposition,
    )


def _increments(rate: Rate, charged_s: int) -> int:
    if not charged_s:
        return 0
    return 1 + (charged_s - rate.increment.first_s) // rate.increment.next_s
