"""One idempotency key, one write: repeated, at once, and across a crash."""

import asyncio
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from engine.core.call import Now
from engine.core.money import MICROS
from engine.errors import RemoteError
from engine.flows.clock import SystemClock
from engine.ports.operators import ANSWERS_KEPT_MS, Answer, Answers, Claim, Standing
from engine.web.api import once
from engine.web.api.once import CLAIM_MS
from engine.web.server import make_app
from engine.web.site import Site
from tests.web.api.conftest import Program
from tests.web.site import LANDLINE, MOBILE

GIFT = {"amount": "1.50", "reason": "goodwill"}


@dataclass
class LaterClock(SystemClock):
    """The machine's clock, so much later."""

    later_ms: int

    def now(self) -> Now:
        now = super().now()
        return Now(now.wall_ms + self.later_ms, now.mono_ms)


@dataclass
class Forgetful:
    """Answers that cannot be kept: the database dies right after the booking."""

    answers: Answers

    async def claim(self, claim: Claim) -> Answer | Standing:
        return await self.answers.claim(claim)

    async def keep(self, claim: Claim, answer: Answer) -> Answer:
        raise RemoteError("the database is away")

    async def give_up(self, claim: Claim) -> None:
        raise RemoteError("the database is away")


async def lines(program: Program, account_id: str) -> list[Any]:
    found: list[Any] = (await program.get(f"/accounts/{account_id}/transactions"))["transactions"]
    return found


async def on_site(program: Program, site: Site, *request: Any, **options: Any) -> Any:
    """What a site other than the program's answers."""
    async with TestClient(TestServer(make_app(site))) as client:
        answer, _ = await Program(client, program.bench, program.text).ask(*request, **options)
        return answer


async def test_the_same_request_gets_the_same_answer(program: Program) -> None:
    account_id = await program.account()
    path = f"/accounts/{account_id}/credits"
    first = await program.post(path, GIFT, once="g1")
    await program.post(path, GIFT, once="g2")
    assert await program.post(path, GIFT, once="g1") == first
    spaced = {"data": b'{ "reason": "goodwill",\n"amount": "1.50" }'}
    headers = {"Idempotency-Key": "g1", "Content-Type": "application/json"}
    answer, _ = await program.ask("POST", path, 201, headers=headers, **spaced)
    assert answer == first
    assert len(await lines(program, account_id)) == 2


async def test_a_refusal_stays_one(program: Program) -> None:
    account_id = await program.account(LANDLINE, MICROS)
    path = f"/accounts/{account_id}/debits"
    refused = await program.post(path, GIFT, 409, once="d1")
    await program.account(LANDLINE, 5 * MICROS)
    assert await program.post(path, GIFT, 409, once="d1") == refused
    await program.post(path, GIFT, once="d2")


async def test_another_request_with_the_key_is_refused(program: Program) -> None:
    account_id, other = await program.account(), await program.account(MOBILE)
    path = f"/accounts/{account_id}/credits"
    await program.post(path, GIFT, once="g1")
    for again, body in (
        (path, {**GIFT, "amount": "1.51"}),
        (path, {**GIFT, "reason": "more"}),
        (f"/accounts/{account_id}/debits", GIFT),
        (f"/accounts/{other}/credits", GIFT),
    ):
        answer = await program.post(again, body, 409, once="g1")
        assert answer["type"] == "urn:groschen:problem:key_reused"
    assert len(await lines(program, account_id)) == 1


async def test_another_organisation_has_keys_of_its_own(
    program: Program, stranger: Program
) -> None:
    account_id = await program.account()
    (theirs,) = (await stranger.get("/accounts"))["accounts"]
    await program.post(f"/accounts/{account_id}/credits", GIFT, once="g1")
    await stranger.post(f"/accounts/{theirs['account_id']}/credits", GIFT, once="g1")


