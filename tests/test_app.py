"""The wiring, as far as it can be seen without a switch."""

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr
from standardwebhooks import Webhook

from engine.app import books_of, plan_of
from engine.app.plan import web_plan_of
from engine.app.site import Accounts, open_sender, webhooks_of
from engine.core.inventory import BillingProfile, Inventory, ProviderTerms
from engine.core.webhook import WANTED
from engine.errors import CallerError
from engine.flows.versions.view import View
from engine.settings import Settings
from tests.demo.payments import plan_apart


async def test_nobody_else_looks_into_what_an_engine_writes(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    settings.run_folder.mkdir(parents=True, mode=0o755)
    async with books_of(settings) as books:
        assert books.store is None
    assert settings.run_folder.stat().st_mode & 0o077 == 0


async def test_a_webhook_is_signed_with_the_secret_that_was_told(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var", webhook_loopback=True)
    web_plan = web_plan_of(settings)
    seen: asyncio.Future[tuple[bytes, dict[str, str]]] = asyncio.Future()

    async def receive(request: web.Request) -> web.Response:
        seen.set_result((await request.read(), dict(request.headers)))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", receive)
    async with TestServer(app) as server, books_of(settings) as books, AsyncExitStack() as stack:
        webhooks = webhooks_of(web_plan, books.ledger, books.clock)
        url = f"http://127.0.0.1:{server.port}/hook"
        made = await webhooks.add("acme", url, WANTED, 1, "once")
        await webhooks.ping("acme", made.endpoint.endpoint_id, "once")
        sender = open_sender(web_plan, books.ledger, books.clock, stack)
        work = asyncio.create_task(sender.run())
        body, headers = await asyncio.wait_for(seen, 20)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert Webhook(made.secret).verify(body, headers)["type"] == "ping"


def test_fake_payments_touch_no_real_books(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    apart = plan_apart(settings)
    assert apart.database != plan_of(settings).database
    assert apart.folder == tmp_path / "var" / "fake-payments"
    for theirs in (
        {"database_url": SecretStr("postgresql://db.example/books")},
        {"store_url": "redis://store.example"},
        {"ari_url": "http://pbx.example:8088/ari"},
    ):
        with pytest.raises(CallerError, match="must be left out"):
            plan_apart(settings.model_copy(update=theirs))


def _with_stripe(version: int, *names: str) -> Inventory:
    """An inventory whose profiles have accounts with Stripe, their secrets named by theirs."""
    return Inventory(
        version=version,
        profiles=tuple(
            BillingProfile(
                name=name,
                organisation="acme",
                currency="EUR",
                providers=(
                    ProviderTerms(
                        provider="stripe",
                        options=(
                            ("api_key", f"secret:{name}"),
                            ("webhook_secret", f"secret:{name}"),
                        ),
                    ),
                ),
            )
            for name in names
        ),
    )


async def test_accounts_go_along_with_a_version_or_refuse_it(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text("sk_test_1")
    versions = [_with_stripe(n, *names) for n, names in enumerate(((), ("one",), ("one", "two")))]
    view = View(versions[0])
    accounts = Accounts(view.inventory, tmp_path)
    view.subscribe(accounts.follow)
    assert accounts() == {}
    await view.swap(versions[1])
    first = dict(accounts())
    assert set(first) == {("one", "stripe")}
    await view.swap(versions[2])
    assert set(accounts()) == {("one", "stripe"), ("two", "stripe")}
    with pytest.raises(CallerError, match="the secret three cannot be read") as refusal:
        await view.swap(_with_stripe(3, "one", "three"))
    assert refusal.value.field == "profiles.three.providers.stripe"
    assert view.inventory() is versions[2]
    await view.swap(versions[1])
    assert dict(accounts()) == first
    await accounts.close()
