"""The parts that are started or opened, each left as it was found when its stack is unwound."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import structlog

from engine.app.plan import OWN_ASTERISK, Plan
from engine.asterisk.etc.files import AsteriskFiles
from engine.asterisk.etc.own import read_own
from engine.asterisk.process import Access, AsteriskProcess, Program, Wishes
from engine.core.inventory import Inventory
from engine.core.phrasing import Catalogue
from engine.errors import CallerError, EngineError
from engine.flows.clock import SystemClock
from engine.flows.config import Problems
from engine.flows.config.problems import MistakesError
from engine.flows.config.words.wording import keep_to_the_law
from engine.flows.versions.view import Follower, View
from engine.ledger.sql import SqlLedger
from engine.ports.metrics import UNMEASURED, Metrics
from engine.speech.library import Library
from engine.speech.voices import Voices
from engine.store.address import parse_address
from engine.store.process import StoreProcess
from engine.store.valkey import ValkeyStore

log = structlog.get_logger(__name__)


def keep_private(folder: Path) -> None:
    """Make a folder that nobody else can look into: Asterisk's logs in it hold phone numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)


def sounds_of(sounds: Path, rendered: Path) -> Library:
    """All prompts' audio, with the voices of this machine and those unpacked beside `rendered`."""
    return Library(sounds, rendered, Voices(rendered.parent / "voices"))


async def follow_the_law(view: View, catalogues: Mapping[str, Catalogue]) -> None:
    """Let no version be in force whose services' texts lack what the law demands; `CallerError` if
    the one there is has such."""

    async def follow(_old: Inventory, new: Inventory) -> None:
        await asyncio.to_thread(keep_to_the_law, new, catalogues)

    await follow(view.inventory(), view.inventory())
    view.subscribe(follow)


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


async def files_of(
    plan: Plan, access: Access, inventory: Inventory
) -> tuple[AsteriskFiles | None, str]:
    """The files of the plan's Asterisk, if they can be changed from here; why it did not take them.

    It is brought to the inventory now: our own has not read the operator's dialplan since it was
    rendered, another may have missed a version. If that is wrong it goes on with what was last
    applied: no typing error keeps the lines from being served.
    """
    folder = plan.asterisk_folder if plan.access else plan.folder / OWN_ASTERISK
    if folder is None:
        return None, ""
    files = AsteriskFiles.opened(folder, plan.own_dialplan, access)
    try:
        outcome = await files.apply(inventory)
    except EngineError as fault:
        log.error("dialplan.not_applied", error=str(fault))
        return files, str(fault)
    if isinstance(outcome, Problems):
        log.error("dialplan.own_refused", problems=str(outcome))
        return files, str(outcome)
    if outcome.refused:
        log.error("dialplan.refused", why=outcome.refused, said=outcome.said)
    return files, "; ".join(outcome.refused)


def reloading(files: AsteriskFiles, *, behind: bool) -> Follower:
    """Lets Asterisk go along with another version; it knows trunks, phones and own dialplan alone.

    The follower raises `CallerError` with what is wrong with the files, or what Asterisk says of
    them; it has its old ones then. `behind`: it has not taken those it began with.
    """

    async def follow(old: Inventory, new: Inventory) -> None:
        nonlocal behind
        if _of_asterisk(old) == _of_asterisk(new) and not behind:
            return
        outcome = await files.apply(new)
        if isinstance(outcome, Problems):
            raise MistakesError(outcome, "dialplan")
        if outcome.refused:
            said = "; ".join((*outcome.refused, *outcome.said))
            raise CallerError(f"Asterisk does not take it: {said}", "dialplan")
        behind = False

    return follow


def _of_asterisk(inventory: Inventory) -> tuple[object, ...]:
    return inventory.trunks, inventory.agents, inventory.own_dialplan


def own_in(folder: Path | None) -> Mapping[str, str] | None:
    """The operator's own dialplan as it lies in his folder; None if it cannot be read."""
    own = read_own(folder)
    if isinstance(own, Problems):
        log.error("dialplan.own_unreadable", problems=str(own))
        return None
    return own
