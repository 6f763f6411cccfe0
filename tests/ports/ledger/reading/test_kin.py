"""What numbers name, now or before."""

import pytest

from engine.core.retention import Kind
from engine.ledger.reading.sql import SqlKeeping, SqlKin
from engine.ledger.sql import SqlLedger
from engine.ports.reading.kin import Name
from tests.ports.ledger.books import MOBILE, NOW_MS, SqlBooks
from tests.ports.ledger.reading.conftest import refused


@pytest.fixture
def kin(ledger: SqlLedger) -> SqlKin:
    return SqlKin(ledger)


async def test_numbers_find_accounts_by_present_and_former_names(
    sql_books: SqlBooks, ledger: SqlLedger, kin: SqlKin, account_id: str
) -> None:
    shop = (await ledger.open_account("acme", "shop", "+4930", "EUR")).account_id
    await ledger.open_account("bolt", "bolt", "+4930", "EUR")
    sql_books.wall.ms += 5
    await ledger.change_number(account_id, "+49171")
    found = await kin.named("acme", [MOBILE, "+4930", "+49999"])
    assert [(one.customer.account.account_id, one.e164, one.until_ms) for one in found] == [
        (shop, "+4930", None),
        (account_id, MOBILE, NOW_MS + 5),
    ]
    assert found[1].customer.account.e164 == "+49171"
    assert await kin.named("acme", []) == []


async def test_an_accounts_numbers_are_told_the_present_one_first(
    sql_books: SqlBooks, ledger: SqlLedger, kin: SqlKin, account_id: str
) -> None:
    sql_books.wall.ms += 5
    await ledger.change_number(account_id, "+49171")
    await ledger.settle(refused("w", NOW_MS, e164=MOBILE, withheld=True))
    assert await kin.names("acme", account_id) == [
        Name("+49171", NOW_MS + 5, None, withheld=False),
        Name(MOBILE, NOW_MS, NOW_MS + 5, withheld=True),
    ]
    assert await kin.names("bolt", account_id) == []


async def test_last_calls_are_the_organisations_own(ledger: SqlLedger, kin: SqlKin) -> None:
    calls = [refused(f"c{n}", NOW_MS + n, e164=MOBILE) for n in range(3)]
    for call in calls:
        await ledger.settle(call)
    await ledger.settle(refused("b", NOW_MS + 9, e164=MOBILE, organisation="bolt"))
    assert await kin.last_calls("acme", MOBILE, 2) == [calls[2], calls[1]]


async def test_a_number_stays_withheld_when_its_calls_are_gone(
    sql_books: SqlBooks, ledger: SqlLedger, kin: SqlKin, account_id: str
) -> None:
    await ledger.settle(refused("c1", NOW_MS, e164=MOBILE, withheld=True))
    sql_books.wall.ms += 5
    await ledger.change_number(account_id, "+49171")
    await SqlKeeping(ledger).let_go(Kind.CALLS, NOW_MS + 1, 9)
    assert await kin.last_calls("acme", MOBILE, 2) == []
    assert [await kin.was_withheld(of, MOBILE) for of in ("acme", "bolt")] == [True, False]
    (named,) = await kin.named("acme", [MOBILE])
    assert (named.withheld, named.customer.withheld) == (True, False)
