"""One engine as a process of its own, as the plan in a file says: something to be killed.

    python -m tests.rig.engine_main plan.json

Says `ready` and the port of its pages on standard output once it works, and ends with its standard
input. While there is a file `full` beside the plan, SQLite finds no room for another page.
"""

import asyncio
import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, Engine, event

from engine.app import Plan, freeze_heap, running

PAGES_MOST = 1_000_000


def write_plan(plan: Plan, path: Path) -> None:
    path.write_bytes(msgspec.json.encode(plan, enc_hook=str))
    path.chmod(0o600)


def read_plan(path: Path) -> Plan:
    return msgspec.json.decode(path.read_bytes(), type=Plan, dec_hook=_decode)


def _decode(kind: type, value: Any) -> Any:
    return kind(value)


async def work(plan: Plan) -> None:
    async with running(plan) as run:
        freeze_heap()
        print(f"ready {run.web_port} {run.health_port}", flush=True)
        parent = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        done, _ = await asyncio.wait({run.work, parent}, return_when=asyncio.FIRST_COMPLETED)
        if run.work in done:
            run.work.result()


def bound_disk(full: Path) -> None:
    """Let the SQLite files in its folder grow by no page while the file `full` is there."""

    def limit(connection: Connection) -> None:
        url = connection.engine.url
        if connection.dialect.name == "sqlite" and Path(url.database or "").parent == full.parent:
            pages = 1 if full.exists() else PAGES_MOST
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    event.listen(Engine, "begin", limit)


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
    path = Path(sys.argv[1])
    bound_disk(path.with_name("full"))
    asyncio.run(work(read_plan(path)))


if __name__ == "__main__":
    main()
