"""The operator's own dialplan beside ours, in the editor; nothing reaches Asterisk unchecked.

It is part of each version of the configuration: what is applied here, every engine brings to its
Asterisk, or nobody has it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError, ConflictError
from engine.flows.config import Problem, Problems, content_hash
from engine.flows.dialplan.changing import OwnChanges, Settled
from engine.flows.dialplan.own import OwnDialplan
from engine.flows.versions.changes import FileChange, file_changes
from engine.flows.versions.configuration import InForce, Why
from engine.web.console.asked import Asked
from engine.web.console.forms.files import files_typed
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration import drafting
from engine.web.console.route import Handler, Route, Subject, Whose

HERE = "/console/dialplan"
WITHIN = "own.d/"
"""The folder in which Asterisk has the files, and by which the check names them."""
HISTORY_ROWS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Files as they were typed, and the version they were made from.

    `changes` are those of the own dialplan in force, `meanwhile` what others have changed since.
    """

    files: Mapping[str, str]
    based_on: int
    problems: Sequence[Problem] = ()
    changes: Sequence[FileChange] = ()
    meanwhile: Sequence[FileChange] = ()

    @property
    def seen(self) -> str:
        """Names what was looked at."""
        return content_hash(drafting.as_bytes(self.files))

    @property
    def can_be_applied(self) -> bool:
        """Whether it changes something, has no mistake and is up to date."""
        return bool(self.changes) and not self.problems and not self.meanwhile


async def show(asked: Asked) -> web.StreamResponse:
    """The files in force, and what was before."""
    current = await asked.site.configuration.in_force()
    if asked.site.dialplan is None or current is None:
        return asked.render("dialplan/none.html", current=current)
    return await _page(asked, current, None)


async def show_difference(asked: Asked) -> web.StreamResponse:
    """What one version's own dialplan has otherwise than that of another."""
    configuration = asked.site.configuration
    current = await drafting.in_force(asked)
    new = await configuration.version(_whole(asked.wanted("new", 9)) or current.version.number)
    old = await configuration.version(_whole(asked.wanted("old", 9)) or new.based_on or new.number)
    changes = list(file_changes(old.own or {}, new.own or {}))
    return asked.render("dialplan/difference.html", versions=(old, new), changes=changes)


async def check(asked: Asked) -> web.StreamResponse:
    """What was typed, what it would change, what is wrong with it."""
    current = await drafting.in_force(asked)
    return await _page(asked, current, await _look_at(asked, current))


async def apply(asked: Asked) -> web.StreamResponse:
    """Let every Asterisk have what was looked at, or none of them."""
    current = await drafting.in_force(asked)
    draft = await _look_at(asked, current)
    if asked.typed("seen") != draft.seen or draft.problems:
        return await _page(asked, current, draft)
    why, within_ms = Why(asked.user.name, asked.typed("reason")), drafting.confirm_within_ms(asked)
    asked.note(based_on=draft.based_on, reason=why.reason)
    return _told(asked, await _changes(asked).apply(draft.files, draft.based_on, why, within_ms))


async def restore(asked: Asked) -> web.StreamResponse:
    """Put the own dialplan of an older version in force again, if Asterisk still takes it."""
    number = _whole(asked.typed("number", 9))
    reason = asked.typed("reason") or asked.texts("dialplan.restored_reason", number=number)
    asked.note(restored=number, reason=reason)
    wanted = await asked.site.configuration.version(number)
    inventory = replace(asked.site.inventory(), own_dialplan=wanted.own)
    outcome = await _dialplan(asked).check(inventory)
    if isinstance(outcome, Problems):
        raise CallerError(str(outcome), "number")
    return _told(asked, await _changes(asked).restore(number, Why(asked.user.name, reason)))


def _told(asked: Asked, settled: Settled) -> web.Response:
    """Go on after a change; `CallerError` if an engine has refused it, or it was undone."""
    number = settled.applied.activation.number
    asked.note(version=number)
    if settled.refused:
        said = "; ".join(f"{view.engine}: {view.why(asked.texts.lang)}" for view in settled.refused)
        raise CallerError(asked.texts("dialplan.taken_back", said=said), "files")
    if not settled.in_force:
        raise CallerError(asked.texts("dialplan.undone", number=number), "confirm_within")
    if missing := (*settled.waiting, *settled.apart):
        names = ", ".join(missing)
        return asked.done(HERE, "dialplan.applied_partly", number=number, engines=names)
    return asked.done(HERE, "dialplan.applied", number=number)


def _dialplan(asked: Asked) -> OwnDialplan:
    if asked.site.dialplan is None:
        raise ConflictError("there is no Asterisk whose files can be changed from here")
    return asked.site.dialplan


def _changes(asked: Asked) -> OwnChanges:
    site = asked.site
    return OwnChanges(site.configuration, site.store.living_engines, site.clock)


async def _look_at(asked: Asked, current: InForce) -> Draft:
    """What was typed, each file ended by a newline; an empty one is taken out."""
    texts = files_typed(asked, ";")
    files = {name: text.rstrip("\n") + "\n" for name, text in texts.items()}
    based_on = drafting.base_typed(asked)
    in_force = current.version.own or {}
    based = (await asked.site.configuration.version(based_on)).own or {}
    outcome = await _dialplan(asked).check(replace(asked.site.inventory(), own_dialplan=files))
    return Draft(
        files=files,
        based_on=based_on,
        problems=_placed(outcome) if isinstance(outcome, Problems) else (),
        changes=list(file_changes(in_force, files)),
        meanwhile=list(file_changes(based, in_force)),
    )


def _placed(problems: Problems) -> Sequence[Problem]:
    """The problems by the names that the files have here."""
    return [replace(problem, file=problem.file.removeprefix(WITHIN)) for problem in problems]


async def _page(asked: Asked, current: InForce, draft: Draft | None) -> web.Response:
    configuration, dialplan = asked.site.configuration, _dialplan(asked)
    before = _whole(asked.wanted("before", 9))
    history = await configuration.own_history(before or None, HISTORY_ROWS + 1)
    return asked.render(
        "dialplan/edit.html",
        current=current.version,
        files=draft.files if draft is not None else current.version.own or {},
        based_on=draft.based_on if draft is not None else current.version.number,
        draft=draft,
        undo_to=await configuration.own_before(),
        history=history[:HISTORY_ROWS],
        more=history[HISTORY_ROWS - 1].activation if len(history) > HISTORY_ROWS else 0,
        standing=await drafting.standing(asked),
        engines=await configuration.views(),
        alive=await asked.site.store.living_engines(),
        unapplied=dialplan.unapplied(asked.site.inventory()),
        lying=dialplan.lying_otherwise(asked.site.inventory()),
        may_write=asked.may(Right.DIALPLAN_WRITE),
    )


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _change(path: str, handler: Handler, again: Handler) -> Route:
    return Route(
        "POST",
        f"{HERE}/{path}",
        Right.DIALPLAN_WRITE,
        handler,
        Whose.OPERATOR,
        action=f"dialplan.{path}",
        again=again,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", HERE, Right.DIALPLAN_READ, show, Whose.OPERATOR),
        Route("GET", f"{HERE}/compare", Right.DIALPLAN_READ, show_difference, Whose.OPERATOR),
        _change("check", check, show),
        _change("apply", apply, check),
        _change("restore", restore, show),
    ),
    menu=(
        Item(
            Section.HOUSE,
            HERE,
            Right.DIALPLAN_READ,
            "dialplan.title",
            place=11,
            operator_alone=True,
        ),
    ),
)
