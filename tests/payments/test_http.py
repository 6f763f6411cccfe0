"""Asking over HTTP within bounds, and reading an operator's options."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from aiohttp import web

from engine.errors import CallerError, RemoteError
from engine.payments.http import RefusedError, Remote
from engine.payments.options import Option, read_base_url, read_options
from tests.fakes.payments.site import Courier, Fault, Site


class Answer(msgspec.Struct):
    """What the echo answers."""

    body: str
    kind: str


class Echo(Site):
    """Answers with what it was sent."""

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/echo/{name}", self._echo)]

    async def _echo(self, request: web.Request) -> web.Response:
        return web.json_response({"body": await request.text(), "kind": request.content_type})


@pytest.fixture
async def echo() -> AsyncIterator[Echo]:
    async with Echo(Courier()) as echo:
        yield echo


@pytest.fixture
async def remote(echo: Echo) -> AsyncIterator[Remote]:
    remote = Remote(f"{echo.url}/", timeout_s=5, most_bytes=1000)
    yield remote
    await remote.close()


async def test_a_body_and_a_form(remote: Remote) -> None:
    said = await remote.json("POST", "/echo/a", Answer, body={"a": 1})
    assert said == Answer('{"a":1}', "application/json")
    said = await remote.json("POST", "/echo/a", Answer, form={"a": "1 2"})
    assert said == Answer("a=1+2", "application/x-www-form-urlencoded")


async def test_a_path_is_sent_as_it_is_encoded(echo: Echo, remote: Remote) -> None:
    await remote.raw("POST", "/echo/..%2F..%2Fb", body=b"")
    assert echo.asked == ["POST /echo/../../b"]


@pytest.mark.parametrize(
    ("fault", "is_retryable"),
    [
        pytest.param(Fault(500), True, id="500"),
        pytest.param(Fault(408), True, id="408"),
        pytest.param(Fault(429), True, id="429"),
        pytest.param(Fault(307), False, id="redirect"),
        pytest.param(Fault(200, b"x" * 1001), False, id="too-long"),
        pytest.param(Fault(200, b"x"), False, id="no-json"),
        pytest.param(Fault(200, b"\xff"), False, id="no-text"),
        pytest.param(Fault(200, b'{"body": 1}'), False, id="another-answer"),
    ],
)
async def test_faults(echo: Echo, remote: Remote, fault: Fault, is_retryable: bool) -> None:
    echo.fault = fault
    with pytest.raises(RemoteError) as caught:
        await remote.json("POST", "/echo/a", Answer)
    assert caught.value.retryable is is_retryable
    assert not isinstance(caught.value, RefusedError)


async def test_a_refusal_has_the_providers_words(echo: Echo, remote: Remote) -> None:
    echo.fault = Fault(422, b"no\x1b[31m\nway")
    with pytest.raises(RefusedError, match=r"answered 422: no \[31m way") as caught:
        await remote.raw("POST", "/echo/a")
    assert (caught.value.status, caught.value.raw) == (422, b"no\x1b[31m\nway")


@pytest.mark.parametrize(
    "fault", [Fault(422), Fault(503), Fault(302), Fault(200, b"x"), Fault(200, b"x" * 1001)]
)
async def test_no_error_names_the_path(echo: Echo, remote: Remote, fault: Fault) -> None:
    echo.fault = fault
    with pytest.raises(RemoteError) as caught:
        await remote.json("POST", "/echo/agreed-token", Answer)
    assert "agreed-token" not in str(caught.value)


async def test_no_error_about_garbage_names_the_path() -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 two hundred\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        remote = Remote("http://127.0.0.1:{1}".format(*server.sockets[0].getsockname()))
        with pytest.raises(RemoteError, match=r"POST http://127.0.0.1:[0-9]+ failed") as caught:
            await remote.raw("POST", "/echo/agreed-token")
        await remote.close()
    assert caught.value.retryable
    assert "agreed-token" not in str(caught.value)


async def test_silence_and_a_closed_door_are_tried_again_later(echo: Echo) -> None:
    echo.is_silent = True
    remote = Remote(echo.url, timeout_s=0.05)
    with pytest.raises(RemoteError, match="not answered in time") as caught:
        await remote.raw("GET", "/echo/a")
    assert caught.value.retryable
    await echo.__aexit__()
    with pytest.raises(RemoteError) as caught:
        await remote.raw("GET", "/echo/a")
    assert caught.value.retryable
    await remote.close()
    await remote.close()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        pytest.param({"key": "k", "colour": "red"}, "colour", id="unknown"),
        pytest.param({}, "key", id="missing"),
        pytest.param({"key": ""}, "key", id="empty"),
        pytest.param({"key": "k\r\nX-Evil: 1"}, "key", id="line-break"),
    ],
)
def test_options_that_are_refused(given: dict[str, str], field: str) -> None:
    known = {"key": Option("the key", is_required=True), "base_url": Option("where", default="x")}
    with pytest.raises(CallerError) as caught:
        read_options(given, known)
    assert caught.value.field == field
    assert "X-Evil" not in str(caught.value)
    assert read_options({"key": "k"}, known) == {"key": "k", "base_url": "x"}


@pytest.mark.parametrize(
    "address",
    ["https://api.example.org", "https://api.example.org/v1", "http://127.0.0.1:8", "http://[::1]"],
)
def test_addresses_that_are_taken(address: str) -> None:
    assert read_base_url(f"{address}/", "base_url") == address


@pytest.mark.parametrize(
    "address",
    [
        "http://api.example.org",
        "ftp://127.0.0.1",
        "https://user@api.example.org",
        "https://api.example.org?a=1",
        "https://api.example.org#a",
        "https://api.example.org:99999",
        "https://",
        "api.example.org",
        "https://[::1",
        "",
    ],
)
def test_addresses_that_are_refused(address: str) -> None:
    with pytest.raises(CallerError) as caught:
        read_base_url(address, "base_url")
    assert caught.value.field == "base_url"
