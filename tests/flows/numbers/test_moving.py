"""A seat that moves: every number is replaced at once, the new seat is to be proved; and what the
day's work does while somebody is faster."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import date, timedelta

import pytest

from engine.core.numbers import holder as rules
from engine.core.numbers.holder import Proof
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Area, Number, Status
from engine.flows.numbers import daily, holders, replacing
from engine.ports.numbers import Commit, NumberFilter
from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import BERLIN, FIRST_DAY, MUNICH, VIENNA, Town

COUNT = 65
BATCH = 20
DEADLINE = FIRST_DAY + timedelta(days=30)
ONE_DAY = timedelta(days=1)


@pytest.fixture
async def full(monkeypatch: pytest.MonkeyPatch) -> Town:
    """A town whose `acme` has more numbers in Berlin than three steps replace."""
    monkeypatch.setattr(replacing, "REPLACED_MOST", BATCH)
    town = Town(MemoryNumbers())
    await town.open(sizes=COUNT)
    await town.seated()
    await town.proved()
    for _ in range(COUNT):
        await town.given()
    return town


async def active_in(town: Town, area: str, organisation: str = "acme") -> int:
    wanted = NumberFilter(organisation=organisation, status=Status.ACTIVE, most=999)
    return sum(n.area_code == area for n in await town.numbers.numbers(wanted))


async def taken_in_munich(town: Town, count: int) -> Sequence[Number]:
    """So many numbers of Munich that somebody else has."""
    await town.seated("bolt", MUNICH)
    await town.proved("bolt")
    return [await town.given("bolt") for _ in range(count)]


async def test_however_many_numbers_move_all_are_replaced_at_once(full: Town) -> None:
    moved = await full.seated(town=MUNICH)
    assert (len(moved.replaced), moved.waiting) == (COUNT, ())
    assert len({new.e164 for _, new in moved.replaced}) == COUNT
    assert (await active_in(full, BERLIN), await active_in(full, MUNICH)) == (0, COUNT)
    assert moved.holder == await full.holders.holder("acme")
    assert await full.due() == ()
    versions = await full.numbers.holder_history("acme", 4)
    assert [v.action for v in versions] == ["replaced"] * 3 + ["changed"]


async def test_only_what_has_no_free_number_waits(full: Town) -> None:
    await taken_in_munich(full, 25)
    moved = await full.seated(town=MUNICH)
    assert (len(moved.replaced), len(moved.waiting)) == (COUNT - 25, 25)
    assert await full.numbers.free(Area("DE", MUNICH), 9) == []
    lines = [line.action for line in await full.due()]
    assert lines == ["told:misplaced"] * 25


async def test_a_block_replaces_all_that_waited_for_it(full: Town) -> None:
    await taken_in_munich(full, COUNT)
    assert len((await full.seated(town=MUNICH)).waiting) == COUNT
    block = f"089,+498999997000,+4989999970{COUNT - 1}"
    assert await full.stock.take_in(f"area_code,first,last\n{block}", "op") == COUNT
    assert await active_in(full, MUNICH) == COUNT


@pytest.mark.parametrize("dry", [True, False])
async def test_the_days_work_replaces_all_at_once(full: Town, dry: bool) -> None:
    await taken_in_munich(full, COUNT)
    await full.seated(town=MUNICH)
    free = [
        Number(e164=f"+49899999{n}", country="DE", area_code=MUNICH)
        for n in range(7000, 7000 + COUNT - 1)
    ]
    await full.numbers.stock(free, "op", 0)
    lines = [line.action for line in await full.due(dry=dry)]
    told = {action: lines.count(action) for action in set(lines)}
    assert told == {"replaced": COUNT - 1, "told:replaced": COUNT - 1, "told:misplaced": 1}


async def test_who_is_faster_leaves_no_free_number_untaken(full: Town) -> None:
    """A decision that is made anew looks further on, and yet takes what is left."""
    await taken_in_munich(full, COUNT - 2)
    commit, faster = full.numbers.commit, []

    async def slowly(made: Commit) -> None:
        if made.holder_action == "changed" and not faster:
            faster.append(await full.given("bolt"))
        await commit(made)

    full.numbers.commit = slowly  # type: ignore[method-assign]  # a race, at the port
    moved = await full.seated(town=MUNICH)
    assert (len(moved.replaced), len(moved.waiting)) == (1, COUNT - 1)


async def test_a_moved_seat_is_to_be_proved_from_that_step_on(town: Town) -> None:
    mine = await town.active()
    moved = await town.seated(town=MUNICH)
    assert [new.status for _, new in moved.replaced] == [Status.ACTIVE]
    assert [(d.proof, d.by) for d in moved.holder.demands] == [(Proof.SEAT, DEADLINE)]
    assert (await town.told("acme"))[-2:] == ["replaced", "documents_demanded"]
    assert (await town.numbering.number(mine.e164)).status is Status.QUARANTINED
    assert await town.due() == ()


async def test_numbers_that_move_to_another_country_may_need_a_certificate(town: Town) -> None:
    await town.active()
    for _ in range(3):
        await town.given()
    moved = await town.seated(town=VIENNA)
    assert {d.proof for d in moved.holder.demands} == {Proof.SEAT, Proof.NEED}


async def test_the_operator_is_told_of_a_moved_seat_that_is_not_proved(town: Town) -> None:
    await town.active()
    await town.seated(town=MUNICH)
    assert await town.due(DEADLINE) == ()
    lines = [line.action for line in await town.next_day()]
    assert lines == ["told:documents_overdue", "told:seat_unproved"]
    assert "seat_unproved" not in await town.told("acme")
    (notice,) = [n for _, n in await town.numbers.notices(None, 0, 99) if n.kind == "seat_unproved"]
    assert (notice.until, notice.detail) == (DEADLINE, "Ring 2, 80331 münchen, DE")
    assert await town.next_day() == ()
    assert await active_in(town, MUNICH) == 1


async def test_nothing_is_proposed_if_it_is_proved_or_no_number_takes_calls(town: Town) -> None:
    await town.active()
    await town.seated(town=MUNICH)
    await town.proved()
    await town.seated("bolt")
    await town.given("bolt")
    await town.due(DEADLINE + ONE_DAY)
    assert "documents_overdue" in await town.told("bolt")
    assert "seat_unproved" not in await town.told()


async def test_a_seat_that_moves_again_has_the_whole_time_to_be_proved(town: Town) -> None:
    """What was asked for and met is not asked for by its old day."""
    await town.active()
    await town.seated(town=MUNICH)
    await town.seated()
    town.clock.day = DEADLINE + ONE_DAY
    again = await town.seated(town=MUNICH)
    assert [d.by for d in again.holder.demands] == [DEADLINE + timedelta(days=31)]
    assert not isinstance(await town.ordered(), Refused)


async def _pending(town: Town) -> Number:
    """An order that waits for documents which have become complete by themselves."""
    await town.seated()
    await town.proved()
    await town.seated(town=MUNICH)
    waiting = await town.given()
    await town.seated()
    return waiting


async def test_the_days_work_switches_nothing_on_while_something_is_asked_for(town: Town) -> None:
    await _pending(town)
    commit, asked = town.numbers.commit, []

    async def slowly(made: Commit) -> None:
        if made.moves and not asked:
            asked.append(await town.holders.demand("acme", Proof.NEED, None, "op"))
        await commit(made)

    town.numbers.commit = slowly  # type: ignore[method-assign]  # a race, at the port
    assert await town.due() == ()
    assert await active_in(town, BERLIN) == 0
    assert await town.next_day() == ()


async def _one_too_many(town: Town) -> Number:
    return await town.given()


async def _a_new_one(town: Town) -> Number:
    await town.seated("cora")
    return await town.given("cora")


@pytest.mark.parametrize("order", [_one_too_many, _a_new_one])
async def test_the_days_work_switches_on_no_order_that_comes_meanwhile(
    town: Town,
    order: Callable[[Town], Awaitable[Number]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "NEED_ABOVE", {"DE": 1})
    await town.active()
    numbers, came = town.numbers.numbers, []

    async def slowly(wanted: NumberFilter) -> Sequence[Number]:
        if wanted.status is Status.DOCUMENTS_PENDING and not came:
            came.append(Status.DOCUMENTS_PENDING)
            came.append(await order(town))
        return await numbers(wanted)

    monkeypatch.setattr(town.numbers, "numbers", slowly)
    await town.due()
    number = await town.numbering.number(came[1].e164)
    assert number.status is Status.DOCUMENTS_PENDING


async def test_an_order_does_not_lapse_while_its_deadline_is_put_off(town: Town) -> None:
    await town.seated()
    waiting = await town.given()
    commit, later = town.numbers.commit, []

    async def slowly(made: Commit) -> None:
        if made.moves and not later:
            by = date(2027, 12, 31)
            later.append(await town.holders.demand("acme", Proof.SEAT, by, "op"))
        await commit(made)

    town.numbers.commit = slowly  # type: ignore[method-assign]  # a race, at the port
    await town.due(DEADLINE + ONE_DAY)
    assert later
    assert (await town.numbering.number(waiting.e164)).status is Status.DOCUMENTS_PENDING


async def test_the_days_work_switches_on_however_many_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for room in (holders, daily):
        monkeypatch.setattr(room, "BROUGHT_ON_MOST", 2)
    town = Town(MemoryNumbers())
    await town.open()
    await _pending(town)
    await town.seated(town=MUNICH)
    for _ in range(4):
        await town.given()
    await town.seated()
    dry = await town.due(dry=True)
    assert [line.action for line in dry].count("switched_on") == 5
    assert await town.due() == dry
    assert await active_in(town, BERLIN) == 5
