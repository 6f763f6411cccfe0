"""What `groschen dialplan apply` and `rollback` do: put another own dialplan in force, or nothing.

A version is for every engine; the Asterisk whose files are here is brought to it by the command
itself, as there may be no engine that does.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.app import Books, asterisk_files
from engine.asterisk.etc.files import AsteriskFiles, Report
from engine.asterisk.etc.own import read_own
from engine.cli.books.acts import acted
from engine.cli.books.opening import inventory_in_force
from engine.core.inventory import Inventory
from engine.errors import CallerError
from engine.flows.config import Problems
from engine.flows.dialplan.changing import OwnChanges, Settled
from engine.ports.audit import Detail
from engine.settings import Settings

Change = Callable[[OwnChanges], Awaitable[Settled]]


@dataclass(frozen=True, slots=True)
class Put:
    """What became of it: `settled` is None where no version was to be made, `brought` where the
    Asterisk's files are not here or an engine has refused the version."""

    settled: Settled | None
    brought: Report | None

    @property
    def is_refused(self) -> bool:
        """Whether an engine or the Asterisk here cannot have it."""
        by_engine = self.settled is not None and bool(self.settled.refused)
        return by_engine or (self.brought is not None and bool(self.brought.refused))

    @property
    def is_in_force(self) -> bool:
        """Whether nobody has refused it, and it was not undone meanwhile."""
        return not self.is_refused and (self.settled is None or self.settled.in_force)


async def put_in_force(
    books: Books, settings: Settings, own: Mapping[str, str], change: Change
) -> Put | Problems:
    """Check files, make the `change` that puts them in force, bring the Asterisk here along before
    it is confirmed."""
    reports: list[Report | Problems] = []

    async def bring() -> str:
        reports.append(brought := await bring_along(books, settings))
        return str(brought) if isinstance(brought, Problems) else "; ".join(brought.refused)

    files = _files_here(settings)
    if files is None and not await _living(books)():
        told = "no engine lives and no Asterisk's files are here: nobody could check it"
        raise CallerError(told, "asterisk")
    if files is not None:
        drafted = replace(await inventory_here(books, settings), own_dialplan=own)
        checked = await files.check(drafted)
        if isinstance(checked, Problems):
            return checked
    here = bring if files is not None else None
    settled = await change(OwnChanges(books.configuration, _living(books), books.clock, here))
    brought = reports[-1] if reports else None
    return brought if isinstance(brought, Problems) else Put(settled, brought)


async def put_as_act(
    books: Books, action: str, work: Callable[[], Awaitable[Put | Problems]]
) -> Put | Problems:
    """Change the own dialplan, or what Asterisk has of it, as an act of the audit log."""
    return await acted(books, action, work, told=_told, refused=_fault)


def _told(outcome: Put | Problems) -> Detail:
    if isinstance(outcome, Problems) or outcome.settled is None:
        return {}
    activation = outcome.settled.applied.activation
    return {"version": activation.number, "reason": activation.reason}


def _fault(outcome: Put | Problems) -> str:
    if isinstance(outcome, Problems):
        return "mistakes"
    return "" if outcome.is_in_force else "not_taken"


async def bring_along(books: Books, settings: Settings) -> Report | Problems:
    """Bring the Asterisk here to the version in force; `CallerError` if its files are not here."""
    return await asterisk_files(settings).apply(await inventory_here(books, settings))


async def inventory_here(books: Books, settings: Settings) -> Inventory:
    """The version in force; an own dialplan that is not known yet is that of the folder."""
    inventory = await inventory_in_force(books, settings)
    return inventory if inventory.own_dialplan is not None else with_folder(inventory, settings)


def with_folder(inventory: Inventory, settings: Settings) -> Inventory:
    """With the own dialplan that lies in the operator's folder; `CallerError` if that is none."""
    own = read_own(settings.own_dialplan)
    if isinstance(own, Problems):
        raise CallerError(str(own), "own_dialplan")
    return replace(inventory, own_dialplan=own)


def _files_here(settings: Settings) -> AsteriskFiles | None:
    try:
        return asterisk_files(settings)
    except CallerError:
        return None


def _living(books: Books) -> Callable[[], Awaitable[Sequence[str]]]:
    """The engines that live; none where no store runs, as none lives without one."""

    async def nobody() -> Sequence[str]:
        return ()

    return books.store.living_engines if books.store is not None else nobody
