"""What is let go of: exactly what is due, in batches, and no money."""

import asyncio
import time
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from engine.core.payment import PaymentOrder
from engine.core.retention import Kind, Policy
from engine.core.roles import Role
from engine.flows.retention.daily import carry_out
from engine.ledger import calls
from engine.ledger.accounts import DAY_MS
from engine.ledger.api.sql import SqlAnswers, SqlCustomers
from engine.ledger.callers import SqlCallers
from engine.ledger.diversion.sql import SqlForwarded
from engine.ledger.payments.sql import SqlOrders
from engine.ledger.reading import retention
from engine.ledger.reading.sql import SqlKeeping, SqlKin, SqlMarks, SqlRecords
from engine.ledger.sql import SqlLedger
from engine.ledger.tables import api_answers, audit_ends, letters, withheld_numbers
from engine.ledger.users.sql import SqlAudit, SqlSessions, SqlUsers
from engine.ledger.verifications.sql import SqlVerifications
from engine.ports.audit import Act, ActFilter
from engine.ports.diversion import ForwardedFilter
from engine.ports.ledger import Ledger
from engine.ports.operators import Claim
from engine.ports.people.callers import CallerNote, NoteKind
from engine.ports.reading.marks import FirstCallMark, MarkFilter
from engine.ports.reading.records import CallFilter
from engine.ports.users import Session, User
from tests.fakes.clock import START_MS, LoopClock
from tests.forwarding.cases import forwarded
from tests.ports.ledger.books import LANDLINE, MOBILE, NOW_MS, SqlBooks, answered_call, top_up
from tests.ports.ledger.reading.conftest import refused, talked
from tests.verification.cases import verification

DUE_MS = NOW_MS + 10
BETWEEN_S = 0.01
"""From one booking to the next: SQLite gives the lock to who asks, not to who has waited."""


@pytest.fixture
def keeping(ledger: SqlLedger) -> SqlKeeping:
    return SqlKeeping(ledger)


async def all_gone(keeping: SqlKeeping, kind: Kind, before_ms: int = DUE_MS) -> list[int]:
    """The sizes of the batches of two, until one is not full."""
    sizes: list[int] = []
    while not sizes or sizes[-1] == 2:
        sizes.append(await keeping.let_go(kind, before_ms, 2))
    return sizes


async def test_records_lose_numbers_and_keep_money(
    ledger: SqlLedger, keeping: SqlKeeping, account_id: str
) -> None:
    await ledger.post(top_up(account_id, 50_000_000, "t1"))
    for n in range(5):
        await ledger.settle(talked(f"c{n}", account_id, DUE_MS - 1, e164=MOBILE))
    await ledger.settle(talked("late", account_id, DUE_MS, e164=MOBILE))
    before = await ledger.account(account_id)
    assert await keeping.count(Kind.CALLS, DUE_MS) == 5
    assert await all_gone(keeping, Kind.CALLS) == [2, 2, 1]
    assert await keeping.count(Kind.CALLS, DUE_MS) == 0
    assert await keeping.let_go(Kind.CALLS, DUE_MS, 2) == 0
    assert await all_gone(keeping, Kind.PROMPTS) == [2, 2, 1]
    found = await SqlRecords(ledger).search(CallFilter(organisation="acme"))
    late, *old = found.records
    assert (late.e164, len(late.prompts)) == (MOBILE, 2)
    assert late.received_identity
    assert {(one.e164, one.received_identity, one.prompts) for one in old} == {(None, "", ())}
    assert {(one.slices, one.stays) for one in old} == {((), ())}
    assert {one.charge_micros for one in old} == {3_980_000}
    assert await ledger.account(account_id) == before
    assert await ledger.verify() == []
    assert await keeping.count(Kind.CALLS, DUE_MS + 1) == 1


async def is_withheld(ledger: SqlLedger, account_id: str) -> bool:
    customer = await SqlCustomers(ledger).customer("acme", account_id)
    assert customer is not None
    return customer.withheld


