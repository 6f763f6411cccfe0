"""A small SIP party for adapter tests: calls, answers or refuses, hears and keeps every message.

One UDP socket, one voice channel (G.711 A-law). It knows just enough of RFC 3261 to be a trunk or
a phone towards Asterisk; the times it notes are when packets reached this process.
"""

import asyncio
import hashlib
import re
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np

from tests.rig.audio import alaw

FRAME = 160
SILENCE = bytes([0xD5]) * FRAME


def sine(hertz: int, seconds: float) -> list[bytes]:
    """A tone as 20 ms frames of A-law."""
    samples = 8000 * np.sin(2 * np.pi * hertz / 8000 * np.arange(int(8000 * seconds)))
    octets = alaw.encode(samples).tobytes()
    return [octets[at : at + FRAME] for at in range(0, len(octets), FRAME)]


def write_tone(path: Path, hertz: int, seconds: float) -> str:
    """A tone as a file Asterisk plays; returns its path without suffix."""
    path.with_suffix(".alaw").write_bytes(b"".join(sine(hertz, seconds)))
    return str(path)


@dataclass(frozen=True)
class Message:
    """A SIP message as it was on the wire."""

    at: float
    sent: bool
    text: str

    @property
    def first_line(self) -> str:
        return self.text.split("\r\n", 1)[0]

    @property
    def method(self) -> str:
        return self.header("CSeq").split()[-1]

    @property
    def code(self) -> int:
        """The answer's code, 0 for a request."""
        return int(self.first_line.split()[1]) if self.first_line.startswith("SIP/2.0") else 0

    def headers(self, name: str) -> list[str]:
        found: list[str] = re.findall(rf"(?mi)^{re.escape(name)}\s*:\s*(.*?)\r$", self.text)
        return found

    def header(self, name: str) -> str:
        return next(iter(self.headers(name)), "")

    @property
    def media_port(self) -> int:
        found = re.search(r"m=audio (\d+)", self.text)
        return int(found[1]) if found else 0


