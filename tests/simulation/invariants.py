"""What must be true of the money when a town has fallen silent, whatever befell it."""

import hashlib
from collections import Counter
from dataclasses import dataclass

from engine.core.posting import EntryKind
from engine.flows.money.books import verify
from tests.flows.bills import assert_billed
from tests.simulation.town import Town

TALK_LATE_MOST_MS = 100


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run came to. Equal seeds give equal digests."""

    calls: int
    charged_micros: int
    dispositions: dict[str, int]
    happened: dict[str, int]
    digest: str


async def assert_whole(town: Town) -> Outcome:
    """Every invariant, or an AssertionError that names what is broken."""
    house = town.house
    differences = await verify(house.ledger, house.store, house.clock)
    assert differences == (), differences
    records = await house.ledger.calls(None, 0, 2**53)
    ids = [record.call_id for record in records]
    assert len(set(ids)) == len(ids)
    digest = hashlib.sha256()
    for record in records:
        await assert_billed(record, house.ledger)
        digest.update(f"{record.call_id} {record.charge_micros} {record.talk_ms}\n".encode())
    talked = {leg.leg for leg in town.legs if leg.joined_ms is not None}
    lost = talked - set(ids)
    assert not lost, f"conversations without a record: {sorted(lost)[:5]}"
    await _assert_balances(town)
    _assert_nothing_left(town)
    return Outcome(
        calls=len(records),
        charged_micros=sum(record.charge_micros for record in records),
        dispositions=dict(Counter(record.disposition.value for record in records)),
        happened=dict(sorted(town.happened.items())),
        digest=digest.hexdigest()[:16],
    )


async def _assert_balances(town: Town) -> None:
    """Neither calls nor debits take a balance below zero; only reversals do."""
    async for account in town.house.ledger.accounts():
        lines = await town.house.ledger.lines(account.account_id, 0, 2**53)
        assert sum(line.micros for line in lines) == account.balance_micros
        reversed_micros = 0
        for line in lines:
            reversed_micros -= line.micros if line.kind == EntryKind.REVERSAL else 0
            assert line.balance_micros + reversed_micros >= 0, (account.account_id, line)
        view = await town.house.store.account(account.account_id)
        assert view is None or view.holds == (), (account.account_id, view)


def _assert_nothing_left(town: Town) -> None:
    house = town.house
    assert not [leg.leg for leg in house.switch.legs.values() if leg.alive]
    claimed = [name for name, agent in house.data.agents.items() if agent.call_id is not None]
    assert not claimed, f"agents still claimed: {claimed}"
