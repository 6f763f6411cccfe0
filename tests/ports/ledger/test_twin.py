"""The faults that can be planted in the ledger in memory."""

import pytest

from engine.errors import RemoteError
from tests.fakes.ledger import MemoryLedger
from tests.ports.ledger.books import MOBILE, opened, top_up


async def test_a_ledger_that_is_down_refuses_until_it_is_up() -> None:
    ledger = MemoryLedger()
    one = (await opened(ledger)).account_id
    ledger.down = True
    for _ in range(3):
        with pytest.raises(RemoteError) as refusal:
            await ledger.post(top_up(one, 5, "t1"))
        assert refusal.value.retryable
    ledger.down = False
    (booked,) = await ledger.post(top_up(one, 5, "t1"))
    assert booked.seq == 1


async def test_a_planted_fault_strikes_the_calls_it_names_and_no_more() -> None:
    ledger = MemoryLedger()
    one = (await opened(ledger)).account_id
    ledger.fail_next(2, "post")
    assert await ledger.find_account("web", MOBILE) is not None
    for _ in range(2):
        with pytest.raises(RemoteError):
            await ledger.post(top_up(one, 5, "t1"))
    (booked,) = await ledger.post(top_up(one, 5, "t1"))
    assert booked.seq == 1


async def test_an_answer_may_be_lost_after_the_work() -> None:
    ledger = MemoryLedger()
    one = (await opened(ledger)).account_id
    ledger.fail_next(after=True)
    with pytest.raises(RemoteError):
        await ledger.post(top_up(one, 5, "t1"))
    assert len(await ledger.outbox(9)) == 1
    (booked,) = await ledger.post(top_up(one, 5, "t1"))
    assert booked.seq == 1
    assert await ledger.verify() == []


async def test_every_call_is_told_before_it_is_carried_out() -> None:
    ledger = MemoryLedger()
    told: list[str] = []

    async def listen(method: str) -> None:
        told.append(method)

    ledger.on_call = listen
    account = await opened(ledger)
    await ledger.account(account.account_id)
    assert told == ["open_account", "account"]
