"""How an engine stands, as gauges and counters that are made when somebody asks."""

from collections.abc import Iterator

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from engine.ports.metrics import Readings


class Standing(Collector):
    """Gives the last `readings` that were put in."""

    def __init__(self) -> None:
        self.readings = Readings()

    def collect(self) -> Iterator[Metric]:
        now = self.readings
        yield from _of_calls(now)
        yield from _of_holds(now)
        for name, help_, value in (
            ("outbox_depth", "postings that wait for the store (200 at most)", now.outbox_depth),
            ("outbox_age_seconds", "how long the oldest of them waits", now.outbox_age_ms / 1000),
            ("engine_lease_seconds", "left of this engine's lease", now.lease_left_ms / 1000),
            ("switch_up", "whether the event stream of ARI stands", int(now.switch_up)),
            ("config_version", "the configuration of new calls", now.config_version),
            (
                "config_version_in_force",
                "the configuration in force, as last read in the books",
                now.config_in_force,
            ),
            (
                "config_version_refused",
                "the configuration that this engine cannot take, 0 if it refuses none",
                now.config_refused,
            ),
        ):
            yield GaugeMetricFamily(f"groschen_{name}", help_, value)
        for name, help_, count in (
            ("calls_adopted", "orphans taken over", now.adopted),
            ("calls_lost", "calls that another engine took over", now.lost),
            ("events_unexpected", "events that no state foresees", now.unexpected),
            ("step_faults", "steps that failed and ended their call", now.faults),
            ("mailbox_overfull", "events that found their call's mailbox full", now.overfull),
        ):
            yield CounterMetricFamily(f"groschen_{name}", help_, count)


def _of_calls(now: Readings) -> Iterator[Metric]:
    calls = GaugeMetricFamily(
        "groschen_calls", "live calls of this engine", labels=("service", "state")
    )
    for names, count in now.calls.items():
        calls.add_metric(names, count)
    yield calls


def _of_holds(now: Readings) -> Iterator[Metric]:
    holds = GaugeMetricFamily("groschen_holds", "live calls that hold money", labels=("currency",))
    micros = GaugeMetricFamily(
        "groschen_held_micros", "money they hold, in micro-units", labels=("currency",)
    )
    for currency, held in now.held.items():
        holds.add_metric((currency,), held.holds)
        micros.add_metric((currency,), held.micros)
    yield holds
    yield micros
