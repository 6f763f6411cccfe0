"""What a run of the bench found, as one JSON object and as a table."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from tests.bench.load import Tally
from tests.bench.site import Way

TITLES = {
    Way.ENGINE: "engine, prepaid",
    Way.BARE: "bare ARI controller",
    Way.DIALPLAN: "Asterisk's dialplan",
}


@dataclass(frozen=True, slots=True)
class Report:
    """`calls` each way, made at `rate` a second; `differences` are those of store and journal."""

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
        engine = self.tallies[Way.ENGINE]
        failed = sum(tally.failed for tally in self.tallies.values())
        return not failed and engine.booked == engine.calls and not self.differences

    def as_json(self) -> dict[str, Any]:
        """Times in milliseconds; `to_bare` and `to_dialplan` are ratios of all CPU of a call."""
        return {
            "calls_each": self.tallies[Way.ENGINE].calls,
            "rate_per_s": self.rate,
            "prompt_s": self.prompt_s,
            "talk_s": self.talk_s,
            "cores": os.cpu_count(),
            "seconds": round(self.seconds, 1),
            "idle_cpu_ms_per_s": {name: round(ms, 1) for name, ms in self.idle.items()},
            "differences": list(self.differences),
            "ways": {way.value: self._way(way) for way in Way},
        }

    def _way(self, way: Way) -> dict[str, Any]:
        tally = self.tallies[way]
        by_process = {name: ms / tally.calls for name, ms in tally.cpu_ms.items()}
        total = sum(by_process.values())
        answers = sorted(tally.answer_ms)
        told: dict[str, Any] = {
            "failed": tally.failed,
            "faults": dict(tally.faults),
            "cpu_ms_per_call": {name: round(ms, 2) for name, ms in by_process.items()},
            "cpu_ms_per_call_total": round(total, 2),
            "to_bare": _ratio(total, self._total(Way.BARE)),
            "to_dialplan": _ratio(total, self._total(Way.DIALPLAN)),
            "answer_ms": {"p50": _share(answers, 50), "p99": _share(answers, 99)},
        }
        return told | ({"booked": tally.booked} if way is Way.ENGINE else {})

    def _total(self, way: Way) -> float:
        tally = self.tallies[way]
        return sum(tally.cpu_ms.values()) / tally.calls

    def table(self) -> Table:
        """The same for people."""
        found = self.as_json()
        table = Table(title=f"CPU ms a call, {found['calls_each']} calls each at {self.rate:g}/s")
        table.add_column("")
        heads = ("Asterisk", "controller", "store", "all", "to bare", "to dialplan",
                 "answer p50/p99 ms", "failed")  # fmt: skip
        for name in heads:
            table.add_column(name, justify="right")
        for way in Way:
            row = found["ways"][way.value]
            cpu = row["cpu_ms_per_call"]
            answer = row["answer_ms"]
            table.add_row(
                TITLES[way],
                _figure(cpu.get("asterisk")),
                _figure(cpu.get("engine", cpu.get("controller"))),
                _figure(cpu.get("store")),
                _figure(row["cpu_ms_per_call_total"]),
                f"{row['to_bare']:.2f}",
                f"{row['to_dialplan']:.2f}",
                f"{answer['p50']:.0f}/{answer['p99']:.0f}",
                str(row["failed"]),
            )
        return table

    def notes(self) -> list[str]:
        """What the table has no column for."""
        engine = self.tallies[Way.ENGINE]
        idle = ", ".join(f"{name} {ms:.1f}" for name, ms in self.idle.items())
        lines = [
            f"{engine.booked} of {engine.calls} calls of the engine's are booked; "
            f"store and journal differ in {len(self.differences)} places",
            f"Before the first call: {idle} CPU ms a second. In all {self.seconds:.0f} s.",
        ]
        for way in Way:
            faults = self.tallies[way].faults
            lines += [f"{TITLES[way]}: {count} × {text}" for text, count in faults.items()]
        return [*lines, *self.differences]


def _ratio(one: float, other: float) -> float:
    return round(one / other, 2) if other else 0.0


def _share(ordered: Sequence[float], percent: int) -> float:
    """The value that so many percent of the sorted values do not exceed."""
    return round(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)], 1)


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
