"""Trunks that are not like the others."""

from pathlib import Path

from engine.core.cdr import Refusal
from tests.system.stage.alone import alone, in_its_own_house
from tests.system.stage.lines import line
from tests.system.stage.measures import assert_cut_off

TARIFF = "tariff-p660000-EUR-conversation-a0"


@in_its_own_house
async def test_where_no_early_media_passes_all_is_told_after_the_answer(folder: Path) -> None:
    """The call is answered for the announcement, and costs nothing until the conversation."""
    async with alone(folder, line(), trunk={"early_media": False}) as s:
        await s.credit(70_000)
        call = await s.call()
        answered_ms = await call.answered()
        assert call.progress_at_ms is None
        assert answered_ms - call.invite_at_ms < 1_000
        leg = await s.agent.called()
        await call.ended()
        record = await s.record()
        assert record.charge_micros == 70_000
        caller = await s.caller_heard(
            call, leg, "welcome", "seconds_left-s6", TARIFF, "please_wait-m1",
            "money_ended_caller",
        )  # fmt: skip
        assert_cut_off(record, caller)

        refused = await s.call()
        await refused.ended()
        record = (await s.records(2))[1]
        assert record.refusal is Refusal.BALANCE_TOO_LOW
        await s.caller_heard(refused, None, "balance_too_low-b0-EUR")
