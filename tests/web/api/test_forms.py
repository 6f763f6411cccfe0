"""Whatever is not as it should be is told as a problem document."""

import pytest

from engine.web.guard import BODY_BYTES_MOST
from tests.web.api.conftest import Program

JSON = {"Content-Type": "application/json"}


async def path_of(program: Program) -> str:
    return f"/accounts/{await program.account()}/credits"


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{'amount': 1}",
        b"\xff\xfe",
        b'{"amount": "1", "reason": "\\ud800"}',
        b"[" * 5_000,
    ],
)
async def test_what_is_not_json(program: Program, raw: bytes) -> None:
    path = await path_of(program)
    answer, _ = await program.ask("POST", path, 400, data=raw, headers=JSON)
    assert answer["type"] == "urn:groschen:problem:not_json"


@pytest.mark.parametrize("raw", [b"null", b"[]", b'"1"', b"1"])
async def test_what_is_no_object(program: Program, raw: bytes) -> None:
    path = await path_of(program)
    answer, _ = await program.ask("POST", path, 422, data=raw, headers=JSON)
    assert answer["type"] == "urn:groschen:problem:caller"


async def test_every_fault_is_named_at_once(program: Program) -> None:
    body = {"amount": "much", "colour": "red"}
    answer = await program.post(await path_of(program), body, 422)
    assert {fault["field"] for fault in answer["errors"]} == {"amount", "reason", "colour"}
    assert "much" not in str(answer)


@pytest.mark.parametrize(
    "media_type", ["text/plain", "application/x-www-form-urlencoded", "application/xml"]
)
async def test_another_media_type(program: Program, media_type: str) -> None:
    path = await path_of(program)
    headers = {"Content-Type": media_type}
    answer, _ = await program.ask("POST", path, 415, data=b"{}", headers=headers)
    assert answer["type"] == "urn:groschen:problem:media_type"


async def test_too_large_a_body(program: Program) -> None:
    path = await path_of(program)
    raw = b" " * (BODY_BYTES_MOST + 1)
    answer, _ = await program.ask("POST", path, 413, data=raw, headers=JSON)
    assert answer["type"] == "urn:groschen:problem:too_large"


async def test_a_path_there_is_not(program: Program) -> None:
    for path in ("/", "/nothing", "/accounts/a/b/c", "/accounts/%00", "/accounts/A-Z"):
        await program.get(path, 404)


async def test_a_method_there_is_not(program: Program) -> None:
    for method, path, allowed in (
        ("DELETE", "/accounts", {"GET", "HEAD"}),
        ("PATCH", "/accounts/a1", {"GET", "HEAD"}),
        ("GET", "/accounts/a1/credits", {"POST"}),
        ("POST", "/accounts/a1/number", {"PUT"}),
        ("DELETE", "/orders", {"GET", "HEAD", "POST"}),
    ):
        _, response = await program.ask(method, path, 405)
        assert set(response.headers["Allow"].split(", ")) == allowed


async def test_answers_are_not_cached(program: Program) -> None:
    _, response = await program.ask("GET", "/accounts")
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
