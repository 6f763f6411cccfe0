"""An operator at his files, and engines that follow: versions in memory, a clock moved by hand."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from engine.core.inventory import Inventory
from engine.flows.config import Problems
from engine.flows.versions.configuration import Configuration, Why
from engine.flows.versions.view import View
from engine.flows.versions.watching import Watcher
from engine.payments.registry import option_forms
from engine.ports.versions import Activation
from tests.fakes.numbers.stock import MemoryNumbers
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


@dataclass
class Office:
    """The versions of one installation."""

    versions: MemoryVersions = field(default_factory=MemoryVersions)
    clock: StoppedClock = field(default_factory=StoppedClock)
    numbers: MemoryNumbers = field(default_factory=MemoryNumbers)

    @property
    def configuration(self) -> Configuration:
        return Configuration(self.versions, self.clock, option_forms(), self.numbers)

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