async def test_a_withheld_number_stays_so_as_long_as_anything_knows_it(
    ledger: SqlLedger, keeping: SqlKeeping, account_id: str
) -> None:
    await ledger.settle(answered_call("c1", account_id))
    await ledger.settle(refused("c2", NOW_MS, e164=LANDLINE, withheld=True))
    assert await is_withheld(ledger, account_id)
    assert sum(await all_gone(keeping, Kind.CALLS, 2**52)) == 2
    assert await is_withheld(ledger, account_id)
    numbers = select(withheld_numbers.c.e164)
    left = await ledger.database.read(lambda c: c.scalars(numbers))
    assert left.all() == [MOBILE]


async def test_a_number_withheld_again_meanwhile_is_not_forgotten(
    sql_books: SqlBooks, ledger: SqlLedger
) -> None:
    await ledger.settle(refused("old", DUE_MS - 1, e164=MOBILE, withheld=True))
    settled, go_on = asyncio.Event(), asyncio.Event()

    async def settle(connection: AsyncConnection) -> None:
        await calls.settle(connection, refused("new", DUE_MS, e164=MOBILE, withheld=True))
        settled.set()
        await go_on.wait()

    settling = asyncio.create_task(ledger.database.write(settle))
    await settled.wait()
    work = SqlKeeping(sql_books.open()).let_go(Kind.CALLS, DUE_MS, 9)
    letting_go = asyncio.create_task(work)
    assert await asyncio.wait({letting_go}, timeout=0.3) == (set(), {letting_go})
    go_on.set()
    await asyncio.gather(settling, letting_go)
    assert await SqlKin(ledger).was_withheld("acme", MOBILE)


async def test_former_numbers_go_and_the_present_one_stays(
    sql_books: SqlBooks, ledger: SqlLedger, keeping: SqlKeeping, account_id: str
) -> None:
    for n in range(3):
        sql_books.wall.ms += 1
        await ledger.change_number(account_id, f"+49301{n}")
    assert await keeping.count(Kind.FORMER, NOW_MS + 3) == 2
    assert await all_gone(keeping, Kind.FORMER, NOW_MS + 3) == [2, 0]
    kin = SqlKin(ledger)
    named = await kin.named("acme", [MOBILE, *(f"+49301{n}" for n in range(3))])
    assert {one.e164 for one in named} == {"+493011", "+493012"}
    assert await ledger.verify() == []


async def placed(sql_books: SqlBooks, account_id: str) -> Ledger:
    """Three letters, and four orders of which one is paid and one still asked about."""
    letter = (
        "INSERT INTO payment_letters (organisation, profile, provider, event_id, raw, received_ms)"
        " VALUES ('acme', 'web', 'stripe', '{}', '', {})"
    )
    order = (
        "INSERT INTO payment_orders (order_id, organisation, profile, provider, account_id,"
        " currency, amount_micros, bonus_micros, lang, created_ms, provider_ref, payment_ref,"
        " status, paid_ms, refunded_micros, disputes, ask_at_ms) VALUES ('{}', 'acme', 'web',"
        " 'stripe', '{}', 'EUR', 1, 0, 'de', {}, '', '', '{}', {}, 0, '[]', {})"
    )
    sql_books.spoil(
        *(letter.format(f"e{n}", DUE_MS - 2 + n) for n in range(3)),
        order.format("old", account_id, 1, "expired", "NULL", "NULL"),
        order.format("asked", account_id, 1, "pending", "NULL", "5"),
        order.format("paid", account_id, 1, "paid", "2", "NULL"),
        order.format("new", account_id, DUE_MS, "expired", "NULL", "NULL"),
    )
    return sql_books.open()


