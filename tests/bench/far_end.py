"""The far end of the bench: callers and agents on two UDP sockets, as light as SIP can be.

Its work is not counted, but it shares the machine's cores with what is, so it parses no more of
a message (RFC 3261) than it needs and keeps none. Who calls is found again on the agent's leg by
the caller's number, which every call has for itself. Both offer an audio port that swallows what
it is sent and say nothing.
"""

import asyncio
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

HOST = "127.0.0.1"
SET_UP_TIMEOUT_S = 10.0
TEAR_DOWN_TIMEOUT_S = 5.0
SOCKET_BUFFER_BYTES = 4 * 1024 * 1024

_USER = re.compile(r"<?sips?:([^@>;]+)@")
_CONTACT = re.compile(r"<([^>]+)>")

Address = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Message:
    """What is needed of a SIP message; `vias` are its Via lines as they came."""

    request: str
    code: int
    method: str
    call_id: str
    sender: str
    target: str
    cseq: str
    contact: str
    vias: tuple[str, ...]

    @classmethod
    def read(cls, data: bytes) -> "Message":
        first, *lines = data.decode(errors="replace").partition("\r\n\r\n")[0].split("\r\n")
        known = dict.fromkeys(("call-id", "from", "to", "cseq", "contact"), "")
        vias = []
        for line in lines:
            name, _, value = line.partition(":")
            name = name.lower()
            if name == "via":
                vias.append(line)
            elif name in known:
                known[name] = value.strip()
        is_answer = first.startswith("SIP/2.0")
        contact = _CONTACT.search(known["contact"])
        return cls(
            request=first,
            code=int(first.split()[1]) if is_answer else 0,
            method=known["cseq"].split()[-1] if is_answer else first.split()[0],
            call_id=known["call-id"],
            sender=known["from"],
            target=known["to"],
            cseq=known["cseq"],
            contact=contact[1] if contact else "",
            vias=tuple(vias),
        )

    @property
    def caller(self) -> str:
        """The number in From."""
        found = _USER.search(self.sender)
        return found[1] if found else ""


def _once() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


