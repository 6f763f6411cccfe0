"""Calls to toll-free numbers on a real Asterisk: who is put through, and who hears ringing."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from redis import Redis

from engine.core.diversion.caps import Cap, Caps, Cost
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import CallerClass, Policy, Verdict
from engine.core.numbers.number import Number, Status
from engine.store.address import parse_address
from tests.forwarding.cases import CALLERS, forwarding, number
from tests.ports.ledger.tracked.traces import Place, store, traces
from tests.rig.sip.legs import PATIENCE_S
from tests.system.forwarding.line import Line
from tests.system.stage.exchange import Exchange, Programme, both_talk, rings_on
from tests.system.stage.searching import assert_nobody_is_found

KEPT_WITHIN_S = 20.0
programme = Programme()
scene = programme.scene


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def played(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator["dict[str, asyncio.Task[None]]"]:
    """Every scene, under way."""
    async with programme.played(tmp_path_factory.mktemp("toll-free"), request) as tasks:
        yield tasks


@scene
async def test_a_us_caller_reaches_the_target(x: Exchange) -> None:
    line = await Line(x, 1).opened(0)
    line.target().answers(after_s=1)
    caller = await line.call()
    target = await line.target().called()
    assert line.us in target.invite.header("From")
    assert caller.answered_at_ms is None
    await both_talk(caller, target)
    assert caller.first_at_ms(180) is not None
    (call,) = await line.kept()
    assert (call.outcome, call.target, call.caller_class) == (
        Outcome.ANSWERED,
        line.target().name,
        CallerClass.US,
    )
    assert call.caller == f"{line.us[:-3]}xxx"
    assert 1_000 < call.talk_ms < 10_000
    stocked = await x.numbers.number(line.number)
    assert stocked is not None
    assert stocked.last_call_on is not None


@scene
async def test_a_canadian_hears_ringing_and_no_target_is_called(x: Exchange) -> None:
    line = await Line(x, 2).opened(0, 1)
    for code in (416, 942):
        await rings_on(await line.call(f"+1{code}5550102"))
    assert line.is_untouched()
    for call in await line.kept(2):
        assert (call.outcome, call.caller_class) == (Outcome.NOT_LET_THROUGH, CallerClass.CANADA)
        assert (call.target, call.joined_ms) == (None, None)


@scene
async def test_each_row_of_the_policy(x: Exchange) -> None:
    """Each class of callers as it is at first, and the other way round."""
    line = await Line(x, 3).opened(0)
    line.target().rings_on()
    rows: dict[CallerClass, dict[str, Any]] = {
        who: {"pai": caller, "from_user": caller} for who, caller in CALLERS.items()
    }
    rows[CallerClass.US_WITHHELD] = {"pai": line.us, "from_user": None, "privacy": "id"}
    rows[CallerClass.UNIDENTIFIED] = {"pai": None, "from_user": line.us}
    version = 1
    for policy in (Policy(), _turned(Policy())):
        await line.leads(version, 0, policy=policy)
        version += 1
        for who, identity in rows.items():
            caller = await line.call(**identity)
            if policy.verdict(who) is Verdict.THROUGH:
                leg = await line.target().called()
                await caller.hang_up()
                assert (await leg.ended()).sip_code == 487
            else:
                await caller.messages.first(lambda message: message.code == 180, PATIENCE_S)
                await caller.hang_up()
            await caller.ended()
            assert caller.first_at_ms(180) is not None
            assert caller.answered_at_ms is None
    through = sum(call.outcome is Outcome.ABANDONED for call in await line.kept(2 * len(rows)))
    assert through == len(line.target().legs) == len(rows)


def _turned(policy: Policy) -> Policy:
    """Everybody the other way round."""
    return Policy(
        **{
            who.value: Verdict.RING_ON
            if policy.verdict(who) is Verdict.THROUGH
            else Verdict.THROUGH
            for who in CallerClass
        }
    )


@scene
async def test_a_withheld_number_is_put_through_and_shown_to_nobody(x: Exchange) -> None:
    line = await Line(x, 4).opened(0)
    line.target().answers()
    caller = await line.call(from_user=None, privacy="id")
    target = await line.target().called()
    await both_talk(caller, target)
    assert line.number in target.invite.header("From")
    national = line.us.removeprefix("+1")
    assert not [m.text for m in target.messages if national in re.sub(r"[^0-9]", "", m.text)]
    (call,) = await line.kept()
    assert (call.outcome, call.caller) == (Outcome.ANSWERED, None)


@scene
async def test_an_edit_is_in_force_for_the_next_call(x: Exchange) -> None:
    line = await Line(x, 5).opened(0)
    for nth in range(2):
        line.target(nth).answers()
        if nth:
            await line.leads(1, 1)
        caller = await line.call()
        await both_talk(caller, await line.target(nth).called(), 1)
    assert [len(line.target(nth).legs) for nth in range(2)] == [1, 1]


@scene
async def test_a_deleted_route_rings_unanswered(x: Exchange) -> None:
    line = await Line(x, 6).opened(0)
    await x.patiently(lambda: x.routing.delete("acme", line.number, 1, "owner"))
    await rings_on(await line.call())
    assert line.is_untouched()
    assert await line.outcome() is Outcome.NO_ROUTE


@scene
async def test_a_route_set_while_the_number_is_pending(x: Exchange) -> None:
    """Nobody is put through before the number takes calls; then the route is there."""
    line = Line(x, 7)
    await x.give(number(line.number, status=Status.DOCUMENTS_PENDING))
    await line.leads(0, 0)
    refused = await (await line.call()).ended()
    assert refused.sip_code == 404
    await x.change(line.number, Status.ACTIVE)
    line.target().answers()
    caller = await line.call()
    await both_talk(caller, await line.target().called(), 1)


@scene
async def test_busy_and_then_the_second_target(x: Exchange) -> None:
    line = await Line(x, 8).opened(0, 1)
    line.target(0).busy()
    line.target(1).answers()
    caller = await line.call()
    await both_talk(caller, await line.target(1).called(), 1)
    (call,) = await line.kept()
    assert call.target == line.target(1).name


@scene
async def test_nobody_answers_and_it_rings_on(x: Exchange) -> None:
    line = await Line(x, 9).opened(0, 1, ring_timeout_s=5)
    line.target(0).rings_on()
    line.target(1).busy()
    caller = await line.call()
    first = await line.target(0).called()
    assert (await first.ended()).by == "engine"
    await line.target(1).called()
    await rings_on(caller)
    assert await line.outcome() is Outcome.NO_ANSWER


@scene
async def test_the_second_call_at_once_rings_on(x: Exchange) -> None:
    line = await Line(x, 10).opened(0, caps=Caps(calls_at_once=1))
    line.target().answers()
    first = await line.call()
    target = await line.target().called()
    await first.answered()
    await rings_on(await line.call(f"+1415555{4810:04}"))
    await both_talk(first, target, 1)
    outcomes = {call.outcome for call in await line.kept(2)}
    assert outcomes == {Outcome.ANSWERED, Outcome.CAPPED}


@scene
async def test_a_call_beyond_the_cap_of_costs_rings_on_until_money_is_freed(x: Exchange) -> None:
    """One talks and holds the money for two minutes; as it ends the rest of them is the next's."""
    cost = Cost(currency="USD", minute_micros=(10,), a_day_micros=25, a_month_micros=1_000)
    line = await Line(x, 21).opened(0, caps=Caps(cost=cost))
    line.target().answers()
    first = await line.call()
    target = await line.target().called()
    await first.answered()
    await rings_on(await line.call(f"+1415555{4821:04}"))
    await both_talk(first, target, 1)
    refused, _ = sorted(await line.kept(2), key=lambda call: call.joined_ms or 0)
    assert (refused.outcome, refused.cap) == (Outcome.CAPPED, Cap.COST_A_DAY)
    following = await line.call()
    await both_talk(following, await line.target().called(), 1)
    costs = sorted(call.cost_micros for call in await line.kept(3))
    assert costs == [0, 10, 10]