async def test_letters_and_unpaid_orders_go(
    sql_books: SqlBooks, ledger: SqlLedger, keeping: SqlKeeping, account_id: str
) -> None:
    await placed(sql_books, account_id)
    assert await all_gone(keeping, Kind.LETTERS) == [2, 0]
    count = select(func.count()).select_from(letters)
    assert await ledger.database.read(lambda c: c.scalar(count)) == 1
    assert await keeping.count(Kind.ORDERS, DUE_MS) == 1
    assert await keeping.let_go(Kind.ORDERS, DUE_MS, 9) == 1
    assert await keeping.count(Kind.ORDERS, 2**52) == 1


async def test_notes_on_callers_go(ledger: SqlLedger, keeping: SqlKeeping, account_id: str) -> None:
    callers = SqlCallers(ledger)
    for n in range(3):
        note = CallerNote(
            note_id=f"n{n}",
            organisation="acme",
            account_id=account_id,
            kind=list(NoteKind)[n % 2],
            author="anna",
            text="Heißt Jörg",
            at_ms=DUE_MS - 2 + n,
        )
        await callers.add_note(note)
    assert await keeping.count(Kind.NOTES, DUE_MS) == 2
    assert await all_gone(keeping, Kind.NOTES) == [2, 0]
    assert [note.note_id for note in await callers.notes("acme", account_id, 9)] == ["n2"]


