"""A draft on top of the version in force, whoever made it: a form of one entry, or the editor.

All go the same way: check, look at what would change, apply. A draft lives in its form alone; what
is applied is what was looked at (`seen` names its content), else it is shown once more.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from aiohttp import web

from engine.core.inventory import Inventory
from engine.errors import CallerError, ConflictError, RemoteError
from engine.flows.config import Problem, Problems, content_hash
from engine.flows.replay.runs import Wish
from engine.flows.versions.configuration import Applied, Comparison, InForce, Why
from engine.flows.versions.editing import Value, changed
from engine.flows.versions.following import followed
from engine.flows.versions.samples import PriceChange, price_changes
from engine.ports.versions import Activation, EngineView, Unsaid
from engine.web.console.asked import Asked
from engine.web.console.forms.replayed import Offered, days_typed, offered

REPLAYS = "/console/replays"
PRICES_SHOWN = 10
CONFIRM_WITHIN_S = (60, 300, 900, 3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A draft as it is shown. `based_on` is the version it was made from, `meanwhile` what has
    been changed since then by others; `prices` are those it changes, the first few; `offered` are
    days whose calls may be replayed under it."""

    based_on: int
    seen: str
    comparison: Comparison
    meanwhile: Comparison | None
    prices: Sequence[PriceChange]
    offered: Offered

    @property
    def problems(self) -> Sequence[Problem]:
        """Every mistake in it."""
        return self.comparison.problems or ()

    @property
    def can_be_applied(self) -> bool:
        """Whether it changes something, has no mistake and is up to date."""
        return bool(self.comparison.files) and not self.problems and self.meanwhile is None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the banner tells on every page about the files: what is in force, perhaps for a time
    alone, and the engines that do not take it."""

    active: Activation | None
    refusing: Sequence[EngineView]

    def unsaid_of(self, organisation: str | None) -> Sequence[Unsaid]:
        """The sentences of an organisation that an engine cannot say, each once."""
        found = (one for view in self.refusing for one in view.unsaid)
        own = {(one.lang, one.key): one for one in found if one.organisation == organisation}
        return [*own.values()]


async def in_force(asked: Asked) -> InForce:
    """The version in force; `ConflictError` where the engine has an inventory of its own."""
    found = await asked.site.configuration.in_force()
    if found is None:
        raise ConflictError("there is no version of the operator's files yet")
    return found


async def standing(asked: Asked) -> Standing:
    """How things stand now."""
    views = await asked.site.configuration.views()
    active = await asked.site.configuration.active()
    return Standing(active, [view for view in views if view.problem])


async def with_changes(
    current: InForce, section: str, name: str, values: Mapping[str, Value]
) -> Mapping[str, str]:
    """The files in force with values of one entry set."""
    return await asyncio.to_thread(changed, current.version.files, section, name, values)


async def look_at(
    asked: Asked, files: Mapping[str, str], based_on: int, refused: Problems | None = None
) -> Draft:
    """What a draft would change, and what is in its way: also what it was `refused` for."""
    configuration, sources = asked.site.configuration, as_bytes(files)
    comparison = await configuration.compare(sources, _asker(asked))
    if refused is not None and comparison.problems is None:
        comparison = replace(comparison, problems=refused, entries=(), after=None)
    meanwhile = None
    if based_on != comparison.base:
        between = await configuration.between(based_on, comparison.base)
        meanwhile = between if between.files else None
    return Draft(
        based_on=based_on,
        seen=content_hash(sources),
        comparison=comparison,
        meanwhile=meanwhile,
        prices=_prices(comparison.before, comparison.after),
        offered=offered(asked),
    )


async def put_in_force(asked: Asked, files: Mapping[str, str], based_on: int) -> Applied | Problems:
    """Apply a draft for the reason and with the deadline that were typed."""
    asked.note(based_on=based_on)
    within_ms = confirm_within_ms(asked)
    why = Why(asked.user.name, asked.typed("reason"))
    made = await asked.site.configuration.apply(
        as_bytes(files), based_on, why, within_ms, _asker(asked)
    )
    if not isinstance(made, Problems):
        asked.note(version=made.activation.number, reason=why.reason)
    return made


async def replay(asked: Asked, files: Mapping[str, str]) -> web.Response | None:
    """Go on to a replay of some days' calls under a draft; None if the draft has mistakes."""
    days = days_typed(asked)
    comparison = await asked.site.configuration.compare(as_bytes(files), _asker(asked))
    if comparison.after is None:
        return None
    wish = Wish(
        organisation=asked.organisation,
        author=asked.user.name,
        inventory=comparison.after,
        version=comparison.base,
        drafted=True,
        days=days,
    )
    try:
        run = await asked.site.replays.begin(wish)
    except ConflictError as error:
        raise CallerError(asked.texts("replays.wrong_conflict"), "days") from error
    asked.note(run=run.run_id, days=days.name, based_on=comparison.base)
    return asked.go(f"{REPLAYS}/{run.run_id}")


def is_what_was_seen(asked: Asked, files: Mapping[str, str]) -> bool:
    """Whether a draft is the very one whose changes were shown."""
    return asked.typed("seen") == content_hash(as_bytes(files))


async def applied(asked: Asked, path: str, made: Applied) -> web.Response:
    """Go on after an apply."""
    return await told(asked, path, "configuration.applied", made.activation.number)


async def told(asked: Asked, path: str, key: str, number: int) -> web.Response:
    """Go on with the text `key` once all engines that live have taken the version `number`; after
    some seconds with how many have not."""
    site = asked.site
    try:
        living = await site.store.living_engines()
    except RemoteError:
        living = None
    found = await followed(site.configuration, number, living, site.clock)
    asked.note(taken=len(found.taken), not_taken=len(found.refusing) + len(found.silent))
    if found.by_all:
        return asked.done(path, key, number=number)
    return asked.done(
        path,
        "configuration.not_by_all",
        number=number,
        taken=len(found.taken),
        refusing=len(found.refusing),
        silent=len(found.silent),
    )


def base_typed(asked: Asked) -> int:
    """The version that a form was made from."""
    text = asked.typed("rebased") or asked.typed("based_on")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise CallerError("must be the number of a version", "based_on")
    return int(text)


def as_bytes(files: Mapping[str, str]) -> Mapping[str, bytes]:
    """Files as they are checked and applied."""
    return {name: text.encode() for name, text in files.items()}


def _asker(asked: Asked) -> str | None:
    """The organisation whose user wants a change; None for the operator's staff."""
    return asked.user.organisation


def confirm_within_ms(asked: Asked) -> int | None:
    """In what time it is undone unless confirmed; None: not at all."""
    text = asked.typed("confirm_within")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise CallerError("must be a number of seconds", "confirm_within")
    return int(text) * 1000


def _prices(before: Inventory, after: Inventory | None) -> Sequence[PriceChange]:
    return price_changes(before, after)[:PRICES_SHOWN] if after is not None else ()
