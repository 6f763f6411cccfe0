"""Every request has an id: in its answer, in its problem, in each line of log about it."""

import pytest
import structlog
from structlog.testing import capture_logs

from engine.errors import RemoteError
from tests.web.site import PROFILE, Bench, Client


async def test_a_problem_names_its_request_and_another_gets_another(client: Client) -> None:
    ids = set()
    for _time in range(2):
        answer = await client.get("/nothing", headers={"X-Request-Id": "mine"})
        assert answer.status == 404
        request_id = answer.headers["X-Request-Id"]
        assert (await answer.json())["request"] == request_id
        ids.add(request_id)
    assert len(ids) == 2
    assert "mine" not in ids


async def test_what_is_no_problem_has_an_id_too(client: Client) -> None:
    answer = await client.get("/api/v1/openapi.json")
    assert answer.status == 200
    assert len(answer.headers["X-Request-Id"]) == 16


async def test_a_fault_of_ours_is_found_in_the_log_by_what_the_answer_says(
    client: Client, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_args: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(bench.site.till, "receive", broken)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await client.post(f"/hooks/{PROFILE}/scripted", data=b"{}")
    assert answer.status == 500
    told = await answer.json()
    assert "ZeroDivisionError" not in str(told)
    assert [line["request"] for line in lines if line["event"] == "web.fault"] == [told["request"]]


async def test_rooms_below_log_the_request_they_work_for(
    client: Client, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_args: object) -> None:
        structlog.get_logger("engine.ledger").warning("ledger.away")
        raise RemoteError("away")

    monkeypatch.setattr(bench.site.till.orders, "take_in", away)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await client.post(
            f"/hooks/{PROFILE}/scripted",
            data=b'{"event_id": "e1"}',
            headers={"X-Signature": "right"},
        )
    assert answer.status == 503
    named = {line["event"]: line["request"] for line in lines}
    assert named == dict.fromkeys(
        ("ledger.away", "web.unavailable"), answer.headers["X-Request-Id"]
    )
