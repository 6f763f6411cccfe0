"""Caller lists: who had the offer, put on, taken off and moved by hand."""

from dataclasses import replace

import pytest

from engine.errors import ConflictError
from engine.ledger.reading.sql import SqlMarks
from engine.ledger.sql import SqlLedger
from engine.ports.reading.marks import FirstCallMark, MarkFilter
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, answered_call

LIST = MarkFilter(organisation="acme", caller_list="web")


@pytest.fixture
def marks(ledger: SqlLedger) -> SqlMarks:
    return SqlMarks(ledger)


def by_hand(e164: str, at_ms: int = NOW_MS) -> FirstCallMark:
    return FirstCallMark("acme", "web", e164, "hand:eva", at_ms)


async def test_marks_of_calls_and_hands_are_listed(
    ledger: SqlLedger, marks: SqlMarks, account_id: str
) -> None:
    assert await ledger.claim_first_call("acme", "web", MOBILE, "c1", NOW_MS, None)
    await ledger.settle(answered_call("c1", account_id))
    await ledger.claim_first_call("bolt", "web", MOBILE, "c2", NOW_MS, None)
    for n in range(4):
        await marks.mark(by_hand(f"+49301{n}", NOW_MS + n // 2))
    listed = await marks.marks(LIST)
    assert [(one.mark.e164, one.withheld) for one in listed] == [
        ("+493013", False),
        ("+493012", False),
        ("+493011", False),
        ("+493010", False),
        (MOBILE, True),
    ]
    assert listed[4].mark == FirstCallMark("acme", "web", MOBILE, "c1", NOW_MS)
    page = await marks.marks(replace(LIST, most=2, before=listed[1].mark))
    assert page == listed[2:4]
    assert await marks.marks(replace(LIST, e164=MOBILE)) == listed[4:]


async def test_a_number_is_put_on_once_and_taken_off(ledger: SqlLedger, marks: SqlMarks) -> None:
    mark = by_hand(MOBILE)
    assert await marks.mark(mark) == mark
    assert await marks.mark(replace(mark, call_id="hand:ida", at_ms=NOW_MS + 9)) == mark
    assert not await ledger.claim_first_call("acme", "web", MOBILE, "c1", NOW_MS, None)
    assert not await marks.unmark("bolt", "web", MOBILE)
    assert await marks.unmark("acme", "web", MOBILE)
    assert not await marks.unmark("acme", "web", MOBILE)
    assert await ledger.claim_first_call("acme", "web", MOBILE, "c1", NOW_MS, None)


async def test_a_mark_moves_to_a_number_that_has_none(marks: SqlMarks) -> None:
    await marks.mark(by_hand(MOBILE))
    assert not await marks.move("acme", "web", LANDLINE, MOBILE)
    assert await marks.move("acme", "web", MOBILE, MOBILE)
    assert await marks.move("acme", "web", MOBILE, LANDLINE)
    (listed,) = await marks.marks(LIST)
    assert listed.mark == by_hand(LANDLINE)
    await marks.mark(by_hand(MOBILE))
    with pytest.raises(ConflictError):
        await marks.move("acme", "web", MOBILE, LANDLINE)
