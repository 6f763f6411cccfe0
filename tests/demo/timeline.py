"""The call as it happens, line by line in the terminal, with the money ticking below.

What is shown live comes from the engine's log and the store; it is decoration. What the
demonstration claims is found in the recordings afterwards (`verdict`).
"""

import asyncio
import json
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from engine.core.account import AccountView
from engine.core.money import format_shortest
from engine.core.quota import committed_micros, cut_off_ms
from tests.rig.house import RealHouse

LOOK_EVERY_S = 0.1
STATES = {
    "announcing": "the account is found, the first increment held",
    "hunting": "an agent is rung; the caller hears music, free of charge",
    "briefing": "the agent answers and hears who is calling",
    "talking": "both are joined: the meter runs",
    "closing": "the money is used up: the conversation ends",
    "settling": "the call is booked",
}


class Timeline:
    """Follows one call; `say` adds a line of its own."""

    def __init__(self, console: Console, house: RealHouse, account_id: str, words: dict[str, str]):
        self._console = console
        self._house = house
        self._account_id = account_id
        self._words = words
        self._began = time.monotonic()
        self._read = 0
        self._most_ms = 1
        self._task: asyncio.Task[None] | None = None
        self._live = Live(console=console, refresh_per_second=10, transient=True)

    async def __aenter__(self) -> Self:
        self._live.__enter__()
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._live.__exit__(kind, error, trace)

    def say(self, who: str, text: str, style: str = "") -> None:
        """A line of the timeline: when, who, what."""
        at_s = time.monotonic() - self._began
        line = Text()
        line.append(f"{int(at_s // 60):>2}:{at_s % 60:04.1f}  ", style="dim")
        line.append(f"{who:<8}", style=style or "bold")
        line.append(text, style=style)
        self._console.print(line)

    async def _follow(self) -> None:
        log = self._house.engines["e1"].log
        while True:
            self._read_log(log)
            view = await self._house.store.account(self._account_id)
            if view is not None:
                self._live.update(self._money(view))
            await asyncio.sleep(LOOK_EVERY_S)

    def _read_log(self, log: Path) -> None:
        lines = log.read_text().splitlines()
        for line in lines[self._read :]:
            try:
                self._show(json.loads(line))
            except ValueError:
                self.say("log", line, "dim")
        self._read = len(lines)

    def _show(self, event: dict[str, Any]) -> None:
        if event["event"] == "call.moved" and event["now"] in STATES:
            self.say("engine", STATES[event["now"]], "cyan")
        elif event["event"] == "call.said":
            who = str(event["to"])
            style = "green" if who == "caller" else "magenta"
            for key in event["prompts"]:
                self.say(who, f"♪ {self._words.get(key, key)}", style)
        elif event.get("level") in ("warning", "error"):
            self.say("engine", f"{event['event']} {event.get('error', '')}", "red")

    def _money(self, view: AccountView) -> Group | Text:
        """The balance, what the call has cost so far, and a bar of the time left."""
        hold = view.holds[0] if view.holds else None
        balance = f"balance {format_shortest(view.balance_micros)} {view.currency}"
        if hold is None or hold.meter is None or not hold.meter.running:
            return Text(f"        {balance}", style="bold yellow")
        now_ms = time.time_ns() // 1_000_000
        left_ms = max(0, cut_off_ms(hold.meter, (), view.balance_micros) - now_ms)
        self._most_ms = max(self._most_ms, left_ms)
        spent = committed_micros(hold.meter.granted(0), now_ms)
        row = Table.grid(padding=(0, 1))
        row.add_row(
            Text(f"        {balance}", style="bold yellow"),
            Text(f"cost so far {format_shortest(spent)}"),
            Text(f"left {left_ms // 60_000}:{left_ms // 1000 % 60:02}"),
            ProgressBar(total=self._most_ms, completed=left_ms, width=30),
        )
        return Group(row)
