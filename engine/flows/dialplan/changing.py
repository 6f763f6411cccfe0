"""The own dialplan changed for all engines at once: a version that each takes, or that is undone.

    changing = OwnChanges(configuration, store.living_engines, clock)
    settled = await changing.apply(files, based_on, why)

Until every living engine has taken it, the version waits to be confirmed: if one refuses, it is
taken back at once, and if whoever changed it dies meanwhile, it is undone by itself.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from engine.errors import CallerError, ConflictError, EngineError
from engine.flows.versions.configuration import REASON_CHARS_MOST, Applied, Configuration, Why
from engine.ports.clock import Clock
from engine.ports.versions import Activation, EngineView

TAKEN_WITHIN_MS = 20_000
LOOK_EVERY_MS = 100
SETTLED_WITHIN_MS = 60_000

Living = Callable[[], Awaitable[Sequence[str]]]
"""The engines that live, by name."""

Bring = Callable[[], Awaitable[str]]
"""Brings an Asterisk to the version in force; why it does not take it, "" if it does."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a change, by engine.

    `refused` are those that say why they cannot have it, `waiting` those that have not answered in
    time, `apart` those that cannot change the files of their Asterisk. It is not `in_force` if it
    was refused and taken back, or is not there any more: nobody confirmed it in time.
    """

    applied: Applied
    refused: tuple[EngineView, ...] = ()
    waiting: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    in_force: bool = True


class OwnChanges:
    """Changes the own dialplan of all engines, and of the Asterisk that `bring` is about.

    Raises as `Configuration.apply_own`, and what `bring` raises, once the change is taken back.
    """

    def __init__(
        self,
        configuration: Configuration,
        living: Living,
        clock: Clock,
        bring: Bring | None = None,
    ) -> None:
        self._configuration = configuration
        self._living = living
        self._clock = clock
        self._bring = bring

    async def apply(
        self,
        own: Mapping[str, str],
        based_on: int,
        why: Why,
        confirm_within_ms: int | None = None,
    ) -> Settled:
        """Put files in force and wait for the engines, 20 s at most.

        With `confirm_within_ms` it is undone by itself unless somebody confirms it, even if every
        engine has taken it.
        """
        settled = await self._put(own, based_on, why, confirm_within_ms)
        return settled if confirm_within_ms is None else await self._as_it_is(settled)

    async def restore(self, number: int, why: Why) -> Settled:
        """Put the own dialplan of an older version in force again, all else as it is."""
        current = await self._configuration.in_force()
        if current is None:
            raise ConflictError("there is no version yet")
        wanted = await self._configuration.version(number)
        if wanted.own is None:
            raise CallerError(f"version {wanted.number} does not know its own dialplan", "number")
        if wanted.own_hash == current.version.own_hash:
            raise ConflictError(f"the own dialplan of version {wanted.number} is in force already")
        return await self._put(wanted.own, current.version.number, why, restores=wanted.number)

    async def _put(
        self,
        own: Mapping[str, str],
        based_on: int,
        why: Why,
        confirm_within_ms: int | None = None,
        restores: int = 0,
    ) -> Settled:
        within_ms = confirm_within_ms or SETTLED_WITHIN_MS
        applied = await self._configuration.apply_own(own, based_on, why, within_ms, restores)
        if not applied.is_new:
            await self._problem_here()
            return Settled(applied)
        settled = await self._settled(applied)
        if refusal := _refusal(settled.refused) or await self._refusal_here(applied.activation):
            await self._roll_back(applied.activation, refusal)
            return replace(settled, in_force=False)
        if confirm_within_ms is not None:
            return settled
        kept = await self._configuration.confirm(applied.activation.number, why.author)
        return replace(settled, applied=Applied(kept, is_new=True))

    async def _refusal_here(self, activation: Activation) -> str:
        try:
            problem = await self._problem_here()
        except EngineError as fault:
            await self._roll_back(activation, f"refused here: {fault}")
            raise
        return f"refused here: {problem}" if problem else ""

    async def _problem_here(self) -> str:
        return "" if self._bring is None else await self._bring()

    async def _as_it_is(self, settled: Settled) -> Settled:
        """With a version that waited to be confirmed told to be undone, if it has been."""
        current = await self._configuration.active()
        is_last = (
            current is not None and current.activation == settled.applied.activation.activation
        )
        if not settled.in_force or is_last:
            return settled
        await self._problem_here()
        return replace(settled, in_force=False)

    async def _settled(self, applied: Applied) -> Settled:
        """How the living engines stand to a version, once all have said so or the time is over."""
        number, began_ms = applied.activation.number, self._clock.now().mono_ms
        while True:
            alive = set(await self._living())
            views = [one for one in await self._configuration.views() if one.engine in alive]
            refused = tuple(one for one in views if one.refused == number)
            waiting = tuple(one.engine for one in views if one.number != number)
            now = self._clock.now()
            is_late = now.mono_ms - began_ms >= TAKEN_WITHIN_MS
            if refused or not waiting or is_late or applied.activation.is_over(now.wall_ms):
                apart = tuple(one.engine for one in views if not one.asterisk)
                return Settled(applied, refused, waiting, apart)
            await self._clock.sleep(LOOK_EVERY_MS)

    async def _roll_back(self, activation: Activation, refusal: str) -> None:
        """Put the version before in force again, unless somebody else did something meanwhile."""
        reason = "".join(filter(str.isprintable, " ".join(refusal.split())))
        why, meant = Why("engine", reason[:REASON_CHARS_MOST]), activation.activation
        try:
            await self._configuration.roll_back(activation.previous, why, meant)
        except ConflictError:
            current = await self._configuration.active()
            if current is not None and current.activation == meant:
                raise


def _refusal(refused: Sequence[EngineView]) -> str:
    names = ", ".join(view.engine for view in refused)
    return f"refused by {names}: {refused[0].problem}" if refused else ""
