"""What must be true when everything has come to its end, and a digest of all that was booked."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

from engine.core.cdr import CallRecord
from engine.core.posting import EntryKind
from engine.flows.money.books import verify
from engine.flows.replay.purses import Purses
from engine.flows.replay.rules import Draft, differences, recorded, replayed
from tests.flows.bills import assert_billed
from tests.simulation.town import Town

NET_MS = 1_000
LATE_MS = 100


@dataclass(frozen=True)
class Verdict:
    """What became of one neighbourhood; `faults` is empty when every invariant is whole."""

    calls: int
    records: int
    charged_micros: int
    faults: tuple[str, ...]
    digest: str
    dispositions: Counter[str]
    deaths: int
    emptied: int
    outages: int
    lost_events: int


async def judge(town: Town) -> Verdict:
    """Hold a neighbourhood that has come to rest against every invariant."""
    house = town.house
    records = await house.ledger.calls(None, 0, 2**53)
    faults = [
        *_leftovers(town),
        *await verify(house.ledger, house.store, house.clock),
        *_records_missing(town, records),
        *[fault for record in records for fault in _too_long(town, record)],
        *[fault async for fault in _unbilled(town, records)],
        *[fault async for fault in _below_zero(town)],
        *_offers(town, records),
        *[fault async for fault in _replayed_otherwise(town, records)],
    ]
    return Verdict(
        calls=len(town.placed),
        records=len(records),
        charged_micros=sum(record.charge_micros for record in records),
        faults=tuple(f"town {town.number}: {fault}" for fault in faults),
        digest=_digest(records),
        dispositions=Counter(record.disposition.value for record in records),
        deaths=town.deaths,
        emptied=town.emptied,
        outages=town.outages,
        lost_events=town.lost,
    )


def _leftovers(town: Town) -> Iterator[str]:
    house = town.house
    for account_id, account in house.data.accounts.items():
        for hold_id, held in account.holds.items():
            yield f"{held.micros} are still held on {account_id} for {hold_id}"
    for agent in house.data.agents.values():
        if agent.call_id is not None:
            yield f"agent {agent.name} is still claimed by {agent.call_id}"
    for leg in house.switch.legs.values():
        if leg.alive:
            yield f"leg {leg.leg} still stands"
    for engine in (*house.engines.values(), *house.dead):
        if engine.calls.counts.unexpected:
            yield f"{engine.calls.counts.unexpected} unexpected events"
        if engine.calls.counts.faults:
            yield f"{engine.calls.counts.faults} steps failed"


def _records_missing(town: Town, records: list[CallRecord]) -> Iterator[str]:
    """Every call that was ever written down has its one record."""
    recorded = Counter(record.call_id for record in records)
    for call_id in town.house.data.finished_ms:
        if recorded[call_id] != 1:
            yield f"call {call_id} is finished and has {recorded[call_id]} records"
    written = {leg.leg for leg in town.placed if leg.leg in town.house.data.ever_saved}
    for call_id in sorted(written - set(recorded)):
        yield f"call {call_id} was written down and has no record"
    for leg in town.placed:
        if leg.leg not in recorded and leg.leg in town.house.switch.talk:
            yield f"call {leg.leg} has no record and was talked"


def _too_long(town: Town, record: CallRecord) -> Iterator[str]:
    """Nobody talked longer than he paid for, but by the tenth of a second a cut-off takes; by a
    second where Asterisk itself had to end it."""
    stretches = town.house.switch.talk.get(record.call_id, [])
    talked_ms = sum(end - start for start, end in stretches)
    allowed_ms = len(stretches) * (NET_MS if town.faulty else LATE_MS)
    if talked_ms > record.talk_ms + allowed_ms:
        yield f"call {record.call_id} talked {talked_ms} ms, its record says {record.talk_ms} ms"
    if not town.faulty and record.talk_ms > talked_ms:
        yield f"call {record.call_id} talked {talked_ms} ms and is billed for {record.talk_ms} ms"


async def _unbilled_one(town: Town, record: CallRecord) -> str | None:
    try:
        await assert_billed(record, town.house.ledger)
    except AssertionError as error:
        return f"call {record.call_id}: {str(error).splitlines()[0] if str(error) else 'unequal'}"
    return None


async def _unbilled(town: Town, records: list[CallRecord]) -> AsyncIterator[str]:
    for record in records:
        fault = await _unbilled_one(town, record)
        if fault is not None:
            yield fault


async def _below_zero(town: Town) -> AsyncIterator[str]:
    """Calls, debits and moves never take a balance below zero; only what was reversed may."""
    ledger = town.house.ledger
    async for account in ledger.accounts():
        without_reversals = 0
        for line in await ledger.lines(account.account_id, 0, 2**53):
            if line.kind != EntryKind.REVERSAL:
                without_reversals += line.micros
            if line.micros < 0 and without_reversals < 0:
                yield f"{line.kind} {line.key} took {account.account_id} below zero"


def _offers(town: Town, records: list[CallRecord]) -> Iterator[str]:
    """A first-call offer is had once by each number, unless it is for days; its mark moves with
    the number."""
    days = {s.name for s in town.house.inventory.services if s.first_call_days is not None}
    had = Counter(
        record.e164
        for record in records
        if record.first_call and record.charged_s > 0 and record.service not in days
    )
    for e164, times in had.items():
        if times > 1:
            yield f"{e164} had the first-call offer {times} times"


async def _replayed_otherwise(town: Town, records: list[CallRecord]) -> AsyncIterator[str]:
    """A record replayed under the configuration it was made by is the call that it was, with the
    money that its account had."""
    draft, purses = Draft.of(town.house.inventory), Purses()
    balances = await town.house.ledger.balances_after([record.call_id for record in records])
    for record in records:
        money_micros = purses.money_micros(record, balances.get(record.call_id))
        after = replayed(record, draft, money_micros)
        purses.take(record, after)
        found = [*differences(recorded(record), after)]
        if found:
            yield f"{record.call_id} is {', '.join(found)} when replayed: {record}"


def _digest(records: list[CallRecord]) -> str:
    text = "\n".join(
        f"{r.call_id} {r.account_id} {r.disposition} {r.wait_ms} {r.talk_ms} {r.charge_micros}"
        for r in sorted(records, key=lambda record: record.call_id)
    )
    return hashlib.sha256(text.encode()).hexdigest()
