"""Every route that changes something leaves one line in the audit log, from the table of routes."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from engine.core.money import MICROS
from engine.errors import RemoteError
from engine.flows.money.movements import Why
from engine.ports.audit import Act, ActFilter, AuditLine
from engine.ports.operators import Scope
from engine.web.api import once
from engine.web.api.contract import Route
from engine.web.api.gate import ROUTES
from engine.web.server import make_app
from tests.web.api.conftest import API, Program
from tests.web.api.test_once import CLAIM_MS, Forgetful, LaterClock
from tests.web.site import LANDLINE, MOBILE, ORGANISATION, PROFILE

NUMBER = "493023125001"
MASKED = "493023125xxx"
GIFT = {"amount": "1.50", "reason": "goodwill"}
WHY = {"reason": "complaint"}
DELETED = {"version": 1}
BODIES: Mapping[str, Any] = {
    "credit": GIFT,
    "debit": GIFT,
    "changeNumber": {"number": MOBILE},
    "beginOrder": {
        "profile": PROFILE, "provider": "manual", "number": LANDLINE, "amount": "20",
    },
    "endCall": WHY,
    "pauseAgent": {"reason": "break"},
    "addEndpoint": {"url": "https://www.example.org/hooks", "events": ["call.ended"]},
    "orderNumber": {"price": "4.90"},
    "deactivateNumber": WHY,
    "enterHolder": {
        "title": "Acme", "street": "Weg 1", "postal_code": "10115", "place": "Berlin",
        "country": "DE",
    },
    "addSource": {"number": f"+{NUMBER}", "name": "Messe"},
    "changeSource": {"places": [], "ends_on": None},
    "addNote": {"text": "calls in the evening"},
    "blockCaller": WHY,
    "changeTrackingTerms": {"callers_least": 10},
    "putForwardingRoute": {"version": 0, "targets": ["(212) 555-0142"]},
    "deleteForwardingRoute": DELETED,
    "putTrackingRoute": {"version": 0, "targets": [{"number": "030 23125200"}]},
    "deleteTrackingRoute": DELETED,
    "handInDocument": {
        "kind": "register_extract", "dated": "2026-11-02", "content": "JVBERi0xLjc=",
    },
    "addCollector": {"program": "ga4", "place": "G-AB12CD34EF", "secret": "s3cret-of-theirs"},
}  # fmt: skip
"""What each route is sent that takes a body."""
WRITES = [route for route in ROUTES if route.is_write]
ACTS = [route for route in WRITES if route.is_noted]
TRAFFIC = {
    "beginVerification", "checkVerification", "callAgain", "cancelVerification", "consumeToken",
}  # fmt: skip


async def _lines(program: Program, organisation: str = ORGANISATION) -> Sequence[AuditLine]:
    return await program.bench.site.audit.lines(ActFilter(organisation=organisation))


async def _asked(
    program: Program, route: Route[Any, Any], account_id: str, key: str = "k1"
) -> tuple[int, str]:
    """How a write is answered, on the organisation's account and on what is not there."""
    named = re.findall(r"{(\w+)}", route.path)
    ids = {name: {"account_id": account_id, "number": NUMBER}.get(name, "x1") for name in named}
    headers = {"Authorization": f"Bearer {program.text}", "Idempotency-Key": key}
    path = API + route.path.format_map(ids)
    body = BODIES[route.name] if route.has_body else None
    async with program.client.request(route.method, path, headers=headers, json=body) as response:
        told = await response.json()
        return response.status, told.get("type", "").rpartition(":")[2]


async def _opened(program: Program) -> str:
    """An account with money on it, which no act has put there."""
    ledger, money = program.bench.ledger, program.bench.site.money
    account = await ledger.open_account(ORGANISATION, PROFILE, LANDLINE, "EUR")
    why = Why(key="first", reason="r", author="test")
    await money.credit(account.account_id, 5 * MICROS, why)
    return account.account_id


def test_what_customers_do_by_way_of_a_program_is_no_act() -> None:
    assert {route.name for route in WRITES if not route.is_noted} == TRAFFIC
    assert {route.name for route in ACTS if route.has_body} == set(BODIES)


@pytest.mark.parametrize("route", ACTS, ids=lambda route: route.name)
async def test_a_write_is_one_act(program: Program, route: Route[Any, Any]) -> None:
    account_id = await _opened(program)
    status, fault = await _asked(program, route, account_id)
    (line,) = await _lines(program)
    assert await _asked(program, route, account_id) == (status, fault)
    assert len(await _lines(program)) == 1, "a repeat is no second act"
    act = line.act
    assert act.author == f"api:{program.text.split('_')[1]}"
    assert (act.action, act.address) == (f"api.{route.name}", "127.0.0.1")
    ids = {"account_id": account_id, "number": MASKED}
    target = re.sub(r"{(\w+)}", lambda found: ids.get(found[1], "x1"), route.path)
    assert act.target == target.lstrip("/")
    if status < 400:
        assert (line.outcome, line.detail) == ("done", {"status": status})
    else:
        assert (line.outcome, line.detail) == ("refused", {"status": status, "fault": fault})
    written = f"{act}{line.detail}"
    assert not any(number in written for number in (NUMBER, LANDLINE[1:], MOBILE[1:], "s3cret"))


