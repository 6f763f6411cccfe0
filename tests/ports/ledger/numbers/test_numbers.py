"""What every stock of numbers keeps: all of a commit or nothing, and each change for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest

from engine.core.numbers.due import Notice, NoticeKind
from engine.core.numbers.life import Refused, SwitchedOn, step
from engine.core.numbers.number import Area, Number, Purpose, Status
from engine.core.numbers.rental import rental_of
from engine.core.numbers.source import Source
from engine.core.posting import rental_entry
from engine.errors import CallerError, ConflictError
from engine.flows.numbers.renting import book
from engine.flows.numbers.sources import Channel
from engine.ledger.numbers.sql import SqlNumbers
from engine.ports.numbers import Commit, Move, NumberFilter, Numbers, Offer
from tests.flows.numbers.town import BERLIN, FIRST_DAY, MUNICH, PRICE, Town
from tests.ports.ledger.books import SqlBooks

Leave = Callable[[Town, Number], Awaitable[object]]


def commit(number: Number, after: Number, **more: object) -> Commit:
    made = Commit(author="op", at_ms=1, moves=(Move(number, after, "tried"),))
    return replace(made, **more)


async def test_a_block_taken_in_again_counts_for_nothing(numbers: Numbers) -> None:
    free = [Number(e164=f"+49302312500{n}", country="DE", area_code="30") for n in range(3)]
    assert await numbers.stock(free[:2], "op", 1) == 2
    assert await numbers.stock(free, "op", 2) == 1
    with pytest.raises(CallerError):
        await numbers.stock([replace(free[0], area_code="89")], "op", 3)
    assert [n.e164 for n in await numbers.free(Area("DE", "30"), 2)] == [
        number.e164 for number in free[:2]
    ]
    assert await numbers.free(Area("DE", "89"), 9) == []
    (stocked,) = await numbers.history(free[0].e164, None, 9)
    assert (stocked.action, stocked.author, stocked.at_ms) == ("stocked", "op", 1)


async def test_numbers_are_listed_by_what_is_asked_for(town: Town) -> None:
    mine = await town.active()
    ordered = await town.ordered(key="again")
    assert isinstance(ordered, Number)
    listed = await town.numbers.numbers(NumberFilter(organisation="acme"))
    assert [n.e164 for n in listed] == [mine.e164, ordered.e164]
    assert await town.numbers.numbers(NumberFilter(status=Status.ACTIVE)) == [mine]
    again = NumberFilter(organisation="acme", order_key="again")
    assert await town.numbers.numbers(again) == [ordered]
    assert await town.numbers.numbers(NumberFilter(organisation="bolt")) == []
    tracking = NumberFilter(organisation="acme", purpose=Purpose.TRACKING)
    assert await town.numbers.numbers(tracking) == listed
    assert await town.numbers.numbers(replace(tracking, purpose=Purpose.FORWARDING)) == []
    part = NumberFilter(digits=mine.e164[5:], purpose=mine.purpose)
    assert await town.numbers.numbers(part) == [mine]
    assert await town.numbers.numbers(replace(part, digits="%")) == []
    first = await town.numbers.numbers(NumberFilter(most=3))
    rest = await town.numbers.numbers(NumberFilter(after=first[-1].e164, most=99))
    assert len({n.e164 for n in [*first, *rest]}) == 20
    assert dict(await town.numbers.held("acme")) == {"DE": 2}
    assert await town.numbers.number("+4900") is None


async def test_nothing_of_a_commit_is_done_if_a_part_has_changed(town: Town) -> None:
    mine = await town.active()
    holder = await town.holders.holder("acme")
    off = replace(mine, status=Status.QUARANTINED, version=mine.version + 1)
    notice = Notice(key="n", organisation="acme", kind=NoticeKind.DEACTIVATED, day=FIRST_DAY)
    source = Source(source_id="s", organisation="acme", e164=mine.e164, name="s", version=1)
    stale = replace(mine, version=mine.version - 1)
    good = replace(holder, version=holder.version + 1)
    for wrong in (
        commit(stale, off, notices=(notice,), sources=(source,), holder=good),
        commit(mine, off, notices=(notice,), sources=(replace(source, version=2),)),
        commit(mine, off, notices=(notice,), sources=(source,), holder=holder),
    ):
        with pytest.raises(ConflictError):
            await town.numbers.commit(wrong)
    assert await town.numbers.number(mine.e164) == mine
    assert await town.holders.holder("acme") == holder
    assert "deactivated" not in await town.told()
    assert await town.numbers.source("acme", "s") is None
    whole = commit(mine, off, notices=(notice, notice), sources=(source,), holder=good)
    await town.numbers.commit(whole)
    assert (await town.told()).count("deactivated") == 1


async def test_history_is_gapless_and_newest_first(town: Town) -> None:
    mine = await town.active()
    await town.allocation.deactivate(mine.e164, "Saison vorbei", "op")
    events = await town.numbers.history(mine.e164, None, 99)
    assert [e.version for e in events] == list(range(len(events) - 1, -1, -1))
    assert [e.action for e in events] == [
        "deactivated",
        "switched_on",
        "approved",
        "ordered",
        "stocked",
    ]
    assert [e.organisation for e in events] == ["acme"] * 4 + [None]
    assert (events[0].reason, events[0].status) == ("Saison vorbei", Status.QUARANTINED)
    assert await town.numbers.history(mine.e164, 2, 1) == [events[-2]]


async def test_a_holders_every_version_is_kept(town: Town) -> None:
    await town.seated()
    await town.seated(town=MUNICH)
    await town.seated("bolt", MUNICH)
    versions = await town.numbers.holder_history("acme", 9)
    assert [v.action for v in versions] == ["changed", "entered"]
    assert [v.holder.seat.area_code for v in versions] == [MUNICH, BERLIN]
    assert [h.organisation for h in await town.numbers.holders("", 9)] == ["acme", "bolt"]
    assert [h.organisation for h in await town.numbers.holders("acme", 9)] == ["bolt"]
    assert (await town.numbers.holders("", 1))[0].seat.area_code == MUNICH
    assert await town.numbers.holder("nobody") is None


async def test_files_are_their_organisations(numbers: Numbers) -> None:
    await numbers.keep_file("acme", "d", b"\0%PDF")
    await numbers.keep_file("acme", "d", b"another")
    assert await numbers.file("acme", "d") == b"\0%PDF"
    assert await numbers.file("bolt", "d") is None


async def test_the_last_call_is_of_an_active_number_and_never_earlier(town: Town) -> None:
    mine = await town.active()
    for days in (3, 1):
        await town.numbers.called(mine.e164, FIRST_DAY + timedelta(days=days))
    free = (await town.numbers.free(Area("DE", MUNICH), 1))[0]
    await town.numbers.called(free.e164, FIRST_DAY)
    called = await town.numbers.number(mine.e164)
    assert called == replace(mine, last_call_on=FIRST_DAY + timedelta(days=3))
    assert (await town.numbers.free(Area("DE", MUNICH), 1))[0] == free
    with pytest.raises(ConflictError):
        await town.numbers.commit(commit(mine, replace(mine, version=9)))


async def test_the_last_price_holds(numbers: Numbers) -> None:
    dear = Offer(country="DE", purpose=Purpose.TRACKING, price_micros=9, currency="EUR")
    other = Offer(country="AT", purpose=Purpose.TRACKING, price_micros=5, currency="EUR")
    for offer in (dear, other, replace(dear, price_micros=7)):
        await numbers.put_offer(offer, "op", 1)
    assert await numbers.offers() == [other, replace(dear, price_micros=7)]


async def test_an_organisation_is_not_told_the_operators_notices(town: Town) -> None:
    kinds = (NoticeKind.RECLAIM_PROPOSED, NoticeKind.DEACTIVATED)
    told = tuple(Notice(key=kind, organisation="acme", kind=kind, day=FIRST_DAY) for kind in kinds)
    await town.numbers.commit(Commit(author="op", at_ms=1, notices=told))
    assert await town.told("acme") == ["deactivated"]
    assert await town.told("bolt") == []
    assert await town.told() == list(kinds)
    (first, _), (second, notice) = await town.numbers.notices(None, 0, 9)
    assert await town.numbers.notices(None, first, 9) == [(second, notice)]
    assert await town.numbers.told([kinds[0], "x"]) == {kinds[0]}


async def test_orders_at_once_get_a_number_each(town: Town) -> None:
    names = ("acme", "bolt", "cord")
    for name in names:
        await town.seated(name)
    got = await asyncio.gather(*(town.ordered(name) for name in names))
    assert all(isinstance(number, Number) for number in got), got
    assert len({number.e164 for number in got if isinstance(number, Number)}) == 3


async def _given_back(town: Town, number: Number) -> object:
    return await town.allocation.deactivate(number.e164, "vorbei", "acme", "acme")


async def _replaced(town: Town, number: Number) -> object:
    return await town.allocation.replace(number.e164, "gestört", "op")


async def _moved(town: Town, _number: Number) -> object:
    return await town.seated(town=MUNICH)


def just_before_sources(town: Town, leave: Leave, number: Number) -> None:
    """Let a number leave between the decision on a source of it and that source's commit."""
    commit_, left = town.numbers.commit, []

    async def slowly(commit: Commit) -> None:
        if commit.sources and not commit.moves and not left:
            left.append(await leave(town, number))
        await commit_(commit)

    town.numbers.commit = slowly  # type: ignore[method-assign]  # a race, at the port


