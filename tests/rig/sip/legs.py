"""One leg of a call as the outside world has it: a SIP dialog, a voice, a recording."""

from __future__ import annotations

import asyncio
import contextlib
import re
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from tests.rig.audio.handsets import Handsets
from tests.rig.audio.recording import Recording
from tests.rig.sip.ari import OutsideAri
from tests.rig.sip.trace import Messages, SipMessage, SipTrace

PATIENCE_S: Final = 30.0
DIAL_TIMEOUT_S: Final = 600
SAME_KEY_MS: Final = 60
TRACE_DELAY_S: Final = 2.0
# Answers to a first INVITE that only ask for credentials (RFC 3261, 22).
CHALLENGES: Final = frozenset({401, 407})


@dataclass(frozen=True)
class Ended:
    """How a leg ended: refused or cancelled with a final `sip_code`, or by BYE (code None).

    `cause` is the Q.850 cause of the Reason header (RFC 3326), where there was one; `by` tells
    whether the rig ("outside") or the engine's side sent the message that ended the leg.
    """

    at_ms: float
    by: Literal["outside", "engine"]
    sip_code: int | None
    cause: int | None


class LegOverError(Exception):
    """The leg ended before what was waited for came; `ended` says how."""

    def __init__(self, ended: Ended) -> None:
        super().__init__(str(ended))
        self.ended = ended


def ending(messages: Iterable[SipMessage]) -> Ended | None:
    """How the dialog of `messages` (one Call-ID, in order) ended; None while it goes on.

    A call given up before its answer ends with its CANCEL.
    """
    answered, cancel = False, None
    for message in messages:
        if message.start_line.startswith("CANCEL "):
            cancel = cancel or message
        elif message.start_line.startswith("BYE "):
            return _ended(message, None)
        elif message.method == "INVITE" and message.code is not None and not answered:
            answered = 200 <= message.code < 300
            if message.code >= 300 and message.code not in CHALLENGES:
                return _ended(cancel or message, message.code)
    return None


def _ended(message: SipMessage, code: int | None) -> Ended:
    causes = (re.search(r"Q\.850\s*;.*cause=(\d+)", text) for text in message.values("Reason"))
    cause = next((int(found[1]) for found in causes if found), None)
    return Ended(message.at_ms, "outside" if message.sent else "engine", code, cause)


@dataclass(frozen=True)
class Key:
    """A key the other side pressed, as it arrived (RFC 4733), at its release."""

    digit: str
    at_ms: float
    duration_ms: int


