"""Asterisk's files, checked, changed and put back, while calls go on.

    files = AsteriskFiles.opened(folder, own)
    outcome = await files.apply(inventory)      # Problems: Asterisk has seen nothing of it

An Asterisk is changed like this: everything is rendered and checked; what differs is written to
`etc.new`, then takes the place of the old files one by one, while these are kept in `etc.kept`;
the modules that read the changed files read them again; Asterisk is asked for its dialplan and its
endpoints. If these are not what was rendered, the kept files are put back and read again. A folder
`etc.kept` that is still there tells the next one of a change that was broken off: it counts as one
that Asterisk has not read yet. One change at a time: `apply.lock` is held by whoever is at it.
"""

import asyncio
import contextlib
import fcntl
import json
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from engine.asterisk.ami import Ami
from engine.asterisk.dialplan import Site, render
from engine.asterisk.etc import likeness, rules
from engine.asterisk.etc.changes import OWN_FOLDER, Change, after_restart, changes, readers
from engine.asterisk.etc.faults import Log, refusals
from engine.asterisk.etc.known import APPLICATIONS, FUNCTIONS
from engine.asterisk.etc.own import draft_problems, read_own
from engine.asterisk.etc.plan import Plan, plan_of_own, read_plan
from engine.asterisk.options import answers
from engine.asterisk.process import Access, write_private
from engine.core.inventory import AgentKind, Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config.problems import Mark, Problem, Problems, in_order

LOCK_WITHIN_S = 30.0
LOCK_POLL_S = 0.05
SITE_FILE, ACCESS_FILE = "site.json", "access.json"

_ABSENT = ".absent"
_AWAY = "Unavailable"
"""The state of an endpoint that has nowhere to be called at."""
_ASKED_OF = ("pbx_config", "res_pjsip")
"""Who reads what Asterisk is asked for: it may have something else than its files say."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """Files that have passed every check, and the changes they are to what Asterisk has now."""

    files: Mapping[str, str]
    plan: Plan
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of an apply. `refused` says why Asterisk has its old files again, empty if it
    has the new ones; `said` are its own words; `restart` is what holds only after its next start.
    """

    changes: tuple[Change, ...]
    reloaded: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    said: tuple[str, ...] = ()