@pytest.mark.parametrize("leave", [_given_back, _replaced, _moved])
async def test_no_source_comes_to_a_number_that_leaves_just_now(town: Town, leave: Leave) -> None:
    mine = await town.active()
    just_before_sources(town, leave, mine)
    with pytest.raises(CallerError) as refused:
        await town.sources.add("acme", mine.e164, Channel(name="Messe"), "acme")
    assert refused.value.field == "number"
    assert await town.sources.listed("acme", "", 9) == []


@pytest.mark.parametrize("ends_on", [None, date(2027, 12, 31)])
async def test_no_source_lasts_longer_on_a_number_that_leaves_just_now(
    town: Town, ends_on: date | None
) -> None:
    mine = await town.active()
    channel = Channel(name="Messe", ends_on=FIRST_DAY)
    source = await town.sources.add("acme", mine.e164, channel, "acme")
    town.clock.day = FIRST_DAY + timedelta(days=1)
    just_before_sources(town, _given_back, mine)
    longer = replace(channel, ends_on=ends_on)
    with pytest.raises(CallerError) as refused:
        await town.sources.change("acme", source.source_id, longer, "acme")
    assert refused.value.field == "ends_on"
    more = replace(channel, places=("Plakat",))
    changed = await town.sources.change("acme", source.source_id, more, "acme")
    assert (changed.ends_on, changed.places) == (FIRST_DAY, ("Plakat",))