@scene
async def test_the_target_hangs_up(x: Exchange) -> None:
    line = await Line(x, 11).opened(0)
    line.target().answers(hang_up_after_s=1)
    caller = await line.call()
    await caller.answered()
    assert (await caller.ended()).by == "engine"
    assert await line.outcome() is Outcome.ANSWERED


@scene
async def test_a_loop_rings_unanswered(x: Exchange) -> None:
    """Two numbers that lead to each other, as the books say though no rule would let them."""
    line, other = await Line(x, 12).opened(0), await Line(x, 13).opened()
    back = forwarding(line.number)
    await x.patiently(lambda: x.routing.forward("acme", other.number, back, 0, "owner"))
    held = await x.routes.route(line.number)
    assert held is not None
    looped = type(held)(
        number=line.number,
        version=2,
        organisation="acme",
        terms=forwarding(other.number),
        author="owner",
        at_ms=0,
    )
    await x.patiently(lambda: x.routes.put(looped))
    await rings_on(await line.call())
    assert await line.outcome() is Outcome.NO_ROUTE


@scene
async def test_a_replaced_number_takes_its_route_along(x: Exchange) -> None:
    """The next call to the new number reaches the target; the old one is not in service."""
    line, new = await Line(x, 18).opened(0), Line(x, 19)
    line.target().answers()
    free = Number(e164=new.number, country="US", area_code="")
    await x.patiently(lambda: x.numbers.stock([free], "operator", 0))
    before = await line.call()
    await both_talk(before, await line.target().called(), 1)
    await x.replace(line.number, new.number)
    refused = await (await line.call()).ended()
    assert (refused.by, refused.sip_code) == ("engine", 404)
    caller = await new.call()
    target = await line.target().called()
    await both_talk(caller, target, 1)
    assert len(line.target().legs) == 2
    (kept,) = await new.kept()
    assert (kept.outcome, kept.target) == (Outcome.ANSWERED, line.target().name)
    assert len(await line.kept()) == 1


