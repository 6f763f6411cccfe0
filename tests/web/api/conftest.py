"""A program that speaks to the interface with keys of two organisations."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from engine.core.inventory import BillingProfile, TopUpAmount
from engine.core.money import MICROS
from engine.ports.operators import Scope
from engine.web.guard import Guard
from engine.web.server import make_app
from tests.ports.stores import wish
from tests.web.site import LANDLINE, MOBILE, ORGANISATION, PROFILE, Bench, open_site, site_inventory

BOLT = BillingProfile(
    name="bolt-eur",
    organisation="bolt",
    currency="EUR",
    amounts=(TopUpAmount(pay_micros=10 * MICROS),),
)
API = "/api/v1"


@dataclass
class Program:
    """Asks with one key; every write has an idempotency key of its own unless told otherwise."""

    client: TestClient[Any, Any]
    bench: Bench
    text: str
    writes: int = field(default=0)

    async def ask(
        self, method: str, path: str, status: int = 200, **request: Any
    ) -> tuple[Any, ClientResponse]:
        """The answer as an object, and the response."""
        headers = {"Authorization": f"Bearer {self.text}", **request.pop("headers", {})}
        if method != "GET":
            self.writes += 1
            headers.setdefault("Idempotency-Key", f"write-{self.writes}")
        sent = {name: value for name, value in headers.items() if value}
        async with self.client.request(method, API + path, headers=sent, **request) as response:
            answer = await response.json(content_type=None)
            assert response.status == status, answer
            form = "application/json" if status < 400 else "application/problem+json"
            assert response.content_type == form
            if status >= 400:
                assert answer["status"] == status
            return answer, response

    async def get(self, path: str, status: int = 200, /, **query: str | int) -> Any:
        return (await self.ask("GET", path, status, params=query))[0]

    async def post(self, path: str, body: Any = None, status: int = 201, once: str = "") -> Any:
        headers = {"Idempotency-Key": once} if once else {}
        return (await self.ask("POST", path, status, json=body, headers=headers))[0]

    async def put(self, path: str, body: Any, status: int = 200, once: str = "") -> Any:
        headers = {"Idempotency-Key": once} if once else {}
        return (await self.ask("PUT", path, status, json=body, headers=headers))[0]

    async def with_key(
        self, scopes: Sequence[Scope] = tuple(Scope), organisation: str = ORGANISATION
    ) -> "Program":
        """The same program with another key."""
        made = await self.bench.site.keys.create(organisation, "test", scopes)
        return Program(self.client, self.bench, made.text)

    async def account(self, e164: str = LANDLINE, micros: int = 0) -> str:
        """An account with so much on it."""
        account_id = (
            await self.bench.ledger.open_account(ORGANISATION, PROFILE, e164, "EUR")
        ).account_id
        if micros:
            amount = f"{micros // MICROS}.{micros % MICROS:06}"
            await self.post(f"/accounts/{account_id}/credits", {"amount": amount, "reason": "r"})
        return account_id

    async def call_holds(self, account_id: str, call_id: str = "c1") -> int:
        """Let a call hold some of the account's money; how much (micro-units)."""
        store = self.bench.store
        granted = await store.reserve(wish(call_id, 1, 60, account_id=account_id))
        held = granted.view.held_micros
        assert held > 0
        return held


async def two_organisations(bench: Bench) -> None:
    """Let the other organisation have an account of the same number."""
    await bench.ledger.open_account("bolt", BOLT.name, MOBILE, "EUR")


@pytest.fixture
async def bench(empty_books: Any, tmp_path: Any) -> AsyncIterator[Bench]:
    """A site of two organisations."""
    file = tmp_path / "ledger.db"
    file.write_bytes(empty_books.read_bytes())
    async with open_site(file, site_inventory(BOLT), guard=Guard(a_minute=10_000)) as opened:
        await two_organisations(opened)
        yield opened


@pytest.fixture
async def program(bench: Bench) -> AsyncIterator[Program]:
    """A program of the first organisation with every scope."""
    async with TestClient(TestServer(make_app(bench.site))) as client:
        yield await Program(client, bench, "").with_key()


@pytest.fixture
async def stranger(program: Program) -> Program:
    """A program of the other organisation."""
    return await program.with_key(organisation="bolt")
