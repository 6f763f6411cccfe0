"""Metrics of money that comes in, and of whom an engine asks."""

import asyncio
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.asterisk.ari.http import AriError, AriHttp
from engine.errors import CallerError, RemoteError
from engine.metrics import PrometheusMetrics
from engine.metrics.receipts import RECEIPT_KEPT_MS, RECEIPTS_MOST
from engine.ports.metrics import UNMEASURED, Remote
from tests.flows.payments.desk import EURO, desk
from tests.metrics.scrape import scraped


async def test_callbacks_are_counted_by_what_became_of_them(tmp_path: Path) -> None:
    metrics = PrometheusMetrics()
    async with desk(tmp_path, metrics) as at:
        begun = await at.begun()
        await at.tell(begun.order, signature="bad")
        await at.tell(begun.order)
        await at.tell(begun.order)
        other = await at.begun()
        await at.tell(other.order, micros=19 * EURO, event_id="e2")
        now = scraped(metrics)
        outcomes = {
            name: now.get("callbacks_total", provider="paypal", outcome=name)
            for name in ("taken", "repeated", "forged")
        }
        assert outcomes == {"taken": 2, "repeated": 1, "forged": 1}
        assert now.get("suspense_alarms_total", provider="paypal") == 1
        assert now.get("callback_to_credit_seconds_count", provider="paypal") == 1


async def test_money_that_the_store_does_not_take_now_is_no_credit_yet(tmp_path: Path) -> None:
    metrics = PrometheusMetrics()
    async with desk(tmp_path, metrics) as at:
        at.store.down = True
        await at.tell((await at.begun()).order)
        assert scraped(metrics).get("callbacks_total", outcome="taken") == 1
        assert scraped(metrics).get("callback_to_credit_seconds_count") == 0


async def test_a_provider_that_is_away_is_counted(tmp_path: Path) -> None:
    metrics = PrometheusMetrics()
    async with desk(tmp_path, metrics) as at:
        await at.begun()
        at.provider.down = True
        at.clock.wall_ms += 60_000
        assert await at.asking.look() == 1
        await at.asking.idle()
        assert scraped(metrics).get("asking_failures_total", provider="paypal") == 1


async def test_only_money_of_just_now_is_timed_and_memory_is_bounded() -> None:
    metrics = PrometheusMetrics()
    metrics.money_received("a", 1_000)
    metrics.deadlines_moved("a", 1_030)
    metrics.deadlines_moved("a", 1_060)
    metrics.money_received("b", 1_000)
    metrics.deadlines_moved("b", 1_001 + RECEIPT_KEPT_MS)
    metrics.deadlines_moved("never paid", 1_000)
    now = scraped(metrics)
    assert now.get("credit_to_deadline_seconds_count") == 1
    assert now.get("credit_to_deadline_seconds_sum") == pytest.approx(0.03)
    for n in range(2 * RECEIPTS_MOST):
        metrics.money_received(f"account {n}", n)
    assert len(metrics._receipts) == len(metrics._untold) == RECEIPTS_MOST


async def test_questions_to_asterisk_are_timed_by_their_pattern() -> None:
    """A path with a channel's name in it would be a label without bounds."""

    async def answer(request: web.Request) -> web.Response:
        return (
            web.json_response([]) if request.path == "/ari/channels" else web.Response(status=404)
        )

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", answer)
    metrics = PrometheusMetrics()
    async with (
        TestServer(app) as server,
        AriHttp(str(server.make_url("/ari")), "x", metrics) as ari,
    ):
        await ari.channels_list()
        with pytest.raises(AriError):
            await ari.channels_hangup("call-1")
        await server.close()
        with pytest.raises(RemoteError, match="no answer"):
            await ari.channels_list()
    now = scraped(metrics)
    assert now.get("remote_seconds_count", remote="ari", order="GET /channels") == 2
    assert now.get("remote_errors_total", order="GET /channels", code="remote") == 1
    assert now.get("remote_errors_total", remote="ari", code="refused") == 1
    assert "call-1" not in metrics.text().decode()


def test_only_errors_of_ours_are_counted_as_answers() -> None:
    metrics = PrometheusMetrics()
    with pytest.raises(CallerError), metrics.asking(Remote.LEDGER, "journal.book"):
        raise CallerError("not so")
    with pytest.raises(asyncio.CancelledError), metrics.asking(Remote.LEDGER, "journal.book"):
        raise asyncio.CancelledError
    now = scraped(metrics)
    assert now.get("remote_seconds_count", order="journal.book") == 2
    assert now.get("remote_errors_total", order="journal.book", code="caller") == 1
    assert now.get("remote_errors_total") == 1


def test_unmeasured_takes_all_and_notes_nothing() -> None:
    """Whoever is given no metrics has these; what they lack would fail on a call's path."""
    public = {name for name in vars(type(UNMEASURED)) if not name.startswith("_")}
    own = {name for name in vars(PrometheusMetrics) if not name.startswith("_")}
    assert own - public == {"expect", "loop_late", "note", "text"}
    assert public <= own
    with UNMEASURED.asking(Remote.STORE, "reserve"):
        UNMEASURED.call_begun("sternlicht")