@scene
async def test_a_number_that_nobody_has_is_not_in_service(x: Exchange) -> None:
    refused = await (await Line(x, 14).call()).ended()
    assert (refused.by, refused.sip_code) == ("engine", 404)


@scene
async def test_the_store_never_has_a_callers_number(x: Exchange) -> None:
    """Neither its keys nor its files, while they talk and afterwards."""
    line = await Line(x, 20).opened(0)
    line.target().answers()
    caller = await line.call()
    target = await line.target().called()
    await caller.answered()
    talking = await asyncio.to_thread(_stored, x)
    await both_talk(caller, target)
    (call,) = await line.kept()
    assert call.caller == f"{line.us[:-3]}xxx"
    over = await asyncio.to_thread(_stored, x)
    # That there is a snapshot to look into, and a file that it was written to, is seen by the rest.
    for written in (call.caller, line.target().name):
        found = {place for place, held in talking if written.encode() in held}
        assert any(place.startswith("store ") for place in found)
        assert "file" in {place for place, held in over if written.encode() in held}
    assert traces([*talking, *over], [line.us]) == set()


def _stored(x: Exchange) -> list[Place]:
    """Every key of the store, and every file it has written."""
    folder = x.house.folder / "store"
    files = [file for file in folder.rglob("*") if file.is_file()]
    with Redis(unix_socket_path=parse_address(x.house.store_process.url).path) as client:
        return [*store(client), *(("file", file.read_bytes()) for file in files)]


@programme.last
async def test_nothing_that_was_written_gives_a_caller_away(x: Exchange) -> None:
    """After all calls of the module."""
    await assert_nobody_is_found(x.house, x.callers)
