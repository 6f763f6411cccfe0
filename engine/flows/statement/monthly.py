"""Statements made by themselves: each profile's and each merchant's of the month before, once, as
CSV and PDF.

An hour after the month's end, when what was booked in its last moments is in the books, or as soon
as an engine runs again. Each engine keeps its own set; of the same books and fees all are the same
bytes. What is filed stays as it is: a call whose end was learned later than that (nobody could
book it for an hour) belongs to a month that is filed already, and is seen there only by making the
statement again with the command.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from tempfile import NamedTemporaryFile

import structlog

from engine.core.inventory import Inventory
from engine.errors import EngineError
from engine.flows.papers.month import HOME_TIMEZONE, Month, month_before
from engine.flows.statement.merchant import draw_up_merchant, merchant_csv
from engine.flows.statement.pdf import merchant_pdf, pdf
from engine.flows.statement.sheet import csv_text
from engine.flows.statement.statement import draw_up
from engine.flows.statement.words import LANGUAGES
from engine.ports.clock import Clock
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.statements import Statements
from engine.ports.verifications import Verifications

CLOSED_AFTER_MS = 3_600_000
LOOK_EVERY_MS = 600_000
MERCHANTS = "merchants"
LANG = "de"

log = structlog.get_logger(__name__)


Draw = Callable[[Month, int], Awaitable[tuple[Callable[[], str], Callable[[], bytes]]]]
"""Draws a month up as it stands at an instant (ms); gives what makes its table and its document."""


class Monthly:
    """Files statements below `folder`, as `<profile>/2026-11.csv` and `.pdf` (German), those of
    merchants as `merchants/<merchant>/2026-11…`."""

    def __init__(
        self,
        statements: Statements,
        verifications: Verifications,
        inventory: Callable[[], Inventory],
        clock: Clock,
        folder: Path,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._statements = statements
        self._verifications = verifications
        self._inventory = inventory
        self._clock = clock
        self._folder = folder
        self._metrics = metrics

    async def run(self) -> None:
        """File for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> None:
        """File what is missing of the last closed month; what fails is tried at the next look."""
        now_ms = self._clock.now().wall_ms
        month = month_before(now_ms - CLOSED_AFTER_MS, HOME_TIMEZONE)
        missing = 0
        for name, draw in self._due():
            try:
                await self._file(name, draw, month, now_ms)
            except (EngineError, OSError) as fault:
                missing += 1
                log.warning("statement.later", name=name, error=str(fault))
        self._metrics.statements_missing(missing)

    def _due(self) -> Iterator[tuple[str, Draw]]:
        """Each folder's name, and how the month in it is drawn up."""
        inventory = self._inventory()
        for profile in inventory.profiles:
            yield profile.name, partial(self._of_profile, inventory, profile.name)
        for merchant in inventory.merchants:
            name = f"{MERCHANTS}/{merchant.name}"
            yield name, partial(self._of_merchant, inventory, merchant.name)

    async def _of_profile(
        self, inventory: Inventory, name: str, month: Month, now_ms: int
    ) -> tuple[Callable[[], str], Callable[[], bytes]]:
        drawn = await draw_up(self._statements, inventory, name, month, now_ms)
        return partial(csv_text, drawn), partial(pdf, drawn, LANGUAGES[LANG])

    async def _of_merchant(
        self, inventory: Inventory, name: str, month: Month, now_ms: int
    ) -> tuple[Callable[[], str], Callable[[], bytes]]:
        drawn = await draw_up_merchant(self._verifications, inventory, name, month, now_ms)
        return partial(merchant_csv, drawn), partial(merchant_pdf, drawn, LANG)

    async def _file(self, name: str, draw: Draw, month: Month, now_ms: int) -> None:
        folder = self._folder / name
        table, document = folder / f"{month.name}.csv", folder / f"{month.name}.pdf"
        if table.exists() and document.exists():
            return
        as_table, as_document = await draw(month, now_ms)
        await asyncio.to_thread(_write, table, as_table)
        await asyncio.to_thread(_write, document, as_document)
        log.info("statement.filed", name=name, month=month.name)


def _write(file: Path, made: Callable[[], str | bytes]) -> None:
    """Put a file in its place, unless it is there."""
    if file.exists():
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    content = made()
    _write_whole(file, content.encode() if isinstance(content, str) else content)


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
