"""Dashboard and alerts ask only for what is there, in PromQL that parses, and say what to do."""

import json
import re
from pathlib import Path
from typing import Any

import promql_parser
import pytest
from ruamel.yaml import YAML

from engine.flows.payments.till import Outcome
from engine.metrics import PrometheusMetrics
from engine.metrics.prometheus import CALLBACK_OUTCOMES
from engine.ports.metrics import Held, Readings, Remote
from tests.metrics.scrape import Scrape, label_names, scraped

DOCKER = Path(__file__).resolve().parents[2] / "docker"
ALERTS: list[dict[str, Any]] = [
    rule
    for group in YAML(typ="safe").load(DOCKER / "prometheus" / "alerts.yml")["groups"]
    for rule in group["rules"]
]
DASHBOARD: dict[str, Any] = json.loads(
    (DOCKER / "grafana" / "dashboards" / "groschen.json").read_text()
)
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = [target["expr"] for panel in PANELS for target in panel["targets"]]
OF_PROMETHEUS = {"up", "instance", "job"}


def everything() -> Scrape:
    """A scrape in which every metric has a sample with all its labels."""
    metrics = PrometheusMetrics()
    metrics.expect(["sternlicht"], ["stripe"], ["shop"])
    metrics.verification_call_ended("shop", "answered", 20_000)
    metrics.credited("stripe", 20)
    metrics.money_received("a", 0)
    metrics.credit_told("sternlicht", "a", 20)
    metrics.announced("sternlicht", 100)
    metrics.agent_rang("sternlicht", 100)
    metrics.ended("sternlicht", "refused", "closed", clock_alarm=True)
    with pytest.raises(LookupError), metrics.asking(Remote.STORE, "reserve"):
        raise LookupError
    metrics._remote_errors.labels("store", "reserve", "remote").inc()
    held = {"EUR": Held(holds=1, micros=1)}
    metrics.note(Readings(calls={("sternlicht", "talking"): 1}, held=held))
    return scraped(metrics)


def selectors(query: str) -> list[tuple[str, set[str]]]:
    """The metrics that a query names, each with the labels it is asked by."""
    plain = query.replace("$__rate_interval", "1m").replace("$__range", "1h")
    promql_parser.parse(plain)
    found = re.findall(r"\b(groschen_\w+|up)(?:\{([^}]*)\})?", plain)
    return [(name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", inner))) for name, inner in found]


@pytest.mark.parametrize("query", [*QUERIES, *(alert["expr"] for alert in ALERTS)])
def test_queries_parse_and_name_what_is_there(query: str) -> None:
    known = label_names(everything())
    named = selectors(query)
    assert named
    for metric, labels in named:
        if metric in OF_PROMETHEUS:
            continue
        assert metric in known, metric
        assert labels - OF_PROMETHEUS - {"le"} <= known[metric]
    grouped = {
        label.strip() for by in re.findall(r"by \(([^)]*)\)", query) for label in by.split(",")
    }
    assert grouped - OF_PROMETHEUS - {"le"} <= set().union(
        *(known.get(name, set()) for name, _ in named)
    )


def test_a_query_that_is_none_is_found() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        selectors("sum by (le (rate(groschen_callbacks_total[1m]))")


def test_alerts_ask_for_buckets_that_are_there() -> None:
    """A bound that no histogram has would be no sample at all, and the alert would never fire."""
    samples = everything().samples
    asked = {
        (metric, le)
        for alert in ALERTS
        for metric, le in re.findall(r'(\w+_bucket){le="([^"]+)"}', alert["expr"])
    }
    assert {metric for metric, _ in asked} == {
        "groschen_cut_off_late_seconds_bucket",
        "groschen_callback_to_credit_seconds_bucket",
    }
    for metric, le in asked:
        assert le in {dict(labels)["le"] for labels in samples[metric]}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = {name for query in QUERIES for name, _labels in selectors(query)}
    families = everything().kinds
    missing = {
        name
        for name, kind in families.items()
        if not name.endswith("_created") and not shown & {name, f"{name}_total", f"{name}_bucket"}
    }
    assert missing == set()


def test_alerts_say_what_is_wrong_and_how_to_mend_it() -> None:
    told = (DOCKER / "OPERATING.md").read_text()
    for alert in ALERTS:
        assert alert["labels"]["severity"] in {"page", "ticket"}
        assert alert["annotations"]["summary"]
        assert alert["annotations"]["mend"].endswith(".")
        assert f"**{alert['alert']}**" in told, alert["alert"]
    assert len({alert["alert"] for alert in ALERTS}) == len(ALERTS)


def test_alerts_name_log_lines_that_are_written() -> None:
    """`order.failed` in a mend is looked for in a log: it must be an event of ours."""
    engine = DOCKER.parent / "engine"
    sources = "".join(path.read_text() for path in engine.rglob("*.py"))
    named = {
        event
        for alert in ALERTS
        for event in re.findall(r"\b([a-z]+\.[a-z_]+)\b", alert["annotations"]["mend"])
    }
    assert named
    assert [event for event in named if f'"{event}"' not in sources] == []


def test_labels_are_bounded() -> None:
    """No metric is labelled by a call, a number, an account or a person."""
    used = set().union(*label_names(everything()).values())
    assert used == {
        "code", "currency", "disposition", "kind", "limit", "merchant", "order", "outcome",
        "provider", "refusal", "remote", "service", "state", "status",
    }  # fmt: skip


def test_every_outcome_of_a_callback_begins_at_zero() -> None:
    assert set(CALLBACK_OUTCOMES) == set(Outcome)


def test_dashboard_panels_are_apart_and_unique() -> None:
    places = [tuple(panel["gridPos"].values()) for panel in DASHBOARD["panels"]]
    assert len(set(places)) == len(places)
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(places)
