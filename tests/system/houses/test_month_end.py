"""An engine files the month before by itself, and real calls add up on the statement of theirs."""

import asyncio
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from engine.core.inventory import Inventory
from engine.flows.papers.month import HOME_TIMEZONE, month_before, month_of
from engine.flows.statement.monthly import CLOSED_AFTER_MS
from engine.flows.statement.statement import Section, draw_up
from engine.ledger.statements.sql import SqlStatements
from tests.system.houses.parties import all_talk
from tests.system.stage.alone import alone, in_its_own_house
from tests.system.stage.lines import PROFILE, SIXTY_CENTS, line
from tests.system.stage.scenes import BILLING

FILED_WITHIN_S = 30
EURO = 1_000_000


@in_its_own_house
async def test_a_month_is_filed_and_calls_add_up(folder: Path) -> None:
    async with alone(folder, line(SIXTY_CENTS)) as s:
        (party,) = await all_talk(s, [EURO])
        await party.call.hang_up()
        record = await s.record()
        ended = datetime.fromtimestamp(record.ended_ms // 1000, ZoneInfo(HOME_TIMEZONE))
        month = month_of(f"{ended:%Y-%m}", HOME_TIMEZONE)
        statements = SqlStatements(s.house.ledger)
        inventory = Inventory(version=1, profiles=(BILLING,))
        drawn = await draw_up(statements, inventory, PROFILE, month, record.ended_ms)
        calls = [one for one in drawn.lines if one.section is Section.CALLS]
        assert [(one.about, one.count, one.charged_s, one.micros) for one in calls] == [
            (record.service, 1, record.charged_s, -record.charge_micros)
        ]
        assert drawn.closing_micros == await s.balance(party.e164)
        before = month_before(record.ended_ms - CLOSED_AFTER_MS, HOME_TIMEZONE).name
        shelf = s.house.folder / "e1" / "statements" / PROFILE
        async with asyncio.timeout(FILED_WITHIN_S):
            while not (shelf / f"{before}.pdf").exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.1)
        assert "closing_balance,,,,0.00,EUR" in (shelf / f"{before}.csv").read_text()