@pytest.mark.parametrize("route", ACTS, ids=lambda route: route.name)
async def test_without_the_log_nothing_is_changed(
    program: Program, route: Route[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await _opened(program)
    audit = program.bench.site.audit

    async def down(_act: Act) -> None:
        raise RemoteError("the database does not answer")

    with monkeypatch.context() as patched:
        patched.setattr(audit, "begin", down)
        assert (await _asked(program, route, account_id))[0] == 503
    assert (await _asked(program, route, account_id))[0] != 503, "the key is free again"


async def test_who_lacks_the_scope_is_written_down_as_refused(program: Program) -> None:
    reader = await program.with_key([Scope.ACCOUNTS_READ])
    for route in ROUTES:
        if route.scope is Scope.ACCOUNTS_READ or not (route.is_write or route.is_export):
            continue
        before = await _lines(program)
        path = API + re.sub(r"{\w+}", "%2B49%2030%2023125100", route.path)
        headers = {"Authorization": f"Bearer {reader.text}"}
        async with program.client.request(route.method, path, headers=headers) as response:
            assert response.status == 403
        new = [line for line in await _lines(program) if line not in before]
        assert len(new) == route.is_noted, route.name
        for line in new:
            assert (line.outcome, line.detail) == ("refused", {"status": 403, "fault": "no_scope"})
            assert "23125" not in line.act.target


async def test_what_was_not_understood_is_no_act(program: Program) -> None:
    path = f"/accounts/{await _opened(program)}/credits"
    await program.post(path, {"amount": "much"}, 422)
    await program.ask("POST", path, 400, json=GIFT, headers={"Idempotency-Key": ""})
    await program.ask("POST", path, 415, data="x", headers={"Content-Type": "text/plain"})
    assert await _lines(program) == []


async def test_it_stands_in_the_log_of_the_keys_organisation(
    program: Program, stranger: Program
) -> None:
    credit = next(route for route in ACTS if route.name == "credit")
    assert (await _asked(stranger, credit, await _opened(program)))[0] == 404
    assert await _lines(program) == []
    (line,) = await _lines(program, "bolt")
    assert (line.outcome, line.detail["fault"]) == ("refused", "not_found")


async def test_a_phone_number_in_the_place_of_an_id_is_masked(program: Program) -> None:
    credit = next(route for route in ACTS if route.name == "credit")
    assert (await _asked(program, credit, LANDLINE[1:]))[0] == 404
    (line,) = await _lines(program)
    assert line.act.target == f"accounts/{LANDLINE[1:-3]}xxx/credits"


async def test_a_fault_of_ours_ends_the_act_too(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    credit = next(route for route in ACTS if route.name == "credit")
    account_id = await _opened(program)
    monkeypatch.setattr(type(program.bench.site.money), "credit", broken)
    assert (await _asked(program, credit, account_id))[0] == 500
    (line,) = await _lines(program)
    assert line.outcome == "failed"
    assert line.detail == {"status": 500, "fault": "ZeroDivisionError"}


async def test_it_is_begun_before_anything_is_changed(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes too long has no end: nobody knows whether it was done."""
    begun: list[str] = []

    async def slow(*_: Any, **__: Any) -> None:
        begun.extend(line.outcome for line in await _lines(program))
        await asyncio.Event().wait()

    credit = next(route for route in ACTS if route.name == "credit")
    account_id = await _opened(program)
    monkeypatch.setattr(once, "RUN_MOST_S", 0.3)
    monkeypatch.setattr(type(program.bench.site.money), "credit", slow)
    assert (await _asked(program, credit, account_id))[0] == 503
    assert [line.outcome for line in await _lines(program)] == begun == [""]


async def test_what_an_engine_died_over_is_two_acts(program: Program) -> None:
    """Carried out once more, though the journal books it once."""
    credit = next(route for route in ACTS if route.name == "credit")
    account_id = await _opened(program)
    site = program.bench.site
    for changed, status in (
        (replace(site, answers=Forgetful(site.answers)), 503),
        (replace(site, clock=LaterClock(CLAIM_MS)), 201),
    ):
        async with TestClient(TestServer(make_app(changed))) as client:
            there = Program(client, program.bench, program.text)
            assert (await _asked(there, credit, account_id))[0] == status
    assert [line.outcome for line in await _lines(program)] == ["done", "done"]
    view = await program.bench.ledger.account(account_id)
    assert view is not None
    assert view.balance_micros == 6_500_000
