"""What a run of the bench found, as one JSON object and as a table."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

from tests.bench.load import Tally
from tests.bench.site import Way

TITLES = {
    Way.ENGINE: "engine, prepaid",
    Way.BARE: "bare ARI controller",
    Way.DIALPLAN: "Asterisk's dialplan",
}
HEADS = ("Asterisk", "control", "store", "all", "/bare", "/plan", "answer ms", "failed")


@dataclass(frozen=True, slots=True)
class Report:
    """What each way took, at `rate` calls a second; `differences` are those of store and journal.

    In the table `/bare` and `/plan` are ratios to the two floors, `answer ms` is the time from
    INVITE to answer that half and 99 in 100 calls did not exceed.
    """

    rate: float
    talk_s: float
    prompt_s: float
    seconds: float
    idle: Mapping[str, float]
    differences: Sequence[str]
    tallies: Mapping[Way, Tally]

    @property
    def is_clean(self) -> bool:
        """No call failed, and every call of the engine's is booked to the last micro-unit."""
        failed = sum(tally.failed for tally in self.tallies.values())
        engine = self.tallies.get(Way.ENGINE, Tally())
        return not failed and engine.booked == engine.calls and not self.differences

    def as_json(self) -> dict[str, Any]:
        """Times in milliseconds; `to_bare` and `to_dialplan` are ratios of all CPU of a call,
        there if that way was measured too."""
        return {
            "calls_each": max(tally.calls for tally in self.tallies.values()),
            "rate_per_s": self.rate,
            "prompt_s": self.prompt_s,
            "talk_s": self.talk_s,
            "cores": os.cpu_count(),
            "seconds": round(self.seconds, 1),
            "idle_cpu_ms_per_s": {name: round(ms, 1) for name, ms in self.idle.items()},
            "differences": list(self.differences),
            "ways": {way.value: self._way(way, tally) for way, tally in self.tallies.items()},
        }

    def _way(self, way: Way, tally: Tally) -> dict[str, Any]:
        answers = sorted(tally.answer_ms)
        told: dict[str, Any] = {
            "failed": tally.failed,
            "faults": dict(tally.faults),
            "cpu_ms_per_call": {
                name: round(ms / tally.calls, 2) for name, ms in tally.cpu_ms.items()
            },
            "cpu_ms_per_call_total": round(tally.cpu_ms_per_call, 2),
            "answer_ms": {"p50": _share(answers, 50), "p99": _share(answers, 99)},
        }
        for floor in (Way.BARE, Way.DIALPLAN):
            if floor in self.tallies:
                ratio = tally.cpu_ms_per_call / (self.tallies[floor].cpu_ms_per_call or 1.0)
                told[f"to_{floor.value}"] = round(ratio, 2)
        return told | ({"booked": tally.booked} if way is Way.ENGINE else {})

    def table(self) -> Table:
        """The same for people."""
        found = self.as_json()
        table = Table(
            title=f"CPU ms a call, {found['calls_each']} calls each at {self.rate:g}/s",
            box=box.SIMPLE,
            padding=(0, 0, 0, 1),
        )
        table.add_column("")
        for head in HEADS:
            table.add_column(head, justify="right")
        for way in self.tallies:
            row = found["ways"][way.value]
            cpu, answer = row["cpu_ms_per_call"], row["answer_ms"]
            table.add_row(
                TITLES[way],
                _figure(cpu.get("asterisk")),
                _figure(cpu.get("engine", cpu.get("controller"))),
                _figure(cpu.get("store")),
                _figure(row["cpu_ms_per_call_total"]),
                _figure(row.get("to_bare")),
                _figure(row.get("to_dialplan")),
                f"{answer['p50']:.0f}/{answer['p99']:.0f}",
                str(row["failed"]),
            )
        return table

    def notes(self) -> list[str]:
        """What the table has no column for."""
        idle = ", ".join(f"{name} {ms:.1f}" for name, ms in self.idle.items())
        lines = [f"Before the first call: {idle} CPU ms a second. In all {self.seconds:.0f} s."]
        if (engine := self.tallies.get(Way.ENGINE)) is not None:
            booked = f"{engine.booked} of {engine.calls} calls of the engine's are booked"
            lines.append(f"{booked}; store and journal differ in {len(self.differences)} places.")
        for way, tally in self.tallies.items():
            lines += [f"{TITLES[way]}: {count} × {text}" for text, count in tally.faults.items()]
        return [*lines, *self.differences]


def _share(ordered: Sequence[float], percent: int) -> float:
    """The value that so many percent of the sorted values do not exceed."""
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