class _Voice(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.heard: list[tuple[float, bytes]] = []
        self.keys: list[int] = []

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if data[1] & 0x7F == 101:
            self.keys.append(data[12])
        else:
            self.heard.append((time.time(), data[12:]))


@dataclass
class Dialog:
    """One call of a party, either way."""

    party: "Party"
    call_id: str
    tag: str
    outgoing: bool
    invite: Message
    remote: str = ""
    answered_at: float = 0.0
    ended_at: float = 0.0
    final: int = 0
    voice: _Voice = field(default_factory=_Voice)
    transport: asyncio.DatagramTransport | None = None
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    cseq: int = 1
    keys: int = 0

    @property
    def messages(self) -> list[Message]:
        return [m for m in self.party.messages if m.header("Call-ID") == self.call_id]

    @property
    def codes(self) -> list[int]:
        """The answers to its INVITE so far."""
        return [m.code for m in self.messages if m.code and m.method == "INVITE"]

    def loudness(self, hertz: int, since: float, until: float = float("inf")) -> int:
        """How loud a tone was in what was heard meanwhile (peak level, 16-bit scale)."""
        heard = b"".join(p for at, p in self.voice.heard if since <= at < until)
        samples = alaw.decode(np.frombuffer(heard, np.uint8)).astype(float)
        if not len(samples):
            return 0
        turning = np.exp(-2j * np.pi * hertz / 8000 * np.arange(len(samples)))
        return int(2 * abs(np.dot(samples, turning)) / len(samples))

    async def until(self, ready: Callable[["Dialog"], object], timeout_s: float = 5.0) -> None:
        """Wait until something is true of this dialog."""
        async with asyncio.timeout(timeout_s):
            while not ready(self):
                self.changed.clear()
                await self.changed.wait()

    def speak(self, frames: list[bytes]) -> asyncio.Task[None]:
        """Send audio, one frame each 20 ms."""
        return asyncio.create_task(self._speak(frames))

    async def _speak(self, frames: list[bytes]) -> None:
        media = [m for m in self.messages if not m.sent and m.media_port]
        began = time.monotonic()
        for number, frame in enumerate(frames):
            head = b"\x80\x08" + number.to_bytes(2, "big") + (number * FRAME).to_bytes(4, "big")
            assert self.transport is not None
            self.transport.sendto(head + b"\0\0\0\7" + frame, ("127.0.0.1", media[-1].media_port))
            await asyncio.sleep(max(0.0, began + 0.02 * (number + 1) - time.monotonic()))

    def press(self, key: int) -> None:
        """Send one key as RFC 4733 events: begin and end."""
        self.keys += 1
        port = [m for m in self.messages if not m.sent and m.media_port][-1].media_port
        assert self.transport is not None
        for number in range(6):
            end = 0x80 if number > 2 else 0
            marker = 0x80 if number == 0 else 0
            head = bytes([0x80, 101 | marker]) + (9000 + 10 * self.keys + number).to_bytes(2, "big")
            body = bytes([key, end | 10]) + (160 * (number + 1)).to_bytes(2, "big")
            self.transport.sendto(
                head + (8000 * self.keys).to_bytes(4, "big") + b"\0\0\0\7" + body,
                ("127.0.0.1", port),
            )

    def hang_up(self) -> None:
        """BYE, or CANCEL of a call not answered yet."""
        if self.answered_at:
            self.request("BYE")
        elif self.outgoing:
            self.party.send_raw(_cancel(self.invite.text))
        else:
            self.answer(486)

    def request(self, method: str, *headers: str) -> None:
        """A request within the dialog."""
        self.cseq += 1
        me = (
            self.invite.header("From")
            if self.outgoing
            else self.invite.header("To") + f";tag={self.tag}"
        )
        you = self.remote if self.outgoing else self.invite.header("From")
        lines = [
            f"{method} sip:engine@127.0.0.1:{self.party.peer_port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.party.port};branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: {me}", f"To: {you}", f"Call-ID: {self.call_id}", f"CSeq: {self.cseq} {method}",
            "Max-Forwards: 70", f"Contact: <sip:me@127.0.0.1:{self.party.port}>", *headers,
            "Content-Length: 0", "", "",
        ]  # fmt: skip
        if method == "BYE":
            self.end(0)
        self.party.send_raw("\r\n".join(lines))

    def answer(self, code: int, *headers: str, media: bool = False) -> None:
        """Answer the INVITE of an incoming dialog."""
        self.party.reply(self.invite, code, self.tag, *headers, body=self.sdp() if media else "")
        if code == 200:
            self.answered_at = time.time()
        elif code >= 300:
            self.end(code)
        self.changed.set()

    def sdp(self) -> str:
        assert self.transport is not None
        port = self.transport.get_extra_info("sockname")[1]
        return _sdp(port)

    def end(self, code: int) -> None:
        if not self.ended_at:
            self.ended_at, self.final = time.time(), code
        if self.transport is not None:
            self.transport.close()
        self.changed.set()


class Party(asyncio.DatagramProtocol):
    """A SIP address on the loopback; `on_invite` decides what becomes of calls to it."""

    def __init__(self) -> None:
        self.port = 0
        self.peer_port = 0
        self.messages: list[Message] = []
        self.dialogs: dict[str, Dialog] = {}
        self.incoming: asyncio.Queue[Dialog] = asyncio.Queue()
        self.on_invite: Callable[[Dialog], None] = lambda dialog: dialog.answer(200, media=True)
        self._transport: asyncio.DatagramTransport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(cls, peer_port: int = 0, port: int = 0) -> "Party":
        loop = asyncio.get_running_loop()
        _, party = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", port))
        party.peer_port = peer_port
        return party

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]

    def close(self) -> None:
        for dialog in self.dialogs.values():
            dialog.end(0)
        if self._transport is not None:
            self._transport.close()

    async def call(self, number: str, *headers: str, caller: str = "+4915112345678") -> Dialog:
        """Call a number at the peer; returns at once, with the INVITE sent."""
        call_id, tag = uuid.uuid4().hex, uuid.uuid4().hex[:8]
        loop = asyncio.get_running_loop()
        transport, voice = await loop.create_datagram_endpoint(_Voice, local_addr=("127.0.0.1", 0))
        body = _sdp(transport.get_extra_info("sockname")[1])
        lines = [
            f"INVITE sip:{number}@127.0.0.1:{self.peer_port} SIP/2.0",
            f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}",
            f"From: <sip:{caller}@127.0.0.1>;tag={tag}", f"To: <sip:{number}@127.0.0.1>",
            f"Call-ID: {call_id}", "CSeq: 1 INVITE", "Max-Forwards: 70",
            f"Contact: <sip:me@127.0.0.1:{self.port}>", *headers,
            "Content-Type: application/sdp", f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        invite = Message(time.time(), True, "\r\n".join(lines))
        dialog = Dialog(self, call_id, tag, True, invite, voice=voice, transport=transport)
        self.dialogs[call_id] = dialog
        self.send_raw(invite.text)
        return dialog

    async def register(self, user: str, password: str, expires_s: int = 60) -> int:
        """Register as a phone (RFC 3261 10, 22); the last answer's code."""
        call_id, answer = uuid.uuid4().hex, None
        for cseq in (1, 2):
            credentials = [_credentials(answer, user, password)] if answer else []
            lines = [
                f"REGISTER sip:127.0.0.1:{self.peer_port} SIP/2.0",
                f"Via: SIP/2.0/UDP 127.0.0.1:{self.port};branch=z9hG4bK{uuid.uuid4().hex}",
                f"From: <sip:{user}@127.0.0.1>;tag=r", f"To: <sip:{user}@127.0.0.1>",
                f"Call-ID: {call_id}", f"CSeq: {cseq} REGISTER", "Max-Forwards: 70",
                f"Contact: <sip:me@127.0.0.1:{self.port}>", f"Expires: {expires_s}",
                *credentials, "Content-Length: 0", "", "",
            ]  # fmt: skip
            self.send_raw("\r\n".join(lines))
            answer = await self._answer_to(call_id, cseq)
            if answer.code != 401:
                break
        assert answer is not None
        return 403 if answer.code == 401 else answer.code

    async def _answer_to(self, call_id: str, cseq: int) -> Message:
        async with asyncio.timeout(5):
            while True:
                for message in self.messages:
                    same = message.header("Call-ID") == call_id
                    if same and message.code and message.header("CSeq") == f"{cseq} REGISTER":
                        return message
                await asyncio.sleep(0.01)

    def send_raw(self, text: str) -> None:
        self.messages.append(Message(time.time(), True, text))
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(text.encode(), ("127.0.0.1", self.peer_port))

    def reply(self, to: Message, code: int, tag: str, *headers: str, body: str = "") -> None:
        target = to.header("To")
        lines = [
            f"SIP/2.0 {code} Whatever",
            *(f"Via: {via}" for via in to.headers("Via")),
            f"From: {to.header('From')}",
            f"To: {target}" + ("" if "tag=" in target else f";tag={tag}"),
            f"Call-ID: {to.header('Call-ID')}", f"CSeq: {to.header('CSeq')}",
            f"Contact: <sip:me@127.0.0.1:{self.port}>", *headers,
            *(["Content-Type: application/sdp"] if body else []),
            f"Content-Length: {len(body)}", "", body,
        ]  # fmt: skip
        self.send_raw("\r\n".join(lines))

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        message = Message(time.time(), False, data.decode(errors="replace"))
        self.peer_port = addr[1]
        self.messages.append(message)
        dialog = self.dialogs.get(message.header("Call-ID"))
        if message.code:
            self._answered(dialog, message)
        elif message.method == "INVITE" and dialog is None:
            task = asyncio.create_task(self._invited(message))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        elif message.method != "ACK":
            self._requested(dialog, message)
        if dialog is not None:
            dialog.changed.set()

    async def _invited(self, invite: Message) -> None:
        loop = asyncio.get_running_loop()
        call_id, tag = invite.header("Call-ID"), uuid.uuid4().hex[:8]
        if call_id in self.dialogs:
            return
        transport, voice = await loop.create_datagram_endpoint(_Voice, local_addr=("127.0.0.1", 0))
        dialog = Dialog(self, call_id, tag, False, invite, voice=voice, transport=transport)
        self.dialogs[call_id] = dialog
        self.on_invite(dialog)
        self.incoming.put_nowait(dialog)

    def _requested(self, dialog: Dialog | None, message: Message) -> None:
        if message.method == "INVITE" and dialog is not None and dialog.answered_at:
            self.reply(message, 200, dialog.tag, body=dialog.sdp())
            return
        if message.method == "INVITE":
            return
        self.reply(message, 200, dialog.tag if dialog else "x")
        if dialog is not None and message.method == "BYE":
            dialog.end(0)
        elif dialog is not None and message.method == "CANCEL":
            dialog.answer(487)

    def _answered(self, dialog: Dialog | None, message: Message) -> None:
        if dialog is None or message.method != "INVITE" or message.code < 200:
            return
        self.send_raw(_ack(dialog.invite.text, message))
        dialog.remote = message.header("To")
        if message.code == 200:
            dialog.answered_at = dialog.answered_at or message.at
        else:
            dialog.end(message.code)


