"""Every SIP message the outside world sends and receives, as it was on the wire.

Asterisk's HEP module (res_hep_pjsip, protocol HEPv3) sends a copy of each message with the
time it was taken, to a UDP port of the rig: microseconds for what was sent, milliseconds for
what was received. (Its target port of received messages is not to be trusted and not used.)
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.rig.sip.asterisk import free_port

CHUNK: Final = struct.Struct("!HHH")
SOURCE_PORT, TIME_S, TIME_US, PAYLOAD = 7, 9, 10, 15
RECEIVE_BUFFER_OCTETS: Final = 8 * 1024 * 1024


@dataclass(frozen=True)
class SipMessage:
    """One SIP request or response; `at_ms` is wall-clock time, `sent` is seen from outside."""

    at_ms: float
    sent: bool
    start_line: str
    headers: tuple[tuple[str, str], ...]
    body: str

    @property
    def method(self) -> str:
        """The request's method; of a response that of the request it answers (CSeq)."""
        return self.start_line.split()[0] if self.code is None else self.header("CSeq").split()[1]

    @property
    def code(self) -> int | None:
        """The status code of a response, None for a request."""
        first, second, *_ = self.start_line.split(maxsplit=2)
        return int(second) if first == "SIP/2.0" else None

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    def header(self, name: str) -> str:
        """The first value of header `name`, empty where it is absent."""
        return next(iter(self.values(name)), "")

    def values(self, name: str) -> list[str]:
        """Every value of header `name`, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def text(self) -> str:
        """The whole message, headers and body."""
        heads = "".join(f"{key}: {value}\n" for key, value in self.headers)
        return f"{self.start_line}\n{heads}\n{self.body}"


def parse_sip(raw: str, at_ms: float, sent: bool) -> SipMessage:
    """The message in `raw` (RFC 3261, 7; folded header lines are joined)."""
    head, _, body = raw.replace("\r\n", "\n").partition("\n\n")
    start_line, *lines = head.replace("\n ", " ").replace("\n\t", " ").split("\n")
    pairs = (line.partition(":") for line in lines if line)
    headers = tuple((key.strip(), value.strip()) for key, _, value in pairs)
    return SipMessage(at_ms, sent, start_line, headers, body)


def parse_hep(packet: bytes) -> dict[int, bytes]:
    """The generic chunks (vendor 0) of a HEPv3 packet, by type."""
    chunks, place = {}, 6
    while place + CHUNK.size <= len(packet):
        vendor, kind, size = CHUNK.unpack_from(packet, place)
        if vendor == 0:
            chunks[kind] = packet[place + CHUNK.size : place + size]
        place += size
    return chunks


class Messages(list[SipMessage]):
    """Messages in order of time, and a way to wait for one to come."""

    def __init__(self) -> None:
        super().__init__()
        self._arrived = asyncio.Event()

    def add(self, message: SipMessage) -> None:
        """Append `message` and wake who waits."""
        self.append(message)
        self._arrived.set()
        self._arrived = asyncio.Event()

    async def first(
        self, wanted: Callable[[SipMessage], bool], timeout_s: float, since: int = 0
    ) -> SipMessage:
        """The first message, past (after the first `since`) or to come, that is `wanted`.

        Raises TimeoutError when none has come within `timeout_s`.
        """
        seen = since
        async with asyncio.timeout(timeout_s):
            while True:
                for message in self[seen:]:
                    if wanted(message):
                        return message
                seen = len(self)
                await self._arrived.wait()


class SipTrace(asyncio.DatagramProtocol):
    """The messages so far, in order of time, also written to a file that a person can read."""

    def __init__(self, path: Path) -> None:
        self.messages = Messages()
        self.port = free_port(kind=socket.SOCK_DGRAM)
        self.own_ports: frozenset[int] = frozenset()
        self._path = path
        self._dialogs: defaultdict[str, Messages] = defaultdict(Messages)

    async def open(self) -> None:
        """Listen on `port` of 127.0.0.1."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: self, local_addr=("127.0.0.1", self.port)
        )
        self._transport: asyncio.DatagramTransport = transport
        self._file = self._path.open("w")
        listening: socket.socket = transport.get_extra_info("socket")
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)

    def close(self) -> None:
        self._transport.close()
        self._file.close()

    def dialog(self, call_id: str) -> Messages:
        """The messages with `call_id`, so far and to come."""
        return self._dialogs[call_id]

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        chunks = parse_hep(data)
        number = {kind: int.from_bytes(value) for kind, value in chunks.items() if kind < PAYLOAD}
        message = parse_sip(
            chunks[PAYLOAD].rstrip(b"\0").decode(errors="replace"),
            number[TIME_S] * 1000 + number[TIME_US] / 1000,
            number[SOURCE_PORT] in self.own_ports,
        )
        arrow = "->" if message.sent else "<-"
        self._file.write(f"=== {message.at_ms:.3f} {arrow}\n{message.text}\n")
        self._file.flush()
        self.messages.add(message)
        self.dialog(message.call_id).add(message)
