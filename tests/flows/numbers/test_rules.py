"""Who gets which number: seats, areas, prices, certificates, moves; and never two at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.numbers.holder import DocumentKind, Proof, Verdict
from engine.core.numbers.life import Reason, Refused
from engine.core.numbers.number import HELD, Number, Purpose, Status
from engine.errors import CallerError
from engine.flows.numbers.allocation import Wish
from engine.flows.numbers.holders import Entry, Paper
from engine.flows.numbers.sources import Channel
from engine.ports.numbers import NumberEvent, NumberFilter, Offer
from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import BERLIN, FIRST_DAY, MUNICH, PRICE, SEATS, VIENNA, Town


def refusal(answer: object) -> Reason:
    assert isinstance(answer, Refused), answer
    assert answer.sentence
    return answer.reason


@pytest.mark.parametrize(("town_", "prefix"), [(BERLIN, "+4930"), (VIENNA, "+431")])
async def test_the_number_is_of_the_seats_area(town: Town, town_: str, prefix: str) -> None:
    mine = await town.active(town=town_)
    assert mine.e164.startswith(prefix)
    assert (mine.status, mine.price_micros, mine.currency) == (Status.ACTIVE, PRICE, "EUR")
    assert await town.told("acme") == ["activated"]


async def test_a_foreign_seat_has_no_number_for_tracking(town: Town) -> None:
    await town.seated(town="")
    assert refusal(await town.ordered()) is Reason.FOREIGN_SEAT
    wish = Wish(organisation="acme", key="f", purpose=Purpose.FORWARDING, price_micros=PRICE)
    forwarded = await town.allocation.order(wish, "acme")
    assert isinstance(forwarded, Number)
    on = await town.allocation.approve(forwarded.e164, "op")
    assert isinstance(on, Number)
    assert (on.country, on.status) == ("US", Status.ACTIVE)


async def test_what_an_order_needs(town: Town) -> None:
    assert refusal(await town.ordered()) is Reason.NO_HOLDER
    await town.seated()
    other_price = Wish(organisation="acme", key="k", price_micros=PRICE - 1)
    assert refusal(await town.allocation.order(other_price, "acme")) is Reason.PRICE_CHANGED
    assert refusal(await town.ordered(e164="+498999998000")) is Reason.OTHER_AREA
    with pytest.raises(CallerError):
        await town.ordered(e164="+493099999999")
    for _ in range(5):
        assert isinstance(await town.ordered(), Number)
    assert refusal(await town.ordered()) is Reason.NONE_FREE
    empty = Town(MemoryNumbers())
    await empty.seated()
    assert refusal(await empty.ordered()) is Reason.NOT_OFFERED


async def test_only_an_old_number_can_be_named(town: Town) -> None:
    mine = await town.active()
    await town.seated("bolt")
    assert refusal(await town.ordered("bolt", e164="+493023125004")) is Reason.NEVER_HAD
    free = await town.ordered("bolt")
    assert isinstance(free, Number)
    await town.allocation.deactivate(free.e164, "doch nicht", "bolt", "bolt")
    assert refusal(await town.ordered("bolt", e164=free.e164)) is Reason.NEVER_HAD
    await town.allocation.deactivate(mine.e164, "vorbei", "acme", "acme")
    await town.due(town.day + timedelta(days=190))
    assert refusal(await town.ordered("bolt", e164=mine.e164)) is Reason.NEVER_HAD
    again = await town.ordered("acme", e164=mine.e164)
    assert isinstance(again, Number)
    assert again.e164 == mine.e164


async def test_the_price_is_the_one_that_was_shown(town: Town) -> None:
    mine = await town.active()
    dearer = Offer(country="DE", purpose=Purpose.TRACKING, price_micros=2 * PRICE, currency="EUR")
    await town.stock.put_offer(dearer, "op")
    assert (await town.numbering.number(mine.e164)).price_micros == PRICE
    assert refusal(await town.ordered()) is Reason.PRICE_CHANGED
    abroad = Offer(country="US", purpose=Purpose.TRACKING, price_micros=1, currency="EUR")
    with pytest.raises(CallerError):
        await town.stock.put_offer(abroad, "op")


async def test_an_organisation_sees_and_ends_its_own_alone(town: Town) -> None:
    mine = await town.active()
    await town.seated("bolt")
    with pytest.raises(CallerError):
        await town.ordered("bolt", e164=mine.e164)
    with pytest.raises(CallerError):
        await town.allocation.deactivate(mine.e164, "x", "bolt", "bolt")
    with pytest.raises(CallerError):
        await town.sources.add("bolt", mine.e164, Channel(name="x"), "bolt")
    assert (await town.numbering.number(mine.e164)).organisation == "acme"


async def test_a_rejected_order_frees_the_number_at_once(town: Town) -> None:
    await town.seated()
    ordered = await town.ordered()
    assert isinstance(ordered, Number)
    freed = await town.allocation.reject(ordered.e164, "unklar", "op")
    assert isinstance(freed, Number)
    assert freed.status is Status.FREE
    assert await town.told("acme") == ["order_refused"]
    assert refusal(await town.allocation.approve(ordered.e164, "op")) is Reason.NOT_NOW


@pytest.mark.parametrize(("town_", "most"), [(BERLIN, 100), (VIENNA, 3)])
async def test_more_than_so_many_need_a_certificate(town_: str, most: int) -> None:
    town = Town(MemoryNumbers())
    await town.open(sizes=most + 2)
    await town.seated(town=town_)
    await town.proved()
    for _ in range(most):
        assert (await town.given()).status is Status.ACTIVE
    one_more = await town.given()
    assert one_more.status is Status.DOCUMENTS_PENDING
    assert [d.proof for d in (await town.holders.holder("acme")).demands] == [Proof.NEED]
    await town.proved(kind=DocumentKind.CERTIFICATE_OF_NEED)
    assert (await town.numbering.number(one_more.e164)).status is Status.ACTIVE
    assert (await town.given()).status is Status.ACTIVE


async def test_two_approvals_at_once_do_not_pass_the_hundredth(town: Town) -> None:
    await town.seated(town=VIENNA)
    await town.proved()
    waiting = [await town.ordered() for _ in range(4)]
    ends = await asyncio.gather(
        *(town.allocation.approve(n.e164, "op") for n in waiting if isinstance(n, Number))
    )
    assert {n.status for n in ends if isinstance(n, Number)} == {Status.DOCUMENTS_PENDING}


@pytest.mark.parametrize("verdict", [Verdict.REFUSED, Verdict.UNCHECKED])
async def test_a_document_that_is_not_good_proves_nothing(town: Town, verdict: Verdict) -> None:
    await town.seated()
    paper = Paper(kind=DocumentKind.TRADE_LICENCE, file_name="a.pdf", content=b"x", dated=FIRST_DAY)
    handed_in = await town.holders.hand_in("acme", paper, "acme")
    assert await town.numbers.file("acme", handed_in.document_id) == b"x"
    await town.holders.check("acme", handed_in.document_id, verdict, "unleserlich", "op")
    assert (await town.given()).status is Status.DOCUMENTS_PENDING
    assert ("document_refused" in await town.told("acme")) is (verdict is Verdict.REFUSED)


async def test_a_document_for_another_address_proves_nothing(town: Town) -> None:
    await town.active()
    moved = Entry(title="Acme", street="Allee 9", postal_code="10115", place="Berlin", country="DE")
    entered = await town.holders.enter("acme", moved, "acme")
    assert (entered.replaced, entered.waiting) == ((), ())
    assert (await town.given()).status is Status.DOCUMENTS_PENDING


async def test_a_given_area_is_proved_with_the_seat(town: Town) -> None:
    village = Entry(
        title="Acme", street="Hof 1", postal_code="14532", place="Kleinstdorf", country="DE"
    )
    await town.holders.enter("acme", replace(village, area_code="030"), "acme")
    await town.proved()
    assert (await town.given()).status is Status.ACTIVE
    await town.holders.enter("acme", replace(village, area_code="089"), "acme")
    assert (await town.given()).status is Status.DOCUMENTS_PENDING
    document = (await town.holders.holder("acme")).documents[-1]
    assert document.address == "Hof 1, 14532 Kleinstdorf, DE (030)"
    await town.proved()
    assert (await town.given()).status is Status.ACTIVE


async def test_no_area_is_given_that_contradicts_the_place(town: Town) -> None:
    with pytest.raises(CallerError) as caught:
        await town.holders.enter("acme", replace(SEATS[MUNICH], area_code="030"), "acme")
    assert caught.value.field == "area_code"
    entered = await town.holders.enter("acme", replace(SEATS[MUNICH], area_code="089"), "acme")
    assert (entered.holder.seat.area_code, entered.holder.seat.area_given) == (MUNICH, False)


async def test_a_move_to_another_area_replaces_the_number(town: Town) -> None:
    mine = await town.active()
    source = await town.sources.add("acme", mine.e164, Channel(name="Messe"), "acme")
    ordered = await town.ordered()
    assert isinstance(ordered, Number)
    town.clock.day += timedelta(days=40)
    moved = await town.seated(town=MUNICH)
    assert moved.waiting == ()
    states = {(old.status, new.status, new.area_code) for old, new in moved.replaced}
    assert states == {
        (Status.QUARANTINED, Status.ACTIVE, MUNICH),
        (Status.FREE, Status.ORDERED, MUNICH),
    }
    new = next(new for old, new in moved.replaced if old.e164 == mine.e164)
    assert new.active_since == town.day
    listed = {s.source_id: s for s in await town.sources.listed("acme", "", 9)}
    assert listed.pop(source.source_id).e164 == new.e164
    (left,) = listed.values()
    assert (left.e164, left.ends_on, left.removed_on) == (mine.e164, town.day, None)
    assert (await town.told("acme")).count("replaced") == 2


async def test_without_stock_a_move_waits_for_the_daily_work(town: Town) -> None:
    for _ in range(5):
        await town.active("bolt", MUNICH)
    mine = await town.active()
    moved = await town.seated(town=MUNICH)
    assert (moved.replaced, [n.e164 for n in moved.waiting]) == ((), [mine.e164])
    assert (await town.told("acme"))[-1] == "documents_demanded"
    assert [line.action for line in await town.due()] == ["told:misplaced"]
    assert refusal(await town.allocation.replace(mine.e164, "x", "op")) is Reason.NONE_FREE
    await town.stock.take_in("area_code,first,last\n30,+493023125900,\n", "op")
    assert (await town.numbering.number(mine.e164)).status is Status.ACTIVE
    await town.stock.take_in("area_code,first,last\n89,+498999998900,\n", "op")
    assert (await town.told("acme"))[-1] == "replaced"
    assert await town.next_day() == ()
    assert (await town.numbering.number("+498999998900")).organisation == "acme"
    assert (await town.numbering.number(mine.e164)).status is Status.QUARANTINED


async def test_a_move_abroad_leaves_the_numbers_to_the_operator(town: Town) -> None:
    mine = await town.active()
    moved = await town.seated(town="")
    assert [n.e164 for n in moved.waiting] == [mine.e164]
    assert "told:misplaced" in [line.action for line in await town.due()]
    assert refusal(await town.allocation.replace(mine.e164, "x", "op")) is Reason.FOREIGN_SEAT
    assert refusal(await town.ordered()) is Reason.FOREIGN_SEAT


async def test_the_operator_replaces_with_a_reason(town: Town) -> None:
    mine = await town.active()
    both = await town.allocation.replace(mine.e164, "gestört", "op", "+493023125004")
    assert not isinstance(both, Refused)
    old, new = both
    assert (old.status, new.e164, new.status) == (
        Status.QUARANTINED,
        "+493023125004",
        Status.ACTIVE,
    )
    (event, *_) = await town.numbers.history(old.e164, None, 9)
    assert (event.action, event.reason, event.other) == ("replaced", "gestört", new.e164)
    assert refusal(await town.allocation.replace(old.e164, "x", "op")) is Reason.NOT_NOW
    wrong = await town.allocation.replace(new.e164, "x", "op", "+498999998000")
    assert refusal(wrong) is Reason.OTHER_AREA
    back = await town.allocation.replace(new.e164, "x", "op", old.e164)
    assert refusal(back) is Reason.IN_QUARANTINE


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", ""), ("street", "a\nb"), ("place", "x" * 201), ("country", "XX"), ("country", "")],
)
async def test_data_that_are_none_are_refused(town: Town, field: str, value: str) -> None:
    entry = Entry(**{**_fields(SEATS[BERLIN]), field: value})
    with pytest.raises(CallerError) as caught:
        await town.holders.enter("acme", entry, "acme")
    assert caught.value.field == field


def _fields(entry: Entry) -> dict[str, str]:
    return {name: getattr(entry, name) for name in entry.__slots__}


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["order", "approve", "end", "move", "replace", "wait", "withdraw", "call"]),
        st.sampled_from(["acme", "bolt"]),
        st.integers(0, 9),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=60)
@given(ACTS)
def test_a_number_has_one_holder_and_rests_in_quarantine(
    acts: Sequence[tuple[str, str, int]],
) -> None:
    asyncio.run(_live(acts))


async def _live(acts: Sequence[tuple[str, str, int]]) -> None:
    town = Town(MemoryNumbers())
    await town.open(sizes=3)
    for organisation in ("acme", "bolt"):
        await town.seated(organisation)
        await town.proved(organisation)
    for act, organisation, choice in acts:
        await _act(town, act, organisation, choice)
    every = await town.numbers.numbers(NumberFilter(most=99))
    for number in every:
        assert (number.organisation is not None) is (number.status in HELD)
        events = list(await town.numbers.history(number.e164, None, 999))[::-1]
        _check_life(events)


async def _act(town: Town, act: str, organisation: str, choice: int) -> None:
    every = await town.numbers.numbers(NumberFilter(most=99))
    number = every[choice % len(every)]
    match act:
        case "order":
            await town.ordered(organisation)
        case "approve":
            await town.allocation.approve(number.e164, "op")
        case "end":
            await town.allocation.deactivate(number.e164, "x", "op")
        case "move":
            await town.seated(organisation, (BERLIN, MUNICH, VIENNA)[choice % 3])
        case "replace":
            await town.allocation.replace(number.e164, "x", "op")
        case "withdraw":
            await town.allocation.withdraw(number.e164, "x", "op")
        case "call":
            await town.numbers.called(number.e164, town.day)
        case _:
            await town.due(town.day + timedelta(days=20 * choice))


def _check_life(events: Sequence[NumberEvent]) -> None:
    """From its history alone: between two holders it was free, and after an end it rested."""
    ended_ms = None
    for before, after in pairwise(events):
        if before.status in HELD and after.status in HELD:
            assert before.organisation == after.organisation
        if before.status is Status.ACTIVE and after.status is not Status.ACTIVE:
            assert after.status is Status.QUARANTINED
            ended_ms = after.at_ms
        if after.status in HELD and ended_ms is not None:
            assert after.at_ms - ended_ms > 181 * 86_400_000
