"""An engine that notes when Asterisk has acknowledged a deadline: a line each, leg and instant.

    python -m tests.bench.timed_engine plan.json

The instants are of the machine's monotonic clock (nanoseconds), which all processes share; they
are written beside the plan, to `deadlines`.
"""

import sys
import time
from pathlib import Path
from typing import TextIO

from engine.asterisk.telephony import AriTelephony
from tests.rig import engine_main


def note_deadlines(sink: TextIO) -> None:
    """Let every deadline leave a line once it is acknowledged."""
    order = AriTelephony.set_deadline

    async def noted(self: AriTelephony, leg: str, after_ms: int) -> None:
        await order(self, leg, after_ms)
        sink.write(f"{leg} {time.monotonic_ns()}\n")

    AriTelephony.set_deadline = noted  # type: ignore[method-assign]  # only in this process


if __name__ == "__main__":
    with Path(sys.argv[1]).with_name("deadlines").open("a", buffering=1) as sink:
        note_deadlines(sink)
        engine_main.main()
