"""An operator at his files, and engines that follow: versions in memory, a clock moved by hand."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from engine.core.call import Now
from engine.core.inventory import Inventory
from engine.flows.config import Problems
from engine.flows.config.words.wording import Texts
from engine.flows.hearing import go_along
from engine.flows.versions.configuration import Configuration, Why
from engine.flows.versions.preparing import Preparer
from engine.flows.versions.view import View
from engine.flows.versions.watching import Watcher
from engine.payments.registry import option_forms
from engine.ports.clock import Clock
from engine.ports.versions import Activation
from tests.fakes.numbers.stock import MemoryNumbers
from tests.fakes.sounds import NamedSounds
from tests.fakes.versions import MemoryVersions
from tests.ports.ledger.api.conftest import StoppedClock

BASE = (Path(__file__).parents[1] / "config" / "base_config.yaml").read_bytes()
WHY = Why("mia", "new prices")


def priced(landline: str) -> dict[str, bytes]:
    """The base's files with another price."""
    return {"base.yaml": BASE.replace(b"landline: 1.99", f"landline: {landline}".encode())}


def micros(inventory: Inventory) -> int:
    """The price that tells the versions of these tests apart."""
    return inventory.services[0].tariff.landline_micros


class WaitingClock(StoppedClock):
    """The time of day stands until it is moved; what is waited for is waited for."""

    def now(self) -> Now:
        return Now(self.wall_ms, self.wall_ms + round(time.monotonic() * 1000))


@dataclass
class Office:
    """The versions of one installation."""

    versions: MemoryVersions = field(default_factory=MemoryVersions)
    clock: WaitingClock = field(default_factory=WaitingClock)
    numbers: MemoryNumbers = field(default_factory=MemoryNumbers)
    sounds: NamedSounds | None = None
    texts: Texts = dict

    @property
    def configuration(self) -> Configuration:
        beside = (option_forms(), self.numbers, self.sounds, self.texts)
        return Configuration(self.versions, self.clock, *beside)

    async def apply(
        self, sources: dict[str, bytes], based_on: int, within_ms: int | None = None
    ) -> Activation:
        outcome = await self.configuration.apply(sources, based_on, WHY, within_ms)
        assert not isinstance(outcome, Problems), str(outcome)
        return outcome.activation

    async def engine(self, name: str = "e1") -> "FollowingEngine":
        current = await self.configuration.in_force()
        assert current is not None
        view = View(await self.configuration.inventory(current.version))
        return FollowingEngine(self, view, name)

    async def speaking(self, name: str = "e1") -> "SpeakingEngine":
        """An engine that says what it must, answers what is proposed, and has said how it
        stands."""
        return await SpeakingEngine.opened(self.configuration, self.clock, name)


class SpeakingEngine:
    """An engine with sounds that some prompts may be missing of, looking until it is stopped."""

    def __init__(self, configuration: Configuration, clock: Clock, view: View, name: str) -> None:
        self.view = view
        self.sounds = NamedSounds()
        prepare = partial(go_along, sounds=self.sounds)
        self.watcher = Watcher(configuration, view, prepare, clock, name)
        self.preparer = Preparer(configuration, view, self.sounds, clock, name)

    @classmethod
    async def opened(
        cls, configuration: Configuration, clock: Clock, name: str
    ) -> "SpeakingEngine":
        """One that goes by what is in force, and has said so."""
        current = await configuration.in_force()
        assert current is not None
        view = View(await configuration.inventory(current.version))
        engine = cls(configuration, clock, view, name)
        await engine.watcher.look()
        return engine

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Both of its loops run."""
        work = [asyncio.create_task(one.run()) for one in (self.watcher, self.preparer)]
        try:
            yield
        finally:
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    @property
    def number(self) -> int:
        return self.view.inventory().version


class FollowingEngine:
    """What of an engine follows the versions; `prepared` are those it was asked to prepare."""

    def __init__(self, office: Office, view: View, name: str) -> None:
        self.view = view
        self.prepared: list[int] = []
        self.while_preparing: Callable[[], Awaitable[object]] | None = None
        self.watcher = Watcher(office.configuration, view, self._prepare, office.clock, name)

    async def _prepare(self, _old: Inventory, new: Inventory) -> None:
        self.prepared.append(new.version)
        if self.while_preparing is not None:
            await self.while_preparing()

    @property
    def number(self) -> int:
        return self.view.inventory().version