class AsteriskFiles:
    """The files of one Asterisk, whose `etc` folder can be written from here."""

    def __init__(self, site: Site, access: Access | None, own: Path | None) -> None:
        """`own` is the operator's folder of dialplan of his own, which is only compared; without
        `access` files can be checked alone."""
        self._site = site
        self._access = access
        self._own = own
        self._folder = Path(site.folder)
        self._etc = self._folder / "etc"
        self._kept = self._folder / "etc.kept"

    @classmethod
    def opened(cls, folder: Path, own: Path | None, access: Access | None = None) -> Self:
        """The files of the Asterisk that lives in `folder`; `access` if it is not ours.

        `CallerError` if no Asterisk was ever rendered there.
        """
        try:
            site = _site_in(folder)
            return cls(site, access or Access.read(folder / ACCESS_FILE), own)
        except FileNotFoundError as missing:
            message = (
                f"{missing.filename} is missing: no Asterisk was started or rendered there yet"
            )
            raise CallerError(message, "asterisk") from None

    @classmethod
    def to_check(cls, folder: Path, own: Path | None, usual: Site) -> Self:
        """The files that can be checked alone: as of the Asterisk that lives in `folder`, or as of
        a `usual` one if none was ever rendered there."""
        if (folder / SITE_FILE).exists():
            return cls(_site_in(folder), None, own)
        return cls(replace(usual, folder=str(folder.absolute())), None, own)

    @property
    def are_there(self) -> bool:
        """Whether an Asterisk was ever rendered here, so that there is something to change."""
        return (self._folder / SITE_FILE).exists()

    async def check(self, inventory: Inventory) -> Rendered | Problems:
        """What would be written, or everything that is wrong with it. Nothing is changed."""
        return await asyncio.to_thread(self._checked, inventory)

    async def apply(self, inventory: Inventory) -> Report | Problems:
        """Bring Asterisk to this inventory, own dialplan and all, or leave it as it is.

        Doing so again changes nothing. `RemoteError` if Asterisk cannot be reached (nothing is
        changed) or is in neither state; `ConflictError` if another apply takes too long.
        """
        async with self._alone():
            checked = await self.check(inventory)
            if isinstance(checked, Problems):
                return checked
            async with self._ami() as ami:
                return await self._changed(ami, checked)

    # --- the operator's own files (`engine.flows.dialplan.own`) --------------------------

    def taken_at(self, inventory: Inventory, sent: str) -> Mark | None:
        """Where the operator's own files take a number, as the trunk sends it, before ours do."""
        return rules.place_of(plan_of_own(self._own_of(inventory)), sent)

    def unapplied(self, inventory: Inventory) -> tuple[str, ...]:
        """The operator's own files that Asterisk has otherwise, or not, or still has: by name."""
        own = self._own_of(inventory)
        return _differing(self._applied_own(), own, self._unread())

    def lying_otherwise(self, inventory: Inventory) -> tuple[str, ...]:
        """The files in the operator's folder that are not those of this version: by name."""
        lying = read_own(self._own)
        if isinstance(lying, Problems):
            return tuple(dict.fromkeys(problem.file for problem in lying))
        return _differing(lying, self._own_of(inventory)) if lying else ()

    async def standing(self, inventory: Inventory) -> Mapping[str, bool]:
        """Which trunks and phones can be reached: asked at a fixed address, else registered."""
        phones = [agent for agent in inventory.agents if agent.kind is AgentKind.PHONE]
        asked = {f"trunk-{trunk.name}": (trunk.host, trunk.port) for trunk in inventory.trunks}
        asked |= {
            f"agent-{phone.name}": split_address(phone.address) for phone in phones if phone.address
        }
        answered = await asyncio.gather(*(answers(*address) for address in asked.values()))
        async with self._ami() as ami:
            states = await ami.endpoints()
        roaming = [f"agent-{phone.name}" for phone in phones if not phone.address]
        registered = {name: states.get(name, _AWAY) != _AWAY for name in roaming}
        return dict(zip(asked, answered, strict=True)) | registered

    # --- checking ------------------------------------------------------------------------

    def _ami(self) -> Ami:
        access = self._access
        if access is None:
            raise CallerError("files that are only checked change no Asterisk", "asterisk")
        return Ami(access.ami_host, access.ami_port, access.ami_user, access.ami_secret)

    def _checked(self, inventory: Inventory) -> Rendered | Problems:
        own = self._own_of(inventory)
        if misnamed := draft_problems(own):
            return misnamed
        names = sorted(name for name in own if name.endswith(".conf"))
        try:
            rendered = render(inventory, self._site, names)
        except CallerError as fault:
            return Problems([Problem.at(Mark("inventory"), "not_allowed", fault.field, str(fault))])
        files = rendered | {f"{OWN_FOLDER}/{name}": words for name, words in own.items()}
        plan = read_plan(files, str(self._etc))
        known = rules.Known(
            applications=APPLICATIONS, functions=FUNCTIONS, has_prompt=self._has_prompt
        )
        found = in_order(rules.problems(plan, known))
        return found or Rendered(files, plan, changes(self._present(files), files))

    def _own_of(self, inventory: Inventory) -> Mapping[str, str]:
        """The own dialplan of a version; where it does not say, what Asterisk has."""
        own = inventory.own_dialplan
        return own if own is not None else self._applied_own()

    def _applied_own(self) -> Mapping[str, str]:
        here = f"{OWN_FOLDER}/"
        return {
            name.removeprefix(here): words
            for name, words in self._present({}).items()
            if name.startswith(here)
        }

    def _has_prompt(self, name: str) -> bool | None:
        """Whether a prompt is there in any form of audio; None if its folder cannot be seen."""
        sounds = Path(self._site.data_dir) / "sounds"
        if not name.startswith("/") and not sounds.is_dir():
            return None
        return any(
            path.name.startswith(f"{Path(name).name}.")
            for folder in (sounds / "en", sounds)
            for path in _entries((folder / name).parent)
        )

    def _present(self, wanted: Mapping[str, str]) -> dict[str, str]:
        """The files that are ours to change, as they are now."""
        own = {f"{OWN_FOLDER}/{path.name}" for path in _entries(self._etc / OWN_FOLDER)}
        found = {}
        for name in sorted({*wanted, *own}):
            with contextlib.suppress(FileNotFoundError):
                found[name] = (self._etc / name).read_text(errors="replace")
        return found

    # --- changing ------------------------------------------------------------------------

    async def _changed(self, ami: Ami, wanted: Rendered) -> Report:
        before = self._present(wanted.files)
        unread = self._unread()
        modules = readers([*(change.file for change in wanted.changes), *unread])
        log = Log(self._folder / "log" / "messages.log")
        self._swap(wanted)
        why = await self._read_again(ami, modules, wanted)
        if why and not modules:
            modules = _ASKED_OF
            why = await self._read_again(ami, modules, wanted)
        said = await log.faults(wait=bool(why))
        why = why or refusals(said)
        if why:
            await self._put_back(ami, modules)
            return Report(changes=wanted.changes, refused=why, said=said)
        shutil.rmtree(self._kept, ignore_errors=True)
        restart = after_restart(before, wanted.files)
        return Report(changes=wanted.changes, reloaded=modules, restart=restart, said=said)

    def _unread(self) -> list[str]:
        """The files of a change that was broken off before Asterisk was asked about it."""
        kept = (path for path in self._kept.rglob("*") if path.is_file())
        return [path.relative_to(self._kept).as_posix().removesuffix(_ABSENT) for path in kept]

    def _swap(self, wanted: Rendered) -> None:
        """Put the new files in the place of the old, each whole; the old ones are kept."""
        fresh = self._folder / "etc.new"
        shutil.rmtree(fresh, ignore_errors=True)
        for folder in (fresh, self._kept, self._etc):
            (folder / OWN_FOLDER).mkdir(parents=True, exist_ok=True)
        for change in wanted.changes:
            if change.kind != "removed":
                write_private(fresh / change.file, wanted.files[change.file])
        for change in wanted.changes:
            self._keep(change.file)
            if change.kind == "removed":
                (self._etc / change.file).unlink()
            else:
                (fresh / change.file).replace(self._etc / change.file)
        shutil.rmtree(fresh)

    def _keep(self, name: str) -> None:
        """Keep a file as Asterisk last had it; what a broken-off change kept is older and stays."""
        kept, absent = self._kept / name, self._kept / f"{name}{_ABSENT}"
        if kept.exists() or absent.exists():
            return
        try:
            write_private(kept, (self._etc / name).read_text(errors="replace"))
        except FileNotFoundError:
            absent.touch()

    async def _read_again(
        self, ami: Ami, modules: tuple[str, ...], wanted: Rendered
    ) -> tuple[str, ...]:
        """Let the modules read; gives what Asterisk then has otherwise than wanted."""
        try:
            for module in modules:
                await ami.reload(module)
            return await _differences(ami, wanted.plan, wanted.files["pjsip.conf"])
        except RemoteError as fault:
            return (str(fault),)

    async def _put_back(self, ami: Ami, modules: tuple[str, ...]) -> None:
        """The kept files again. `RemoteError` if Asterisk is not as it was before."""
        for name in self._unread():
            kept = self._kept / name
            if kept.exists():
                write_private(self._etc / name, kept.read_text(errors="replace"))
            else:
                (self._etc / name).unlink(missing_ok=True)
        for module in modules:
            await ami.reload(module)
        old = self._present(dict.fromkeys(_names(self._etc), ""))
        plan = read_plan(old, str(self._etc))
        if left := await _differences(ami, plan, old["pjsip.conf"]):
            raise RemoteError(f"Asterisk has neither state: {'; '.join(left)}", retryable=False)
        shutil.rmtree(self._kept)

    # --- the lock ------------------------------------------------------------------------

    @asynccontextmanager
    async def _alone(self) -> AsyncIterator[None]:
        with (self._folder / "apply.lock").open("w") as lock:
            try:
                async with asyncio.timeout(LOCK_WITHIN_S):
                    while not _locked(lock.fileno()):  # noqa: ASYNC110 - another process holds it
                        await asyncio.sleep(LOCK_POLL_S)
            except TimeoutError:
                raise ConflictError("another apply to this Asterisk is under way") from None
            yield


