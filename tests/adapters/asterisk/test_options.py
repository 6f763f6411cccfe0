"""Whether a SIP address answers: asked over real UDP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from engine.asterisk import options
from engine.asterisk.options import answers


class _Far(asyncio.DatagramProtocol):
    """Loses the first questions, then refuses."""

    def __init__(self, lost: int) -> None:
        self.lost = lost
        self.asked: list[bytes] = []

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked.append(data)
        if len(self.asked) > self.lost:
            self.transport.sendto(b"SIP/2.0 403 Forbidden\r\n\r\n", addr)


@asynccontextmanager
async def _far(lost: int) -> AsyncIterator[tuple[_Far, int]]:
    loop = asyncio.get_running_loop()
    transport, far = await loop.create_datagram_endpoint(
        lambda: _Far(lost), local_addr=("127.0.0.1", 0)
    )
    try:
        yield far, transport.get_extra_info("sockname")[1]
    finally:
        transport.close()


async def test_a_refusal_is_an_answer_and_what_is_lost_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(options, "AGAIN_AFTER_S", 0.02)
    async with _far(lost=2) as (far, port):
        assert await answers("127.0.0.1", port)
        assert len(far.asked) == 3
        head, _, rest = far.asked[0].partition(b"\r\n")
        assert head == f"OPTIONS sip:127.0.0.1:{port} SIP/2.0".encode()
        assert rest.endswith(b"Content-Length: 0\r\n\r\n")
        assert len(set(far.asked)) == 1


async def test_silence_and_a_closed_port_are_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(options, "ANSWER_WITHIN_S", 0.1)
    async with _far(lost=100) as (_, port):
        assert not await answers("127.0.0.1", port)
    assert not await answers("127.0.0.1", port)
    assert not await answers("no.such.host.invalid", 5060)
