"""The operator's files as numbered versions: compared, applied, confirmed, rolled back.

A draft with one mistake in it changes nothing. What nobody confirmed in time is undone here too, by
whoever looks first: an engine, or the next command.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import structlog

from engine.core.inventory import Inventory
from engine.errors import CallerError, ConflictError
from engine.flows import hearing
from engine.flows.config import Problems, content_hash, read, unsaid_problems
from engine.flows.config.folder import MOST_FILES, is_one
from engine.flows.config.problems import MistakesError
from engine.flows.config.providers import Forms
from engine.flows.config.words.wording import Texts
from engine.flows.versions import proposing
from engine.flows.versions.changes import EntryChange, FileChange, entry_changes, file_changes
from engine.flows.versions.judging import Judge, as_bytes
from engine.ports.clock import Clock
from engine.ports.numbers import Numbers
from engine.ports.speech import Sounds
from engine.ports.versions import (
    Activation,
    Answer,
    Cause,
    Draft,
    EngineView,
    Order,
    Unsaid,
    Version,
    Versions,
)

BYTES_MOST = 5_000_000
"""All files of a version together."""

OWN_BYTES_MOST = 1_000_000
"""All files of an own dialplan together; each version keeps them whole."""

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

    `entries` is empty and `after` None where the files have `problems`. `own` is what differs in
    the own dialplan: between two versions alone, as files leave it as it is.
    """

    base: int
    files: tuple[FileChange, ...]
    entries: tuple[EntryChange, ...]
    problems: Problems | None
    before: Inventory
    after: Inventory | None
    own: tuple[FileChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Applied:
    """What is in force after `apply`; not new if the files were in force already."""

    activation: Activation
    is_new: bool


class Configuration:
    """All versions, as an operator works with them; `forms` are the payment providers there are,
    `sounds` what an engine that looks at drafts can say itself, `texts` the words of announcements.

    Where an `organisation` wants a change, all that is not its own stays as it is in force, and its
    services may only have numbers that they have in force, or that are its own in the stock and
    take calls. The operator may write any.

    Raises `CallerError` with the field for a wish that is none, `ConflictError` where what is in
    force has changed meanwhile, `RemoteError` if the books do not answer.
    """

    def __init__(
        self,
        versions: Versions,
        clock: Clock,
        forms: Forms,
        numbers: Numbers,
        sounds: Sounds | None = None,
        texts: Texts = dict,
    ) -> None:
        self._versions = versions
        self._clock = clock
        self._judge = Judge(forms, numbers, texts)
        self._sounds = sounds

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
        read_in = await self._judge.read(version.files, version.number)
        if isinstance(read_in, Problems):
            about = f"version {version.number} cannot be read by this release: "
            raise MistakesError(read_in, "number", about)
        return replace(read_in, own_dialplan=version.own)

    async def compare(
        self, sources: Mapping[str, bytes], organisation: str | None = None
    ) -> Comparison:
        """What files would change of what is in force, and what is wrong with them: also what this
        very engine could not say."""
        current = await self.in_force()
        old = None if current is None else current.version
        base = await self._base(old)
        asker = await self._judge.asker(organisation, base, {} if old is None else old.files)
        after = await self._judge.judged(sources, base.version + 1, asker)
        found = await _compared(old, base, sources, after)
        if self._sounds is None or found.after is None:
            return found
        look = partial(hearing.foreseen, found.before, found.after, self._sounds)
        unsaid = await asyncio.to_thread(look)
        problems = await self._placed(sources, unsaid)
        return replace(found, entries=(), problems=problems, after=None) if problems else found

    async def between(self, older: int, newer: int) -> Comparison:
        """What one version has otherwise than another; `CallerError` if there is no such one."""
        old, new = await self.version(older), await self.version(newer)
        own = file_changes(old.own or {}, new.own or {})
        base, after = await self._base(old), await self._judge.read(new.files, older + 1)
        return replace(await _compared(old, base, as_bytes(new.files), after), own=tuple(own))

    async def _base(self, old: Version | None) -> Inventory:
        return Inventory(version=0) if old is None else await self.inventory(old)

    async def apply(
        self,
        sources: Mapping[str, bytes],
        based_on: int,
        why: Why,
        confirm_within_ms: int | None = None,
        organisation: str | None = None,
    ) -> Applied | Problems:
        """Put files in force as the next version, or tell every mistake in them.

        Engines that live prepare it first: what one of them cannot say is a mistake too. With
        `confirm_within_ms` the version is undone by itself unless it is confirmed.
        """
        _check_why(why, confirm_within_ms)
        _check_files(sources)
        current = await self.in_force()
        asker = None
        if organisation is not None:
            old = None if current is None else current.version
            files = {} if old is None else old.files
            asker = await self._judge.asker(organisation, await self._base(old), files)
        read_in = await self._judge.judged(sources, based_on + 1, asker)
        if isinstance(read_in, Problems):
            return read_in
        hashed = content_hash(sources)
        if current is not None and current.version.content_hash == hashed:
            return Applied(current.activation, is_new=False)
        if current is None and confirm_within_ms is not None:
            raise CallerError("there is no version before that could come back", "confirm_within")
        texts = {name: content.decode() for name, content in sources.items()}
        draft = Draft(based_on=based_on, content_hash=hashed, files=texts)
        unsaid: Sequence[Unsaid] = ()
        if current is not None:
            if await self._is_unchanged(based_on, current.version, "content_hash"):
                draft = replace(draft, based_on=current.version.number)
                unsaid = await self._unsaid(current, texts, read_in)
            draft = replace(draft, own=current.version.own, own_hash=current.version.own_hash)
        problems = await self._placed(sources, unsaid)
        if problems is not None:
            return problems
        return await self._made(draft, self._order(why, confirm_within_ms))

    async def apply_own(
        self,
        own: Mapping[str, str],
        based_on: int,
        why: Why,
        confirm_within_ms: int | None = None,
        restores: int = 0,
    ) -> Applied:
        """Put another own dialplan in force, all else as it is; each engine checks it itself.

        `restores` is the version whose it was, if it is brought back. `ConflictError` if it was
        changed since version `based_on`, or there is none yet.
        """
        _check_why(why, confirm_within_ms)
        if sum(len(text.encode()) for text in own.values()) > OWN_BYTES_MOST:
            raise CallerError(f"must have at most {OWN_BYTES_MOST} bytes together", "files")
        current = await self.in_force()
        if current is None:
            raise ConflictError("there is no version yet")
        version, hashed = current.version, content_hash(as_bytes(own))
        if version.own_hash == hashed:
            return Applied(current.activation, is_new=False)
        if not await self._is_unchanged(based_on, version, "own_hash"):
            told = f"the own dialplan was changed since version {based_on}"
            raise ConflictError(f"{told}: version {version.number} is in force")
        draft = Draft(
            based_on=version.number,
            content_hash=version.content_hash,
            files=version.files,
            own=own,
            own_hash=hashed,
            restores=restores,
        )
        return await self._made(draft, self._order(why, confirm_within_ms))

    async def adopt_own(self, own: Mapping[str, str]) -> None:
        """Let the versions that do not know their own dialplan yet have this one."""
        await self._versions.adopt_own(own, content_hash(as_bytes(own)))
        log.info("config.own_adopted", files=sorted(own))

    async def confirm(self, number: int | None, author: str) -> Activation:
        """Let the version in force stay; `number` says which one is meant.

        `ConflictError` without a number if none waits: the one that did may have been undone.
        """
        last = await self._last()
        if number is None and last.confirm_by_ms is None:
            gone = f", version {last.previous} was undone" if last.cause is Cause.UNDONE else ""
            raise ConflictError(f"no version waits to be confirmed{gone}")
        why = Why(author, "confirmed")
        _check_why(why)
        order = self._order(why)
        return await self._versions.confirm(number or last.number, order)

    async def roll_back(
        self, number: int | None, why: Why, replaces: int | None = None
    ) -> Activation:
        """Put an older version in force again; without `number` that which this one was made from.

        So going back once more goes further back, never forth to what was left. `CallerError` where
        its announcements lack what the law demands, or an engine can say it no more;
        `ConflictError` if the activation `replaces` (that of now, if not given) is not the last
        one, or another comes while the engines prepare.
        """
        _check_why(why)
        last = await self._last()
        if replaces not in (None, last.activation):
            raise ConflictError(f"meanwhile version {last.number} was put in force")
        current = InForce(last, await self.version(last.number))
        wanted = number or current.version.based_on
        if not wanted:
            raise CallerError("there is no version before", "number")
        version = await self.version(wanted)
        inventory = await self.inventory(version)
        # The same files again (another own dialplan) are refused by no engine that runs with them.
        if version.content_hash != current.version.content_hash:
            judged = await self._judge.wanted_again(version.files, wanted)
            if isinstance(judged, Problems):
                about = f"version {wanted} cannot be put in force again: "
                raise MistakesError(judged, "number", about)
        unsaid = await self._unsaid(current, version.files, inventory)
        if unsaid:
            raise hearing.UnsaidError(unsaid, "number")
        made = await self._versions.roll_back(wanted, last.activation, self._order(why))
        log.info("config.rolled_back", version=made.number, author=why.author)
        return made

    async def history(self, before: int | None = None, most: int = 50) -> Sequence[Activation]:
        """The last activations, newest first."""
        await self.active()
        return await self._versions.history(before, min(most, LISTED_MOST))

    async def proposals(self) -> Sequence[int]:
        """What engines are to prepare."""
        return await self._versions.proposals()

    async def proposed(self, proposal: int) -> Inventory | Problems | None:
        """What a proposal says; None if it is gone."""
        files = await self._versions.proposed(proposal)
        return None if files is None else await self._judge.read(files, 0)

    async def answer(self, answer: Answer) -> None:
        """Say how far an engine is with a proposal."""
        await self._versions.answer(answer)

    async def _unsaid(
        self, current: InForce, files: Mapping[str, str], wanted: Inventory
    ) -> Sequence[Unsaid]:
        """Have the engines that live prepare what a version adds; what one of them cannot say."""
        views = await self._versions.views()
        if not views:
            return ()
        said_now = hearing.sentences(await self.inventory(current.version))
        if hearing.sentences(wanted) <= said_now:
            return ()
        engines = {view.engine for view in views}
        unsaid = await proposing.unsaid(self._versions, self._clock, files, engines)
        # An engine that lags compares with an older version: what is in force is nobody's mistake.
        return [one for one in unsaid if (one.lang, one.key) not in said_now]

    async def _placed(
        self, sources: Mapping[str, bytes], unsaid: Sequence[Unsaid]
    ) -> Problems | None:
        if not unsaid:
            return None
        return await asyncio.to_thread(unsaid_problems, sources, unsaid)

    async def own_history(self, before: int | None = None, most: int = 50) -> Sequence[Activation]:
        """The last activations by which the own dialplan became another one, newest first."""
        await self.active()
        return await self._versions.own_history(before, min(most, LISTED_MOST))

    async def own_before(self) -> int:
        """The version whose own dialplan was there before that in force came, 0 if there is none.

        As in `roll_back`, going back once more goes further back, never forth to what was left.
        """
        last = await self.active()
        return 0 if last is None else await self._versions.own_before(last.number)

    async def views(self) -> Sequence[EngineView]:
        """How every engine stands."""
        return await self._versions.views()

    async def show(self, view: EngineView) -> None:
        """Tell the others how an engine stands."""
        await self._versions.show(view)

    async def hide(self, engine: str) -> None:
        """Tell nothing of an engine any more: it ends."""
        await self._versions.hide(engine)

    async def _made(self, draft: Draft, order: Order) -> Applied:
        made = await self._versions.apply(draft, order)
        told = {"version": made.number, "based_on": draft.based_on, "author": order.author}
        log.info("config.applied", **told)
        return Applied(made, is_new=True)

    async def _is_unchanged(self, number: int, now: Version, part: str) -> bool:
        """Whether a part of the version in force is that of version `number`, named by its hash."""
        if number >= now.number:
            return number == now.number
        then = await self._versions.version(number)
        return then is not None and getattr(then, part) == getattr(now, part)

    async def _last(self) -> Activation:
        last = await self.active()
        if last is None:
            raise ConflictError("there is no version yet")
        return last

    def _order(self, why: Why, confirm_within_ms: int | None = None) -> Order:
        now_ms = self._clock.now().wall_ms
        return Order(
            author=why.author.strip(),
            reason=why.reason.strip(),
            at_ms=now_ms,
            confirm_by_ms=None if confirm_within_ms is None else now_ms + confirm_within_ms,
        )


async def _compared(
    old: Version | None,
    base: Inventory,
    sources: Mapping[str, bytes],
    after: Inventory | Problems,
) -> Comparison:
    texts = dict(old.files) if old is not None else {}
    drafted = {name: content.decode(errors="replace") for name, content in sources.items()}
    return Comparison(
        base=base.version,
        files=tuple(await asyncio.to_thread(lambda: [*file_changes(texts, drafted)])),
        entries=() if isinstance(after, Problems) else tuple(entry_changes(base, after)),
        problems=after if isinstance(after, Problems) else None,
        before=base,
        after=None if isinstance(after, Problems) else after,
    )


@dataclass(frozen=True, slots=True)
class Opening:
    """What an engine begins with; `differs` if the folder's files are not those in force."""

    activation: Activation
    inventory: Inventory
    differs: bool


async def begin(
    configuration: Configuration,
    folder: Path,
    engine: str,
    own: Mapping[str, str] | None = None,
) -> Opening:
    """The version in force; without one the folder's files become the first.

    `own` are the files in the folder of the own dialplan, None if they cannot be read: they become
    that of the versions which do not know theirs yet. `CallerError` with every mistake, if there
    is no version and the files cannot be one. Files that differ from what is in force change
    nothing.
    """
    sources = read(folder)
    current = await configuration.in_force()
    if current is None:
        await _apply_first(configuration, sources, engine)
        current = await configuration.in_force()
        assert current is not None
    if own is not None and current.version.own is None:
        await configuration.adopt_own(own)
        current = InForce(current.activation, await configuration.version(current.version.number))
    inventory = await configuration.inventory(current.version)
    differs = isinstance(sources, Problems) or content_hash(sources) != current.version.content_hash
    if differs:
        log.warning("config.folder_differs", folder=str(folder), in_force=current.version.number)
    if own and own != current.version.own:
        log.warning("dialplan.folder_differs", in_force=current.version.number)
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


def _check_why(why: Why, confirm_within_ms: int | None = None) -> None:
    for field, text, most in (
        ("author", why.author, AUTHOR_CHARS_MOST),
        ("reason", why.reason, REASON_CHARS_MOST),
    ):
        if not text.isprintable() or not 0 < len(text.strip()) <= most:
            raise CallerError(f"must be 1 to {most} printable characters", field)
    if confirm_within_ms is not None and not (
        CONFIRM_WITHIN_LEAST_MS <= confirm_within_ms <= CONFIRM_WITHIN_MOST_MS
    ):
        raise CallerError("must be 5 seconds to 24 hours", "confirm_within")


def _check_files(sources: Mapping[str, bytes]) -> None:
    """Refuse what could not be written into a folder again."""
    if not 0 < len(sources) <= MOST_FILES:
        raise CallerError(f"must be 1 to {MOST_FILES}", "files")
    for name in sources:
        if not is_one(name):
            raise CallerError("must be named NAME.yaml", f"files.{name!r}")
    if sum(map(len, sources.values())) > BYTES_MOST:
        raise CallerError(f"must have at most {BYTES_MOST} bytes together", "files")
