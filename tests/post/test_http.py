"""Sending into the world: bounded, never redirected, and never to an address that is not public."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from cryptography.hazmat.primitives import serialization

from engine.ports.webhooks.post import ANSWER_CHARS_MOST, Reply
from engine.post.http import HttpPost
from tests.fakes.payments.authority import Authority

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def receiver(answer: Answer) -> AsyncIterator[str]:
    """A program on this machine; its address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", answer)
    async with TestServer(app) as server:
        yield f"http://127.0.0.1:{server.port}/hook"


@pytest.fixture
async def post() -> AsyncIterator[HttpPost]:
    opened = HttpPost(loopback=True, timeout_s=5)
    yield opened
    await opened.close()


@pytest.fixture
async def strict() -> AsyncIterator[HttpPost]:
    opened = HttpPost(timeout_s=5)
    yield opened
    await opened.close()


async def test_what_is_sent_arrives_to_the_letter(post: HttpPost) -> None:
    seen: list[tuple[str, bytes, dict[str, str]]] = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.method, await request.read(), dict(request.headers)))
        return web.Response(text="gr\u00f6\u00dfer\0\n\x1b[31m" + "x" * 1000)

    async with receiver(answer) as url:
        body = '{"a":"ä"}'.encode()
        reply = await post.send(url, {"webhook-id": "evt_1"}, body)
    ((method, got, headers),) = seen
    assert (method, got, headers["webhook-id"]) == ("POST", body, "evt_1")
    assert headers["Content-Type"] == "application/json"
    assert "Accept-Encoding" not in headers
    assert reply.is_taken
    assert reply.answer.startswith("größer [31mxxx")
    assert len(reply.answer) == ANSWER_CHARS_MOST


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_redirects_are_not_followed(post: HttpPost, status: int) -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with receiver(answer) as url:
        reply = await post.send(url, {}, b"{}")
    assert (reply.status, reply.is_taken, paths) == (status, False, ["/hook"])


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_a_refusal_is_a_reply(post: HttpPost, status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, text="no")

    async with receiver(answer) as url:
        assert await post.send(url, {}, b"{}") == Reply(status, "no")


async def test_of_a_huge_answer_only_the_beginning_is_read(post: HttpPost) -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(10_000):
            await response.write(b"x" * 100_000)
            sent += 100_000
        return response

    async with receiver(answer) as url:
        reply = await post.send(url, {}, b"{}")
    assert reply == Reply(200, "x" * ANSWER_CHARS_MOST)
    assert sent < 50_000_000


async def test_a_packed_answer_is_not_unpacked(post: HttpPost) -> None:
    async def answer(_: web.Request) -> web.Response:
        response = web.Response(text="0" * 100_000)
        response.enable_compression(web.ContentCoding.gzip)
        response._compression_force = web.ContentCoding.gzip
        return response

    async with receiver(answer) as url:
        reply = await post.send(url, {}, b"{}")
    assert reply.is_taken
    assert "000" not in reply.answer


@pytest.mark.parametrize("begins", [False, True])
async def test_who_is_slow_is_not_waited_for(begins: bool) -> None:
    post, end = HttpPost(loopback=True, timeout_s=0.2), asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        if begins:
            await response.prepare(request)
            await response.write(b"x")
        await end.wait()
        return response

    async with receiver(answer) as url:
        assert await post.send(url, {}, b"{}") == Reply(None, "no answer in time")
        end.set()
    await post.close()


async def test_who_is_not_there_or_speaks_no_http(post: HttpPost) -> None:
    async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 two hundred\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        url = "http://127.0.0.1:{1}/hook".format(*server.sockets[0].getsockname())
        assert await post.send(url, {}, b"{}") == Reply(None, "no answer in HTTP")
    assert await post.send(url, {}, b"{}") == Reply(None, "no connection")


async def test_this_machine_is_not_asked_unless_allowed(strict: HttpPost) -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    async with receiver(answer) as url:
        for name in (url, url.replace("http:", "https:"), url.replace("127.0.0.1", "localhost")):
            reply = await strict.send(name, {}, b"{}")
            assert reply == Reply(None, "not an address that anything is sent to")
    assert asked == []


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["10.0.0.1"],
        ["169.254.169.254"],
        ["192.168.0.1", "172.16.0.1"],
        ["::1"],
        ["::ffff:127.0.0.1"],
        ["fd00::1"],
    ],
)
async def test_a_name_that_leads_inside_is_not_followed(
    strict: HttpPost, monkeypatch: pytest.MonkeyPatch, addresses: list[str]
) -> None:
    """The name is public; what it resolves to is judged when it is connected to."""
    made: list[Any] = []

    async def resolved(*_args: object, **_options: object) -> list[Any]:
        lengths = {socket.AF_INET: 2, socket.AF_INET6: 4}
        families = (socket.AF_INET6 if ":" in one else socket.AF_INET for one in addresses)
        return [
            (
                family,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (one, 443, 0, 0)[: lengths[family]],
            )
            for family, one in zip(families, addresses, strict=True)
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolved)
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", lambda *args: made.append(args))
    reply = await strict.send("https://rebind.example.org/hook", {}, b"{}")
    assert reply == Reply(None, "not a public address")
    assert made == []


async def test_a_certificate_must_be_trusted(tmp_path: Path) -> None:
    """By the system's authorities, unless told to believe another."""
    authority = Authority()
    issued = authority.issue("localhost")
    file = tmp_path / "localhost.pem"
    file.write_bytes(
        issued.chain
        + issued.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(file)

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="ok")

    app = web.Application()
    app.router.add_post("/hook", answer)
    server = TestServer(app)
    await server.start_server(ssl=serving)
    url = f"https://localhost:{server.port}/hook"
    trust = ssl.create_default_context(cadata=authority.root.decode())
    trusting = HttpPost(loopback=True, trust=trust)
    doubting = HttpPost(loopback=True)
    assert await doubting.send(url, {}, b"{}") == Reply(
        None, "the certificate is not to be trusted"
    )
    assert await trusting.send(url, {}, b"{}") == Reply(200, "ok")
    await trusting.close()
    await doubting.close()
    await server.close()
