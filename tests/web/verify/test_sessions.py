"""A browser's sessions: begun, seen as the call goes on, proved, and never another's."""

import asyncio
from collections import Counter
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from engine.core.events import LegFailure
from engine.core.inventory import CallLimits, OnInvalid
from engine.core.verification import Failure, Mode, Rejection, Status
from engine.ledger.verifications.sql import SqlVerifications
from engine.ports.verifications import VerificationFilter
from engine.verification.rehearsal import NUMBERS, PROVED, scenes
from engine.web.guard import Guard
from engine.web.publishable import merchant_of_key
from engine.web.server import make_app
from engine.web.verify import sessions, watching
from engine.web.verify.wording import languages
from tests.verification.cases import MERCHANT, MOBILE
from tests.web.site import EMBEDDER, ORIGIN, Bench, Client, open_site, site_inventory
from tests.web.verify.visitor import Visitor

CODE = "123456"


@pytest.fixture
def visitor(client: Client, bench: Bench) -> Visitor:
    """Somebody on a page of the merchant's."""
    return Visitor(client, bench)


async def test_one_key_proves_a_number(visitor: Visitor) -> None:
    visitor.bench.calling.person(MOBILE, presses="1", presses_after_ms=30)
    told = await visitor.begins(mode="press", reference="order-4711")
    assert (told["status"], told["number"], told["token"]) == ("calling", "+49 1522 8817386", None)
    seen = await visitor.until(told, status="verified")
    assert (seen["title"], seen["reference"]) == ("Number confirmed", "order-4711")
    claims = visitor.bench.site.tokens.read(seen["token"], visitor.bench.site.clock.now().wall_ms)
    assert claims is not None
    assert (claims.e164, claims.reference, claims.audience) == (MOBILE, "order-4711", "shop")
    assert visitor.bench.calling.dialled == [MOBILE]


async def test_the_call_is_seen_step_by_step(visitor: Visitor) -> None:
    visitor.bench.calling.person(MOBILE, presses="1", presses_after_ms=50)
    told = await visitor.begins()
    assert not told["takes_code"]
    seen = await visitor.until(told, takes_code=True)
    assert seen["code"] is None
    wrong = await visitor.post(visitor.place(told) + "/check", {"code": "no code"})
    assert (wrong["message"], wrong["tries_left"]) == ("This code is wrong. Tries left: 4.", 4)
    await visitor.post(visitor.place(told) + "/cancel")
    assert (await visitor.look(told))["title"] == "Cancelled"
    refused = await visitor.post(visitor.place(told) + "/cancel", status=409)
    assert refused["reason"] == "cancelled"
    late = await visitor.post(visitor.place(told) + "/check", {"code": "123456"})
    assert (late["message"], late["final"]) == ("No code can be checked just now.", True)


async def test_the_code_to_be_keyed_in_is_shown_while_it_is_good(visitor: Visitor) -> None:
    visitor.bench.calling.person(MOBILE, fails_with=LegFailure.REJECTED)
    told = await visitor.begins(mode="keypad")
    assert len(told["code"]) == 6
    seen = await visitor.until(told, final=True)
    assert (seen["reason"], seen["code"], seen["token"]) == ("rejected", None, None)


@pytest.mark.parametrize(
    ("typed", "reason", "says"),
    [
        ("0900 1234567", "service", "We do not call service and special numbers."),
        ("110", "service", "We do not call service and special numbers."),
        ("+43 1 5123456", "foreign", "We cannot call this country."),
    ],
)
async def test_what_must_not_be_called_is_over_at_once(
    visitor: Visitor, typed: str, reason: str, says: str
) -> None:
    told = await visitor.begins(typed)
    assert (told["status"], told["reason"], told["final"]) == ("rejected", reason, True)
    assert says in told["text"]
    assert told["can_begin_again"]
    assert visitor.bench.calling.dialled == []


async def test_a_wrong_number_is_said_as_typed_and_when_sent(visitor: Visitor) -> None:
    right = await visitor.post("number", {"number": "0152 28817386"})
    assert right == {"ok": True, "text": "+49 1522 8817386", "meant": ""}
    for typed, says in (("0152 288", "no complete"), ("030 23125 000 0000 00", "too many")):
        seen = await visitor.post("number", {"number": typed})
        assert not seen["ok"]
        assert says in seen["text"]
        refused = await visitor.begins(typed, 422)
        assert refused["field"] == "to"
        assert refused["type"] == "urn:groschen:problem:invalid_number"
        assert refused["detail"] == seen["text"]
        assert refused["reason"]
    meant = await visitor.begins("49152 28817386", 422)
    assert meant["did_you_mean"] == "+49 1522 8817386"