@pytest.mark.parametrize("leave", [_given_back, _replaced, _moved])
async def test_a_number_leaves_with_a_source_that_comes_just_now(town: Town, leave: Leave) -> None:
    mine = await town.active()
    commit_, added = town.numbers.commit, []

    async def slowly(commit: Commit) -> None:
        if commit.moves and not added:
            added.append(1)
            await town.sources.add("acme", mine.e164, Channel(name="Messe"), "acme")
        await commit_(commit)

    town.numbers.commit = slowly  # type: ignore[method-assign]  # a race, at the port
    await leave(town, mine)
    (left,) = [
        source for source in await town.sources.listed("acme", "", 9) if source.e164 == mine.e164
    ]
    assert left.ends_on == FIRST_DAY


async def test_the_same_order_again_is_the_same_number(town: Town) -> None:
    await town.seated()
    first = await town.ordered(key="k")
    assert await town.ordered(key="k") == first
    assert dict(await town.numbers.held("acme")) == {"DE": 1}


async def test_a_replacement_is_one_step(town: Town) -> None:
    mine = await town.active()
    moved = await town.seated(town=MUNICH)
    ((old, new),) = moved.replaced
    assert (old.e164, old.status) == (mine.e164, Status.QUARANTINED)
    assert (new.status, new.order_key, new.area_code) == (Status.ACTIVE, mine.order_key, MUNICH)
    ends = [(await town.numbers.history(n.e164, None, 1))[0] for n in (old, new)]
    assert [e.other for e in ends] == [new.e164, old.e164]
    assert ends[0].at_ms == ends[1].at_ms
    assert not isinstance(step(new, SwitchedOn(), date(2027, 3, 2)), Number)
    assert isinstance(step(new, SwitchedOn(), date(2027, 3, 2)), Refused)


