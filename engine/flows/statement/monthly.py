"""Statements made by themselves: each profile's of the month before, once, as CSV and PDF.

An hour after the month's end, when what was booked in its last moments is in the books, or as soon
as an engine runs again. Each engine keeps its own set; of the same books and fees all are the same
bytes. What is filed stays as it is: a call whose end was learned later than that (nobody could
book it for an hour) belongs to a month that is filed already, and is seen there only by making the
statement again with the command.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog

from engine.core.inventory import Inventory
from engine.errors import EngineError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_before
from engine.flows.statement.pdf import pdf
from engine.flows.statement.sheet import csv_text
from engine.flows.statement.statement import Statement, draw_up
from engine.flows.statement.words import GERMAN
from engine.ports.clock import Clock
from engine.ports.statements import Statements

CLOSED_AFTER_MS = 3_600_000
LOOK_EVERY_MS = 600_000

log = structlog.get_logger(__name__)


class Monthly:
    """Files statements below `folder`, as `<profile>/2026-11.csv` and `.pdf` (German)."""

    def __init__(
        self,
        statements: Statements,
        inventory: Callable[[], Inventory],
        clock: Clock,
        folder: Path,
    ) -> None:
        self._statements = statements
        self._inventory = inventory
        self._clock = clock
        self._folder = folder

    async def run(self) -> None:
        """File for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> None:
        """File what is missing of the last closed month; what fails is tried at the next look."""
        now_ms = self._clock.now().wall_ms
        month = month_before(now_ms - CLOSED_AFTER_MS, HOME_TIMEZONE)
        for profile in self._inventory().profiles:
            try:
                await self._file(profile.name, month, now_ms)
            except (EngineError, OSError) as fault:
                log.warning("statement.later", profile=profile.name, error=str(fault))

    async def _file(self, profile: str, month: Month, now_ms: int) -> None:
        folder = self._folder / profile
        table, document = folder / f"{month.name}.csv", folder / f"{month.name}.pdf"
        if table.exists() and document.exists():
            return
        statement = await draw_up(self._statements, self._inventory(), profile, month, now_ms)
        await asyncio.to_thread(_write, statement, table, document)
        log.info("statement.filed", profile=profile, month=month.name)


def _write(statement: Statement, table: Path, document: Path) -> None:
    table.parent.mkdir(parents=True, exist_ok=True)
    if not table.exists():
        _write_whole(table, csv_text(statement).encode())
    if not document.exists():
        _write_whole(document, pdf(statement, GERMAN))


def _write_whole(file: Path, content: bytes) -> None:
    """Put a file in its place whole and on disk, or not at all."""
    with NamedTemporaryFile(dir=file.parent, prefix=f".{file.name}.", delete=False) as part:
        try:
            part.write(content)
            part.flush()
            os.fsync(part.fileno())
            Path(part.name).replace(file)
        except OSError:
            Path(part.name).unlink(missing_ok=True)
            raise
