"""The replays' twin in memory: same answers, same refusals, no database."""

from collections.abc import Sequence
from dataclasses import replace

from engine.errors import ConflictError
from engine.ports.replays import KEPT, Run, RunState


class MemoryReplays:
    """`ports.replays.Replays` in memory."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}

    async def begin(self, run: Run, lost_before_ms: int) -> None:
        for other in await self.runs(run.organisation):
            if other.state is RunState.RUNNING:
                if other.seen_ms >= lost_before_ms:
                    raise ConflictError("a replay is running already")
                self._runs[other.run_id] = replace(other, state=RunState.FAILED)
        self._runs[run.run_id] = run
        of_it = [one for one in self._runs.values() if one.organisation == run.organisation]
        for old in sorted(of_it, key=_place, reverse=True)[KEPT:]:
            del self._runs[old.run_id]

    async def note(self, run_id: str, calls: int, reached_ms: int, seen_ms: int) -> bool:
        return self._change(run_id, calls=calls, reached_ms=reached_ms, seen_ms=seen_ms)

    async def end(self, run_id: str, state: RunState, result: str = "") -> bool:
        return self._change(run_id, state=state, result=result)

    async def run(self, run_id: str) -> Run | None:
        return self._runs.get(run_id)

    async def runs(self, organisation: str | None) -> Sequence[Run]:
        of_it = [one for one in self._runs.values() if one.organisation == organisation]
        return sorted(of_it, key=_place, reverse=True)[:KEPT]

    def _change(self, run_id: str, **changes: object) -> bool:
        present = self._runs.get(run_id)
        if present is None or present.state is not RunState.RUNNING:
            return False
        self._runs[run_id] = replace(present, **changes)  # type: ignore[arg-type]  # fields of Run
        return True


def _place(run: Run) -> tuple[int, str]:
    return run.begun_ms, run.run_id
