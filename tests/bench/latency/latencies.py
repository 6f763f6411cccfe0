"""What was timed, beside its floor."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.table import Table

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Latencies:
    """Milliseconds of everything of a `kind` and of every floor, sorted; `lost` never came to its
    end."""

    kind: str
    title: str
    measured_ms: Sequence[float]
    floors_ms: Sequence[float]
    lost: int
    differences: Sequence[str]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, and the books agree."""
        return bool(self.measured_ms) and not self.lost and not self.differences

    def as_json(self) -> dict[str, Any]:
        """Percentiles in milliseconds, and the median's ratio to the floor's."""
        measured, floor = self.measured_ms, self.floors_ms
        return {
            self.kind: len(measured),
            "p50_ms": round(percentile(measured, 50), 1),
            "p99_ms": round(percentile(measured, 99), 1),
            "most_ms": round(measured[-1], 1),
            "floor_p50_ms": round(percentile(floor, 50), 1),
            "floor_p99_ms": round(percentile(floor, 99), 1),
            "to_floor": round(percentile(measured, 50) / percentile(floor, 50), 1),
            "lost": self.lost,
            "differences": list(self.differences),
        }

    def table(self) -> Table:
        """The same for people."""
        table = Table(box=box.SIMPLE, title=self.title)
        for name, value in self.as_json().items():
            table.add_row(name.replace("_", " "), str(value))
        return table


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` in 100 do not exceed, of sorted values."""
    return values[max(0, math.ceil(len(values) * share / 100) - 1)]
