"""The switch as the flows see it (`ports.telephony`), on Asterisk's REST interface.

One application per engine, `groschen-<engine>`. Asterisk offers each new call to all of them and
the first to claim it has it. Orders go over HTTP, outcomes come back on the event socket; what an
event is about is remembered in `Legs`. Every known trap of the interface is listed, with what
keeps us out of it, in `TRAPS.md`.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from typing import Any, Self

import msgspec
import structlog

from engine.asterisk import decode
from engine.asterisk.ari import AriError, AriHttp, EventSocket, Listener
from engine.asterisk.legs import (
    ARG_ADOPTED,
    ARG_LEG,
    ARG_SNOOP,
    Arrival,
    Leg,
    Legs,
    Offer,
    Outcome,
    Playback,
    Replaced,
    SnoopDone,
    SnoopReady,
)
from engine.core.actions import HangUpReason
from engine.core.events import CallArrived, LegFacts, LegFailed, LegFailure, PlaybackEnded
from engine.errors import ConflictError, RemoteError
from engine.ports.telephony import CallEvent, Dial, SwitchFound, SwitchLost

News = CallEvent | SwitchLost | SwitchFound

# softmix carries whispers also when the other side sends no audio, and tells every key pressed.
BRIDGE_TYPE = "mixing,video_sfu"
EVENTS_MOST = 100_000
CLAIMS_MOST = 200
SNOOP_TIMEOUT_S = 2.0
STOP_TIMEOUT_S = 1.0
GONE = 404
EXISTS = 409

log = structlog.get_logger(__name__)


class AriTelephony:
    """`ports.telephony.Telephony` on one Asterisk. An async context manager."""

    def __init__(self, http: AriHttp, app: str) -> None:
        """`app` is this engine's own application name; a second user of it ends the first."""
        self._http = http
        self._app = app
        self._legs = Legs()
        self._news: asyncio.Queue[News] = asyncio.Queue(EVENTS_MOST)
        self._arriving: dict[str, list[CallEvent]] = {}
        self._snoops: dict[str, asyncio.Future[None]] = {}
        self._stopping: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._claims = 0
        self._startup_time = ""
        self._replaced = False
        listener = Listener(on_found=self._found, on_lost=self._lost, on_message=self._message)
        self._socket = EventSocket(http, app, listener)
        self._listening: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._listening = asyncio.create_task(self._socket.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        tasks = [*self._tasks, *([self._listening] if self._listening else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- what happened ---------------------------------------------------------------------

    async def events(self) -> AsyncIterator[News]:
        """See the port. Raises `ConflictError` when another process has taken the application."""
        while True:
            if self._news.empty() and self._replaced:
                raise ConflictError(f"another process is {self._app} now")
            yield await self._news.get()

    def _found(self, startup_time: str) -> None:
        restarted = self._startup_time not in ("", startup_time)
        self._startup_time = startup_time
        if restarted:
            self._legs.forget_all()
        self._tell(SwitchFound(restarted))

    def _lost(self) -> None:
        self._tell(SwitchLost())

    def _message(self, raw: bytes | str) -> bool:
        try:
            event = decode.event_of(raw)
        except msgspec.MsgspecError as fault:
            log.error("event not understood", reason=str(fault), raw=str(raw)[:500])
            return True
        for outcome in self._legs.take(event) if event else ():
            self._dispatch(outcome)
        return not (self._replaced or self._news.full())

    def _dispatch(self, outcome: Outcome) -> None:
        match outcome:
            case CallEvent(call_id) if call_id in self._arriving:
                self._arriving[call_id].append(outcome)
            case CallEvent(event=event):
                self._tell(outcome)
                if isinstance(event, PlaybackEnded):
                    _done(self._stopping.pop(event.playback, None))
            case Offer(leg):
                if self._claims < CLAIMS_MOST:
                    self._claims += 1
                    self._spawn(self._claim(leg))
            case Arrival(leg):
                self._arriving[leg] = []
                self._spawn(self._arrive(outcome))
            case SnoopReady(snoop):
                _done(self._snoops.pop(snoop, None))
            case SnoopDone(snoop):
                self._spawn(self._ignoring_gone(self._http.channels_hangup(snoop)))
            case Replaced():
                log.critical("another process has taken our application", app=self._app)
                self._replaced = True

    def _tell(self, news: News) -> None:
        if self._news.full():
            # Nobody takes events: what is lost here is made up for like a broken socket.
            while not self._news.empty():
                self._news.get_nowait()
            news = SwitchLost()
        self._news.put_nowait(news)

    async def _claim(self, leg: str) -> None:
        try:
            await self._http.events_claim_channel(channel_id=leg, application=self._app)
        except AriError as refusal:
            if refusal.status not in (GONE, EXISTS):
                raise
        finally:
            self._claims -= 1

    async def _arrive(self, arrival: Arrival) -> None:
        """Read who calls and see to it that the end will be told; then tell of the call."""
        leg = arrival.leg
        try:
            variables, _ = await asyncio.gather(
                self._http.channels_get_channel_vars(leg, variables=decode.IDENTITY_VARIABLES),
                self._subscribe(f"channel:{leg}"),
            )
            if (known := self._legs.legs.get(leg)) is None:
                return
            known.subscribed = True
            identity = decode.identity_of(variables.variables)
            event = CallArrived(
                at_ms=arrival.at_ms,
                leg=leg,
                did=arrival.did,
                trunk=arrival.trunk,
                identity=identity,
            )
            for told in (CallEvent(leg, event), *self._arriving[leg]):
                self._tell(told)
        except AriError as refusal:
            self._legs.legs.pop(leg, None)
            if refusal.status != GONE:
                await self._ignoring_gone(self._http.channels_hangup(leg, reason_code="38"))
                raise
        finally:
            del self._arriving[leg]

    # --- orders ----------------------------------------------------------------------------

    async def answer(self, leg: str) -> None:
        """See the port. Stops what is playing to the leg: an answer would wait for its end."""
        await self._silence(leg)
        await self._ignoring_gone(self._http.channels_answer(leg))

    async def hang_up(self, leg: str, reason: HangUpReason) -> None:
        code = str(decode.HANG_UP_CAUSES[reason])
        await self._ignoring_gone(self._http.channels_hangup(leg, reason_code=code))

    async def indicate_ringing(self, leg: str) -> None:
        await self._ignoring_gone(self._http.channels_ring(leg))

    async def play(self, call_id: str, leg: str, playback: str, audio: Sequence[str]) -> None:
        if playback in self._legs.playbacks:
            return
        self._legs.begin_playback(playback, Playback(call_id, leg))
        await self._play_on(leg, playback, audio)

    async def whisper(self, call_id: str, leg: str, playback: str, audio: Sequence[str]) -> None:
        if playback in self._legs.playbacks:
            return
        snoop = f"{playback}-snoop"
        self._legs.begin_playback(playback, Playback(call_id, leg, snoop=snoop))
        ready = self._snoops[snoop] = asyncio.get_running_loop().create_future()
        try:
            await self._http.channels_snoop_channel_with_id(
                leg, snoop, app=self._app, app_args=ARG_SNOOP, spy="none", whisper="out"
            )
            async with asyncio.timeout(SNOOP_TIMEOUT_S):
                await ready
        except (AriError, TimeoutError) as fault:
            self._snoops.pop(snoop, None)
            self._give_up_playback(playback, fault)
            return
        await self._play_on(snoop, playback, audio)

    async def stop_playback(self, playback: str) -> None:
        if (known := self._legs.playbacks.get(playback)) is not None:
            known.stopped = True
        await self._ignoring_gone(self._http.playbacks_stop(playback))

    async def start_music(self, leg: str) -> None:
        known = self._legs.legs.get(leg)
        if known is not None and not known.answered:
            await self._ignoring_gone(self._http.channels_progress(leg))
        await self._ignoring_gone(self._http.channels_start_moh(leg))

    async def stop_music(self, leg: str) -> None:
        await self._ignoring_gone(self._http.channels_stop_moh(leg))

    async def dial(self, order: Dial) -> None:
        self._fence()
        if order.leg in self._legs.legs:
            return
        self._legs.legs[order.leg] = Leg(order.call_id, dialled=True, subscribed=True)
        try:
            await self._http.channels_originate_with_id(
                order.leg,
                endpoint=order.endpoint,
                app=self._app,
                app_args=f"{ARG_LEG},{order.call_id}",
                caller_id=_caller_id(order.caller_name, order.caller_number),
                timeout_s=order.ring_timeout_s,
                variables={"TIMEOUT(absolute)": _seconds(order.deadline_ms)},
            )
        except AriError as refusal:
            if refusal.status != EXISTS and order.leg in self._legs.legs:
                del self._legs.legs[order.leg]
                log.warning("leg could not be dialled", leg=order.leg, reason=str(refusal))
                failed = LegFailed(at_ms=_now_ms(), leg=order.leg, reason=LegFailure.UNREACHABLE)
                self._tell(CallEvent(order.call_id, failed))

    async def join(self, call_id: str, bridge: str, legs: Sequence[str]) -> None:
        self._fence()
        present: Sequence[str] = ()
        try:
            await self._http.bridges_create_with_id(bridge, bridge_type=BRIDGE_TYPE)
        except AriError as refusal:
            if refusal.status != EXISTS:
                raise
            present = (await self._http.bridges_get(bridge)).channels
        missing = [leg for leg in legs if leg not in present]
        for leg in missing:
            await self._silence(leg)
        if missing:
            await self._http.bridges_add_channel(
                bridge, channel=missing, inhibit_connected_line_updates=True
            )

    async def part(self, bridge: str, legs: Sequence[str]) -> None:
        try:
            await self._http.bridges_remove_channel(bridge, channel=legs)
        except AriError as refusal:
            # One of them is gone, or all: what destroying the bridge does to the rest is the same.
            log.info("not all legs to part are there", bridge=bridge, reason=str(refusal))
        await self._ignoring_gone(self._http.bridges_destroy(bridge))

    async def set_deadline(self, leg: str, after_ms: int) -> None:
        await self._ignoring_gone(
            self._http.channels_set_channel_var(
                leg, variable="TIMEOUT(absolute)", value=_seconds(after_ms)
            )
        )

    # --- after a crash ---------------------------------------------------------------------

    async def adopt(self, call_id: str, legs: Sequence[str]) -> None:
        channels = {channel.id: channel for channel in await self._http.channels_list()}
        bridges = await self._http.bridges_list()
        for leg in legs:
            if (channel := channels.get(leg)) is None:
                continue
            dialled = leg != call_id
            known = Leg(call_id, dialled=dialled, answered=channel.state == "Up")
            self._legs.legs[leg] = known
            await self._subscribe(f"channel:{leg}")
            known.subscribed = True
            await self._move(leg, call_id)
        for bridge in bridges:
            if set(bridge.channels) & set(legs):
                await self._subscribe(f"bridge:{bridge.id}")

    async def facts(self, call_id: str, legs: Sequence[str]) -> tuple[LegFacts, ...]:
        channels = {channel.id: channel for channel in await self._http.channels_list()}
        return tuple(
            LegFacts(
                leg=leg,
                alive=leg in channels,
                answered=leg in channels and channels[leg].state == "Up",
            )
            for leg in legs
        )

    # --- how it is done --------------------------------------------------------------------

    def _fence(self) -> None:
        if self._replaced:
            raise ConflictError(f"another process is {self._app} now")

    async def _subscribe(self, source: str) -> None:
        await self._http.applications_subscribe(self._app, event_source=(source,))

    async def _move(self, leg: str, call_id: str) -> None:
        try:
            await self._http.channels_move(leg, app=self._app, app_args=f"{ARG_ADOPTED},{call_id}")
        except AriError as refusal:
            # Still ringing for the engine that dialled it: an answer would find nobody.
            log.info("leg cannot be moved", leg=leg, reason=str(refusal))
            await self._ignoring_gone(self._http.channels_hangup(leg, reason_code="16"))

    async def _play_on(self, channel: str, playback: str, audio: Sequence[str]) -> None:
        media = [f"sound:{path}" for path in audio]
        try:
            await self._http.channels_play_with_id(channel, playback, media=media)
        except AriError as refusal:
            self._give_up_playback(playback, refusal)

    def _give_up_playback(self, playback: str, fault: BaseException) -> None:
        ended = self._legs.end_playback(playback)
        if ended is None:
            return
        log.warning("playback failed", playback=playback, reason=str(fault))
        told = PlaybackEnded(at_ms=_now_ms(), playback=playback, complete=False)
        self._tell(CallEvent(ended.call_id, told))
        if ended.snoop is not None:
            self._spawn(self._ignoring_gone(self._http.channels_hangup(ended.snoop)))

    async def _silence(self, leg: str) -> None:
        """Stop what plays to a leg and wait for it: many orders would wait for its end."""
        known = self._legs.legs.get(leg)
        if known is None or known.playing is None:
            return
        playback = known.playing
        over = self._stopping[playback] = asyncio.get_running_loop().create_future()
        await self.stop_playback(playback)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await over
        except TimeoutError:
            self._stopping.pop(playback, None)

    async def _ignoring_gone(self, order: Coroutine[Any, Any, None]) -> None:
        """Carry out an order; that its target is gone is as good as done."""
        if self._replaced:
            order.close()
            self._fence()
        try:
            await order
        except AriError as refusal:
            if refusal.status != GONE:
                raise

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (fault := task.exception()) is not None:
            if isinstance(fault, RemoteError | ConflictError):
                log.warning("order failed", reason=str(fault))
            else:
                log.error("fault in a task of the adapter", exc_info=fault)


def _done(future: asyncio.Future[None] | None) -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _seconds(ms: int) -> str:
    return f"{max(ms, 1) / 1000:.3f}"


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def _caller_id(name: str, number: str) -> str:
    """`"Name" <number>` with everything dropped that could end the quotes or the brackets."""
    safe_name = "".join(c for c in name if c.isalnum() or c in " -.")[:60]
    safe_number = "".join(c for c in number if c.isdigit() or c == "+")
    return f'"{safe_name}" <{safe_number}>'
