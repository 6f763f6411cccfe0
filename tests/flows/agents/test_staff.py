"""How agents stand, their pauses, and callers who are let in no more."""

import asyncio

from engine.core.cdr import Refusal
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Agent
from engine.flows.agents import AgentSeen, CallerFile, Staff, Standing
from engine.flows.live import Live
from engine.ports.people.callers import AgentDay, Block, NoteKind
from engine.ports.store import PauseReason
from engine.premium.call import State
from tests.fakes.callers import MemoryCallers
from tests.fakes.clock import virtually
from tests.flows.world import LANDLINE, World, asserted, inventory, service, world

BOTH = (
    Agent(name="a1", organisation="acme", wrap_up_s=30),
    Agent(name="b1", organisation="bolt"),
)


def staff_of(house: World) -> Staff:
    live = Live(house.store, house.clock)
    callers = MemoryCallers(house.ledger)
    return Staff(house.store, live, callers, lambda: house.inventory, house.clock)


async def a1(staff: Staff) -> AgentSeen:
    found = await staff.agent("a1")
    assert found is not None
    return found


@virtually
async def test_an_agent_through_a_call() -> None:
    async with world(inventory(agents=BOTH[:1])) as house:
        await house.book(LANDLINE, 3_000_000)
        staff = staff_of(house)
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms) == (Standing.FREE, None)
        house.manner("a1", answers_after_ms=5_000)
        call = house.call()
        await house.in_state(call, State.HUNTING)
        await asyncio.sleep(1)
        began_ms = house.now_ms() - 1_000
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms) == (Standing.RINGING, began_ms)
        assert seen.call is not None
        assert (seen.call.call_id, seen.call.caller) == (call.leg, "+493023125xxx")
        await house.talks_for(call, 10)
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms) == (Standing.TALKING, house.now_ms() - 10_000)
        house.switch.hang_up(call.leg)
        ended_ms = house.now_ms()
        await house.record(call)
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms, seen.until_ms, seen.call) == (
            Standing.WRAP_UP, ended_ms, ended_ms + 30_000, None
        )  # fmt: skip
        assert await staff.today("acme", "Europe/Berlin") == {"a1": AgentDay(1, 10_000)}
        assert await staff.today("bolt", "Europe/Berlin") == {}
        await asyncio.sleep(31)
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms) == (Standing.FREE, ended_ms + 30_000)


@virtually
async def test_who_pauses_in_his_wrap_up_gets_no_call_until_he_resumes() -> None:
    async with world(inventory(agents=BOTH[:1])) as house:
        await house.book(LANDLINE, 3_000_000)
        staff = staff_of(house)
        first = house.call()
        await house.talking(first)
        house.switch.hang_up(first.leg)
        await house.record(first)
        assert await staff.pause("a1", PauseReason.BREAK, "a1", "acme")
        paused_ms = house.now_ms()
        await asyncio.sleep(60)
        second = house.call()
        await house.in_state(second, State.HUNTING)
        await asyncio.sleep(20)
        assert house.agent_legs(second) == []
        seen = await a1(staff)
        assert (seen.standing, seen.since_ms) == (Standing.PAUSED, paused_ms)
        assert await staff.resume("a1", "anna")
        await house.talking(second)
        house.switch.hang_up(second.leg)
        await house.record(second)
        assert (await a1(staff)).standing is Standing.WRAP_UP
        assert await staff.resume("a1", "a1", "acme")
        assert (await a1(staff)).standing is Standing.FREE


@virtually
async def test_a_pause_in_mid_call_begins_after_it() -> None:
    async with world(inventory(agents=BOTH[:1])) as house:
        await house.book(LANDLINE, 3_000_000)
        staff = staff_of(house)
        call = house.call()
        await house.talking(call)
        await staff.pause("a1", PauseReason.OTHER_WORK, "anna")
        seen = await a1(staff)
        assert (seen.standing, seen.pause) == (Standing.TALKING, PauseReason.OTHER_WORK)
        house.switch.hang_up(call.leg)
        await house.record(call)
        assert (await a1(staff)).standing is Standing.PAUSED


@virtually
async def test_anothers_agent_is_not_there() -> None:
    async with world(inventory(agents=BOTH)) as house:
        staff = staff_of(house)
        assert [seen.name for seen in await staff.agents()] == ["a1", "b1"]
        assert [seen.name for seen in await staff.agents("bolt")] == ["b1"]
        assert await staff.agent("b1", "acme") is None
        assert not await staff.pause("b1", PauseReason.BREAK, "a1", "acme")
        assert not await staff.resume("b1", "a1", "acme")
        assert not await staff.pause("nobody", PauseReason.BREAK, "a1")
        (state,) = await house.store.agent_states(("b1",))
        assert state.free


@virtually
async def test_of_the_caller_he_talks_with_an_agent_notes_reports_and_blocks() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        hidden = SignalledIdentity(asserted=(asserted(LANDLINE),), from_user="", privacy="id")
        call = house.call(identity=hidden)
        await house.talking(call)
        seen = await a1(staff_of(house))
        assert seen.call is not None
        assert (seen.call.caller, seen.call.withheld) == (None, True)
        account_id = seen.call.account_id
        assert account_id is not None
        file = CallerFile(MemoryCallers(house.ledger), house.clock, "acme")
        note = await file.note(account_id, "a1", " abends ")
        await asyncio.sleep(1)
        report = await file.note(account_id, "a1", "rude", NoteKind.REPORT)
        assert (note.text, note.at_ms) == ("abends", house.now_ms() - 1_000)
        assert list(await file.notes(account_id)) == [report, note]
        assert list(await file.open_reports()) == [report]
        await file.block(account_id, "a1", "rude")
        await asyncio.sleep(5)
        talking = house.machine(call)
        assert talking is not None
        assert talking.state is State.TALKING
        house.switch.hang_up(call.leg)
        await house.record(call)
        record = await house.record(house.call(identity=hidden))
        assert record.refusal is Refusal.CALLER_BLOCKED
        assert await file.unblock(account_id, "anna")
        third = house.call(identity=hidden)
        await house.talking(third)
        house.switch.hang_up(third.leg)
        await house.record(third)


async def _blocked(house: World) -> None:
    account_id = await house.book(LANDLINE, 3_000_000)
    await MemoryCallers(house.ledger).block(
        Block(organisation="acme", account_id=account_id, author="a1", reason="rude", at_ms=0)
    )


@virtually
async def test_a_blocked_caller_hears_so_and_is_not_charged() -> None:
    async with world() as house:
        await _blocked(house)
        call = house.call()
        record = await house.record(call)
        assert (record.refusal, record.charge_micros) == (Refusal.CALLER_BLOCKED, 0)
        assert house.heard_by(call) == ["blocked_caller"]


@virtually
async def test_number_and_pin_do_not_help_him() -> None:
    async with world(inventory(service(pin_entry=True))) as house:
        await _blocked(house)
        account = await house.ledger.find_account("acme-eur", LANDLINE)
        assert account is not None
        await house.ledger.set_pin(account.account_id, "4711")
        call = house.call(identity=SignalledIdentity(asserted=(), from_user="anonymous"))
        await house.in_state(call, State.ENTERING)
        for digit in f"{LANDLINE.replace('+49', '0')}#4711#":
            house.switch.press(call.leg, digit)
        record = await house.record(call)
        assert record.refusal is Refusal.CALLER_BLOCKED
