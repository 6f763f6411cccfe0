"""An engine that does not go by the version in force is seen, and alerted, also if it is alone."""

import pytest

from engine.core.inventory import Inventory
from engine.errors import CallerError
from engine.flows.engine import Engine
from engine.flows.errands import House
from engine.flows.measures.engine import readings
from engine.flows.versions.configuration import Why
from engine.flows.versions.watching import AGAIN_AFTER_MS, Watcher
from engine.metrics import PrometheusMetrics
from tests.fakes.clock import run_virtually
from tests.flows.versions.office import FollowingEngine, Office, priced
from tests.flows.world import world
from tests.metrics.promql import found
from tests.metrics.scrape import Scrape, scraped
from tests.metrics.test_watch import ALERTS

EXPRESSION = next(alert["expr"] for alert in ALERTS if alert["alert"] == "VersionsDiffer")
UNDO = Why("mia", "the secret is missing")


Work = tuple[Engine, House]


@pytest.fixture
def work() -> Work:
    """An engine that takes calls, of which nothing is asked here."""

    async def begun() -> Work:
        async with world() as house:
            return house.engines["e1"], house.houses["e1"]

    return run_virtually(begun())


class Shown:
    """Engines that follow an office's versions, as Prometheus sees them."""

    def __init__(self, work: Work) -> None:
        self.office = Office()
        self.engines: dict[str, FollowingEngine] = {}
        self._work = work

    async def begin(self, *names: str) -> "Shown":
        """Each goes by version 1, and has looked."""
        await self.office.apply(priced("1.99"), 0)
        self.engines = {name: await self.office.engine(name) for name in names}
        await self.look()
        return self

    async def look(self) -> None:
        for engine in self.engines.values():
            await engine.watcher.look()

    def scrape(self, name: str) -> Scrape:
        metrics = PrometheusMetrics()
        metrics.note(readings(*self._work, self.engines[name].view))
        return scraped(metrics)

    @property
    def alerted(self) -> set[str]:
        """The instances that the alert is pending for."""
        scrapes = {name: self.scrape(name) for name in self.engines}
        return {dict(held)["instance"] for held in found(EXPRESSION, scrapes)}

    def versions(self, name: str = "e1") -> tuple[float, float, float]:
        """Gone by, in force, refused."""
        now = self.scrape(name)
        return (
            now.get("config_version"),
            now.get("config_version_in_force"),
            now.get("config_version_refused"),
        )


async def _refuse(_old: Inventory, new: Inventory) -> None:
    if new.version == 2:
        raise CallerError("the secret stripe-key cannot be read", "api_key")


@pytest.mark.parametrize("names", [("e1",), ("e1", "e2")])
async def test_engines_that_all_refuse_a_version_are_alerted(
    work: Work, names: tuple[str, ...]
) -> None:
    at = await Shown(work).begin(*names)
    assert (at.versions(), at.alerted) == ((1, 1, 0), set())
    for engine in at.engines.values():
        engine.view.subscribe(_refuse)
    await at.office.apply(priced("2.49"), 1)
    await at.look()
    assert [at.versions(name) for name in names] == [(1, 2, 2)] * len(names)
    assert at.alerted == set(names)
    await at.office.configuration.roll_back(1, UNDO)
    await at.look()
    assert (at.versions(), at.alerted) == ((1, 1, 0), set())


async def test_an_engine_that_takes_the_version_is_not_alerted(work: Work) -> None:
    at = await Shown(work).begin("e1", "e2")
    at.engines["e1"].view.subscribe(_refuse)
    await at.office.apply(priced("2.49"), 1)
    await at.look()
    assert at.versions("e2") == (2, 2, 0)
    assert at.alerted == {"e1"}


async def test_an_engine_that_no_longer_looks_is_alerted_by_what_another_reads(
    work: Work,
) -> None:
    at = await Shown(work).begin("e1", "e2")
    await at.office.apply(priced("2.49"), 1)
    await at.engines["e2"].watcher.look()
    assert at.versions("e1") == (1, 1, 0)
    assert at.alerted == {"e1"}


async def test_an_engine_whose_asterisk_lacks_what_it_began_with_is_alerted(work: Work) -> None:
    at = await Shown(work).begin("e1")
    watcher = Watcher(
        at.office.configuration,
        at.engines["e1"].view,
        _refuse,
        at.office.clock,
        "e1",
        lacking="Asterisk does not answer",
    )
    assert (at.versions(), at.alerted) == ((1, 1, 1), {"e1"})
    at.office.clock.wall_ms += 2 * AGAIN_AFTER_MS
    await watcher.look()
    assert (at.versions(), at.alerted) == ((1, 1, 0), set())


def test_the_evaluation_knows_what_it_does_not_know() -> None:
    with pytest.raises(NotImplementedError):
        found("rate(groschen_callbacks_total[1m]) > 0", {})
