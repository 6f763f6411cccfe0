"""People warn and end calls, on whatever engine these run."""

import asyncio

import pytest

from engine.core.cdr import Disposition
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
async def test_who_asks_a_dead_engine_is_told_that_nothing_was_done() -> None:
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
        adopted = house.machine(call)
        assert adopted is not None
        assert (adopted.state, adopted.ordered) == (State.TALKING, ())
        house.switch.hang_up(call.leg)
        await house.record(call)
