"""One engine as a process of its own, as the plan in a file says: something to be killed.

    python -m tests.rig.engine_main plan.json

Says `ready` on standard output once it works, and ends with its standard input.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog

from engine.app import Plan, running


def write_plan(plan: Plan, path: Path) -> None:
    path.write_bytes(msgspec.json.encode(plan, enc_hook=str))
    path.chmod(0o600)


def read_plan(path: Path) -> Plan:
    return msgspec.json.decode(path.read_bytes(), type=Plan, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    return kind(value)


async def work(plan: Plan) -> None:
    async with running(plan) as run:
        print("ready", flush=True)
        parent = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        done, _ = await asyncio.wait({run.work, parent}, return_when=asyncio.FIRST_COMPLETED)
        if run.work in done:
            run.work.result()


def main() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    asyncio.run(work(read_plan(Path(sys.argv[1]))))


if __name__ == "__main__":
    main()