async def test_where_nothing_may_be_corrected_it_ends(empty_books, tmp_path) -> None:  # type: ignore[no-untyped-def]  # fixtures of the conftest
    file = tmp_path / "end.db"
    file.write_bytes(empty_books.read_bytes())
    shop = replace(MERCHANT, on_invalid=OnInvalid.END, sites=(EMBEDDER,))
    async with (
        open_site(file, site_inventory(merchants=(shop,))) as bench,
        TestClient(TestServer(make_app(bench.site))) as client,
    ):
        visitor = Visitor(client, bench)
        await visitor.post("number", {"number": "0152 288"}, 404)
        told = await visitor.begins("0152 288")
        assert (told["reason"], told["can_begin_again"]) == ("invalid", False)


async def test_another_site_or_key_or_session_gets_nothing(
    visitor: Visitor, client: Client, bench: Bench
) -> None:
    visitor.bench.calling.person(MOBILE)
    told = await visitor.begins()
    for origin in ("https://evil.example", "null", ""):
        await Visitor(client, bench, origin=origin).begins(status=403)
    for key in ("shop", "pk_live_shop_" + "0" * 32, visitor.key.replace("live", "test")):
        async with client.post(f"/verify/{key}/sessions", headers={"Origin": EMBEDDER}) as answer:
            assert answer.status == 404
    for seal in ("0" * 32, told["id"]):
        path = f"/verify/{visitor.key}/sessions/{told['id']}/{seal}"
        for further in ("", "/events"):
            async with client.get(path + further) as answer:
                assert answer.status == 404
        async with client.post(f"{path}/check", headers={"Origin": EMBEDDER}) as answer:
            assert answer.status == 404
    testing = Visitor(client, bench, test=True)
    await testing.post(testing.place(told) + "/cancel", status=404)


async def test_the_merchants_own_page_may_ask_and_read(visitor: Visitor, client: Client) -> None:
    path = f"/verify/{visitor.key}/sessions"
    headers = {"Origin": EMBEDDER, "Access-Control-Request-Method": "POST"}
    async with client.options(path, headers=headers) as answer:
        assert answer.status == 204
        assert answer.headers["Access-Control-Allow-Origin"] == EMBEDDER
        assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"
    async with client.options(path, headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403
        assert "Access-Control-Allow-Origin" not in answer.headers
    async with client.post(path, data="{", headers={"Origin": EMBEDDER}) as answer:
        assert answer.status == 415
        assert answer.headers["Access-Control-Allow-Origin"] == EMBEDDER


async def test_the_widget_is_framed_by_the_merchants_sites_alone(
    visitor: Visitor, client: Client
) -> None:
    async with client.get(f"/verify/{visitor.key}?origin={EMBEDDER}") as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.endswith(f"frame-ancestors {EMBEDDER}")
        assert "unsafe" not in policy
        assert "Set-Cookie" not in answer.headers
        assert f'data-target="{EMBEDDER}"' in await answer.text()
    async with client.get(f"/verify/{visitor.key}?origin=https://evil.example") as answer:
        assert "evil" not in await answer.text()
    async with client.get("/verify/widget.js") as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    async with client.get("/verify/static/other.js") as answer:
        assert answer.status == 404


# --- limits --------------------------------------------------------------------------------


async def test_of_a_thousand_at_once_from_one_address_the_limit_is_called(
    empty_books,
    tmp_path,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]  # fixtures of the conftest
) -> None:
    """All over HTTP: 20 are called, 40 refused by the merchant's limit, the rest not even begun."""
    file = tmp_path / "thousand.db"
    file.write_bytes(empty_books.read_bytes())
    limits = CallLimits(per_number=10**6, per_address=20, per_prefix=10**6, share_percent=0)
    shop = replace(MERCHANT, limits=limits, sites=(EMBEDDER,))
    inventory = site_inventory(merchants=(shop,))
    async with (
        open_site(file, inventory, guard=Guard(a_minute=10_000), timeout_s=60) as bench,
        TestClient(TestServer(make_app(bench.site))) as client,
    ):
        visitor = Visitor(client, bench)
        wish = {"to": MOBILE, "mode": "press", "lang": "de"}
        headers = {"Origin": EMBEDDER}

        async def ask() -> str:
            path = f"/verify/{visitor.key}/sessions"
            async with client.post(path, json=wish, headers=headers) as answer:
                told = await answer.json(content_type=None)
                return told["status"] if answer.status == 201 else str(answer.status)

        answers = Counter(await asyncio.gather(*(ask() for _ in range(1_000))))
        assert answers == {"calling": 20, "blocked": 40, "429": 940}
        kept = await SqlVerifications(bench.ledger).verifications(
            VerificationFilter(organisation="acme", most=1_000)
        )
        states = Counter((one.status, one.reason) for one in kept)
        assert states[(Status.BLOCKED, "per_address")] == 40
        assert len(kept) == 60


