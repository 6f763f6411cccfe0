"""The operator's files: what is in force and was, the editor, what would happen to a call."""

from collections.abc import Mapping
from functools import partial

from aiohttp import web

from engine.core.imagined import Imagined, Step
from engine.core.money import parse_micros
from engine.core.roles import Right
from engine.errors import CallerError, ConflictError
from engine.flows.config import Problems
from engine.flows.dialplan.tracing import TakenAt, own_standing, said, steps_of
from engine.flows.dialplan.words import LANGUAGES, sentence
from engine.flows.versions.configuration import Why
from engine.ports.versions import Activation
from engine.web.console.asked import Asked
from engine.web.console.forms.files import files_typed
from engine.web.console.menu import Item, Section
from engine.web.console.pages.configuration import drafting
from engine.web.console.route import Handler, Route, Subject, Whose

HERE = "/console/configuration"
HISTORY_ROWS = 30


async def show(asked: Asked) -> web.StreamResponse:
    """What is in force, how the engines stand, and what was."""
    configuration = asked.site.configuration
    before = asked.wanted("before", 9)
    history = await configuration.history(_whole(before) or None, HISTORY_ROWS + 1)
    return asked.render(
        "configuration/show.html",
        current=await configuration.in_force(),
        standing=await drafting.standing(asked),
        engines=await configuration.views(),
        alive=await asked.site.store.living_engines(),
        history=history[:HISTORY_ROWS],
        more=history[HISTORY_ROWS - 1].activation if len(history) > HISTORY_ROWS else 0,
        own=asked.site.dialplan is not None,
    )


async def show_difference(asked: Asked) -> web.StreamResponse:
    """What one version has otherwise than another; of the one in force, than that before it."""
    current = await drafting.in_force(asked)
    new = _whole(asked.wanted("new", 9)) or current.version.number
    old = _whole(asked.wanted("old", 9)) or current.version.based_on or new
    comparison = await asked.site.configuration.between(old, new)
    return asked.render("configuration/difference.html", old=old, new=new, comparison=comparison)


async def edit(asked: Asked) -> web.StreamResponse:
    """The editor with the files in force."""
    current = await drafting.in_force(asked)
    return _editor(asked, current.version.files, current.version.number, None)


async def check(asked: Asked) -> web.StreamResponse:
    """The editor with what was typed, what it would change, what is wrong with it."""
    return await _checked(asked, None)


async def _checked(asked: Asked, refused: Problems | None) -> web.StreamResponse:
    files, based_on = files_typed(asked, "#"), drafting.base_typed(asked)
    return _editor(asked, files, based_on, await drafting.look_at(asked, files, based_on, refused))


async def apply(asked: Asked) -> web.StreamResponse:
    """Put in force what was looked at."""
    files = files_typed(asked, "#")
    if not drafting.is_what_was_seen(asked, files):
        return await check(asked)
    made = await drafting.put_in_force(asked, files, drafting.base_typed(asked))
    if isinstance(made, Problems):
        return await _checked(asked, made)
    return await drafting.applied(asked, HERE, made)


async def replay(asked: Asked) -> web.StreamResponse:
    """Replay some days' calls under what was typed."""
    return await drafting.replay(asked, files_typed(asked, "#")) or await check(asked)


async def confirm(asked: Asked) -> web.StreamResponse:
    """Let the version in force stay."""
    active = await _own_activation(asked)
    await asked.site.configuration.confirm(active.number, asked.user.name)
    asked.note(version=active.number)
    return asked.done(asked.next_path(), "configuration.confirmed_now", number=active.number)


async def undo(asked: Asked) -> web.StreamResponse:
    """Go back at once to what was in force before."""
    active = await _own_activation(asked)
    if not active.is_pending:
        raise ConflictError("it does not wait to be confirmed any more")
    why = Why(asked.user.name, asked.texts("configuration.undone_reason"))
    await asked.site.configuration.roll_back(active.previous, why, active.activation)
    asked.note(version=active.number, back_to=active.previous)
    path = asked.next_path()
    return await drafting.told(asked, path, "configuration.undone_now", active.previous)


async def restore(asked: Asked) -> web.StreamResponse:
    """Put an older version in force again, in the place of the one that was shown."""
    number, shown = (_whole(asked.typed(name, 9)) for name in ("number", "activation"))
    asked.note(version=number)
    why = Why(asked.user.name, asked.typed("reason"))
    await asked.site.configuration.roll_back(number, why, shown)
    return await drafting.told(asked, HERE, "configuration.restored", number)


