"""The parts that are started or opened, each left as it was found when its stack is unwound."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

from engine.app.plan import Plan
from engine.asterisk.process import Access, AsteriskProcess, Program, Wishes
from engine.core.inventory import Inventory
from engine.flows.clock import SystemClock
from engine.ledger.sql import SqlLedger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.speech.library import Library
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore


def keep_private(folder: Path) -> None:
    """Make a folder that nobody else can look into: Asterisk's logs in it hold phone numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


async def end(work: "asyncio.Task[None]") -> None:
    """Cancel a task and wait until it has ended."""
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def open_store(
    plan: Plan, stack: AsyncExitStack, metrics: Metrics = UNMEASURED
) -> ValkeyStore:
    """The plan's store, or one of our own, kept alive."""
    url = plan.store_url
    if url is None:
        process = StoreProcess(plan.folder / "store")
        await process.start()
        stack.push_async_callback(process.stop)
        keeper = asyncio.create_task(process.keep_alive(), name="store")
        stack.push_async_callback(end, keeper)
        url = process.url
    store = ValkeyStore(parse_address(url, plan.store_password), metrics=metrics)
    stack.push_async_callback(store.close)
    return store


async def open_ledger(url: str, stack: AsyncExitStack, metrics: Metrics = UNMEASURED) -> SqlLedger:
    """The ledger at `url`, its tables in their present form."""
    ledger = SqlLedger(url, lambda: SystemClock().now().wall_ms, metrics=metrics)
    await ledger.migrate()
    stack.push_async_callback(ledger.close)
    return ledger


async def own_asterisk(
    plan: Plan, inventory: Inventory, sounds: Library, stack: AsyncExitStack
) -> Access:
    """An Asterisk of our own."""
    fault = sounds.sounds / "de" / "audio" / "fault"
    asterisk = await AsteriskProcess.start(
        plan.folder / "asterisk",
        Program.found(plan.program),
        inventory,
        Wishes(
            sip_port=plan.sip_port,
            music_folder=str(sounds.sounds / "music"),
            fault_prompt=str(fault),
        ),
    )
    stack.push_async_callback(asterisk.stop)
    return asterisk.access
