"""Programs beside the business: API keys, a shop that webhooks go to, fake payment providers."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web

from engine.core.webhook import WANTED, EventType
from engine.flows.clock import SystemClock
from engine.flows.keys import KeyRing
from engine.flows.webhooks import Webhooks
from engine.ledger.api.sql import SqlKeys
from engine.ledger.sql import SqlLedger
from engine.payments.registry import option_forms
from engine.ports.operators import Scope
from tests.fakes.payments.every import FakeProviders

SHOP = "sternlicht"
"""Whose programs these are."""


@asynccontextmanager
async def shop_programs() -> AsyncIterator[str]:
    """A program of the shop on this machine that hears webhooks; its URL."""

    async def hear(_request: web.Request) -> web.Response:
        return web.Response(status=204)

    app = web.Application()
    app.router.add_post("/hooks", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    finally:
        await runner.cleanup()


async def write_programs(ledger: SqlLedger, webhooks: Webhooks, url: str) -> None:
    """Keys, one of which is out of use; an endpoint that is told of all, and one that is told of
    nothing any more. The keys' texts are kept nowhere."""
    keys = KeyRing(SqlKeys(ledger), SystemClock())
    old = await keys.create(SHOP, "Altes Webshop-Plugin", [Scope.ORDERS_READ])
    await keys.revoke(old.key.key_id)
    await keys.create(SHOP, "Webshop", [Scope.ORDERS_READ, Scope.ACCOUNTS_READ])
    await keys.create(SHOP, "Buchhaltung", [Scope.ACCOUNTS_READ])
    heard = await webhooks.add(SHOP, url, WANTED, 4, "demo")
    await webhooks.ping(SHOP, heard.endpoint.endpoint_id, "demo")
    past = "https://crm.sternlicht.example/hooks"
    silent = await webhooks.add(SHOP, past, [EventType.CALL_ENDED], 1, "demo-crm")
    await webhooks.disable(SHOP, silent.endpoint.endpoint_id)


def written(fakes: FakeProviders, secrets: Path) -> str:
    """The fakes as the operator's files name them (YAML in one line), their secrets put into a
    folder."""
    forms, found = option_forms(), dict[str, Mapping[str, str]]()
    for terms in fakes.terms:
        options = dict(terms.options)
        for option in options:
            if forms[terms.provider][option].is_secret:
                name = f"{terms.provider}-{option}".replace("_", "-")
                (secrets / name).write_text(options[option])
                (secrets / name).chmod(0o600)
                options[option] = f"secret:{name}"
        found[terms.provider] = options
    return json.dumps(found)
