"""Who may ask for what: keys, scopes, organisations, and how often."""

import re
import shutil
from pathlib import Path

from aiohttp.test_utils import TestClient, TestServer

from engine.core.money import MICROS
from engine.ports.operators import Scope
from engine.web.api.gate import ROUTES
from engine.web.guard import Guard
from engine.web.server import make_app
from tests.web.api.conftest import BOLT, Program
from tests.web.site import LANDLINE, MOBILE, open_site, site_inventory

PATHS = [(route.method, re.sub(r"\{\w+\}", "x1", route.path), route.scope) for route in ROUTES]


async def test_nothing_is_told_without_a_key(program: Program) -> None:
    wrong = ("", "Bearer", "Bearer gk_0_0", f"Basic {program.text}", program.text)
    for method, path, _ in PATHS:
        for given in wrong:
            answer, response = await program.ask(
                method, path, 401, headers={"Authorization": given}
            )
            assert answer["type"] == "urn:groschen:problem:no_key"
            assert response.headers["WWW-Authenticate"].startswith("Bearer")


async def test_every_scope_but_the_right_one_is_refused(program: Program) -> None:
    right = {scope: await program.with_key([scope]) for scope in Scope}
    wrong = {
        scope: await program.with_key([other for other in Scope if other is not scope])
        for scope in Scope
    }
    for method, path, scope in PATHS:
        answer, _ = await wrong[scope].ask(method, path, 403)
        assert scope in answer["detail"]
        headers = {"Authorization": f"Bearer {right[scope].text}"}
        async with program.client.request(method, "/api/v1" + path, headers=headers) as response:
            assert response.status not in (401, 403)


async def test_a_revoked_key_is_none(program: Program) -> None:
    await program.get("/accounts")
    await program.bench.site.keys.revoke(program.text.split("_")[1])
    await program.ask("GET", "/accounts", 401)


async def test_the_scheme_may_be_written_in_any_case(program: Program) -> None:
    await program.ask("GET", "/accounts", headers={"Authorization": f"bearer  {program.text}"})


async def test_what_another_organisation_has_is_not_there(
    program: Program, stranger: Program
) -> None:
    account_id = await program.account(LANDLINE, MICROS)
    wish = {"profile": "acme-eur", "provider": "manual", "number": LANDLINE, "amount": "20"}
    order_id = (await program.post("/orders", wish))["order"]["order_id"]
    movement = {"amount": "1", "reason": "r"}
    for path in ("", "/balance", "/transactions"):
        theirs = await stranger.get(f"/accounts/{account_id}{path}", 404)
        nobodys = await stranger.get(f"/accounts/nothing{path}", 404)
        assert theirs.pop("request") != nobodys.pop("request")
        assert theirs == nobodys
    await stranger.post(f"/accounts/{account_id}/credits", movement, 404)
    await stranger.post(f"/accounts/{account_id}/debits", movement, 404)
    await stranger.put(f"/accounts/{account_id}/number", {"number": MOBILE}, 404)
    await stranger.get(f"/orders/{order_id}", 404)
    await stranger.post(f"/orders/{order_id}/confirm", status=404)
    assert (await stranger.get("/orders", 422, after=order_id))["field"] == "after"
    assert (await stranger.post("/orders", wish, 422))["field"] == "profile"
    assert (await stranger.get("/orders"))["orders"] == []
    (own,) = (await stranger.get("/accounts"))["accounts"]
    assert own["profile"] == BOLT.name
    assert (await stranger.get("/accounts", number=LANDLINE))["accounts"] == []
    assert (await program.get(f"/accounts/{account_id}"))["balance"] == "1.00"


async def test_a_key_asks_so_often_a_minute(tmp_path: Path, empty_books: Path) -> None:
    file = Path(shutil.copy(empty_books, tmp_path))
    async with (
        open_site(file, site_inventory(), guard=Guard(key_a_minute=3)) as bench,
        TestClient(TestServer(make_app(bench.site))) as client,
    ):
        program = await Program(client, bench, "").with_key()
        for left in (2, 1, 0):
            _, response = await program.ask("GET", "/accounts")
            assert response.headers["RateLimit"].startswith(f'"key";r={left};t=')
            assert response.headers["RateLimit-Policy"] == '"key";q=3;w=60'
        answer, response = await program.ask("GET", "/accounts", 429)
        assert answer["type"] == "urn:groschen:problem:too_many"
        assert 1 <= int(response.headers["Retry-After"]) <= 60
        other = await program.with_key()
        await other.get("/accounts")