async def test_of_two_at_once_one_is_carried_out(program: Program) -> None:
    account_id = await program.account()
    path = f"/accounts/{account_id}/credits"
    reached, go_on = asyncio.Event(), asyncio.Event()

    async def wait(_order: str) -> None:
        reached.set()
        await go_on.wait()

    program.bench.store.delay = wait
    first = asyncio.create_task(program.post(path, GIFT, once="g1"))
    await reached.wait()
    headers = {"Idempotency-Key": "g1"}
    answer, response = await program.ask("POST", path, 409, json=GIFT, headers=headers)
    assert answer["type"] == "urn:groschen:problem:under_way"
    assert int(response.headers["Retry-After"]) > 0
    go_on.set()
    answered = await first
    assert await program.post(path, GIFT, once="g1") == answered
    assert len(await lines(program, account_id)) == 1


async def test_what_takes_too_long_leaves_the_key_free(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    account_id = await program.account()
    path, store = f"/accounts/{account_id}/credits", program.bench.store
    quick = store.delay

    async def for_ever(_order: str) -> None:
        await asyncio.Event().wait()

    store.delay = for_ever
    monkeypatch.setattr(once, "RUN_MOST_S", 0.3)
    await program.post(path, GIFT, 503, once="g1")
    store.delay = quick
    await program.post(path, GIFT, once="g1")
    assert len(await lines(program, account_id)) == 1


@pytest.mark.parametrize("kind", ["credits", "debits"])
async def test_what_was_booked_before_a_crash_is_booked_once(program: Program, kind: str) -> None:
    account_id = await program.account(LANDLINE, 5 * MICROS)
    before = program.bench.site
    request = ("POST", f"/accounts/{account_id}/{kind}")
    options = {"json": GIFT, "headers": {"Idempotency-Key": "k1"}}
    dying = replace(before, answers=Forgetful(before.answers))
    await on_site(program, dying, *request, 503, **options)
    assert len(await lines(program, account_id)) == 2
    await on_site(program, before, *request, 409, **options)
    later = replace(before, clock=LaterClock(CLAIM_MS))
    answer = await on_site(program, later, *request, 201, **options)
    assert answer["balance"] == {"credits": "6.50", "debits": "3.50"}[kind]
    assert await on_site(program, before, *request, 201, **options) == answer
    assert len(await lines(program, account_id)) == 2


async def test_the_journal_knows_a_key_after_its_answer_is_forgotten(program: Program) -> None:
    account_id = await program.account()
    path = f"/accounts/{account_id}/credits"
    first = await program.post(path, GIFT, once="g1")
    options = {"headers": {"Idempotency-Key": "g1"}}
    later = replace(program.bench.site, clock=LaterClock(ANSWERS_KEPT_MS + 1_000))
    assert await on_site(program, later, "POST", path, 201, json=GIFT, **options) == first
    much_later = replace(later, clock=LaterClock(2 * ANSWERS_KEPT_MS + 2_000))
    other = {**GIFT, "amount": "2"}
    answer = await on_site(program, much_later, "POST", path, 409, json=other, **options)
    assert answer["type"] == "urn:groschen:problem:conflict"
    assert len(await lines(program, account_id)) == 1


async def test_a_merge_that_was_cut_short_is_finished(program: Program) -> None:
    old, new = await program.account(LANDLINE, MICROS), await program.account(MOBILE)
    before = program.bench.site
    request = ("PUT", f"/accounts/{old}/number")
    options = {"json": {"number": MOBILE, "merge": True}, "headers": {"Idempotency-Key": "k1"}}
    dying = replace(before, answers=Forgetful(before.answers))
    await on_site(program, dying, *request, 503, **options)
    later = replace(before, clock=LaterClock(CLAIM_MS))
    answer = await on_site(program, later, *request, 200, **options)
    assert (answer["account_id"], answer["balance"]) == (new, "1.00")
    assert len(await lines(program, new)) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "ü", "a\tb"])
async def test_a_write_needs_a_key(program: Program, key: str) -> None:
    account_id = await program.account()
    path = f"/accounts/{account_id}/credits"
    answer, _ = await program.ask("POST", path, 400, json=GIFT, headers={"Idempotency-Key": key})
    assert answer["field"] == "Idempotency-Key"
    assert await lines(program, account_id) == []


async def test_the_longest_key_is_one(program: Program) -> None:
    account_id = await program.account()
    key = "~" + "k " * 99 + "!"
    assert len(key) == 200
    for _ in range(2):
        await program.post(f"/accounts/{account_id}/credits", GIFT, once=key)
    assert len(await lines(program, account_id)) == 1
