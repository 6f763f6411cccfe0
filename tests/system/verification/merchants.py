"""A merchant's server: asks engines for verifications over HTTP, and is told by webhooks."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import ClientSession, web

from engine.app.plan import WebPlan
from engine.app.site import webhooks_of
from engine.core.verification import Mode
from engine.core.webhook import EventType
from engine.flows.clock import SystemClock
from engine.flows.keys import KeyRing
from engine.flows.webhooks.sender import LEASE_MS
from engine.ledger.api.sql import SqlKeys
from engine.ports.operators import Scope
from tests.rig.house import WEB_SECRET, EngineProcess, RealHouse

TOLD_WITHIN_S = LEASE_MS / 1000 + 30
"""What an engine was about to tell when it died, another tells once its lease has run out."""


class Server:
    """The server; `told` has the body of every event it was told of, by the event's id."""

    def __init__(self, key: str, session: ClientSession) -> None:
        self.told: dict[str, dict[str, Any]] = {}
        self._key = key
        self._session = session
        self._news = asyncio.Condition()

    async def receive(self, request: web.Request) -> web.Response:
        """Take a webhook."""
        self.told[request.headers["webhook-id"]] = json.loads(await request.read())
        async with self._news:
            self._news.notify_all()
        return web.Response()

    async def told_of(self, count: int) -> list[dict[str, Any]]:
        """What so many events were of, once they have come."""
        async with asyncio.timeout(TOLD_WITHIN_S), self._news:
            await self._news.wait_for(lambda: len(self.told) >= count)
        return [event["data"] for event in self.told.values()]

    async def begin(self, engine: EngineProcess, number: str, mode: Mode) -> str:
        """Have a number verified by this engine; the verification's id."""
        wish = {"merchant": "shop", "to": number, "mode": mode.value}
        begun = await self.ask(engine, "POST", "verifications", wish)
        return str(begun["verification_id"])

    async def ask(
        self, engine: EngineProcess, method: str, path: str, body: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """One request to the engine's interface, which must be answered well."""
        url = f"http://localhost:{engine.web_port}/api/v1/{path}"
        headers = {"Authorization": f"Bearer {self._key}", "Idempotency-Key": uuid.uuid4().hex}
        async with self._session.request(method, url, json=body, headers=headers) as answer:
            assert answer.status in (200, 201), await answer.text()
            found: dict[str, Any] = await answer.json()
            return found


@asynccontextmanager
async def merchants_server(house: RealHouse) -> AsyncIterator[Server]:
    """The server, with a key of acme's and an endpoint that wants every verification's end."""
    made = await KeyRing(SqlKeys(house.ledger), SystemClock()).create(
        "acme", "shop", [Scope.VERIFICATIONS_WRITE]
    )
    async with ClientSession() as session:
        server = Server(made.text, session)
        app = web.Application()
        app.router.add_post("/told", server.receive)
        runner = web.AppRunner(app)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            plan = WebPlan(secret=WEB_SECRET, secrets=house.folder, webhook_loopback=True)
            url = f"http://127.0.0.1:{runner.addresses[0][1]}/told"
            webhooks = webhooks_of(plan, house.ledger, SystemClock())
            await webhooks.add("acme", url, [EventType.VERIFICATION_ENDED], 4, "once")
            yield server
        finally:
            await runner.cleanup()
