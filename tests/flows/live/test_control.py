"""People warn and end calls, on whatever engine these run."""

import asyncio

import pytest

from engine.core.actions import Action
from engine.core.cdr import Disposition
from engine.core.events import DigitPressed
from engine.flows.calls import MAILBOX_MOST
from engine.flows.live import Control, Live
from engine.ports.people.commands import COMMAND_TTL_MS, CallOrder, Command, Outcome
from engine.premium.call import State
from tests.fakes.clock import virtually
from tests.fakes.telephony import FakeLeg
from tests.flows.world import LANDLINE, World, inventory, service, world

WITHIN_S = 0.1


def order(
    call: FakeLeg, what: CallOrder, number: int = 1, organisation: str | None = "acme"
) -> Command:
    return Command(
        command_id=f"{what}{number}",
        call_id=call.leg,
        organisation=organisation,
        order=what,
        by="anna",
        reason="complaint",
    )


async def asked(house: World, command: Command) -> Outcome:
    return await Control(house.store, house.clock).carry_out(command)


@virtually
async def test_both_hear_why_a_call_is_ended_and_it_is_charged_to_the_second() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        await house.start_engine("e2")
        call = house.call(engine="e2")
        await house.talks_for(call, 10.5)
        agent = house.agent_leg(call)
        assert await asked(house, order(call, CallOrder.END)) is Outcome.DONE
        assert house.talked_ms(call) == 10_500
        record = await house.record(call)
        assert record.disposition is Disposition.ENDED_BY_OPERATOR
        assert (record.charged_s, record.charge_micros) == (10, 100_000)
        assert [(by, what) for _, by, what in record.ordered] == [("anna", "end: complaint")]
        assert house.heard_by(call)[-1] == "ended_by_operator"
        assert house.heard_by(agent)[-1] == "ended_by_operator"


@virtually
async def test_both_hear_the_true_time_once_in_thirty_seconds() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 57)
        agent = house.agent_leg(call)
        assert await asked(house, order(call, CallOrder.WARN, 1)) is Outcome.DONE
        assert await asked(house, order(call, CallOrder.WARN, 1)) is Outcome.DONE
        assert await asked(house, order(call, CallOrder.WARN, 2)) is Outcome.TOO_SOON
        await asyncio.sleep(31)
        assert await asked(house, order(call, CallOrder.WARN, 3)) is Outcome.DONE
        (seen,) = await Live(house.store, house.clock).calls()
        assert [(told.who, told.prompt) for told in seen.warned] == [
            ("caller", "time_changed_caller-s240"),
            ("agent", "time_changed_agent-s240"),
            ("caller", "time_changed_caller-s180"),
            ("agent", "time_changed_agent-s180"),
        ]
        assert [what for _, _, what in seen.ordered] == ["warn", "warn"]
        assert house.heard_by(agent).count("time_changed_agent") == 2
        house.switch.hang_up(call.leg)
        record = await house.record(call)
        assert [who for _, who, _ in record.ordered] == ["anna", "anna"]


@virtually
async def test_the_forced_end_is_what_they_hear_if_it_comes_first() -> None:
    async with world(inventory(service(forced_end_min=10))) as house:
        await house.book(LANDLINE, 30_000_000)
        call = house.call()
        await house.talks_for(call, 60)
        assert await asked(house, order(call, CallOrder.WARN)) is Outcome.DONE
        (seen,) = await Live(house.store, house.clock).calls()
        assert (seen.left_ms, seen.warned[0].prompt) == (540_000, "time_changed_caller-s540")
        house.switch.hang_up(call.leg)
        await house.record(call)


@virtually
async def test_who_waits_is_not_warned_but_can_be_sent_away() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        for agent in ("a1", "a2"):
            house.mute(agent)
        call = house.call()
        await house.in_state(call, State.HUNTING)
        assert await asked(house, order(call, CallOrder.WARN)) is Outcome.NOT_TALKING
        assert await asked(house, order(call, CallOrder.END)) is Outcome.DONE
        record = await house.record(call)
        assert record.disposition is Disposition.ENDED_BY_OPERATOR
        assert record.charge_micros == 0
        assert house.heard_by(call)[-1] == "ended_by_operator"


@virtually
async def test_what_is_over_or_anothers_is_gone() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talking(call)
        assert await asked(house, order(call, CallOrder.END, 1, "bolt")) is Outcome.GONE
        assert house.machine(call) is not None
        house.switch.hang_up(call.leg)
        await house.record(call)
        assert await asked(house, order(call, CallOrder.END, 2)) is Outcome.GONE
        assert await asked(house, order(call, CallOrder.END, 3, None)) is Outcome.GONE


