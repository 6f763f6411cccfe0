"""One helper for every test that ends with a bill: the same number wherever it is written."""

from engine.core.cdr import CallRecord
from engine.core.form import parse_object
from engine.core.money import format_micros, format_shortest
from engine.core.posting import EntryKind
from engine.core.quote import quote
from engine.core.rating import charge, increments_begun
from engine.ports.ledger import JournalLine, Ledger


def quoted(record: CallRecord) -> dict[str, str | int]:
    """What `groschen quote` answers for the times in a record, at the rate of that call.

    The record must have a rate. The rate's one price stands for every line, because a record no
    longer says what the others would have paid.
    """
    rate, start = record.rate, record.billing_start
    assert rate is not None
    assert start is not None
    price = format_shortest(rate.price_micros)
    offer = "null"
    if rate.first_price_micros is not None:
        minutes = rate.first_minutes or 1_000_000
        offer = f'{{"price": "{format_shortest(rate.first_price_micros)}", "minutes": {minutes}}}'
    text = f"""{{
        "tariff": {{
            "currency": "{record.currency}",
            "landline": "{price}", "mobile": "{price}", "other": "{price}",
            "increment": "{rate.increment}",
            "billing_starts": {{"from": "{start.origin}", "after_seconds": {start.after_s}}},
            "connect_fee": "{format_shortest(rate.connect_fee_micros)}",
            "first_call": {offer},
            "max_call_minutes": {rate.max_call_minutes},
            "rounding": {{"digits": {rate.rounding.digits}, "mode": "{rate.rounding.mode}"}}
        }},
        "line": "{record.line or "other"}",
        "first_call": {"true" if rate.first_price_micros is not None else "false"},
        "wait_seconds": {_seconds(record.wait_ms)},
        "talk_seconds": {_seconds(record.talk_ms)},
        "balance": "0"
    }}"""
    return quote(parse_object(text))


def _seconds(ms: int) -> str:
    return f"{ms // 1000}.{ms % 1000:03d}"


async def journal_line(record: CallRecord, ledger: Ledger) -> tuple[JournalLine, int]:
    """The one journal line of a call, and the account's balance before it."""
    assert record.account_id is not None
    lines = await ledger.lines(record.account_id, 0, 2**53)
    mine = [number for number, line in enumerate(lines) if line.call_id == record.call_id]
    assert len(mine) == 1, f"{record.call_id} has {len(mine)} journal lines"
    number = mine[0]
    before_micros = lines[number - 1].balance_micros if number else 0
    return lines[number], before_micros


async def assert_billed(record: CallRecord, ledger: Ledger) -> None:
    """Record, journal entry, change of the balance and quote agree to the last digit."""
    if record.account_id is None:
        assert record.charge_micros == 0, record
        return
    line, before_micros = await journal_line(record, ledger)
    assert line.kind == EntryKind.CALL
    assert line.micros == -record.charge_micros, (line, record)
    assert line.balance_micros - before_micros == -record.charge_micros
    if record.rate is None:
        assert record.charge_micros == 0
        return
    answer = quoted(record)
    digits = record.rate.rounding.digits
    assert answer["charge"] == format_micros(record.charge_micros, digits), (answer, record)
    assert answer["charged_seconds"] == record.charged_s, (answer, record)
    # Where charging begins with the announcement, who never talked is still never charged.
    if record.talk_ms == 0:
        assert record.charge_micros == 0, record
    n = increments_begun(record.rate, record.charged_s * 1000)
    assert charge(record.rate, n) == record.charge_micros