async def test_a_code_cannot_be_guessed_from_many_connections(visitor: Visitor) -> None:
    """A hundred guesses at once, the right one last: five are compared."""
    visitor.test = True
    told = await visitor.until(await visitor.begins(PROVED), takes_code=True)
    guesses = [f"{number:06}" for number in range(99)] + [CODE]

    async def guess(code: str) -> int:
        path = f"/verify/{visitor.key}/{visitor.place(told)}/check"
        async with visitor.client.post(
            path, json={"code": code}, headers={"Origin": EMBEDDER}
        ) as answer:
            return answer.status

    assert set(await asyncio.gather(*map(guess, guesses))) <= {200, 503}
    seen = await visitor.look(told)
    assert (seen["status"], seen["tries_left"], seen["token"]) == ("wrong_code", 0, None)


async def test_streams_and_checks_are_bounded(
    visitor: Visitor, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "STREAMS_OF_ADDRESS_MOST", 1)
    visitor.bench.calling.person(MOBILE, answers_after_ms=None)
    told = await visitor.begins()
    path = f"/verify/{visitor.key}/{visitor.place(told)}/events"
    async with client.get(path) as first:
        await first.content.readline()
        async with client.get(path) as second:
            assert second.status == 429
    for _ in range(60):
        await visitor.post("number", {"number": "1"})
    await visitor.post("number", {"number": "1"}, 429)


async def test_a_silent_stream_says_that_it_is_there(
    visitor: Visitor, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "HEARTBEAT_S", 0.01)
    visitor.bench.calling.person(MOBILE, answers_after_ms=None)
    told = await visitor.begins()
    async with client.get(f"/verify/{visitor.key}/{visitor.place(told)}/events") as stream:
        while await stream.content.readline() != b": still here\n":
            pass


# --- test mode -----------------------------------------------------------------------------


async def test_every_test_number_goes_its_way_and_nobody_is_called(visitor: Visitor) -> None:
    visitor.test = True
    begun = {number: await visitor.begins(number, mode="press") for number in NUMBERS}
    ended = await asyncio.gather(*(_ended(visitor, told) for told in begun.values()))
    states = [(seen["status"], seen["reason"]) for seen in ended]
    assert states == [
        ("verified", ""),
        ("queued", ""),
        ("queued", ""),
        ("failed", "unreachable"),
        ("failed", "machine"),
        ("failed", "rejected"),
        ("rejected", "invalid"),
        ("failed", "network"),
    ]
    assert all(seen["test"] for seen in ended)
    assert visitor.bench.calling.dialled == []
    assert await visitor.bench.ledger.verify() == []
    charged = await SqlVerifications(visitor.bench.ledger).verifications(
        VerificationFilter(organisation="acme")
    )
    assert {one.charge_micros for one in charged} == {0}
    refused = await visitor.begins(MOBILE, 422)
    assert refused["field"] == "to"


async def _ended(visitor: Visitor, told: dict[str, object]) -> dict[str, object]:
    """How it stands when its (first) call is over."""
    async with asyncio.timeout(20):
        while True:
            seen: dict[str, object] = await visitor.look(told)
            if seen["final"] or seen["can_call_again"]:
                return seen
            await asyncio.sleep(0.1)


async def test_the_code_of_the_test_mode_proves(visitor: Visitor) -> None:
    visitor.test = True
    spoken = await visitor.begins(PROVED)
    keyed = await visitor.begins(PROVED, mode="keypad")
    assert keyed["code"] == CODE
    await visitor.until(spoken, takes_code=True)
    proved = await visitor.post(visitor.place(spoken) + "/check", {"code": CODE})
    for seen in (proved, await visitor.until(keyed, final=True)):
        assert seen["status"] == "verified"
        claims = visitor.bench.site.tokens.read(
            seen["token"], visitor.bench.site.clock.now().wall_ms
        )
        assert claims is not None
        assert claims.audience == "test:shop"


def test_a_key_names_its_merchant_and_mode(bench: Bench) -> None:
    seal = bench.site.seal
    for test in (True, False):
        key = sessions_key(bench, test=test)
        assert merchant_of_key(seal, key) == ("shop", test)
        assert merchant_of_key(seal, key + "0") is None
    assert bench.site.origin == ORIGIN
    assert sessions.BY_ADDRESS.most > CallLimits().per_address


def sessions_key(bench: Bench, *, test: bool) -> str:
    return Visitor(None, bench, test=test).key  # type: ignore[arg-type]  # asks nobody


def test_everything_that_can_happen_has_words() -> None:
    """Each status with each reason, each step of a call, each test number's scenes."""
    words = languages()["de"].words
    keys = [
        *(f"failed_{one}" for one in Failure if one is not Failure.WRONG_NUMBER),
        *(f"rejected_{one}" for one in Rejection),
        *("queued_busy", "queued_no_answer", "dialing", "ringing", "answered", "code_spoken"),
        *(f"pressed_{mode}" for mode in Mode),
        *("ended", "waiting", "verified", "wrong_code", "expired", "cancelled", "blocked"),
    ]
    assert all(f"title_{key}" in words and f"text_{key}" in words for key in keys)
    steps = {scene.step for number in NUMBERS for mode in Mode for scene in scenes(number, mode)}
    assert {"dialing", "ringing", "answered", "key_pressed", "code_spoken", "ended"} == steps
