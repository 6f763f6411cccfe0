"""The operator's files as numbered versions: compared, applied, confirmed, rolled back.

A draft with one mistake in it changes nothing. What nobody confirmed in time is undone here too, by
whoever looks first: an engine, or the next command.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from engine.core.inventory import Inventory
from engine.core.numbers.number import Status
from engine.errors import CallerError, ConflictError
from engine.flows.config import Asker, Problems, content_hash, parse, read
from engine.flows.config.folder import MOST_FILES, is_one
from engine.flows.config.providers import Forms
from engine.flows.numbers.numbering import every_number
from engine.flows.versions.changes import EntryChange, FileChange, entry_changes, file_changes
from engine.ports.clock import Clock
from engine.ports.numbers import NumberFilter, Numbers
from engine.ports.versions import Activation, Cause, Draft, EngineView, Order, Version, Versions

BYTES_MOST = 5_000_000
"""All files of a version together."""

CONFIRM_WITHIN_LEAST_MS = 5_000
CONFIRM_WITHIN_MOST_MS = 24 * 3_600_000
AUTHOR_CHARS_MOST = 100
REASON_CHARS_MOST = 500
LISTED_MOST = 200

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Why:
    """Who wants a change, and the reason for the history."""

    author: str
    reason: str


@dataclass(frozen=True, slots=True)
class InForce:
    """The version in force, and since which activation."""

    activation: Activation
    version: Version


@dataclass(frozen=True, slots=True)
class Comparison:
    """What files would change of version `base` (0: there is none yet).

    `entries` is empty and `after` None where the files have `problems`.
    """

    base: int
    files: tuple[FileChange, ...]
    entries: tuple[EntryChange, ...]
    problems: Problems | None
    before: Inventory
    after: Inventory | None


@dataclass(frozen=True, slots=True)
class Applied:
    """What is in force after `apply`; not new if the files were in force already."""

    activation: Activation
    is_new: bool


class Configuration:
    """All versions, as an operator works with them; `forms` are the payment providers there are.

    Where an `organisation` wants a change, its services may only have numbers that they have in
    force, or that are its own in the stock and take calls. The operator may write any.

    Raises `CallerError` with the field for a wish that is none, `ConflictError` where what is in
    force has changed meanwhile, `RemoteError` if the books do not answer.
    """

    def __init__(self, versions: Versions, clock: Clock, forms: Forms, numbers: Numbers) -> None:
        self._versions = versions
        self._clock = clock
        self._forms = forms
        self._numbers = numbers

    async def active(self) -> Activation | None:
        """The activation in force, after undoing one that nobody confirmed in time."""
        last = await self._versions.active()
        if last is None or not last.is_over(self._clock.now().wall_ms):
            return last
        undone = await self._versions.undo(self._clock.now().wall_ms)
        if undone is not None:
            log.warning("config.undone", version=undone.previous, back_to=undone.number)
        return await self._versions.active()

    async def in_force(self) -> InForce | None:
        """The version in force, None before the first."""
        last = await self.active()
        return None if last is None else InForce(last, await self.version(last.number))

    async def version(self, number: int) -> Version:
        """A version; `CallerError` if there is none of this number."""
        found = await self._versions.version(number)
        if found is None:
            raise CallerError(f"there is no version {number}", "number")
        return found

    async def inventory(self, version: Version) -> Inventory:
        """What a version says; `CallerError` if this release cannot read it any more."""
        read_in = await self._parse(_bytes(version.files), version.number)
        if isinstance(read_in, Problems):
            told = f"version {version.number} cannot be read by this release: {read_in}"
            raise CallerError(told, "number")
        return read_in

    async def compare(
        self, sources: Mapping[str, bytes], organisation: str | None = None
    ) -> Comparison:
        """What files would change of what is in force, and what is wrong with them."""
        current = await self.in_force()
        old = None if current is None else current.version
        return await self._against(old, sources, organisation)

    async def between(self, older: int, newer: int) -> Comparison:
        """What one version has otherwise than another; `CallerError` if there is no such one."""
        files = _bytes((await self.version(newer)).files)
        return await self._against(await self.version(older), files)

    async def _against(
        self, old: Version | None, sources: Mapping[str, bytes], organisation: str | None = None
    ) -> Comparison:
        base, texts = Inventory(version=0), dict[str, str]()
        if old is not None:
            base, texts = await self.inventory(old), dict(old.files)
        asker = await self._asker(organisation, base)
        after = await self._parse(sources, base.version + 1, asker)
        drafted = {name: content.decode(errors="replace") for name, content in sources.items()}
        return Comparison(
            base=base.version,
            files=tuple(await asyncio.to_thread(lambda: [*file_changes(texts, drafted)])),
            entries=() if isinstance(after, Problems) else tuple(entry_changes(base, after)),
            problems=after if isinstance(after, Problems) else None,
            before=base,
            after=None if isinstance(after, Problems) else after,
        )

    async def apply(
        self,
        sources: Mapping[str, bytes],
        based_on: int,
        why: Why,
        confirm_within_ms: int | None = None,
        organisation: str | None = None,
    ) -> Applied | Problems:
        """Put files in force as the next version, or tell every mistake in them.

        With `confirm_within_ms` the version is undone by itself unless it is confirmed.
        """
        order = self._order(why, confirm_within_ms)
        _check_files(sources)
        current = await self.in_force()
        asker = None
        if organisation is not None and current is not None:
            asker = await self._asker(organisation, await self.inventory(current.version))
        problems = await self._parse(sources, based_on + 1, asker)
        if isinstance(problems, Problems):
            return problems
        hashed = content_hash(sources)
        if current is not None and current.version.content_hash == hashed:
            return Applied(current.activation, is_new=False)
        if current is None and confirm_within_ms is not None:
            raise CallerError("there is no version before that could come back", "confirm_within")
        texts = {name: content.decode() for name, content in sources.items()}
        draft = Draft(based_on=based_on, content_hash=hashed, files=texts)
        made = await self._versions.apply(draft, order)
        log.info("config.applied", version=made.number, based_on=based_on, author=why.author)
        return Applied(made, is_new=True)

    async def confirm(self, number: int | None, author: str) -> Activation:
        """Let the version in force stay; `number` says which one is meant.

        `ConflictError` without a number if none waits: the one that did may have been undone.
        """
        last = await self._last()
        if number is None and last.confirm_by_ms is None:
            gone = f", version {last.previous} was undone" if last.cause is Cause.UNDONE else ""
            raise ConflictError(f"no version waits to be confirmed{gone}")
        order = self._order(Why(author, "confirmed"))
        return await self._versions.confirm(number or last.number, order)

    async def roll_back(self, number: int | None, why: Why) -> Activation:
        """Put an older version in force again; without `number` that which this one was made from.

        So going back once more goes further back, never forth to what was left.
        """
        order = self._order(why)
        wanted = number or (await self.version((await self._last()).number)).based_on
        if not wanted:
            raise CallerError("there is no version before", "number")
        await self.inventory(await self.version(wanted))
        made = await self._versions.roll_back(wanted, order)
        log.info("config.rolled_back", version=made.number, author=why.author)
        return made

    async def history(self, before: int | None = None, most: int = 50) -> Sequence[Activation]:
        """The last activations, newest first."""
        await self.active()
        return await self._versions.history(before, min(most, LISTED_MOST))

    async def views(self) -> Sequence[EngineView]:
        """How every engine stands."""
        return await self._versions.views()

    async def show(self, view: EngineView) -> None:
        """Tell the others how an engine stands."""
        await self._versions.show(view)

    async def hide(self, engine: str) -> None:
        """Tell nothing of an engine any more: it ends."""
        await self._versions.hide(engine)

    async def _last(self) -> Activation:
        last = await self.active()
        if last is None:
            raise ConflictError("there is no version yet")
        return last

    async def _parse(
        self, sources: Mapping[str, bytes], number: int, asker: Asker | None = None
    ) -> Inventory | Problems:
        return await asyncio.to_thread(parse, sources, number, self._forms, asker)

    async def _asker(self, organisation: str | None, base: Inventory) -> Asker | None:
        """Who wants a change of what is in force, and the numbers his services may have."""
        if organisation is None:
            return None
        services = [one for one in base.services if one.organisation == organisation]
        active = NumberFilter(organisation=organisation, status=Status.ACTIVE)
        stocked = {number.e164 async for number in every_number(self._numbers, active)}
        return Asker(organisation, frozenset(stocked.union(*(one.dids for one in services))))

    def _order(self, why: Why, confirm_within_ms: int | None = None) -> Order:
        for field, text, most in (
            ("author", why.author, AUTHOR_CHARS_MOST),
            ("reason", why.reason, REASON_CHARS_MOST),
        ):
            if not text.isprintable() or not 0 < len(text.strip()) <= most:
                raise CallerError(f"must be 1 to {most} printable characters", field)
        now_ms = self._clock.now().wall_ms
        confirm_by_ms = None
        if confirm_within_ms is not None:
            if not CONFIRM_WITHIN_LEAST_MS <= confirm_within_ms <= CONFIRM_WITHIN_MOST_MS:
                raise CallerError("must be 5 seconds to 24 hours", "confirm_within")
            confirm_by_ms = now_ms + confirm_within_ms
        return Order(
            author=why.author.strip(),
            reason=why.reason.strip(),
            at_ms=now_ms,
            confirm_by_ms=confirm_by_ms,
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """What an engine begins with; `differs` if the folder's files are not those in force."""

    activation: Activation
    inventory: Inventory
    differs: bool