@pytest.mark.parametrize("what", list(CallOrder))
def test_a_command_follows_its_call_to_the_engine_that_adopts_it(what: CallOrder) -> None:
    @virtually
    async def main() -> None:
        async with world() as house:
            await house.book(LANDLINE, 3_000_000)
            await house.start_engine("e2")
            call = house.call(engine="e2")
            await house.talks_for(call, 20)
            await house.kill_engine("e2")
            outcome = asyncio.create_task(asked(house, order(call, what)))
            await house.until(lambda: house.machine(call) is not None)
            assert await outcome is Outcome.DONE
            if what is CallOrder.WARN:
                house.switch.hang_up(call.leg)
            record = await house.record(call)
            assert [told for _, _, told in record.ordered] == [
                {"end": "end: complaint", "warn": "warn"}[what]
            ]

    main()


@virtually
async def test_who_asks_a_dead_engine_is_told_that_nobody_knows_and_nothing_is_done_later() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 20)
        await house.kill_engine("e1")
        began_ms = house.now_ms()
        assert await asked(house, order(call, CallOrder.END)) is Outcome.UNANSWERED
        assert house.now_ms() - began_ms <= COMMAND_TTL_MS + 1_000
        await house.start_engine("e2")
        await asyncio.sleep(20)
        await talks_on(house, call)


async def talks_on(house: World, call: FakeLeg) -> None:
    """Nobody has ordered anything of the call; it ends."""
    machine = house.machine(call)
    assert machine is not None
    assert (machine.state, machine.ordered) == (State.TALKING, ())
    house.switch.hang_up(call.leg)
    record = await house.record(call)
    assert (record.disposition, record.ordered) == (Disposition.CALLER_HUNG_UP, ())


def hold_up(house: World, call: FakeLeg, engine: str, for_s: float) -> None:
    """Let the call's next order to Asterisk be answered so late."""
    task = house.engines[engine].calls.task_of(call.leg)
    assert task is not None
    carry_out = task._orders.carry_out

    async def late(action: Action) -> None:
        task._orders.carry_out = carry_out  # type: ignore[method-assign]  # as it was
        await asyncio.sleep(for_s)
        await carry_out(action)

    task._orders.carry_out = late  # type: ignore[method-assign]  # Asterisk's slowness


@virtually
async def test_what_could_not_be_begun_in_time_is_never_done_and_he_is_told() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 20)
        hold_up(house, call, "e1", 8)
        await house.book(LANDLINE, 600_000)
        began_ms = house.now_ms()
        assert await asked(house, order(call, CallOrder.END)) is Outcome.BUSY
        assert house.now_ms() - began_ms <= COMMAND_TTL_MS + 1_000
        await asyncio.sleep(10)
        assert await asked(house, order(call, CallOrder.END)) is Outcome.BUSY
        await talks_on(house, call)


@virtually
async def test_an_order_that_asterisk_is_slow_to_carry_out_may_have_been() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 20)
        hold_up(house, call, "e1", 8)
        assert await asked(house, order(call, CallOrder.END)) is Outcome.UNANSWERED
        record = await house.record(call)
        assert [what for _, _, what in record.ordered] == ["end: complaint"]
        assert await asked(house, order(call, CallOrder.END)) is Outcome.DONE


@virtually
async def test_a_full_mailbox_takes_no_order() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        call = house.call()
        await house.talks_for(call, 20)
        task = house.engines["e1"].calls.task_of(call.leg)
        assert task is not None
        hold_up(house, call, "e1", 8)
        await house.book(LANDLINE, 600_000)
        await asyncio.sleep(0.1)
        for _ in range(MAILBOX_MOST):
            task.tell(DigitPressed(at_ms=house.now_ms(), leg="nobody's", digit="1"))
        began_ms = house.now_ms()
        assert await asked(house, order(call, CallOrder.END)) is Outcome.BUSY
        assert house.now_ms() - began_ms < 1_000
        await asyncio.sleep(10)
        await talks_on(house, call)


@virtually
async def test_who_adopts_late_gets_no_fresh_time_for_an_order() -> None:
    async with world() as house:
        await house.book(LANDLINE, 3_000_000)
        await house.start_engine("e2")
        call = house.call(engine="e2")
        await house.talks_for(call, 20)
        await house.kill_engine("e2")
        outcome = asyncio.create_task(asked(house, order(call, CallOrder.END)))
        began_ms = house.now_ms()
        await house.until(lambda: "e1" in house.data.lines)
        assert house.now_ms() > began_ms
        ((until_ms, _),) = house.data.lines["e1"]
        assert until_ms == began_ms + COMMAND_TTL_MS
        assert await outcome is Outcome.DONE
        await house.record(call)
