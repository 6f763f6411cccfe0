"""What numbers cost: by the day, booked once, and told as it was booked."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.numbers.rental import Tenure, rental_of
from engine.core.posting import rental_entry
from engine.errors import EngineError
from engine.flows.numbers.renting import book
from engine.flows.papers.month import HOME_TIMEZONE, month_of
from engine.flows.statement.rentals import (
    NumberStatement,
    draw_up_rentals,
    rentals_csv,
    rentals_text,
)
from tests.flows.numbers.town import MUNICH, PRICE, SEATS, Town

ZONE = ZoneInfo(HOME_TIMEZONE)
FIRST, END = date(2027, 3, 1), date(2027, 4, 1)


def ms(day: date, hour: int = 12) -> int:
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=ZONE).timestamp()) * 1000


def tenure(on: date, off: date | None, price_micros: int = PRICE) -> Tenure:
    return Tenure(
        e164="+493023125000",
        organisation="acme",
        price_micros=price_micros,
        currency="EUR",
        from_ms=ms(on),
        to_ms=ms(off) if off is not None else None,
    )


@pytest.mark.parametrize(
    ("on", "off", "days", "micros"),
    [
        (date(2026, 1, 1), None, 31, 4_900_000),
        (date(2027, 3, 1), date(2027, 4, 1), 31, 4_900_000),
        (date(2027, 3, 31), None, 1, 160_000),
        (date(2027, 3, 15), date(2027, 3, 16), 1, 160_000),
        (date(2027, 3, 15), date(2027, 3, 15), 0, 0),
        (date(2027, 2, 1), date(2027, 3, 1), 0, 0),
        (date(2027, 3, 17), None, 15, 2_370_000),
    ],
)
def test_a_day_counts_for_who_has_the_number_at_its_end(
    on: date, off: date | None, days: int, micros: int
) -> None:
    rental = rental_of(tenure(on, off), FIRST, END, ZONE)
    assert (rental.days, rental.micros, rental.month) == (days, micros, "2027-03")


def test_days_are_local_ones_also_when_clocks_change() -> None:
    just_before = int(datetime(2027, 3, 28, 21, 59, tzinfo=UTC).timestamp()) * 1000
    for more_ms, days in ((0, 4), (60_000, 3)):
        late = replace(tenure(FIRST, None), from_ms=just_before + more_ms)
        assert rental_of(late, FIRST, END, ZONE).days == days


@given(st.lists(st.integers(0, 30), min_size=2, max_size=6), st.integers(0, 10**9))
def test_numbers_that_follow_each_other_count_every_day_once(
    offsets: list[int], price: int
) -> None:
    days = sorted(FIRST + timedelta(days=offset) for offset in offsets)
    parts = [rental_of(tenure(on, off, price), FIRST, END, ZONE) for on, off in pairwise(days)]
    whole = rental_of(tenure(days[0], days[-1], price), FIRST, END, ZONE)
    assert sum(part.days for part in parts) == whole.days
    assert abs(sum(part.micros for part in parts) - whole.micros) <= 5_000 * (len(parts) + 1)


async def statement(town: Town, month: str = "2027-03") -> NumberStatement:
    now_ms, _ = town.numbering.now()
    span = month_of(month, HOME_TIMEZONE)
    return await draw_up_rentals(town.numbering, "acme", "Acme GmbH", span, now_ms)


async def booked(town: Town, day: date) -> int:
    town.clock.day = day
    now_ms, _ = town.numbering.now()
    return await book(town.numbering, now_ms)


async def test_every_month_is_booked_once(town: Town) -> None:
    town.clock.day = date(2027, 3, 17)
    await town.active()
    before = await statement(town)
    assert not before.is_booked
    assert "März 2027 (vorläufig, noch nicht gebucht)" in rentals_text(before, "de")
    assert await booked(town, date(2027, 3, 31)) == 0
    assert await booked(town, date(2027, 4, 1)) == 1
    assert await booked(town, date(2027, 4, 1)) == 0
    assert (await statement(town)).is_booked
    assert await booked(town, date(2027, 7, 2)) == 3
    april = await statement(town, "2027-04")
    assert dict(april.totals) == {"EUR": PRICE}


async def test_a_replaced_number_and_its_successor_share_the_month(town: Town) -> None:
    mine = await town.active()
    town.clock.day = date(2027, 3, 11)
    await town.holders.enter("acme", SEATS[MUNICH], "acme")
    assert await booked(town, date(2027, 4, 2)) == 2
    drawn = await statement(town)
    assert [(line.e164, line.days, line.micros) for line in drawn.lines] == [
        (mine.e164, 10, 1_580_000),
        ("+498999998000", 21, 3_320_000),
    ]
    text = rentals_text(drawn, "de").splitlines()
    assert text[0] == "Rufnummern März 2027"
    assert text[-1].split() == ["Summe", "4,90", "EUR"]
    assert "preliminary" not in rentals_text(drawn, "en")
    rows = list(csv.DictReader(io.StringIO(rentals_csv(drawn))))
    assert [(row["number"], row["days"], row["amount"]) for row in rows] == [
        (mine.e164, "10", "1.58"),
        ("+498999998000", "21", "3.32"),
    ]


async def test_what_never_took_calls_costs_nothing(town: Town) -> None:
    await town.seated()
    await town.given()
    assert await booked(town, date(2027, 5, 2)) == 0
    assert (await statement(town)).lines == ()


async def test_a_statement_that_differs_from_the_books_is_refused(town: Town) -> None:
    await town.active()
    await booked(town, date(2027, 4, 1))
    month = month_of("2027-03", HOME_TIMEZONE)
    stray = rental_of(tenure(date(2027, 3, 31), None), FIRST, END, ZONE)
    await town.numbers.book([rental_entry(replace(stray, month="stray"), month.to_ms - 1)])
    assert not (await statement(town)).is_booked
    town.clock.day = date(2027, 4, 3)
    with pytest.raises(EngineError, match="booked"):
        await statement(town)
