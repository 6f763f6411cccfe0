"""How long something took, asked often, and how busy the machine was meanwhile."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rich import box
from rich.table import Table

COMPUTED = 200_000

Ask = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Asked:
    """How long a query or a page took on a database, in milliseconds: half of its times at most
    `p50_ms`, 99 in 100 at most `p99_ms`. `cpu_ms` is the work of this process in half of them:
    of PostgreSQL's, nothing."""

    what: str
    database: str
    p50_ms: float
    p99_ms: float
    cpu_ms: float


@dataclass(slots=True)
class Machine:
    """How busy a machine was: a computation of its own takes `wall_s` for `cpu_s` of work."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    def compute(self) -> None:
        """Some milliseconds of nothing but work."""
        began_s, worked_s = time.perf_counter(), time.thread_time()
        sum(range(COMPUTED))
        self.wall_s += time.perf_counter() - began_s
        self.cpu_s += time.thread_time() - worked_s

    @property
    def slowness(self) -> float:
        """How often as long as on a quiet machine all takes; 1 on that one."""
        return max(1.0, self.wall_s / self.cpu_s) if self.cpu_s else 1.0

    async def ask(self, what: str, database: str, ask: Ask, times: int) -> Asked:
        """Ask so many times, after once to warm up; how busy the machine is, in between."""
        await ask()
        took_ms, worked_ms = [], []
        for _ in range(times):
            self.compute()
            began_s, worked_s = time.perf_counter(), time.process_time()
            await ask()
            took_ms.append((time.perf_counter() - began_s) * 1000)
            worked_ms.append((time.process_time() - worked_s) * 1000)
        took_ms.sort()
        p50_ms, p99_ms = (took_ms[min(times - 1, times * part // 100)] for part in (50, 99))
        return Asked(what, database, p50_ms, p99_ms, sorted(worked_ms)[times // 2])


def table(asked: Sequence[Asked], floor: str, title: str) -> Table:
    """What was asked by databases: p50, p99, CPU time (ms), the p50 also in floors."""
    databases = list(dict.fromkeys(one.database for one in asked))
    found = {(one.what, one.database): one for one in asked}
    made = Table(title=f"{title}: ms, p50 / p99 / CPU", box=box.SIMPLE)
    made.add_column("", overflow="fold")
    for database in databases:
        made.add_column(database, justify="right", no_wrap=True)
        made.add_column("floors", justify="right")
    for what in dict.fromkeys(one.what for one in asked):
        cells = []
        for database in databases:
            one, of = found[what, database], found[floor, database]
            told = f"{one.p50_ms:.1f} / {one.p99_ms:.1f} / {one.cpu_ms:.1f}"
            cells += [told, f"{one.p50_ms / of.p50_ms:.1f}"]
        made.add_row(what, *cells)
    return made
