"""A statement adds up or there is none; what it shows is what was booked, and no more."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from engine.core.inventory import PlatformFees
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.errors import CallerError, EngineError
from engine.flows.papers.month import month_before
from engine.flows.statement.statement import (
    OTHER_REASONS,
    REASONS_MOST,
    FeeKind,
    Line,
    Section,
    Statement,
    draw_up,
    fees_of,
    lines_of,
)
from engine.ledger.sql import SqlLedger
from engine.ledger.statements.sql import SqlStatements
from engine.ports.statements import Figures
from tests.flows.statement.months import (
    EURO,
    FULL,
    MONTH,
    PROFILE,
    Told,
    figures,
    inventory,
    moved,
)

CLOSED_MS = MONTH.to_ms + 3_600_000
COUNTERS = {
    EntryKind.TOP_UP: ("provider:{}.paypal", "provider:{}.stripe"),
    EntryKind.BONUS: ("bonus",),
    EntryKind.BONUS_BACK: ("bonus",),
    EntryKind.REVERSAL: ("provider:{}.paypal", "provider:{}.stripe"),
    EntryKind.REFUND: ("provider:{}.paypal",),
    EntryKind.CREDIT: ("adjustment",),
    EntryKind.DEBIT: ("adjustment",),
    EntryKind.MOVE: ("customer",),
}


async def drawn_up(told: Figures, now_ms: int = CLOSED_MS) -> Statement:
    return await draw_up(Told(web=told), inventory(), "web", MONTH, now_ms)


async def test_every_kind_has_its_lines_in_order() -> None:
    drawn = await drawn_up(FULL)
    assert drawn.lines == (
        Line(Section.TOP_UPS, "paypal", 1_200, 0, 12_000 * EURO),
        Line(Section.TOP_UPS, "stripe", 1, 0, 50 * EURO),
        Line(Section.BONUSES, "", 2, 0, 5 * EURO),
        Line(Section.CALLS, "beratung", 2, 3_725, -3_980_000),
        Line(Section.CALLS, "tarot", 1, 41, -1_332_167),
        Line(Section.TAKEN_BACK, "stripe", 1, 0, -50 * EURO),
        Line(Section.RETURNED, "stripe", 1, 0, 50 * EURO),
        Line(Section.BONUSES_TAKEN_BACK, "", 1, 0, -3 * EURO),
        Line(Section.BONUSES_RETURNED, "", 1, 0, 3 * EURO),
        Line(Section.CREDITS, "goodwill", 1, 0, 2 * EURO),
        Line(Section.DEBITS, "=newsletter", 3, 0, -6 * EURO),
        Line(Section.MOVED_IN, "", 1, 0, 8 * EURO),
        Line(Section.MOVED_OUT, "", 1, 0, -8 * EURO),
    )
    assert (drawn.owner, drawn.title, drawn.is_closed) == ("Acme Beratung GmbH", "Beratung", True)
    assert not (await drawn_up(FULL, MONTH.to_ms - 1)).is_closed


@pytest.mark.parametrize(
    ("told", "said"),
    [
        (replace(FULL, closing_micros=FULL.closing_micros + 1), "sum to"),
        (replace(FULL, opening_micros=FULL.opening_micros - 1), "sum to"),
        (replace(FULL, movements=FULL.movements[1:]), "sum to"),
        (figures(moved(EntryKind.SUSPENSE, 5, "suspense")), "sum to"),
        (replace(FULL, currencies=("CHF", "EUR")), "is in EUR, but has accounts in CHF"),
    ],
)
async def test_what_does_not_add_up_is_refused_with_an_alarm(told: Figures, said: str) -> None:
    with capture_logs() as logs, pytest.raises(EngineError, match=said):
        await drawn_up(told)
    assert [(log["event"], log["log_level"]) for log in logs] == [("statement.refused", "error")]


async def test_a_profile_there_is_not() -> None:
    with pytest.raises(CallerError) as fault:
        await draw_up(Told(), inventory(), "other", MONTH, CLOSED_MS)
    assert fault.value.field == "profile"


def test_of_too_many_reasons_the_smallest_are_put_together() -> None:
    many = [
        moved(EntryKind.DEBIT, -micros, "adjustment", f"reason {micros:03}")
        for micros in range(1, REASONS_MOST + 6)
    ]
    lines = lines_of(figures(*many), "web")
    assert len(lines) == REASONS_MOST
    assert lines[0].about == "reason 007"
    assert lines[-1] == Line(Section.DEBITS, OTHER_REASONS, 6, 0, -(1 + 2 + 3 + 4 + 5 + 6))
    assert len(lines_of(figures(*many[:REASONS_MOST]), "web")) == REASONS_MOST


@pytest.mark.parametrize(
    ("fees", "expected"),
    [
        (PlatformFees(), []),
        (PlatformFees(per_month_micros=29 * EURO), [(FeeKind.PER_MONTH, 29 * EURO)]),
        (PlatformFees(per_call_micros=50_000), [(FeeKind.PER_CALL, 150_000)]),
        (PlatformFees(per_call_micros=1_000), [(FeeKind.PER_CALL, 0)]),
        # 5.312167 of calls: 10 % are 0.5312167, 0.10 % 0.005312167.
        (PlatformFees(calls_basis_points=1_000), [(FeeKind.PERCENT_OF_CALLS, 530_000)]),
        (PlatformFees(calls_basis_points=10), [(FeeKind.PERCENT_OF_CALLS, 10_000)]),
        (PlatformFees(calls_basis_points=9), [(FeeKind.PERCENT_OF_CALLS, 0)]),
    ],
)
def test_fees_are_rounded_half_up_once(
    fees: PlatformFees, expected: list[tuple[FeeKind, int]]
) -> None:
    assert [(fee.kind, fee.micros) for fee in fees_of(fees, lines_of(FULL, "web"))] == expected


def test_half_a_cent_goes_up() -> None:
    lines = lines_of(figures(moved(EntryKind.CALL, -1_000_000, "revenue:a", charged_s=9)), "web")
    fee = fees_of(PlatformFees(calls_basis_points=50), lines)[0]
    assert (fee.rate, fee.basis, fee.micros) == (50, 1_000_000, 10_000)


async def test_nothing_is_charged_before_the_first_customer() -> None:
    assert (await drawn_up(figures())).fees == ()
    silent = await drawn_up(figures(opening_micros=EURO))
    assert [fee.micros for fee in silent.fees] == [29 * EURO, 0, 0]


@pytest.mark.parametrize(
    ("now", "name"),
    [(MONTH.to_ms, "2026-11"), (MONTH.to_ms - 1, "2026-10"), (MONTH.from_ms, "2026-10")],
)
def test_the_month_before_is_the_last_that_is_over(now: int, name: str) -> None:
    assert month_before(now, "Europe/Berlin").name == name


# --- on real books ------------------------------------------------------------------------


@dataclass
class Shelf:
    """One file of books for many examples, each in a profile of its own."""

    runner: asyncio.Runner
    ledger: SqlLedger
    profiles: Iterator[str] = field(default_factory=lambda: (f"p{n}" for n in count()))


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    folder = tmp_path_factory.mktemp("books")
    with asyncio.Runner() as runner:
        ledger = SqlLedger(f"sqlite:///{folder / 'ledger.db'}", lambda: 0)
        runner.run(ledger.migrate())
        yield Shelf(runner, ledger)
        runner.run(ledger.close())


@dataclass(frozen=True)
class Booking:
    """A wish to book: which kind, on which of two customers, how much, when."""

    kind: EntryKind
    who: int
    micros: int
    counter: int
    at_ms: int


AMOUNTS = st.integers(-(10**12), 10**12).filter(bool)
TIMES = st.sampled_from((0, MONTH.from_ms - 1, MONTH.from_ms, MONTH.to_ms - 1, MONTH.to_ms))
BOOKINGS = st.lists(
    st.builds(
        Booking,
        kind=st.sampled_from(sorted(COUNTERS)),
        who=st.integers(0, 2),
        micros=AMOUNTS,
        counter=st.integers(0, 1),
        at_ms=TIMES,
    ),
    max_size=12,
)


@settings(max_examples=40, deadline=None)
@given(bookings=BOOKINGS)
def test_whatever_is_booked_adds_up(shelf: Shelf, bookings: list[Booking]) -> None:
    """Two customers of the profile and one of another, to whom money may be moved."""
    name = next(shelf.profiles)
    drawn = shelf.runner.run(_booked(shelf.ledger, name, bookings))
    own = _own_postings(bookings)
    before = sum(micros for _, micros, at_ms in own if at_ms < MONTH.from_ms)
    during = [(kind, micros) for kind, micros, at_ms in own if MONTH.from_ms <= at_ms < MONTH.to_ms]
    assert drawn.opening_micros == before
    assert drawn.closing_micros == before + sum(micros for _, micros in during)
    assert sum(line.count for line in drawn.lines) == len(during)
    for section, kind in ((Section.TOP_UPS, EntryKind.TOP_UP), (Section.DEBITS, EntryKind.DEBIT)):
        shown = sum(line.micros for line in drawn.lines if line.section is section)
        assert shown == sum(micros for booked, micros in during if booked is kind)


async def _booked(ledger: SqlLedger, name: str, bookings: list[Booking]) -> Statement:
    accounts = [
        (await ledger.open_account("acme", profile, f"+49302312500{at}", "EUR")).account_id
        for at, profile in enumerate((name, name, f"{name}x"))
    ]
    for at, booking in enumerate(bookings):
        own, other = accounts[booking.who], accounts[booking.who - 1]
        counters = COUNTERS[booking.kind]
        counter = counters[booking.counter % len(counters)].format(name)
        to = customer(other) if counter == "customer" else counter
        entry = Entry(
            key=f"{name}:{at}",
            kind=booking.kind,
            currency="EUR",
            postings=(Posting(customer(own), booking.micros), Posting(to, -booking.micros)),
            at_ms=booking.at_ms,
            reason=f"reason {booking.counter}",
        )
        await ledger.post(entry)
    profile = replace(PROFILE, name=name)
    return await draw_up(SqlStatements(ledger), inventory(profile), name, MONTH, CLOSED_MS)


def _own_postings(bookings: list[Booking]) -> list[tuple[EntryKind, int, int]]:
    """What the profile's two customers have of these: kind, amount, time."""
    own = [(b.kind, b.micros, b.at_ms) for b in bookings if b.who != 2]
    return own + [
        (b.kind, -b.micros, b.at_ms)
        for b in bookings
        if b.kind is EntryKind.MOVE and (b.who - 1) % 3 != 2
    ]


def test_books_whose_accounts_do_not_follow_the_journal_have_no_statement(
    shelf: Shelf,
) -> None:
    name = next(shelf.profiles)
    paid = Booking(EntryKind.TOP_UP, 0, 5, 0, MONTH.from_ms)
    shelf.runner.run(_booked(shelf.ledger, name, [paid]))

    async def spoilt() -> None:
        account = await shelf.ledger.find_account(name, "+493023125000")
        assert account is not None
        database = shelf.ledger.database
        wrong = f"UPDATE heads SET balance_micros = 6 WHERE account_id = '{account.account_id}'"
        await database.write(lambda connection: connection.exec_driver_sql(wrong))
        profile = replace(PROFILE, name=name)
        await draw_up(SqlStatements(shelf.ledger), inventory(profile), name, MONTH, CLOSED_MS)

    with pytest.raises(EngineError, match="sum to 5 micro-units, but the closing balance is 6"):
        shelf.runner.run(spoilt())
