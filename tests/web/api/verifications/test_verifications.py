"""Verifications over the interface: begun once, read, checked, their tokens used once."""

import asyncio
from typing import Any

import pytest
from joserfc import jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import KeySet

from engine.core.verification import Mode, Status
from engine.flows.verification.verifier import Created, Wish
from engine.verification.rehearsal import NUMBERS, PROVED
from tests.verification.cases import MOBILE
from tests.web.api.conftest import Program

WISH = {"merchant": "shop", "to": PROVED, "reference": "order-4711", "test": True}


async def begun(program: Program, status: int = 201, once: str = "", **changes: Any) -> Any:
    return await program.post("/verifications", {**WISH, **changes}, status, once)


async def until(program: Program, told: Any, **wanted: Any) -> Any:
    """The verification once all of it is as wanted."""
    async with asyncio.timeout(20):
        while True:
            seen = await program.get(f"/verifications/{told['verification_id']}")
            if all(seen[name] == value for name, value in wanted.items()):
                return seen
            await asyncio.sleep(0.05)


async def proved(program: Program, **changes: Any) -> Any:
    """A number that was proved by a code keyed in."""
    return await until(program, await begun(program, mode="keypad", **changes), status="verified")


async def test_a_code_is_spoken_and_checked(program: Program) -> None:
    told = await begun(program)
    assert (told["status"], told["number"], told["charge"]) == ("calling", PROVED, "0.00")
    path = f"/verifications/{told['verification_id']}/check"
    await until(program, told, status="waiting")
    wrong = await program.post(path, {"code": "000000"}, 200, once="wrong")
    assert (wrong["fits"], wrong["tries_left"]) == (False, 4)
    assert await program.post(path, {"code": "000000"}, 200, once="wrong") == wrong
    right = await program.post(path, {"code": "123 456"}, 200)
    assert (right["fits"], right["verification"]["status"]) == (True, "verified")
    assert (await program.post(path, {"code": "123456"}, 409))["reason"] == "verified"


async def test_no_code_is_compared_before_it_was_told(program: Program) -> None:
    program.bench.calling.person(MOBILE, answers_after_ms=None)
    told = await begun(program, to=MOBILE, test=False)
    path = f"/verifications/{told['verification_id']}/check"
    refused = await program.post(path, {"code": "123456"}, 409)
    assert (refused["reason"], refused["type"]) == ("no_code_yet", "urn:groschen:problem:not_now")


async def test_it_is_begun_once(program: Program) -> None:
    program.bench.calling.person(MOBILE, presses="1")
    real = {"to": MOBILE, "mode": "press", "test": False}
    first, second = [await begun(program, once="k", **real) for _ in range(2)]
    assert first == second
    assert program.bench.calling.dialled == [MOBILE]
    await begun(program, 409, once="k", to=MOBILE)


async def test_who_begins_it_in_a_dead_engines_stead_finds_it_begun(program: Program) -> None:
    """No answer was kept, but the call was placed: the repeat places no second one."""
    program.bench.calling.person(MOBILE, presses="1")
    verifier = program.bench.site.verifier
    wish = Wish(
        organisation="acme", merchant="shop", to=MOBILE, mode=Mode.PRESS, lang="de", key="api:k"
    )
    first = await verifier.create(wish)
    assert isinstance(first, Created)
    async for seen in verifier.watch(first.verification.verification_id):
        last = seen
    assert last.status is Status.VERIFIED
    assert await verifier.create(wish) == Created(last)
    assert program.bench.calling.dialled == [MOBILE]


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"to": "0152 288"}, "to", "invalid_number"),
        ({"to": "49152 28817386"}, "to", "invalid_number"),
        ({"to": MOBILE}, "to", "caller"),
        ({"to": ""}, "to", "caller"),
        ({"merchant": "nobody"}, "merchant", "caller"),
        ({"mode": "morse"}, "mode", "caller"),
        ({"lang": "fr"}, "lang", "caller"),
        ({"address": "1.2.3.4.5"}, "address", "caller"),
        ({"reference": "x" * 201}, "reference", "caller"),
        ({"number": MOBILE}, "number", "caller"),
    ],
)
async def test_a_refusal_names_field_and_rule(
    program: Program, changes: dict[str, Any], field: str, code: str
) -> None:
    refused = await begun(program, 422, **changes)
    assert (refused["field"], refused["type"]) == (field, f"urn:groschen:problem:{code}")
    assert refused["detail"]
    if code == "invalid_number":
        assert refused["reason"]
    if changes.get("to", "").startswith("49"):
        assert refused["did_you_mean"] == "+49 1522 8817386"


async def test_foreign_and_service_numbers_are_over_at_once(program: Program) -> None:
    for typed, reason in (("+43 1 5123456", "foreign"), ("0900 1234567", "service")):
        told = await begun(program, to=typed, test=False)
        assert (told["status"], told["reason"], told["charge"]) == ("rejected", reason, "0.00")
    assert program.bench.calling.dialled == []


