"""When a webhook is tried again, and when nobody tries any more."""

from dataclasses import replace

import pytest

from engine.flows.webhooks.rules import (
    FAILING_MOST_MS,
    FAILURES_MOST,
    PAUSE_LEAST_MS,
    PAUSE_MOST_MS,
    WAITS_MS,
    Breaker,
    Ruling,
    rule,
)
from engine.ports.webhooks.deliveries import TRIES, WAIT_MOST_MS, DeliveryState
from engine.ports.webhooks.endpoints import EndpointState
from engine.ports.webhooks.post import Reply
from tests.ports.ledger.books import NOW_MS
from tests.ports.ledger.webhooks.conftest import endpoint

DAY_MS = 24 * 3_600_000
NO_ANSWER = Reply(None, "no connection")


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_what_is_taken(status: int) -> None:
    assert rule(Reply(status), 1, endpoint(), NOW_MS, 500) == Ruling(DeliveryState.DELIVERED)


@pytest.mark.parametrize(
    "reply", [NO_ANSWER, *(Reply(status) for status in (100, 301, 308, 400, 404, 429, 500, 504))]
)
def test_what_is_tried_again(reply: Reply) -> None:
    ruling = rule(reply, TRIES, endpoint(), NOW_MS, 500)
    assert ruling == Ruling(DeliveryState.PENDING, NOW_MS + 5_000)
    assert rule(reply, 1, endpoint(), NOW_MS, 500) == Ruling(DeliveryState.GIVEN_UP)
    assert rule(reply, -1, endpoint(), NOW_MS, 500) == Ruling(DeliveryState.GIVEN_UP)


def test_a_farewell() -> None:
    ruling = rule(Reply(410), TRIES, endpoint(), NOW_MS, 500)
    assert ruling == Ruling(DeliveryState.GIVEN_UP, endpoint_state=EndpointState.GONE)


def test_tries_are_spread_over_three_days() -> None:
    assert len(WAITS_MS) == TRIES - 1
    for chance, days_least, days_most in ((0, 2.6, 2.8), (500, 2.9, 3.0), (1000, 3.2, 3.3)):
        at_ms = 0
        for left in range(TRIES, 1, -1):
            ruling = rule(NO_ANSWER, left, endpoint(), at_ms, chance)
            assert ruling.next_ms is not None
            assert 0 < ruling.next_ms - at_ms < WAIT_MOST_MS
            at_ms = ruling.next_ms
        assert days_least * DAY_MS < at_ms < days_most * DAY_MS


def test_who_takes_nothing_for_days_is_told_nothing_more() -> None:
    failing = replace(endpoint(), failing_since_ms=NOW_MS)
    early = rule(NO_ANSWER, 5, failing, NOW_MS + FAILING_MOST_MS - 1, 500)
    assert early.endpoint_state is None
    late = rule(NO_ANSWER, 5, failing, NOW_MS + FAILING_MOST_MS, 500)
    assert late == Ruling(DeliveryState.GIVEN_UP, endpoint_state=EndpointState.FAILING)
    taken = rule(Reply(200), 5, failing, NOW_MS + FAILING_MOST_MS, 500)
    assert taken == Ruling(DeliveryState.DELIVERED)


def test_the_breaker_opens_and_lets_one_through() -> None:
    breaker = Breaker()
    for _ in range(FAILURES_MOST - 1):
        breaker = breaker.after(False, 0)
        assert breaker.room(4, 0) == 4
    breaker = breaker.after(False, 0)
    assert breaker.room(4, PAUSE_LEAST_MS - 1) == 0
    assert breaker.room(4, PAUSE_LEAST_MS) == 1
    again = breaker.after(False, PAUSE_LEAST_MS)
    assert again.room(4, 3 * PAUSE_LEAST_MS - 1) == 0
    assert again.room(4, 3 * PAUSE_LEAST_MS) == 1
    assert again.after(True, 3 * PAUSE_LEAST_MS).room(4, 3 * PAUSE_LEAST_MS) == 4
    for _ in range(100):
        again = again.after(False, 0)
    assert again.until_ms == PAUSE_MOST_MS