async def trace_call(asked: Asked) -> web.StreamResponse:
    """What would happen to a call, step by step."""
    wanted = {name: asked.wanted(name) for name in ("number", "at", "from", "trunk", "balance")}
    flags = {name: bool(asked.wanted(name)) for name in ("withheld", "returning")}
    steps: list[str] = []
    if wanted["number"]:
        try:
            steps = await _traced(asked, wanted, flags)
        except CallerError as fault:
            asked.fault = fault
    trunks = [trunk.name for trunk in asked.site.inventory().trunks]
    dids = [did for service in asked.site.inventory().services for did in service.dids]
    return asked.render(
        "configuration/trace.html",
        status=422 if asked.fault else 200,
        wanted=wanted,
        flags=flags,
        steps=steps,
        trunks=trunks,
        dids=dids,
    )


async def _traced(asked: Asked, wanted: Mapping[str, str], flags: Mapping[str, bool]) -> list[str]:
    site, words = asked.site, LANGUAGES[asked.texts.lang]
    balance = wanted["balance"].replace(",", ".")
    imagined = Imagined(
        dialled=wanted["number"],
        at_ms=0,
        caller=wanted["from"],
        trunk=wanted["trunk"],
        balance_micros=parse_micros(balance, field="balance") if balance else None,
        **flags,
    )
    inventory, now_ms = site.inventory(), site.clock.now().wall_ms
    taken_at: TakenAt = _not_taken
    beware: tuple[Step, ...] = ()
    if site.dialplan is not None:
        taken_at = partial(site.dialplan.taken_at, inventory)
        beware = own_standing(site.dialplan.unapplied(inventory))
    steps = await steps_of(imagined, wanted["at"], now_ms, inventory, taken_at, site.directory)
    return [sentence(step, words, said(step, site.catalogues)) for step in (*beware, *steps)]


def _not_taken(_sent: str) -> None:
    """No number is taken by an own dialplan that nobody can see."""


def _editor(
    asked: Asked, files: Mapping[str, str], based_on: int, draft: drafting.Draft | None
) -> web.Response:
    wanted = asked.wanted("file")
    wrong = {problem.file for problem in draft.problems} if draft is not None else set()
    opened = wrong or ({wanted} if wanted in files else set(list(files)[:1]))
    return asked.render(
        "configuration/edit.html", files=files, based_on=based_on, draft=draft, opened=opened
    )


async def _own_activation(asked: Asked) -> Activation:
    """The activation that waits, if it is his to keep or undo: the operator's staff any, others
    what they have applied themselves."""
    active = await asked.site.configuration.active()
    if active is None or str(active.number) != asked.typed("number"):
        raise ConflictError("another version is in force now")
    if not asked.is_operators and active.author != asked.user.name:
        raise web.HTTPForbidden
    return active


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0


def _change(
    path: str,
    handler: Handler,
    verb: str,
    again: Handler | None = None,
    *,
    asks_first: bool = False,
) -> Route:
    return Route(
        "POST",
        f"{HERE}/{path}",
        Right.DIALPLAN_WRITE,
        handler,
        Whose.OPERATOR,
        action=f"configuration.{verb}",
        again=again,
        asks_first=asks_first,
    )


def _settle(path: str, handler: Handler) -> Route:
    return Route(
        "POST", f"{HERE}/{path}", Right.SERVICES_WRITE, handler, action=f"configuration.{path}"
    )


SUBJECT = Subject(
    routes=(
        Route("GET", HERE, Right.DIALPLAN_READ, show, Whose.OPERATOR),
        Route("GET", f"{HERE}/compare", Right.DIALPLAN_READ, show_difference, Whose.OPERATOR),
        Route("GET", f"{HERE}/trace", Right.DIALPLAN_READ, trace_call, Whose.OPERATOR),
        Route("GET", f"{HERE}/edit", Right.DIALPLAN_WRITE, edit, Whose.OPERATOR),
        _change("check", check, "check", edit),
        _change("apply", apply, "apply", check),
        _change("replay", replay, "replay", check),
        _change("restore", restore, "restore", show, asks_first=True),
        _settle("confirm", confirm),
        _settle("undo", undo),
    ),
    menu=(
        Item(
            Section.HOUSE,
            HERE,
            Right.DIALPLAN_READ,
            "configuration.title",
            place=10,
            operator_alone=True,
        ),
    ),
)