async def begin(configuration: Configuration, folder: Path, engine: str) -> Opening:
    """The version in force; without one the folder's files become the first.

    `CallerError` with every mistake, if there is none and the files cannot be one. Files that
    differ from what is in force change nothing.
    """
    sources = read(folder)
    current = await configuration.in_force()
    if current is None:
        await _apply_first(configuration, sources, engine)
        current = await configuration.in_force()
        assert current is not None
    inventory = await configuration.inventory(current.version)
    differs = isinstance(sources, Problems) or content_hash(sources) != current.version.content_hash
    if differs:
        log.warning("config.folder_differs", folder=str(folder), in_force=current.version.number)
    return Opening(current.activation, inventory, differs)


async def _apply_first(
    configuration: Configuration, sources: Mapping[str, bytes] | Problems, engine: str
) -> None:
    why = Why(f"engine:{engine}", "the files of the first start")
    try:
        applied = (
            sources if isinstance(sources, Problems) else await configuration.apply(sources, 0, why)
        )
    except ConflictError:
        # Another engine was faster: what it began with is in force.
        return
    if isinstance(applied, Problems):
        raise CallerError(str(applied), "config")


def _check_files(sources: Mapping[str, bytes]) -> None:
    """Refuse what could not be written into a folder again."""
    if not 0 < len(sources) <= MOST_FILES:
        raise CallerError(f"must be 1 to {MOST_FILES}", "files")
    for name in sources:
        if not is_one(name):
            raise CallerError("must be named NAME.yaml", f"files.{name!r}")
    if sum(map(len, sources.values())) > BYTES_MOST:
        raise CallerError(f"must have at most {BYTES_MOST} bytes together", "files")


def _bytes(files: Mapping[str, str]) -> Mapping[str, bytes]:
    return {name: text.encode() for name, text in files.items()}
