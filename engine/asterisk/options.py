"""Asks a SIP address whether it is there: OPTIONS (RFC 3261, 11), any answer will do."""

import asyncio
import secrets
from typing import Any

ANSWER_WITHIN_S = 2.0
AGAIN_AFTER_S = 0.5
"""T1 of RFC 3261, 17.1.1.1: what may be lost is sent again."""


class _Asked(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.answered = asyncio.Event()

    def datagram_received(self, data: bytes, _addr: Any) -> None:
        if data.startswith(b"SIP/2.0 "):
            self.answered.set()


async def answers(host: str, port: int) -> bool:
    """Whether a SIP address answers over UDP; a refusal is an answer too."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            transport, asked = await loop.create_datagram_endpoint(_Asked, remote_addr=(host, port))
            try:
                question = _options(host, port, *transport.get_extra_info("sockname")[:2])
                while not asked.answered.is_set():
                    transport.sendto(question)
                    await _wait(asked.answered)
            finally:
                transport.close()
    except (OSError, TimeoutError):
        return False
    return True


async def _wait(answered: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(AGAIN_AFTER_S):
            await answered.wait()
    except TimeoutError:
        return


def _options(host: str, port: int, own_host: str, own_port: int) -> bytes:
    there, here = _written(host), _written(own_host)
    lines = (
        f"OPTIONS sip:{there}:{port} SIP/2.0",
        f"Via: SIP/2.0/UDP {here}:{own_port};branch=z9hG4bK{secrets.token_hex(8)};rport",
        "Max-Forwards: 70",
        f"From: <sip:groschen@{here}>;tag={secrets.token_hex(6)}",
        f"To: <sip:{there}:{port}>",
        f"Call-ID: {secrets.token_hex(12)}@groschen",
        "CSeq: 1 OPTIONS",
        f"Contact: <sip:groschen@{here}:{own_port}>",
        "Accept: application/sdp",
        "Content-Length: 0",
    )
    return "\r\n".join((*lines, "", "")).encode()


def _written(host: str) -> str:
    return f"[{host}]" if ":" in host else host
