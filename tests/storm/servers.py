"""The servers that die, kept: whatever is killed is started again on what it had written."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from engine.app.parts import end
from engine.store.process import StoreProcess
from tests.rig.postgres import Postgres, running_postgres
from tests.storm.till_main import Plan

ROOT = Path(__file__).resolve().parents[2]
DATABASE = "storm"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a server is reached, and the Unix socket by which it is found to be killed."""

    url: str
    socket: Path | None


@asynccontextmanager
async def kept_store(folder: Path) -> AsyncIterator[Server]:
    """The store that an engine without further settings would start, and its keeper."""
    process = StoreProcess(folder)
    await process.start()
    keeper = asyncio.create_task(process.keep_alive())
    try:
        yield Server(process.url, Path(process.url.removeprefix("unix://")))
    finally:
        await end(keeper)
        await process.stop()


@asynccontextmanager
async def kept_database(kind: str, folder: Path) -> AsyncIterator[Server]:
    """An SQLite file, which nobody serves and nobody can kill; or a PostgreSQL and its keeper.

    That PostgreSQL leaves its writes to the operating system (`fsync=off`). They survive the death
    of all its processes, which is all that happens to it here.
    """
    if kind == "sqlite":
        yield Server(f"sqlite:///{folder / 'ledger.sqlite3'}", None)
        return
    with running_postgres() as postgres:
        postgres.psql("postgres", f"CREATE DATABASE {DATABASE}")
        keeper = asyncio.create_task(_keep(postgres))
        try:
            yield Server(postgres.url(DATABASE), postgres.socket)
        finally:
            await end(keeper)


async def _keep(postgres: Postgres) -> None:
    """Start it again whenever it has died, which it also may while it starts."""
    while True:
        await _death_of(postgres.pid)
        with suppress(RuntimeError):
            await asyncio.to_thread(postgres.revive)


async def _death_of(pid: int) -> None:
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    loop, died = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(process, died.set)
    try:
        await died.wait()
    finally:
        loop.remove_reader(process)
        os.close(process)


@dataclass(frozen=True, slots=True)
class MortalEngine:
    """The process that begins lives of one engine, and the log of them all."""

    plan: Plan
    log: Path
    process: "subprocess.Popen[bytes]"

    @property
    def is_over(self) -> bool:
        """Whether no further life is begun."""
        return self.process.poll() is not None

    def end(self) -> None:
        """End the life that is, and begin no other."""
        self.process.kill()
        self.process.wait()


@contextmanager
def mortal_engine(folder: Path, plan: Plan, listener: socket.socket) -> Iterator[MortalEngine]:
    """An engine's money side that dies by plan and is begun again; several share a listener."""
    file, log = folder / f"{plan.engine}.json", folder / f"{plan.engine}.log"
    file.write_bytes(msgspec.json.encode(plan, enc_hook=str))
    descriptor = listener.fileno()
    program = [sys.executable, "-m", "tests.storm.till_main", str(file), str(descriptor)]
    with log.open("wb") as opened:
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *program],
            stderr=opened,
            cwd=ROOT,
            pass_fds=(descriptor,),
        )
    engine = MortalEngine(plan, log, process)
    try:
        yield engine
    finally:
        engine.end()