async def test_how_long_a_number_took_calls_and_what_was_booked_for_it(town: Town) -> None:
    mine = await town.active()
    begun_ms, _ = town.numbering.now()
    town.clock.day = FIRST_DAY + timedelta(days=9)
    await town.seated("bolt", MUNICH)
    await town.proved("bolt")
    theirs = await town.given("bolt")
    await town.allocation.deactivate(mine.e164, "over", "acme")
    ended_ms, _ = town.numbering.now()
    all_of_it = (begun_ms, ended_ms + 1)
    both = await town.numbers.tenures(*all_of_it, None, "", 9)
    assert [(t.e164, t.organisation, t.from_ms, t.to_ms) for t in both] == [
        (mine.e164, "acme", begun_ms, ended_ms),
        (theirs.e164, "bolt", ended_ms, None),
    ]
    assert {(t.price_micros, t.currency) for t in both} == {(PRICE, "EUR")}
    assert await town.numbers.tenures(*all_of_it, "bolt", "", 9) == both[1:]
    assert await town.numbers.tenures(*all_of_it, None, mine.e164, 9) == both[1:]
    assert await town.numbers.tenures(*all_of_it, None, "", 1) == both[:1]
    assert await town.numbers.tenures(ended_ms, ended_ms + 1, "acme", "", 9) == []
    assert await town.numbers.tenures(0, begun_ms, None, "", 9) == []

    month = date(2027, 3, 1), date(2027, 4, 1), ZoneInfo("Europe/Berlin")
    entries = [rental_entry(rental_of(tenure, *month), ended_ms) for tenure in both]
    await asyncio.gather(town.numbers.book(entries), town.numbers.book(entries))
    keys = [entry.key for entry in entries]
    assert await town.numbers.booked([*keys, "rental:other"]) == set(keys)
    owed = await town.numbers.owed("acme", begun_ms, ended_ms + 1)
    assert dict(owed) == {"EUR": 1_420_000}
    assert dict(await town.numbers.owed("acme", begun_ms, ended_ms)) == {}
    with pytest.raises(ConflictError):
        await town.numbers.book([replace(entries[0], postings=entries[1].postings)])


async def test_unused_numbers_and_how_many_there_are(town: Town) -> None:
    mine = await town.active()
    other = await town.given()
    later = FIRST_DAY + timedelta(days=1)
    assert await town.numbers.unused(FIRST_DAY, "", 9) == []
    found = await town.numbers.unused(later, "", 9)
    assert [number.e164 for number in found] == [mine.e164, other.e164]
    assert await town.numbers.unused(later, mine.e164, 9) == found[1:]
    assert await town.numbers.unused(later, "", 1) == found[:1]
    await town.numbers.called(mine.e164, later)
    assert await town.numbers.unused(later, "", 9) == found[1:]
    counted = {(c.country, c.area_code, c.status): c.count for c in await town.numbers.counts()}
    assert counted["DE", BERLIN, Status.ACTIVE] == 2
    assert counted["DE", BERLIN, Status.FREE] == 3
    assert sum(counted.values()) == 20


async def test_the_newest_notices_come_first(town: Town) -> None:
    await town.active()
    await town.given()
    oldest_first = await town.numbers.notices(None, 0, 9)
    assert len(oldest_first) > 1
    assert await town.numbers.latest(None, None, 9) == oldest_first[::-1]
    assert await town.numbers.latest(None, oldest_first[-1][0], 1) == [oldest_first[-2]]
    assert await town.numbers.latest("bolt", None, 9) == []


async def test_books_with_rentals_in_them_are_clean(sql_books: SqlBooks) -> None:
    ledger = sql_books.open()
    town = Town(SqlNumbers(ledger))
    await town.open()
    await town.active()
    town.clock.day = date(2027, 5, 1)
    now_ms, _ = town.numbering.now()
    assert await book(town.numbering, now_ms) == 2
    assert await ledger.verify() == []
