"""The operator's own dialplan beside ours, in the editor; nothing reaches Asterisk unchecked."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError, ConflictError
from engine.flows.config import Problem, Problems, content_hash
from engine.flows.dialplan.own import FileChange, OwnDialplan
from engine.web.console.asked import Asked
from engine.web.console.forms.files import files_typed
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration.drafting import as_bytes
from engine.web.console.route import Handler, Route, Subject, Whose

HERE = "/console/dialplan"
WITHIN = "own.d/"
"""The folder in which Asterisk has the files, and by which the check names them."""


async def show(asked: Asked) -> web.StreamResponse:
    """The files as they are."""
    dialplan = asked.site.dialplan
    if dialplan is None:
        return asked.render("dialplan/none.html")
    own = dialplan.own()
    return _page(asked, own, _hash(own))


async def check(asked: Asked) -> web.StreamResponse:
    """What was typed, what it would change, what is wrong with it."""
    files = _files(asked)
    outcome = await _dialplan(asked).check_own(asked.site.inventory(), files)
    based_on = asked.typed("based_on")
    if isinstance(outcome, Problems):
        return _page(asked, files, based_on, problems=_placed(outcome))
    return _page(asked, files, based_on, changes=outcome.changes, seen=_hash(files))


async def apply(asked: Asked) -> web.StreamResponse:
    """Let Asterisk have what was looked at, or nothing of it."""
    files = _files(asked)
    if asked.typed("seen") != _hash(files):
        return await check(asked)
    inventory, based_on = asked.site.inventory(), asked.typed("based_on")
    outcome = await _dialplan(asked).change_own(inventory, files, based_on)
    if isinstance(outcome, Problems):
        return _page(asked, files, based_on, problems=_placed(outcome))
    if outcome.refused:
        said = "; ".join((*outcome.refused, *outcome.said))
        raise CallerError(f"Asterisk does not take it: {said}", "files")
    return asked.done(HERE, "dialplan.applied")


def _dialplan(asked: Asked) -> OwnDialplan:
    if asked.site.dialplan is None:
        raise ConflictError("there is no Asterisk whose files can be changed from here")
    return asked.site.dialplan


def _files(asked: Asked) -> Mapping[str, str]:
    """The files as typed, each ended by a newline; an empty one is taken out."""
    texts = files_typed(asked, ";")
    return {name: text.rstrip("\n") + "\n" for name, text in texts.items()}


def _hash(files: Mapping[str, str]) -> str:
    return content_hash(as_bytes(files))


def _placed(problems: Problems) -> Sequence[Problem]:
    """The problems by the names that the files have here."""
    return [replace(problem, file=problem.file.removeprefix(WITHIN)) for problem in problems]


def _page(
    asked: Asked,
    files: Mapping[str, str],
    based_on: str,
    *,
    problems: Sequence[Problem] = (),
    changes: Sequence[FileChange] | None = None,
    seen: str = "",
) -> web.Response:
    return asked.render(
        "dialplan/edit.html",
        files=files,
        based_on=based_on,
        problems=problems,
        changes=changes,
        seen=seen,
        may_write=asked.may(Right.DIALPLAN_WRITE),
    )


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
        _change("check", check, show),
        _change("apply", apply, check),
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
