"""Statistics: kept with the records, by local time, and never off by one."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.cdr import Disposition, Refusal
from engine.core.localtime import DAY_MS, HOUR_MS
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.errors import CallerError, ConflictError
from engine.ledger.reading.sql import SqlSums
from engine.ledger.sql import SqlLedger
from engine.ports.reading.sums import Bucket, CallSums, SumFilter
from tests.ports.ledger.books import SqlBooks, top_up
from tests.ports.ledger.reading.conftest import refused, talked

BERLIN = ZoneInfo("Europe/Berlin")


def at(text: str, fold: int = 0) -> int:
    """Milliseconds of a local time in Berlin."""
    local = datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold)
    return round(local.timestamp()) * 1000


YEAR = SumFilter(organisation="acme", from_ms=at("2026-01-01"), to_ms=at("2027-01-01"))


@pytest.fixture
def sums(ledger: SqlLedger) -> SqlSums:
    return SqlSums(ledger)


def counts(found: Sequence[CallSums]) -> dict[str, int]:
    return {one.bucket: one.calls for one in found}


async def test_calls_are_summed_by_service_with_their_outcomes(
    ledger: SqlLedger, sums: SqlSums, account_id: str
) -> None:
    now_ms = at("2026-05-05T10:30")
    call = talked("c1", account_id, now_ms)
    await ledger.settle(call)
    await ledger.settle(call)
    await ledger.settle(talked("c2", account_id, now_ms, disposition=Disposition.CALLER_HUNG_UP))
    await ledger.settle(talked("c3", account_id, now_ms, service="tarot", charge_micros=0))
    await ledger.settle(refused("c4", now_ms, refusal=Refusal.CLOSED))
    await ledger.settle(refused("c5", now_ms, organisation="bolt"))
    with pytest.raises(ConflictError):
        await ledger.settle(replace(call, talk_ms=1))
    first, second = await sums.calls(YEAR)
    assert first == CallSums(
        service="beratung",
        currency="EUR",
        bucket="",
        calls=3,
        joined=2,
        talk_ms=150_400,
        charged_s=240,
        charge_micros=7_960_000,
        outcomes={"money_ended": 1, "caller_hung_up": 1, "closed": 1},
    )
    assert (second.service, second.calls, second.charge_micros) == ("tarot", 1, 0)
    assert await sums.calls(replace(YEAR, service="tarot")) == [second]
    assert await sums.calls(replace(YEAR, to_ms=at("2026-05-05T10:00"))) == []
    assert await ledger.verify() == []


async def test_local_time_is_kept_when_clocks_change(ledger: SqlLedger, sums: SqlSums) -> None:
    instants = [
        at("2026-01-31T23:59:59"),
        at("2026-03-29T01:59"),
        at("2026-03-29T03:00"),
        at("2026-10-25T02:30"),
        at("2026-10-25T02:30", fold=1),
        at("2026-10-25T23:59"),
        at("2026-10-26T00:00"),
    ]
    for n, instant in enumerate(instants):
        await ledger.settle(refused(f"c{n}", instant))

    spring = replace(YEAR, to_ms=at("2026-04-10"))
    autumn = replace(YEAR, from_ms=at("2026-10-01"))

    async def by(bucket: Bucket, wanted: SumFilter) -> dict[str, int]:
        return counts(await sums.calls(replace(wanted, bucket=bucket)))

    assert await by(Bucket.HOUR, spring) == {"01": 1, "03": 1, "23": 1}
    assert await by(Bucket.HOUR, autumn) == {"00": 1, "02": 2, "23": 1}
    assert await by(Bucket.WEEKDAY, spring) == {"5": 1, "6": 2}
    assert await by(Bucket.WEEKDAY, autumn) == {"0": 1, "6": 3}
    assert await by(Bucket.DAY, autumn) == {"2026-10-25": 3, "2026-10-26": 1}
    assert await by(Bucket.MONTH, YEAR) == {"2026-01": 1, "2026-03": 2, "2026-10": 4}


async def test_payments_are_summed_by_provider_and_day(
    ledger: SqlLedger, sums: SqlSums, account_id: str
) -> None:
    shop = (await ledger.open_account("acme", "shop", "+49301", "EUR")).account_id
    for n, day in enumerate(("2026-06-01T00:00", "2026-06-01T23:59", "2026-06-02T00:00")):
        await ledger.post(top_up(account_id, 10 + n, f"t{n}", at(day)))
    await ledger.post(top_up(shop, 100, "s1", at("2026-06-02T12:00")))
    found = await sums.top_ups(
        replace(YEAR, bucket=Bucket.DAY, from_ms=at("2026-05-01"), to_ms=at("2026-07-01"))
    )
    assert [(one.bucket, one.count, one.micros) for one in found] == [
        ("2026-06-01", 2, 21),
        ("2026-06-02", 2, 112),
    ]
    (june,) = await sums.top_ups(replace(YEAR, bucket=Bucket.MONTH, profile="web"))
    assert (june.counter, june.bucket, june.micros) == ("provider:stripe", "2026-06", 33)


def back(account_id: str, micros: int, key: str, kind: EntryKind, at_ms: int) -> Entry:
    """Money that goes back; with negative micro-units, that comes again after a dispute."""
    paid = top_up(account_id, -micros, key, at_ms)
    return replace(paid, kind=kind)


async def test_what_goes_back_is_summed_when_it_is_told(
    ledger: SqlLedger, sums: SqlSums, account_id: str
) -> None:
    later_ms = at("2026-07-02T12:00")
    for _ in range(2):
        await ledger.post(top_up(account_id, 100, "t1", at("2026-06-01T12:00")))
        await ledger.post(back(account_id, 30, "b1", EntryKind.REVERSAL, later_ms))
    await ledger.post(back(account_id, 20, "b2", EntryKind.REFUND, later_ms))
    await ledger.post(back(account_id, -30, "b3", EntryKind.REVERSAL, later_ms))
    lines = Posting(customer(account_id), 7), Posting("bonus", -7)
    other = replace(top_up(account_id, 7, "x"), postings=lines, at_ms=later_ms)
    await ledger.post(replace(other, kind=EntryKind.BONUS))
    june, july = await sums.top_ups(replace(YEAR, bucket=Bucket.MONTH))
    assert (june.bucket, june.count, june.micros, june.reversals) == ("2026-06", 1, 100, 0)
    assert (july.bucket, july.count, july.micros) == ("2026-07", 0, 0)
    assert (july.reversals, july.reversed_micros) == (3, 20)
    assert await ledger.verify() == []


async def test_payments_that_come_at_once_are_each_counted(
    ledger: SqlLedger, sums: SqlSums
) -> None:
    now_ms = at("2026-05-05T10:30")

    async def pay(n: int) -> None:
        account = await ledger.open_account("acme", "web", f"+49301{n}", "EUR")
        await ledger.post(top_up(account.account_id, n, f"t{n}", now_ms + n % 2 * HOUR_MS))

    await asyncio.gather(*(pay(n) for n in range(20)))
    (found,) = await sums.top_ups(YEAR)
    assert (found.count, found.micros) == (20, sum(range(20)))
    assert await ledger.verify() == []


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"])
async def test_months_of_days_and_hours_are_the_months_of_the_calls(
    ledger: SqlLedger, sums: SqlSums, zone: str
) -> None:
    chance = random.Random(5)  # the same calls every time
    begin_ms, end_ms = at("2026-01-20T07:00"), at("2026-11-12T17:00")
    instants = [chance.randrange(begin_ms - 2 * DAY_MS, end_ms + 2 * DAY_MS) for _ in range(60)]
    for month in (3, 4, 11):
        turn = datetime(2026, month, 1, tzinfo=ZoneInfo(zone))
        instants += [round(turn.timestamp() * 1000) + off_ms for off_ms in (-1, 0)]
    instants += [begin_ms - 1, begin_ms, end_ms - 1, end_ms]
    for n, instant in enumerate(instants):
        await ledger.settle(refused(f"c{n}", instant))
    over = SumFilter(organisation="acme", from_ms=begin_ms, to_ms=end_ms, timezone=zone)
    within = [instant for instant in instants if begin_ms <= instant < end_ms]
    local = [datetime.fromtimestamp(instant / 1000, ZoneInfo(zone)) for instant in within]
    months = await sums.calls(replace(over, bucket=Bucket.MONTH))
    assert counts(months) == Counter(f"{each:%Y-%m}" for each in local)
    assert counts(await sums.calls(over)) == {"": len(within)}


async def test_calls_that_end_at_once_are_each_counted(ledger: SqlLedger, sums: SqlSums) -> None:
    now_ms = at("2026-05-05T10:30")
    await asyncio.gather(*(ledger.settle(refused(f"c{n}", now_ms)) for n in range(20)))
    (found,) = await sums.calls(YEAR)
    assert found.calls == 20
    assert await ledger.verify() == []


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("from_ms", {"from_ms": 1}),
        ("to_ms", {"to_ms": YEAR.to_ms + 1}),
        ("to_ms", {"to_ms": YEAR.from_ms - 3_600_000}),
        ("to_ms", {"from_ms": at("2025-01-01")}),
        ("to_ms", {"bucket": Bucket.DAY}),
        ("timezone", {"timezone": "Europe/Nowhere", "bucket": Bucket.MONTH}),
        (
            "timezone",
            {"timezone": "Asia/Kolkata", "bucket": Bucket.HOUR, "to_ms": at("2026-02-01")},
        ),
        ("timezone", {"timezone": "Asia/Kolkata", "bucket": Bucket.MONTH}),
    ],
)
async def test_what_is_not_summed_up_is_told(
    sums: SqlSums, field: str, changes: dict[str, object]
) -> None:
    with pytest.raises(CallerError) as refusal:
        await sums.calls(replace(YEAR, **changes))  # type: ignore[arg-type]  # of any field
    assert refusal.value.field == field


@pytest.mark.parametrize(
    ("statement", "fault"),
    [
        ("UPDATE call_sums SET closed = closed + 1", "row of call_sums is not the sum"),
        ("DELETE FROM call_sums", "row of call_sums is not the sum"),
        ("UPDATE call_sums SET from_ms = 0 WHERE span_h = 1", "row of call_sums is not the sum"),
        ("UPDATE call_sums SET calls = 9 WHERE span_h = 24", "row of call_sums is not the sum"),
        ("UPDATE top_up_sums SET micros = 9", "row of top_up_sums is not the sum"),
        ("UPDATE top_up_sums SET profile = 'b' WHERE span_h = 24", "is not the sum"),
        ("UPDATE heads SET top_ups = 0", "counts 0 payments"),
        ("UPDATE heads SET last_top_up_ms = 0", "counts 1 payments"),
        ("UPDATE heads SET organisation = 'bolt'", "counts 1 payments"),
    ],
)
async def test_a_sum_that_is_off_is_found(
    sql_books: SqlBooks, ledger: SqlLedger, account_id: str, statement: str, fault: str
) -> None:
    await ledger.post(top_up(account_id, 5_000_000, "t1"))
    await ledger.settle(talked("c1", account_id, at("2026-05-05T10:30")))
    assert await ledger.verify() == []
    sql_books.spoil(statement)
    assert any(fault in told for told in await ledger.verify())