def _happened(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


@dataclass(slots=True)
class Call:
    """One call as its two ends see it. `refused` is a final answer of 300 or more."""

    caller: str
    call_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    answered: "asyncio.Future[None]" = field(default_factory=_once)
    agent_up: "asyncio.Future[None]" = field(default_factory=_once)
    caller_over: "asyncio.Future[None]" = field(default_factory=_once)
    agent_over: "asyncio.Future[None]" = field(default_factory=_once)
    refused: int = 0
    ended_early: bool = False
    remote: str = ""
    contact: str = ""
    answer_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a call: why it failed (empty if it did not), and INVITE to answer."""

    fault: str
    answer_ms: float


class _Socket(asyncio.DatagramProtocol):
    """One SIP address; `take` gets every message."""

    def __init__(self, take: Callable[[Message, Address], None]) -> None:
        self._take = take
        self._transport: asyncio.DatagramTransport | None = None
        self.port = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)
        self.port = transport.get_extra_info("sockname")[1]
        plain: socket.socket = transport.get_extra_info("socket")
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        if len(data) > 4:
            self._take(Message.read(data), addr)

    def send(self, lines: list[str], to: Address, body: str = "") -> None:
        kind = ["Content-Type: application/sdp"] if body else []
        text = "\r\n".join([*lines, *kind, f"Content-Length: {len(body)}", "", body])
        if self._transport is not None:
            self._transport.sendto(text.encode(), to)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class FarEnd:
    """Callers on a trunk and agents' phones around one Asterisk; made by `open`.

    Calls to agents for which no caller of ours has called are refused; `strangers_ns` says when
    they came (monotonic), by whom they were for.
    """

    def __init__(self) -> None:
        self.callers = _Socket(self._at_caller)
        self.agents = _Socket(self._at_agent)
        self.engine: Address = (HOST, 0)
        self.strangers_ns: dict[str, int] = {}
        self._calls: dict[str, Call] = {}
        self._by_caller: dict[str, Call] = {}
        self._agent_legs: dict[str, Call] = {}
        self._sink = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator["FarEnd"]:
        """Both addresses, bound; `engine` is to be set before the first call."""
        far, loop = cls(), asyncio.get_running_loop()
        far._sink.bind((HOST, 0))
        for end in (far.callers, far.agents):
            await loop.create_datagram_endpoint(
                lambda end=end: end,  # type: ignore[misc]  # mypy has no type for a bound default
                local_addr=(HOST, 0),
            )
        try:
            yield far
        finally:
            far.callers.close()
            far.agents.close()
            far._sink.close()

    async def call(self, number: str, caller: str, talk_s: float) -> Outcome:
        """One call from INVITE to the end of both legs; the caller hangs up after `talk_s`."""
        call = Call(caller)
        self._calls[call.call_id] = self._by_caller[caller] = call
        began_s = time.monotonic()
        fault = ""
        try:
            self._invite(call, number)
            fault = await self._follow(call, talk_s, began_s)
        except TimeoutError:
            fault = _missing(call)
        finally:
            if fault and call.answered.done() and not call.refused:
                self._bye(call)
            del self._calls[call.call_id], self._by_caller[caller]
        return Outcome(fault, call.answer_ms)

    async def _follow(self, call: Call, talk_s: float, began_s: float) -> str:
        async with asyncio.timeout(SET_UP_TIMEOUT_S):
            await call.answered
        call.answer_ms = (time.monotonic() - began_s) * 1000
        if call.refused:
            return f"refused with {call.refused}"
        async with asyncio.timeout(SET_UP_TIMEOUT_S):
            await call.agent_up
        await asyncio.sleep(talk_s)
        if call.ended_early:
            return "ended before its time"
        self._bye(call)
        async with asyncio.timeout(TEAR_DOWN_TIMEOUT_S):
            await asyncio.gather(call.caller_over, call.agent_over)
        return ""

    # --- what callers send and hear ----------------------------------------------------------

    def _invite(self, call: Call, number: str) -> None:
        lines = [
            *self._request(call, "INVITE", f"sip:{number}@{HOST}:{self.engine[1]}", "1 INVITE"),
            f"To: <sip:{number}@{HOST}>",
            f"P-Asserted-Identity: <sip:{call.caller}@{HOST}>",
        ]
        self.callers.send(lines, self.engine, self._sdp())

    def _bye(self, call: Call) -> None:
        lines = [*self._request(call, "BYE", call.contact, "2 BYE"), f"To: {call.remote}"]
        self.callers.send(lines, self.engine)

    def _ack(self, call: Call, answer: Message) -> None:
        # The ACK of a refusal belongs to the INVITE's own transaction and bears its branch.
        own = call.refused > 0
        lines = self._request(call, "ACK", answer.contact or f"sip:{HOST}", "1 ACK", own=own)
        self.callers.send([*lines, f"To: {answer.target}"], self.engine)

    def _request(
        self, call: Call, method: str, uri: str, cseq: str, *, own: bool = True
    ) -> list[str]:
        branch = call.call_id if own and method != "BYE" else uuid.uuid4().hex
        return [
            f"{method} {uri} SIP/2.0",
            f"Via: SIP/2.0/UDP {HOST}:{self.callers.port};branch=z9hG4bK{branch}",
            f"From: <sip:{call.caller}@{HOST}>;tag={call.call_id[:8]}",
            f"Call-ID: {call.call_id}",
            f"CSeq: {cseq}",
            "Max-Forwards: 70",
            f"Contact: <sip:caller@{HOST}:{self.callers.port}>",
        ]

    def _at_caller(self, message: Message, sender: Address) -> None:
        call = self._calls.get(message.call_id)
        if message.code == 0:
            self._reply(self.callers, message, 200, sender)
            if message.method == "BYE" and call is not None:
                call.ended_early = True
        elif call is not None and message.code >= 200:
            self._take_answer(call, message)

    def _take_answer(self, call: Call, message: Message) -> None:
        if message.method == "BYE":
            _happened(call.caller_over)
        elif message.method == "INVITE":
            call.remote, call.contact = message.target, message.contact
            call.refused = message.code if message.code >= 300 else 0
            self._ack(call, message)
            _happened(call.answered)

    # --- what agents send and hear -----------------------------------------------------------

    def _at_agent(self, message: Message, sender: Address) -> None:
        if message.code:
            return
        if message.method == "INVITE":
            call = self._by_caller.get(message.caller)
            if call is None:
                self._note_stranger(message)
                self._reply(self.agents, message, 480, sender)
                return
            self._agent_legs[message.call_id] = call
            self._reply(self.agents, message, 180, sender)
            self._reply(self.agents, message, 200, sender, self._sdp())
        elif message.method == "ACK":
            if (call := self._agent_legs.get(message.call_id)) is not None:
                _happened(call.agent_up)
        else:
            self._reply(self.agents, message, 200, sender)
            if message.method == "BYE" and message.call_id in self._agent_legs:
                _happened(self._agent_legs.pop(message.call_id).agent_over)

    def _note_stranger(self, invite: Message) -> None:
        wanted = _USER.search(invite.request)
        if wanted is not None:
            self.strangers_ns.setdefault(wanted[1], time.monotonic_ns())

    def _reply(self, end: _Socket, to: Message, code: int, sender: Address, body: str = "") -> None:
        tag = "" if "tag=" in to.target else f";tag={to.call_id[:8]}"
        lines = [
            f"SIP/2.0 {code} Answer",
            *to.vias,
            f"From: {to.sender}",
            f"To: {to.target}{tag}",
            f"Call-ID: {to.call_id}",
            f"CSeq: {to.cseq}",
            f"Contact: <sip:agent@{HOST}:{end.port}>",
        ]
        end.send(lines, sender, body)

    def _sdp(self) -> str:
        port = self._sink.getsockname()[1]
        return (
            f"v=0\r\no=- 1 1 IN IP4 {HOST}\r\ns=-\r\nc=IN IP4 {HOST}\r\nt=0 0\r\n"
            f"m=audio {port} RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
            "a=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\na=sendrecv\r\n"
        )


def _missing(call: Call) -> str:
    """The first thing that never came."""
    stages = (
        (call.answered, "never answered"),
        (call.agent_up, "no agent was dialled"),
        (call.caller_over, "the caller's BYE was not answered"),
        (call.agent_over, "the agent was not let go"),
    )
    return next((text for future, text in stages if not future.done()), "timed out")
