"""The parts that are started or opened, each left as it was found when its stack is unwound."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from engine.app.plan import OWN_ASTERISK, Plan
from engine.asterisk.etc.files import AsteriskFiles
from engine.asterisk.process import Access, AsteriskProcess, Program, Wishes
from engine.core.inventory import Inventory
from engine.errors import CallerError, EngineError
from engine.flows.clock import SystemClock
from engine.flows.config import Problems
from engine.flows.versions.view import Follower
from engine.ledger.sql import SqlLedger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.speech.library import Library
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore

log = structlog.get_logger(__name__)


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
        plan.folder / OWN_ASTERISK,
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


async def files_of(plan: Plan, access: Access, inventory: Inventory) -> AsteriskFiles | None:
    """The files of the plan's Asterisk, if they can be changed from here.

    It is brought to the inventory and the operator's own dialplan now: our own has read neither
    since it was rendered, another may have missed a version. If that is wrong it goes on with what
    was last applied: no typing error keeps the lines from being served.
    """
    folder = plan.asterisk_folder if plan.access else plan.folder / OWN_ASTERISK
    if folder is None:
        return None
    files = AsteriskFiles.opened(folder, plan.own_dialplan, access)
    try:
        outcome = await files.apply(inventory)
    except EngineError as fault:
        log.error("dialplan.not_applied", error=str(fault))
        return files
    if isinstance(outcome, Problems):
        log.error("dialplan.own_refused", problems=str(outcome))
    elif outcome.refused:
        log.error("dialplan.refused", why=outcome.refused, said=outcome.said)
    return files


def reloading(files: AsteriskFiles) -> Follower:
    """Lets Asterisk go along with another version; it knows trunks and agents' phones alone.

    The follower raises `CallerError` with what is wrong with the files, or what Asterisk says of
    them; it has its old ones then.
    """

    async def follow(old: Inventory, new: Inventory) -> None:
        if (old.trunks, old.agents) == (new.trunks, new.agents):
            return
        outcome = await files.apply(new)
        if isinstance(outcome, Problems):
            raise CallerError(str(outcome), "dialplan")
        if outcome.refused:
            said = "; ".join((*outcome.refused, *outcome.said))
            raise CallerError(f"Asterisk does not take it: {said}", "dialplan")

    return follow