async def _differences(ami: Ami, plan: Plan, pjsip: str) -> tuple[str, ...]:
    """What Asterisk has otherwise than in the files."""
    names = await ami.endpoints()
    details = {name: await ami.endpoint(name) for name in names}
    return (
        *likeness.dialplan_differences(plan, await ami.dialplan()),
        *likeness.endpoint_differences(likeness.endpoints(pjsip), details),
    )


def _site_in(folder: Path) -> Site:
    return Site(**json.loads((folder / SITE_FILE).read_text()))


def _differing(
    have: Mapping[str, str], want: Mapping[str, str], unread: Sequence[str] = ()
) -> tuple[str, ...]:
    """The own files that differ, or were not read, by name."""
    names = {name for name in {*have, *want} if have.get(name) != want.get(name)}
    here = f"{OWN_FOLDER}/"
    names |= {name.removeprefix(here) for name in unread if name.startswith(here)}
    return tuple(sorted(names))


def split_address(address: str) -> tuple[str, int]:
    """Host and port of a phone's address; brackets around IPv6 left out."""
    host, _, port = address.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _entries(folder: Path) -> list[Path]:
    """The files of a folder; none if it cannot be looked into."""
    try:
        return [path for path in folder.iterdir() if path.is_file()]
    except OSError:
        return []


def _names(etc: Path) -> list[str]:
    return [path.relative_to(etc).as_posix() for path in _entries(etc)]


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