async def test_lines_of_the_audit_log_go_with_their_ends(
    ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    audit = SqlAudit(ledger)
    for n in range(3):
        act = Act(act_id=f"a{n}", at_ms=DUE_MS - 2 + n, organisation=None, author="ada",
                  address="203.0.113.9", action="users.lock")  # fmt: skip
        await audit.begin(act)
        await audit.end(act.act_id, "done", {"role": "agent"})
    assert await all_gone(keeping, Kind.ACTS) == [2, 0]
    (left,) = await audit.lines(ActFilter(organisation=None))
    assert (left.act.act_id, left.outcome) == ("a2", "done")
    ends = select(func.count()).select_from(audit_ends)
    assert await ledger.database.read(lambda c: c.scalar(ends)) == 1


async def test_sessions_that_ended_and_old_answers_go(
    ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    user = User(user_id="u1", organisation=None, name="ada", role=Role.OWNER, password_hash="x",
                must_change=False, created_ms=1)  # fmt: skip
    await SqlUsers(ledger).add(user)
    for n in range(3):
        session = Session(session_hash=f"s{n}", user_id="u1", proved=True, begun_ms=1, seen_ms=1,
                          ends_ms=DUE_MS - 2 + n, address="203.0.113.9", browser="x")  # fmt: skip
        await SqlSessions(ledger).begin(session, user, 9)
        claim = Claim(organisation="acme", key=f"k{n}", digest="d", now_ms=DUE_MS - 2 + n,
                      until_ms=DUE_MS + 9)  # fmt: skip
        await SqlAnswers(ledger).claim(claim)
    assert await all_gone(keeping, Kind.SESSIONS) == [2, 0]
    assert [one.session_hash for one in await SqlSessions(ledger).sessions("u1")] == ["s2"]
    assert await all_gone(keeping, Kind.ANSWERS) == [2, 0]
    keys = select(api_answers.c.key)
    assert (await ledger.database.read(lambda c: c.scalars(keys))).all() == ["k2"]


async def test_records_lose_who_ordered_what(
    ledger: SqlLedger, keeping: SqlKeeping, account_id: str
) -> None:
    for n in range(3):
        await ledger.settle(talked(f"c{n}", account_id, DUE_MS - 2 + n))
    await ledger.settle(refused("quiet", DUE_MS - 1))
    assert await all_gone(keeping, Kind.ORDERED) == [2, 0]
    found = await SqlRecords(ledger).search(CallFilter(organisation="acme"))
    assert [one.call_id for one in found.records if one.ordered] == ["c2"]
    assert await ledger.verify() == []


async def test_marks_go_and_their_withheld_numbers_with_them(
    ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    marks = SqlMarks(ledger)
    for n, e164 in enumerate((LANDLINE, MOBILE)):
        mark = FirstCallMark(organisation="acme", caller_list="acme/one", e164=e164, call_id="c",
                             at_ms=DUE_MS - 1 + n)  # fmt: skip
        await marks.mark(mark)
        await ledger.settle(refused(f"c{n}", NOW_MS, e164=e164, withheld=True))
    assert sum(await all_gone(keeping, Kind.CALLS)) == 2
    kin = SqlKin(ledger)
    assert await kin.was_withheld("acme", LANDLINE)
    assert await all_gone(keeping, Kind.MARKS) == [1]
    assert [await kin.was_withheld("acme", e164) for e164 in (LANDLINE, MOBILE)] == [False, True]
    wanted = MarkFilter(organisation="acme", caller_list="acme/one")
    assert [one.mark.e164 for one in await marks.marks(wanted)] == [MOBILE]


async def test_verifications_lose_the_number(ledger: SqlLedger, keeping: SqlKeeping) -> None:
    kept = SqlVerifications(ledger)
    for n, ended_ms in enumerate((DUE_MS - 1, DUE_MS, None)):
        await kept.add(replace(verification(), verification_id=f"v{n}", ended_ms=ended_ms))
    assert await all_gone(keeping, Kind.VERIFICATIONS) == [1]
    found = [await kept.verification(f"v{n}") for n in range(3)]
    assert [one and one.e164 for one in found] == [None, verification().e164, verification().e164]
    assert [one and one.reference for one in found] == [verification().reference] * 3


async def test_accounts_go_that_nothing_ever_came_of(
    sql_books: SqlBooks, ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    """None that has called, has money, an order, a note, a PIN or another number before; nor one
    that somebody has asked for since."""
    numbers = [f"+49302312510{n}" for n in range(10)]
    opened = [
        (await ledger.open_account("acme", "web", e164, "EUR")).account_id for e164 in numbers
    ]
    called, paid, ordered, noted, keyed, renamed, asked, *unused = opened
    await ledger.settle(refused("c1", NOW_MS, account_id=called))
    await ledger.post(top_up(paid, 50_000_000, "t1"))
    wish = PaymentOrder(order_id="o", organisation="acme", profile="web", provider="stripe",
                        account_id=ordered, currency="EUR", amount_micros=1, bonus_micros=0,
                        lang="de", created_ms=NOW_MS)  # fmt: skip
    await SqlOrders(ledger).place(wish)
    await SqlCallers(ledger).add_note(
        CallerNote(note_id="n", organisation="acme", account_id=noted, kind=NoteKind.NOTE,
                   author="anna", text="Heißt Jörg", at_ms=NOW_MS)
    )  # fmt: skip
    await ledger.set_pin(keyed, "4711")
    await ledger.change_number(renamed, MOBILE)
    sql_books.wall.ms += 2 * DAY_MS
    assert (await ledger.open_account("acme", "web", numbers[6], "EUR")).account_id == asked
    assert await keeping.count(Kind.ACCOUNTS, DUE_MS) == 3
    assert await all_gone(keeping, Kind.ACCOUNTS) == [2, 1]
    left = [await ledger.account(account_id) for account_id in opened]
    assert [account is None for account in left] == [False] * 7 + [True] * 3
    again = await ledger.open_account("acme", "web", numbers[-1], "EUR")
    assert again.account_id not in unused
    assert await ledger.verify() == []


async def test_an_account_asked_for_while_it_is_let_go_is_kept(
    sql_books: SqlBooks, ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    """It was found to be due, and somebody called before it was deleted."""
    account_id = (await ledger.open_account("acme", "web", MOBILE, "EUR")).account_id
    found = await ledger.database.read(
        partial(retention.find, kind=Kind.ACCOUNTS, before_ms=DUE_MS, most=2)
    )
    assert found == [(account_id,)]
    sql_books.wall.ms += 2 * DAY_MS
    await ledger.open_account("acme", "web", MOBILE, "EUR")
    gone = partial(retention.let_go, kind=Kind.ACCOUNTS, before_ms=DUE_MS, found=found, is_all=True)
    await ledger.database.write(gone)
    assert await ledger.account(account_id) is not None
    assert len(await ledger.settle(refused("c1", NOW_MS, account_id=account_id))) == 1


async def test_forwarded_calls_lose_the_callers_number(
    ledger: SqlLedger, keeping: SqlKeeping
) -> None:
    log = SqlForwarded(ledger)
    for n, arrived_ms in enumerate((DUE_MS - 1, DUE_MS)):
        await log.keep(forwarded(f"c{n}", arrived_ms=arrived_ms, ended_ms=DUE_MS + 1))
    await log.keep(forwarded("unended", arrived_ms=DUE_MS - 1, ended_ms=None, outcome=None))
    assert await all_gone(keeping, Kind.FORWARDED) == [2, 0]
    newest, oldest = await log.calls(ForwardedFilter(organisation="acme"))
    assert (oldest.caller, newest.caller) == (None, forwarded().caller)
    assert (oldest.outcome, oldest.target) == (forwarded().outcome, forwarded().target)


def filled(sql_books: SqlBooks) -> None:
    """1,500 callers who withheld numbers without an account, and 100,000 marks of others."""
    is_sqlite = sql_books.url.startswith("sqlite")
    numbered = (
        "WITH RECURSIVE numbered(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbered WHERE n < {})"
        if is_sqlite
        else "WITH numbered AS (SELECT generate_series(0, {}) AS n)"
    )
    head = numbered.format(99_999)
    sql_books.spoil(
        "INSERT INTO organisations VALUES ('acme')",
        "INSERT INTO first_calls (organisation, caller_list, e164, call_id, at_ms) "
        f"{head} SELECT 'acme', 'acme/one', '+4930' || (1000000 + n), 'x', {START_MS}"
        " FROM numbered",
        "INSERT INTO withheld_numbers (organisation, e164) "
        f"{numbered.format(1_499)} SELECT 'acme', '+4917' || (1000000 + n) FROM numbered",
        "INSERT INTO calls (call_id, organisation, service, config_version, profile, did, trunk,"
        " received_identity, e164, verified, withheld, currency, first_call, arrived_ms, ended_ms,"
        " wait_ms, talk_ms, charged_s, charge_micros, disposition, agents, prompts, clock_alarm) "
        f"{numbered.format(1_499)} SELECT 'c' || n, 'acme', 'one', 1, 'web', '+49', 'north', 'x',"
        " '+4917' || (1000000 + n), TRUE, TRUE, 'EUR', FALSE, n, n, 0, 0, 0, 0, 'abandoned',"
        " '[]', '[]', FALSE FROM numbered",
    )


async def test_who_books_beside_it_hardly_waits(sql_books: SqlBooks) -> None:
    filled(sql_books)
    keeping, ledger = SqlKeeping(sql_books.open(5.0)), sql_books.open()
    account_id = (await ledger.open_account("acme", "web", MOBILE, "EUR")).account_id
    letting_go = asyncio.create_task(carry_out(keeping, Policy(calls_months=0), LoopClock()))
    waits: list[float] = []
    all_began = time.perf_counter()
    while not letting_go.done():
        begun = time.perf_counter()
        await ledger.post(top_up(account_id, 1, f"t{len(waits)}"))
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(BETWEEN_S)
    assert (await letting_go)[Kind.CALLS] == 1_500
    # Piece by piece: nobody waits for most of it.
    assert max(waits) < (time.perf_counter() - all_began) / 2
    count = select(func.count()).select_from(withheld_numbers)
    assert await ledger.database.read(lambda c: c.scalar(count)) == 0
