"""What days bring: quarantine, reclaim, deadlines, yearly data, sources; told once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

import pytest

from engine.core.numbers.holder import DocumentKind, Holder, Policy, Proof
from engine.core.numbers.life import Reason, Refused
from engine.core.numbers.number import Number, Status
from engine.core.numbers.source import Source
from engine.errors import CallerError
from engine.flows.numbers.allocation import Wish
from engine.flows.numbers.daily import Daily, Line
from engine.flows.numbers.holders import BROUGHT_ON_MOST
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.sources import Channel
from engine.ports.numbers import Commit, NumberFilter
from tests.fakes.clock import LoopClock, run_virtually
from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import AREAS, FIRST_DAY, MUNICH, PRICE, VIENNA, MovedClock, Town

ONE_DAY = timedelta(days=1)
STOCKED = 3
"""How many numbers each town of a scene has."""


def actions(lines: Sequence[Line]) -> list[str]:
    return [line.action for line in lines]


async def confirmed(town: Town, organisation: str = "acme") -> None:
    await town.holders.confirm(organisation, organisation)


@pytest.mark.parametrize(
    ("off", "last"),
    [
        (date(2027, 8, 31), date(2028, 2, 29)),
        (date(2028, 8, 31), date(2029, 2, 28)),
        (date(2028, 2, 29), date(2028, 8, 29)),
    ],
)
async def test_a_number_comes_back_after_six_months_to_the_day(
    town: Town, off: date, last: date
) -> None:
    mine = await town.active()
    town.clock.day = off
    await confirmed(town)
    await town.allocation.deactivate(mine.e164, "vorbei", "acme", "acme")
    assert "deactivated" in await town.told("acme")
    await town.seated("bolt")
    for organisation, why in (("acme", Reason.IN_QUARANTINE), ("bolt", Reason.NEVER_HAD)):
        refused = await town.ordered(organisation, e164=mine.e164)
        assert isinstance(refused, Refused)
        assert refused.reason is why
    await town.due(last)
    assert (await town.numbering.number(mine.e164)).status is Status.QUARANTINED
    assert "freed" in actions(await town.next_day())
    assert (await town.numbering.number(mine.e164)).status is Status.FREE
    await confirmed(town)
    again = await town.ordered(e164=mine.e164)
    assert isinstance(again, Number)
    assert (again.e164, again.organisation) == (mine.e164, "acme")


async def test_after_quarantine_it_is_free_only_if_it_is_still_there(town: Town) -> None:
    mine = await town.active()
    assert isinstance(await town.allocation.withdraw(mine.e164, "gekündigt", "op"), Refused)
    await town.allocation.deactivate(mine.e164, "vorbei", "op")
    gone = await town.allocation.withdraw(mine.e164, "gekündigt", "op")
    assert isinstance(gone, Number)
    assert gone.status is Status.WITHDRAWN
    assert "freed" not in actions(await town.due(date(2028, 1, 1)))
    refused = await town.ordered(e164=mine.e164)
    assert isinstance(refused, Refused)


@pytest.mark.parametrize("called_on", [None, date(2027, 3, 1), date(2028, 2, 28)])
async def test_an_unused_number_is_proposed_to_be_taken_back(
    town: Town, called_on: date | None
) -> None:
    mine = await town.active()
    if called_on is not None:
        await town.numbers.called(mine.e164, called_on)
    last = {None: date(2028, 3, 1), date(2027, 3, 1): date(2028, 3, 1)}.get(
        called_on, date(2029, 2, 28)
    )
    assert "told:reclaim_proposed" not in actions(await town.due(last))
    assert "told:reclaim_proposed" in actions(await town.next_day())
    assert "told:reclaim_proposed" not in actions(await town.next_day())
    assert (await town.numbering.number(mine.e164)).status is Status.ACTIVE
    assert "reclaim_proposed" not in await town.told("acme")


async def test_an_unused_number_is_taken_back_where_the_operator_set_it() -> None:
    town = Town(MemoryNumbers(), Policy(reclaim_automatic=True))
    await town.open()
    mine = await town.active()
    assert "reclaimed" not in actions(await town.due(date(2028, 3, 1)))
    assert "reclaimed" in actions(await town.next_day())
    off = await town.numbering.number(mine.e164)
    assert (off.status, off.quarantined_until) == (Status.QUARANTINED, date(2028, 9, 2))


async def test_looking_changes_nothing_and_tells_what_would_be(town: Town) -> None:
    mine = await town.active()
    await town.allocation.deactivate(mine.e164, "vorbei", "op")
    dry = await town.due(date(2027, 9, 2), dry=True)
    assert actions(dry) == ["freed"]
    assert (await town.numbering.number(mine.e164)).status is Status.QUARANTINED
    assert await town.due() == dry
    assert await town.due() == ()


async def _back_where_it_was_proved(town: Town) -> None:
    """Documents are complete again, for another reason than a document that was accepted."""
    await town.seated()
    await town.proved()
    await town.seated(town=MUNICH)
    await town.given()
    await town.seated()


async def _all_wait_for_one_successor(town: Town) -> None:
    """Two move to Vienna, where nothing is free, and one number is once its quarantine ends."""
    for name in ("acme", "bolt"):
        await town.active(name)
    (last, *_) = [await town.active("cora", VIENNA) for _ in range(STOCKED)]
    for name in ("acme", "bolt"):
        await town.seated(name, VIENNA)
    await town.allocation.deactivate(last.e164, "vorbei", "op")


async def _ordered_ahead_and_moved(town: Town) -> None:
    """An approved order whose day comes in the new area; a document that has run out there."""
    await town.seated()
    await town.proved(expires_on=FIRST_DAY + timedelta(days=190))
    begins = FIRST_DAY + timedelta(days=100)
    wish = Wish(organisation="acme", key="k", price_micros=PRICE, starts_on=begins)
    ordered = await town.allocation.order(wish, "acme")
    assert isinstance(ordered, Number)
    await town.allocation.approve(ordered.e164, "op")
    await town.sources.add("acme", (await town.given()).e164, Channel(name="Messe"), "acme")
    (last, *_) = [await town.active("bolt", MUNICH) for _ in range(STOCKED)]
    await town.seated(town=MUNICH)
    await town.allocation.deactivate(last.e164, "vorbei", "op")


@pytest.mark.parametrize("automatic", [False, True])
@pytest.mark.parametrize("days", [0, 31, 185, 200, 400])
@pytest.mark.parametrize(
    "scene",
    [_back_where_it_was_proved, _all_wait_for_one_successor, _ordered_ahead_and_moved],
)
async def test_looking_tells_all_that_is_then_done(
    scene: Callable[[Town], Awaitable[None]], days: int, automatic: bool
) -> None:
    town = Town(MemoryNumbers(), Policy(reclaim_automatic=automatic))
    await town.open(sizes=STOCKED)
    await scene(town)
    dry = await town.due(FIRST_DAY + timedelta(days=days), dry=True)
    assert dry == await town.due(town.day, dry=True)
    assert dry == await town.due()


async def test_looking_goes_on_from_what_would_be_done() -> None:
    town = Town(MemoryNumbers())
    await town.open(sizes=STOCKED)
    await _back_where_it_was_proved(town)
    assert actions(await town.due(dry=True)) == [
        "documents_completed",
        "switched_on",
        "told:activated",
    ]
    await _all_wait_for_one_successor(town)
    lines = actions(await town.due(FIRST_DAY + timedelta(days=185), dry=True))
    assert [lines.count(told) for told in ("freed", "replaced", "told:misplaced")] == [1, 1, 2]


async def test_without_documents_an_order_waits_and_lapses(town: Town) -> None:
    await town.seated()
    waiting = await town.given()
    assert waiting.status is Status.DOCUMENTS_PENDING
    (demand,) = (await town.holders.holder("acme")).demands
    assert (demand.proof, demand.by) == (Proof.SEAT, FIRST_DAY + timedelta(days=30))
    assert await town.due(demand.by) == ()
    assert actions(await town.next_day()) == [
        "told:documents_overdue",
        "lapsed",
        "told:order_refused",
    ]
    assert (await town.numbering.number(waiting.e164)).status is Status.FREE
    refused = await town.ordered()
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DOCUMENTS_OVERDUE


async def test_documents_in_time_switch_the_number_on(town: Town) -> None:
    await town.seated()
    waiting = await town.given()
    town.clock.day += timedelta(days=30)
    await town.proved()
    assert (await town.numbering.number(waiting.e164)).status is Status.ACTIVE
    assert (await town.holders.holder("acme")).demands == ()
    assert await town.told("acme") == ["documents_demanded", "activated"]
    events = await town.numbers.history(waiting.e164, None, 2)
    assert [event.action for event in events] == ["switched_on", "documents_completed"]
    assert await town.due() == ()


async def test_the_last_document_switches_nothing_on_before_its_day(town: Town) -> None:
    await town.seated()
    begins = FIRST_DAY + timedelta(days=5)
    wish = Wish(organisation="acme", key="k", price_micros=PRICE, starts_on=begins)
    ordered = await town.allocation.order(wish, "acme")
    assert isinstance(ordered, Number)
    await town.allocation.approve(ordered.e164, "op")
    await town.proved()
    assert (await town.numbering.number(ordered.e164)).status is Status.APPROVED
    assert actions(await town.due(begins)) == ["switched_on", "told:activated"]


async def test_however_many_wait_for_a_document_all_are_switched_on() -> None:
    town = Town(MemoryNumbers())
    count = 2 * BROUGHT_ON_MOST
    await town.open(sizes=count)
    await town.seated()
    for _ in range(count):
        await town.given()
    await town.proved()
    assert len(await town.numbers.numbers(NumberFilter(status=Status.ACTIVE, most=999))) == 0
    await town.proved(kind=DocumentKind.CERTIFICATE_OF_NEED)
    assert len(await town.numbers.numbers(NumberFilter(status=Status.ACTIVE, most=999))) == count


async def test_a_document_that_runs_out_is_asked_for_anew(town: Town) -> None:
    await town.seated()
    await town.proved(expires_on=date(2027, 5, 1))
    mine = await town.given()
    assert mine.status is Status.ACTIVE
    assert await town.due(date(2027, 5, 1)) == ()
    assert actions(await town.next_day()) == ["told:documents_demanded"]
    assert await town.due() == ()
    another = await town.given()
    assert another.status is Status.DOCUMENTS_PENDING
    lines = actions(await town.due(date(2027, 6, 2)))
    assert "told:documents_overdue" in lines
    assert (await town.numbering.number(mine.e164)).status is Status.ACTIVE


async def test_documents_can_be_demanded_at_any_time(town: Town) -> None:
    mine = await town.active()
    by = FIRST_DAY + timedelta(days=10)
    asked = await town.holders.demand("acme", Proof.SEAT, by, "op")
    assert asked.demands[0].by == by
    assert (await town.given()).status is Status.DOCUMENTS_PENDING
    town.clock.day = by + ONE_DAY
    refused = await town.ordered()
    assert isinstance(refused, Refused)
    await town.proved(kind=DocumentKind.TRADE_LICENCE)
    assert isinstance(await town.ordered(), Number)
    assert (await town.numbering.number(mine.e164)).status is Status.ACTIVE
    with pytest.raises(CallerError):
        await town.holders.demand("acme", Proof.SEAT, FIRST_DAY, "op")


async def test_the_data_are_confirmed_every_year(town: Town) -> None:
    await town.active()
    assert "told:confirm_data" not in actions(await town.due(date(2028, 3, 1)))
    assert "told:confirm_data" in actions(await town.next_day())
    refused = await town.ordered()
    assert isinstance(refused, Refused)
    assert refused.reason is Reason.DATA_NOT_CONFIRMED
    await confirmed(town)
    assert isinstance(await town.ordered(), Number)


async def test_a_number_begins_on_its_day(town: Town) -> None:
    await town.seated()
    await town.proved()
    begins = FIRST_DAY + timedelta(days=5)
    wish = Wish(organisation="acme", key="k", price_micros=PRICE, starts_on=begins)
    ordered = await town.allocation.order(wish, "acme")
    assert isinstance(ordered, Number)
    approved = await town.allocation.approve(ordered.e164, "op")
    assert isinstance(approved, Number)
    assert approved.status is Status.APPROVED
    assert await town.due(begins - ONE_DAY) == ()
    assert actions(await town.next_day()) == ["switched_on", "told:activated"]
    assert (await town.numbering.number(ordered.e164)).active_since == begins


async def test_at_a_sources_end_the_number_is_to_be_out_of_all_offers(town: Town) -> None:
    mine = await town.active()
    channel = Channel(name="Messe", places=("Plakat", "acme.example"), ends_on=date(2027, 4, 10))
    source = await town.sources.add("acme", mine.e164, channel, "acme")
    assert await town.due(date(2027, 4, 10)) == ()
    assert actions(await town.next_day()) == ["told:remove_from_offers"]
    assert await town.next_day() == ()
    assert actions(await town.due(date(2027, 5, 10))) == ["told:remove_from_offers"]
    removed = await town.sources.confirm_removed("acme", source.source_id, "acme")
    assert removed.removed_on == date(2027, 5, 10)
    assert await town.sources.confirm_removed("acme", source.source_id, "acme") == removed
    assert await town.due(date(2027, 8, 1)) == ()
    with pytest.raises(CallerError):
        await town.sources.change("acme", source.source_id, channel, "acme")
    with pytest.raises(CallerError):
        await town.sources.confirm_removed("bolt", source.source_id, "bolt")


async def test_a_number_has_one_running_source(town: Town) -> None:
    mine = await town.active()
    first = await town.sources.add(
        "acme", mine.e164, Channel(name="Messe", ends_on=FIRST_DAY), "acme"
    )
    with pytest.raises(CallerError, match="Messe") as caught:
        await town.sources.add("acme", mine.e164, Channel(name="Portal"), "acme")
    assert caught.value.field == "number"
    town.clock.day += ONE_DAY
    await town.sources.add("acme", mine.e164, Channel(name="Portal"), "acme")
    with pytest.raises(CallerError, match="Portal") as caught:
        await town.sources.change("acme", first.source_id, Channel(name="Messe"), "acme")
    assert caught.value.field == "ends_on"
    more = Channel(name="Messe", places=("Plakat",), ends_on=FIRST_DAY)
    assert (await town.sources.change("acme", first.source_id, more, "acme")).places == ("Plakat",)


async def test_two_sources_at_once_are_one(town: Town) -> None:
    mine = await town.active()
    done = await asyncio.gather(
        *(town.sources.add("acme", mine.e164, Channel(name=n), "acme") for n in "abcd"),
        return_exceptions=True,
    )
    assert sum(isinstance(one, CallerError) for one in done) == 3
    assert len(await town.sources.listed("acme", "", 9)) == 1


async def test_a_source_keeps_its_name(town: Town) -> None:
    mine = await town.active()
    source = await town.sources.add("acme", mine.e164, Channel(name="Messe"), "acme")
    with pytest.raises(CallerError, match="end this source") as caught:
        await town.sources.change("acme", source.source_id, Channel(name="Portal"), "acme")
    assert caught.value.field == "name"


async def test_a_source_that_counts_nothing_is_told_of_once(town: Town) -> None:
    """Two on one number are in books of a time when that could be."""
    mine = await town.active()
    both = [
        Source(source_id=i, organisation="acme", e164=mine.e164, name=f"Nr. {i}", version=1)
        for i in "ab"
    ]
    await town.numbers.commit(Commit(author="op", at_ms=0, sources=tuple(both)))
    dry = await town.due(dry=True)
    assert [(line.action, line.detail) for line in dry] == [("told:source_uncounted", "Nr. b")]
    assert (dry, ()) == (await town.due(), await town.due())
    again = await town.sources.change("acme", "b", Channel(name="Nr. b", places=("x",)), "acme")
    assert again.places == ("x",)
    await town.sources.confirm_removed("acme", "a", "acme")
    assert await town.due(FIRST_DAY + 2 * ONE_DAY) == ()


async def test_sources_end_with_their_number(town: Town) -> None:
    mine = await town.active()
    source = await town.sources.add("acme", mine.e164, Channel(name="Messe"), "acme")
    await town.allocation.deactivate(mine.e164, "vorbei", "acme", "acme")
    (ended,) = await town.sources.listed("acme", "", 9)
    assert (ended.source_id, ended.ends_on) == (source.source_id, FIRST_DAY)
    assert actions(await town.next_day()) == ["told:remove_from_offers"]


class CountedNumbers(MemoryNumbers):
    """Counts how often a day's work was begun."""

    begun = 0

    async def holders(self, after: str, most: int) -> Sequence[Holder]:
        self.begun += 1
        return await super().holders(after, most)


def test_every_days_work_is_done_once() -> None:
    async def scenario() -> int:
        numbers = CountedNumbers()
        numbering = Numbering(numbers, AREAS, LoopClock(), Policy())
        work = asyncio.create_task(Daily(numbering).run())
        await asyncio.sleep(3 * 86_400)
        work.cancel()
        return numbers.begun

    assert run_virtually(scenario()) == 4


def test_rentals_are_booked_when_a_month_is_over() -> None:
    async def scenario() -> tuple[int, int]:
        numbers = MemoryNumbers()
        town = Town(numbers, clock=MovedClock())
        await town.open()
        mine = await town.active()
        work = asyncio.create_task(Daily(town.numbering).run())
        await asyncio.sleep(1)
        before = len(await numbers.booked([f"rental:{mine.e164}:2027-03"]))
        town.clock.day = date(2027, 4, 1)
        await asyncio.sleep(3_600)
        work.cancel()
        return before, len(await numbers.booked([f"rental:{mine.e164}:2027-03"]))

    assert run_virtually(scenario()) == (0, 1)
