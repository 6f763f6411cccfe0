"""Whether the engines that live have taken what was put in force: asked for some seconds."""

from collections.abc import Collection
from dataclasses import dataclass

from engine.flows.versions.configuration import Configuration
from engine.ports.clock import Clock
from engine.ports.versions import EngineView

FOLLOWED_WITHIN_MS = 5_000
ASK_EVERY_MS = 100


@dataclass(frozen=True, slots=True)
class Followed:
    """Which engines go by a version, which refuse it, and which have said neither in time."""

    taken: tuple[str, ...]
    refusing: tuple[EngineView, ...]
    silent: tuple[str, ...]

    @property
    def by_all(self) -> bool:
        """Whether no engine goes by another version."""
        return not self.refusing and not self.silent


async def followed(
    configuration: Configuration, number: int, living: Collection[str] | None, clock: Clock
) -> Followed:
    """How the engines that live stand to a version, once each has said so, or after some seconds.

    `living` is None where no store tells: then every engine that ever said how it stands, and did
    not end, is asked.
    """
    began_ms = clock.now().mono_ms
    while True:
        views = {view.engine: view for view in await configuration.views()}
        asked = {name: views.get(name) for name in sorted(views if living is None else living)}
        found = Followed(
            taken=tuple(name for name, view in asked.items() if view and view.number == number),
            refusing=tuple(view for view in asked.values() if view and view.refused == number),
            silent=tuple(name for name, view in asked.items() if not _has_said(view, number)),
        )
        is_over = clock.now().mono_ms - began_ms >= FOLLOWED_WITHIN_MS
        if is_over or not found.silent:
            return found
        await clock.sleep(ASK_EVERY_MS)


def _has_said(view: EngineView | None, number: int) -> bool:
    return view is not None and number in (view.number, view.refused)