class Leg:
    """A leg from its INVITE to the end; what it hears is recorded from the first packet on."""

    def __init__(
        self,
        name: str,
        channel: str,
        tone_hz: int,
        *,
        ari: OutsideAri,
        handsets: Handsets,
        trace: SipTrace,
        folder: Path,
    ) -> None:
        """`channel` is the outside Asterisk's channel, `tone_hz` what this party speaks."""
        self.name = name
        self.channel = channel
        self.tone_hz = tone_hz
        self.call_id = ""
        self.keys: list[Key] = []
        self.spoke_at_ms: float | None = None
        self._ari, self._handsets, self._trace, self._folder = ari, handsets, trace, folder
        self._ear = f"ear-{channel}"
        self._bridge = f"bridge-{channel}"
        self._began_at_ms = 0
        self._wired = asyncio.Event()
        self._over: asyncio.Future[Ended] = asyncio.get_running_loop().create_future()
        self._recording: Recording | None = None

    # What the test asks -------------------------------------------------------------------

    @property
    def messages(self) -> Messages:
        """Every SIP message of this leg so far, re-INVITEs, UPDATEs and REFERs too."""
        return self._trace.dialog(self.call_id)

    @property
    def invite(self) -> SipMessage:
        """The INVITE that began the leg, with all its headers."""
        return next(m for m in self.messages if m.start_line.startswith("INVITE "))

    @property
    def recording(self) -> Recording:
        """What this party heard; there once `ended()` has returned."""
        assert self._recording is not None, f"{self.name}: the leg has not ended"
        return self._recording

    @property
    def is_over(self) -> bool:
        return self._over.done()

    def first_at_ms(self, code: int) -> float | None:
        """When the first answer `code` to the INVITE was on the wire; None while there is none."""
        times = (m.at_ms for m in self.messages if m.code == code and m.method == "INVITE")
        return next(times, None)

    @property
    def invite_at_ms(self) -> float:
        return self.invite.at_ms

    @property
    def progress_at_ms(self) -> float | None:
        """When 183 (early media) came."""
        return self.first_at_ms(183)

    @property
    def answered_at_ms(self) -> float | None:
        """When 200 OK came."""
        return self.first_at_ms(200)

    async def progressed(self, timeout_s: float = PATIENCE_S) -> float:
        """Wait for 183; its instant (ms). Raises LegOverError, TimeoutError."""
        return await self._answer_of(183, timeout_s)

    async def answered(self, timeout_s: float = PATIENCE_S) -> float:
        """Wait for 200 OK; its instant (ms). Raises LegOverError, TimeoutError."""
        return await self._answer_of(200, timeout_s)

    async def ended(self, timeout_s: float = PATIENCE_S) -> Ended:
        """Wait for the end of the leg and the completion of its recording."""
        return await asyncio.wait_for(asyncio.shield(self._over), timeout_s)

    # What the test orders -----------------------------------------------------------------

    async def hang_up(self) -> None:
        """End the leg: BYE, or CANCEL before the answer; returns when the order is given."""
        await self._ari.release("channels", self.channel)

    async def reject(self, cause: int) -> None:
        """Refuse an INVITE with the SIP code that Asterisk sends for the Q.850 `cause`."""
        await self._ari.release("channels", self.channel, reason_code=cause)

    async def dtmf(self, digits: str, *, duration_ms: int = 100, between_ms: int = 100) -> None:
        """Press `digits` (RFC 4733)."""
        await self._ari.request(
            "POST",
            f"channels/{self.channel}/dtmf",
            query={"dtmf": digits, "duration": duration_ms, "between": between_ms},
        )

    async def refer(self, to: str, timeout_s: float = PATIENCE_S) -> int:
        """Ask the far side to transfer itself `to` a SIP URI; the final code of the REFER."""
        since = len(self.messages)
        await self._ari.request(
            "POST", f"channels/{self.channel}/redirect", query={"endpoint": f"PJSIP/{to}"}
        )

        def is_answer(message: SipMessage) -> bool:
            final = (message.code or 0) >= 200 and message.code not in CHALLENGES
            return final and message.method == "REFER"

        answer = await self.messages.first(is_answer, timeout_s, since)
        assert answer.code is not None
        return answer.code

    async def speak(self, hz: int | None) -> float | None:
        """Speak a tone of `hz` from the next frame on, or fall silent (None).

        Gives the wall-clock instant (ms) of that frame, None where the leg has ended.
        """
        sent_ns = await self._handsets.speak(self.channel, hz)
        if sent_ns is None:
            return None
        if self.spoke_at_ms is None:
            self.spoke_at_ms = sent_ns / 1e6
        return sent_ns / 1e6

    # What the outside world does with it --------------------------------------------------

    async def wire(self) -> None:
        """Give the leg a handset: a bridge with an RTP channel to the handset process."""
        try:
            self._began_at_ms = time.time_ns() // 1_000_000
            port = await self._handsets.open(self.channel)
            ear = await self._ari.start(
                "channels/externalMedia",
                self._ear,
                {"external_host": f"127.0.0.1:{port}", "format": "alaw"},
            )
            await self._handsets.reach(
                self.channel, int(ear["channelvars"]["UNICASTRTP_LOCAL_PORT"])
            )
            await self._ari.request("POST", f"bridges/{self._bridge}", query={"type": "mixing"})
        finally:
            self._wired.set()

    async def join(self) -> None:
        """Join the SIP channel, which is in the app by now, and the handset's channel."""
        for channel in (self._ear, self.channel):
            await self._ari.request(
                "POST",
                f"bridges/{self._bridge}/addChannel",
                query={
                    "channel": channel,
                    # The handset's empty identity must not become that of the INVITE.
                    "inhibitConnectedLineUpdates": "true",
                    # Keys are the leg's (`keys`); the handset has no use for them.
                    "absorbDTMF": "true",
                },
            )

    async def dial(self) -> None:
        """Send the INVITE of a channel that was created and joined; returns when it is out."""
        self.call_id = await self._ari.variable(self.channel, "CHANNEL(pjsip,call-id)")
        await self._ari.request(
            "POST", f"channels/{self.channel}/dial", query={"timeout": DIAL_TIMEOUT_S}
        )
        await self.messages.first(lambda _: True, PATIENCE_S)

    async def receive(self) -> None:
        """Wire an incoming leg, whose INVITE has come."""
        self.call_id = await self._ari.variable(self.channel, "CHANNEL(pjsip,call-id)")
        await self.wire()
        await self.join()

    async def ring(self) -> None:
        """Send 180 Ringing."""
        await self._ari.request("POST", f"channels/{self.channel}/ring")

    async def answer(self) -> None:
        """Send 200 OK and speak."""
        await self._ari.request("POST", f"channels/{self.channel}/answer")
        await self.speak(self.tone_hz)

    async def speak_once_answered(self) -> None:
        """Speak from the far side's answer on, if it comes."""
        with contextlib.suppress(LegOverError):
            await self.answered(DIAL_TIMEOUT_S)
            await self.speak(self.tone_hz)

    def key_pressed(self, digit: str, at_ms: float, duration_ms: int) -> None:
        """Note a key; one that ends again within SAME_KEY_MS is the same press told twice.

        Asterisk does that to keys that come after it has sent one on the same leg: it takes the
        repeated end packets of RFC 4733 (2.5.1.4) for another key.
        """
        last = self.keys[-1] if self.keys else None
        if last is None or last.digit != digit or at_ms - last.at_ms > SAME_KEY_MS:
            self.keys.append(Key(digit, at_ms, duration_ms))

    async def put_away(self) -> None:
        """Finish the recording and free what the leg held; then `ended()` returns."""
        if self._over.done():
            return
        await self._wired.wait()
        ended = await self._ending()
        await self._ari.release("bridges", self._bridge)
        await self._ari.release("channels", self._ear)
        stem = f"{self.name}-{uuid.uuid4().hex[:6]}"
        packets = self._folder / f"{stem}.rtp"
        ended_ns = await self._handsets.close(self.channel, packets)
        self._recording = await asyncio.to_thread(
            Recording.from_packets,
            packets,
            self._folder / f"{stem}.wav",
            self._began_at_ms,
            ended_ns,
        )
        if not self._over.done():
            self._over.set_result(ended)

    async def _ending(self) -> Ended:
        with contextlib.suppress(TimeoutError):
            await self.messages.first(lambda _: ending(self.messages) is not None, TRACE_DELAY_S)
        known = ending(self.messages)
        return known or Ended(time.time_ns() / 1e6, "outside", None, None)

    async def _answer_of(self, code: int, timeout_s: float) -> float:
        def is_it(message: SipMessage) -> bool:
            return message.method == "INVITE" and message.code == code

        wait = asyncio.create_task(self.messages.first(is_it, timeout_s))
        waits: set[asyncio.Future[Any]] = {wait, self._over}
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        if not wait.done():
            wait.cancel()
            raise LegOverError(self._over.result())
        return (await wait).at_ms
