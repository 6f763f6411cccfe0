"""The console's texts: alike in both languages, each of them used."""

import re
from pathlib import Path

from engine.core import probe, retention, verification
from engine.core.numbers import holder, number
from engine.core.numbers.case import CaseKind, CaseStatus
from engine.core.payment import OrderStatus
from engine.core.posting import EntryKind
from engine.core.roles import Role
from engine.flows.machines import MACHINES
from engine.ports.operators import Scope
from engine.ports.replays import RunState
from engine.ports.webhooks.deliveries import DeliveryState
from engine.ports.webhooks.endpoints import EndpointState
from engine.web.console.menu import Section
from engine.web.console.route import Route
from engine.web.console.wording import HERE, languages
from tests.web.console.house import routes_by_key

WRITING = {"decimal_point", "thousands", "money", "money_code"}
FORMS = {"time_form", "precise_form", "day_form"}
NAMED = {
    "cases.kind_": CaseKind,
    "cases.status_": CaseStatus,
    "holders.kind_": holder.DocumentKind,
    "holders.verdict_": holder.Verdict,
    "kind_": {machine.kind for machine in MACHINES},
    "numbers.purpose_": number.Purpose,
    "numbers.result_": probe.Result,
    "numbers.standing_": {probe.Standing.DEAD, probe.Standing.FAILING},
    "numbers.status_": number.Status,
    "payments.status_": OrderStatus,
    "replays.state_": RunState,
    "retention.kind_": retention.Kind,
    "retention.law_": retention.Kind,
    "role_": Role,
    "section_": Section,
    # Money in suspense has a page of its own.
    "transactions.kind_": set(EntryKind) - {EntryKind.SUSPENSE},
    "verification.status_": verification.Status,
    "webhooks.delivery_": DeliveryState,
    "webhooks.state_": EndpointState,
}


def _sources() -> str:
    files = (file for ending in ("*.py", "*.html") for file in HERE.rglob(ending))
    return "\n".join(Path(file).read_text() for file in files)


def _confirmed(route: Route) -> str:
    return f"{route.action}_confirm"


def test_both_languages_have_the_same_keys() -> None:
    german, english = languages()["de"].words, languages()["en"].words
    assert set(german) == set(english)


def test_every_text_is_used() -> None:
    text = _sources()
    literal = set(re.findall(r'"([a-z_0-9]+(?:\.[a-z_0-9]+)?)"', text.replace("'", '"')))
    begun = tuple(re.findall(r'"([a-z_0-9.]+_)" ~', text.replace("'", '"')))
    within = tuple(re.findall(r'~ "(\.[a-z_]+_)" ~', text.replace("'", '"')))
    confirmed = {_confirmed(route) for route in routes_by_key().values() if route.asks_first}
    unused = [
        key
        for key in languages()["de"].words
        if key not in literal | WRITING | FORMS | confirmed
        and not key.startswith(begun)
        and not any(part in key for part in within)
        and not re.search(r"(^|\.)wrong_", key)
    ]
    assert unused == []


def test_what_is_named_by_rule_is_there() -> None:
    words = languages()["de"].words
    named = {prefix + one for prefix, kinds in NAMED.items() for one in kinds}
    assert named - set(words) == set()
    assert {f"keys.scope_{scope.replace(':', '_')}" for scope in Scope} <= set(words)
    for route in routes_by_key().values():
        assert not route.asks_first or _confirmed(route) in words, route.path