def _credentials(challenge: Message, user: str, password: str) -> str:
    """The answer to a digest challenge (RFC 2617, MD5, quality of protection `auth`)."""
    said = dict(re.findall(r'(\w+)="?([^",]+)"?', challenge.header("WWW-Authenticate")))
    uri, nonce, realm = "sip:127.0.0.1", said["nonce"], said["realm"]
    secret = _md5(f"{user}:{realm}:{password}")
    response = _md5(f"{secret}:{nonce}:00000001:c:auth:{_md5(f'REGISTER:{uri}')}")
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c"'
        + (f', opaque="{said["opaque"]}"' if "opaque" in said else "")
    )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sdp(port: int) -> str:
    return (
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
    )


def _ack(invite: str, answer: Message) -> str:
    lines = _head(invite, "ACK")
    if answer.code == 200:
        lines = [re.sub(r"branch=\S+", f"branch=z9hG4bK{uuid.uuid4().hex}", x) for x in lines]
    return "\r\n".join([re.sub(r"^To: .*", f"To: {answer.header('To')}", x) for x in lines])


def _cancel(invite: str) -> str:
    return "\r\n".join(_head(invite, "CANCEL"))


def _head(invite: str, method: str) -> list[str]:
    kept = [
        x
        for x in invite.split("\r\n\r\n")[0].split("\r\n")
        if re.match(r"Via|From|To|Call-ID|Max", x)
    ]
    uri = invite.split()[1]
    return [f"{method} {uri} SIP/2.0", *kept, f"CSeq: 1 {method}", "Content-Length: 0", "", ""]
