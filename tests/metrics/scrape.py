"""What a scrape says, read back by Prometheus' own parser."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from engine.metrics import PrometheusMetrics

Labels = frozenset[tuple[str, str]]


@dataclass
class Scrape:
    """The samples of one scrape; a label that is not asked for may have any value."""

    samples: dict[str, dict[Labels, float]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def get(self, name: str, **labels: str) -> float:
        """The sum of a metric's samples with these labels, 0 if there are none."""
        wanted = labels.items()
        found = self.samples.get(f"groschen_{name}", {})
        return sum(value for held, value in found.items() if wanted <= held)


def parsed(text: str) -> Scrape:
    """A scrape's text, parsed."""
    scrape = Scrape()
    for family in text_string_to_metric_families(text):
        scrape.kinds[family.name] = family.type
        for sample in family.samples:
            series: dict[Labels, float] = scrape.samples.setdefault(sample.name, {})
            series[frozenset(sample.labels.items())] = sample.value
    return scrape


def scraped(metrics: PrometheusMetrics) -> Scrape:
    """What these metrics say now."""
    return parsed(metrics.text().decode())


def label_names(scrape: Scrape) -> Mapping[str, set[str]]:
    """The labels of every metric, without those of Prometheus' own."""
    return {
        name: {label for held in series for label, _value in held} - {"le"}
        for name, series in scrape.samples.items()
    }
