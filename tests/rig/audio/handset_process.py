"""The mouths and ears of the rig's phones: speaks and hears RTP in a process of its own.

It is a process of its own so that nothing else in a test can delay a spoken packet. Heard
packets carry the kernel's time of receipt. Orders come as JSON lines on standard input, answers
go out as JSON lines (each with the order's `id`); `at_ns` is the wall-clock instant for which
the first frame of the sound was due:

    {"id", "do": "open", "leg"}              -> {"port"}        a socket on 127.0.0.1
    {"id", "do": "reach", "leg", "port"}     -> {}              where to send, begins sending
    {"id", "do": "speak", "leg", "octets"}   -> {"at_ns"}       A-law file to repeat, or null
    {"id", "do": "close", "leg", "path"}     -> {"ended_ns"}    writes what was heard (tape.PACKET)

What is sent never pauses: a phone that says nothing sends A-law silence (no VAD). Ends with
its standard input.
"""

from __future__ import annotations

import contextlib
import heapq
import json
import os
import select
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

FRAME_NS: Final = 20_000_000
FRAME_OCTETS: Final = 160
PAYLOAD_PCMA: Final = 8
PACKET_HEADER: Final = struct.Struct("!BBHII")
# SO_TIMESTAMPNS of socket(7); Python names it from 3.14 on only.
TIMESTAMP_NS: Final = 35
TIMESPEC: Final = struct.Struct("@qq")
RECORD: Final = struct.Struct("<qIIHH240s")
QUIET: Final = bytes([0xD5]) * FRAME_OCTETS
MOUTH_SSRC: Final = 0x6E6F
PRIORITY: Final = -10


@dataclass
class Handset:
    """One phone's mouth and ear."""

    ear: socket.socket
    peer: tuple[str, int] | None = None
    sound: bytes = QUIET
    place: int = 0
    sequence: int = 0
    asked: list[int] = field(default_factory=list)
    heard: list[bytes] = field(default_factory=list)

    def say_frame(self, due_ns: int) -> None:
        """Send the frame of the instant `due_ns` (monotonic)."""
        assert self.peer is not None
        head = PACKET_HEADER.pack(
            0x80,
            PAYLOAD_PCMA,
            self.sequence & 0xFFFF,
            self.sequence * FRAME_OCTETS & 0xFFFFFFFF,
            MOUTH_SSRC,
        )
        frame = self.sound[self.place : self.place + FRAME_OCTETS]
        self.place = (self.place + FRAME_OCTETS) % len(self.sound)
        self.sequence += 1
        # Refused once the far side has hung up and the order to close is under way.
        with contextlib.suppress(ConnectionRefusedError):
            self.ear.sendto(head + frame, self.peer)
        for order in self.asked:
            answer(order, at_ns=time.time_ns() - time.monotonic_ns() + due_ns)
        self.asked.clear()

    def hear(self) -> None:
        while True:
            try:
                data, extra, _, _ = self.ear.recvmsg(2048, 64)
            except (BlockingIOError, ConnectionRefusedError):
                return
            first, kind, sequence, timestamp, ssrc = PACKET_HEADER.unpack_from(data)
            audio = data[PACKET_HEADER.size + 4 * (first & 0x0F) :]
            if kind & 0x7F != PAYLOAD_PCMA or not 0 < len(audio) <= 240:
                continue
            seconds, nanos = TIMESPEC.unpack(extra[0][2][: TIMESPEC.size])
            at_ns = seconds * 1_000_000_000 + nanos
            self.heard.append(RECORD.pack(at_ns, ssrc, timestamp, sequence, len(audio), audio))


def answer(order: int, **facts: Any) -> None:
    sys.stdout.write(json.dumps({"id": order, **facts}) + "\n")
    sys.stdout.flush()


class Handsets:
    """All phones of the process, spoken for by one loop."""

    def __init__(self) -> None:
        self._phones: dict[str, Handset] = {}
        self._by_fd: dict[int, Handset] = {}
        self._due: list[tuple[int, str]] = []
        self._poll = select.epoll()
        self._poll.register(0, select.EPOLLIN)
        self._unread = b""
        self._orders = {
            "open": self._open,
            "reach": self._reach,
            "speak": self._change_sound,
            "close": self._close,
        }

    def run(self) -> None:
        """Serve until standard input closes."""
        while True:
            for fd, _ in self._poll.poll(self._pause_s()):
                if fd == 0 and not self._take_orders():
                    return
                if fd in self._by_fd:
                    self._by_fd[fd].hear()
            self._speak()

    def _pause_s(self) -> float:
        if not self._due:
            return -1.0
        return max(0.0, (self._due[0][0] - time.monotonic_ns()) / 1e9)

    def _speak(self) -> None:
        while self._due and self._due[0][0] <= time.monotonic_ns():
            due_ns, leg = heapq.heappop(self._due)
            if leg in self._phones:
                self._phones[leg].say_frame(due_ns)
                heapq.heappush(self._due, (due_ns + FRAME_NS, leg))

    def _take_orders(self) -> bool:
        read = os.read(0, 65536)
        *lines, self._unread = (self._unread + read).split(b"\n")
        for line in lines:
            order = json.loads(line)
            self._orders[order["do"]](order)
        return bool(read)

    def _open(self, order: dict[str, Any]) -> None:
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        ear.setsockopt(socket.SOL_SOCKET, TIMESTAMP_NS, 1)
        ear.setblocking(False)
        ear.bind(("127.0.0.1", 0))
        phone = Handset(ear)
        self._phones[order["leg"]] = self._by_fd[ear.fileno()] = phone
        self._poll.register(ear, select.EPOLLIN)
        answer(order["id"], port=ear.getsockname()[1])

    def _reach(self, order: dict[str, Any]) -> None:
        self._phones[order["leg"]].peer = ("127.0.0.1", order["port"])
        heapq.heappush(self._due, (time.monotonic_ns(), order["leg"]))
        answer(order["id"])

    def _change_sound(self, order: dict[str, Any]) -> None:
        phone = self._phones[order["leg"]]
        phone.sound = Path(order["octets"]).read_bytes() if order["octets"] else QUIET
        phone.place = 0
        phone.asked.append(order["id"])

    def _close(self, order: dict[str, Any]) -> None:
        phone = self._phones.pop(order["leg"])
        phone.hear()
        ended_ns = time.time_ns()
        self._poll.unregister(phone.ear)
        del self._by_fd[phone.ear.fileno()]
        phone.ear.close()
        Path(order["path"]).write_bytes(b"".join(phone.heard))
        for unspoken in phone.asked:
            answer(unspoken, at_ns=None)
        answer(order["id"], ended_ns=ended_ns)


def main() -> None:
    """Serve, ahead of other processes where the machine allows it: phones do not stall."""
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, PRIORITY)
    Handsets().run()


if __name__ == "__main__":
    main()