async def test_it_is_called_again_or_cancelled(program: Program) -> None:
    told = await until(program, await begun(program, to=NUMBERS[1]), last_failure="busy")
    path = f"/verifications/{told['verification_id']}"
    again = await program.post(f"{path}/calls")
    assert again["status"] in ("queued", "calling")
    ended = await program.post(f"{path}/cancel", status=200)
    assert ended["status"] == "cancelled"
    assert (await program.post(f"{path}/calls", status=409))["reason"] == "cancelled"


async def test_the_code_to_be_keyed_in_is_told_when_read(program: Program) -> None:
    """Not when it is begun: that answer is kept, and no code may be."""
    told = await begun(program, mode="keypad")
    assert told["code"] is None
    assert (await program.get(f"/verifications/{told['verification_id']}"))["code"] == "123456"


async def test_lists_come_in_pages(program: Program) -> None:
    made = [(await begun(program, to=NUMBERS[6]))["verification_id"] for _ in range(3)]
    page = await program.get("/verifications", limit=2, merchant="shop")
    rest = await program.get("/verifications", after=page["next"])
    found = [one["verification_id"] for one in page["verifications"] + rest["verifications"]]
    assert sorted(found) == sorted(made)
    assert rest["next"] is None


async def test_what_is_anothers_is_not_there(program: Program, stranger: Program) -> None:
    told = await proved(program)
    path = f"/verifications/{told['verification_id']}"
    await stranger.get(path, 404)
    for what, body in (("check", {"code": "123456"}), ("calls", None), ("cancel", None)):
        await stranger.post(f"{path}/{what}", body, 404)
    assert (await stranger.get("/verifications"))["verifications"] == []
    assert (await stranger.get("/verification-merchants"))["merchants"] == []
    used = {"token": told["token"], "reference": "order-4711", "test": True}
    await stranger.post("/verification-tokens/consume", used, 422)
    await begun(stranger, 422)


async def test_merchants_are_told_their_publishable_keys(program: Program) -> None:
    (merchant,) = (await program.get("/verification-merchants"))["merchants"]
    assert merchant["live_key"].startswith("pk_live_shop_")
    assert merchant["sites"] == ["https://www.sternlicht.example"]
    async with program.client.get(f"/verify/{merchant['test_key']}") as page:
        assert page.status == 200


# --- the token -----------------------------------------------------------------------------


async def key_set(program: Program) -> KeySet:
    async with program.client.get("/.well-known/jwks.json") as answer:
        return KeySet.import_key_set(await answer.json())


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
async def test_a_token_is_checked_offline_by_another_library(program: Program) -> None:
    told = await proved(program)
    keys = await key_set(program)
    token = jwt.decode(told["token"], keys, algorithms=["Ed25519", "EdDSA"])
    assert token.header["kid"] == keys.keys[0].kid
    rules = jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": "https://pay.example"},
        aud={"essential": True, "value": "test:shop"},
        exp={"essential": True},
        reference={"essential": True, "value": "order-4711"},
        phone_number={"essential": True, "value": PROVED},
    )
    rules.validate(token.claims)
    assert token.claims["sub"] == token.claims["jti"] == told["verification_id"]
    assert token.claims["exp"] - token.claims["iat"] == 600
    live = jwt.JWTClaimsRegistry(aud={"essential": True, "value": "shop"})
    with pytest.raises(JoseError):
        live.validate(token.claims)
    head, body, signature = told["token"].split(".")
    with pytest.raises(BadSignatureError):
        jwt.decode(f"{head}.{body[:-2]}AA.{signature}", keys, algorithms=["EdDSA"])


async def test_a_token_is_used_once(program: Program) -> None:
    told = await proved(program)
    used = {"token": told["token"], "reference": "order-4711", "test": True}
    path = "/verification-tokens/consume"
    at_once = await asyncio.gather(
        *(program.ask("POST", path, 200, json=used, headers={"Idempotency-Key": "mine"}),)
    )
    assert at_once[0][0]["number"] == PROVED
    assert (await program.post(path, used, 200, once="mine"))["number"] == PROVED
    refused = await program.post(path, used, 409, once="another's")
    assert refused["type"].endswith("token_used")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"reference": "order-1"}, "reference"),
        ({"test": False}, "test"),
        ({"token": "a.b.c"}, "token"),
    ],
)
async def test_a_token_is_good_for_what_it_was_made(
    program: Program, changes: dict[str, Any], field: str
) -> None:
    told = await proved(program)
    used = {"token": told["token"], "reference": "order-4711", "test": True, **changes}
    refused = await program.post("/verification-tokens/consume", used, 422)
    assert (refused["field"], refused["type"]) == (field, "urn:groschen:problem:no_token")


async def test_a_token_that_has_expired_or_is_anothers_is_none(program: Program) -> None:
    told = await proved(program)
    tokens, now_ms = program.bench.site.tokens, program.bench.site.clock.now().wall_ms
    assert tokens.read(told["token"], now_ms) is not None
    assert tokens.read(told["token"], now_ms + 606_000) is None
    other = type(tokens)(b"another secret of thirty-two bytes", "https://pay.example")
    assert other.read(told["token"], now_ms) is None
    elsewhere = type(tokens)(b"0123456789abcdef0123456789abcdef", "https://other.example")
    assert elsewhere.read(told["token"], now_ms) is None
