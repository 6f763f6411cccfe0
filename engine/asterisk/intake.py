"""What happens on the switch, from the event socket to one stream of news in order per call.

A new call is claimed, then read (who calls) and subscribed to (its end is told by nobody else)
before anything of it is told; what happens to it meanwhile waits for that. After a break of the
socket, playbacks and calls whose news were lost are looked for; the legs are compared by the flows.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any

import msgspec
import structlog

from engine.asterisk import decode
from engine.asterisk.ari.http import AriError, AriHttp
from engine.asterisk.ari.socket import EventSocket, Listener
from engine.asterisk.legs import (
    Arrival,
    Intruder,
    Leg,
    Legs,
    Offer,
    Outcome,
    Replaced,
    SnoopDone,
    SnoopReady,
)
from engine.core.events import CallArrived, LegLeft, PlaybackEnded
from engine.errors import ConflictError, EngineError
from engine.ports.telephony import CallEvent, SwitchFound, SwitchLost

News = CallEvent | SwitchLost | SwitchFound

NEWS_MOST = 100_000
CLAIMS_MOST = 200
GONE = 404
CONFLICT = 409
FAULT_CAUSE = "38"

log = structlog.get_logger(__name__)


class Intake:
    """Listens for one engine. `news` is what the flows hear; `legs` is what is known."""

    def __init__(self, http: AriHttp, app: str) -> None:
        self.legs = Legs()
        self.replaced = False
        self._http = http
        self._app = app
        self._news: asyncio.Queue[News] = asyncio.Queue(NEWS_MOST)
        self._arriving: dict[str, list[CallEvent]] = {}
        self._waiting: dict[str, asyncio.Future[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._claims = 0
        self._startup_time = ""
        listener = Listener(on_found=self._found, on_lost=self._lost, on_message=self._message)
        self._socket = EventSocket(http, app, listener)

    def start(self) -> None:
        self.spawn(self._socket.run())

    async def stop(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def news(self) -> AsyncIterator[News]:
        """Everything in order; raises `ConflictError` when the application was taken from us."""
        while True:
            news = await self._news.get()
            if self.replaced:
                raise ConflictError(f"another process is {self._app} now")
            yield news

    def tell(self, outcomes: list[Outcome]) -> None:
        """Let the flows hear of something, and do what it asks of the adapter itself."""
        for outcome in outcomes:
            self._dispatch(outcome)

    def told(self, ident: str) -> asyncio.Future[None]:
        """Done when the playback `ident` is over or the whispering channel `ident` is there."""
        return self._waiting.setdefault(ident, asyncio.get_running_loop().create_future())

    def forget_waiting(self, ident: str) -> None:
        self._waiting.pop(ident, None)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something beside; its fault is logged."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._reap)

    async def ignoring_gone(self, order: Coroutine[Any, Any, None]) -> None:
        """Carry out an order; that its target is gone is as good as done."""
        try:
            await order
        except AriError as refusal:
            if refusal.status != GONE:
                raise

    async def listen_to(self, source: str) -> None:
        """Subscribe to a channel or bridge that did not come to us by itself."""
        try:
            await self._http.applications_subscribe(self._app, event_source=(source,))
        except AriError as refusal:
            log.info("subscription.refused", source=source, reason=str(refusal))

    # --- the socket -----------------------------------------------------------------------

    def _found(self, startup_time: str) -> None:
        again = self._startup_time != ""
        restarted = again and self._startup_time != startup_time
        self._startup_time = startup_time
        if restarted:
            self.legs.forget_all()
        elif again:
            self.spawn(self._catch_up())
        self._put(SwitchFound(restarted))

    def _lost(self) -> None:
        self._put(SwitchLost())

    def _message(self, raw: bytes | str) -> bool:
        try:
            event = decode.event_of(raw)
        except msgspec.MsgspecError as fault:
            log.error("event.not_understood", error=str(fault), raw=str(raw)[:500])
            return True
        if event is not None:
            self.tell(self.legs.take(event))
        return not self.replaced

    def _dispatch(self, outcome: Outcome) -> None:
        match outcome:
            case CallEvent(call_id, event):
                if isinstance(event, PlaybackEnded):
                    self._done(event.playback)
                elif isinstance(event, LegLeft) and self.legs.is_adopted(event.leg):
                    # With the first leg that leaves, Asterisk takes our subscription back.
                    self.spawn(self.listen_to(f"bridge:{event.bridge}"))
                if call_id in self._arriving:
                    self._arriving[call_id].append(outcome)
                else:
                    self._put(outcome)
            case Offer(leg) if self._claims < CLAIMS_MOST:
                self._claims += 1
                self.spawn(self._claim(leg))
            case Arrival(leg):
                self._arriving[leg] = []
                self.spawn(self._arrive(outcome))
            case SnoopReady(snoop):
                self._done(snoop)
            case SnoopDone(snoop):
                self.spawn(self.ignoring_gone(self._http.channels_hangup(snoop)))
            case Intruder(leg):
                log.error("channel.not_ours", leg=leg)
                self.spawn(self.ignoring_gone(self._http.channels_hangup(leg)))
            case Replaced():
                log.critical("application.taken", app=self._app)
                self.replaced = True
                self._put(SwitchLost())

    def _put(self, news: News) -> None:
        if self._news.full():
            self._start_over()
        self._news.put_nowait(news)

    def _start_over(self) -> None:
        """Nobody takes the news: drop them, to be made up for like after a broken socket."""
        log.error("news.not_taken", dropped=self._news.qsize())
        while not self._news.empty():
            self._news.get_nowait()
        self._news.put_nowait(SwitchLost())
        self._news.put_nowait(SwitchFound(restarted=False))
        self.spawn(self._catch_up())

    def _done(self, ident: str) -> None:
        future = self._waiting.pop(ident, None)
        if future is not None and not future.done():
            future.set_result(None)

    # --- new calls ------------------------------------------------------------------------

    async def _claim(self, leg: str) -> None:
        try:
            await self._http.events_claim_channel(channel_id=leg, application=self._app)
        except AriError as refusal:
            # Another engine was faster, or the caller has hung up.
            if refusal.status not in (GONE, CONFLICT):
                raise
        finally:
            self._claims -= 1

    async def _arrive(self, arrival: Arrival) -> None:
        leg = arrival.leg
        try:
            told = await self._read(arrival)
        except AriError as refusal:
            self.legs.legs.pop(leg, None)
            if refusal.status != GONE:
                log.error("call.not_taken", leg=leg, error=str(refusal))
                hang_up = self._http.channels_hangup(leg, reason_code=FAULT_CAUSE)
                await self.ignoring_gone(hang_up)
        else:
            # A caller gone before he was read has asked for nothing: no call begins.
            for outcome in (told, *self._arriving[leg]) if leg in self.legs.legs else ():
                self._put(outcome)
        finally:
            del self._arriving[leg]

    async def _read(self, arrival: Arrival) -> CallEvent:
        leg = arrival.leg
        answer, _ = await asyncio.gather(
            self._http.channels_get_channel_vars(leg, variables=decode.IDENTITY_VARIABLES),
            self._http.applications_subscribe(self._app, event_source=(f"channel:{leg}",)),
        )
        if (known := self.legs.legs.get(leg)) is not None:
            known.subscribed = True
        event = CallArrived(
            at_ms=arrival.at_ms,
            leg=leg,
            did=arrival.did,
            trunk=arrival.trunk,
            identity=decode.identity_of(answer.variables),
        )
        return CallEvent(leg, event)

    # --- after a break --------------------------------------------------------------------

    async def _catch_up(self) -> None:
        """Find what was lost while the socket was broken, as far as the flows cannot."""
        before = set(self.legs.legs)
        channels = {channel.id: channel for channel in await self._http.channels_list()}
        for playback in tuple(self.legs.playbacks):
            if not await self._is_playing(playback):
                self.tell(self.legs.end_lost_playback(playback, now_ms()))
        for leg in before - set(channels):
            self.legs.legs.pop(leg, None)
        for leg, channel in channels.items():
            # Claimed just before the break, and its arrival never heard of.
            if channel.dialplan.app_name == "StasisBroadcast" and leg not in self.legs.legs:
                await self._late(leg, channel.dialplan.exten)

    async def _is_playing(self, playback: str) -> bool:
        try:
            await self._http.playbacks_get(playback)
        except AriError as refusal:
            return refusal.status != GONE
        return True

    async def _late(self, leg: str, did: str) -> None:
        answer = await self._http.channels_get_channel_vars(leg, variables=("GROSCHEN_TRUNK",))
        self.legs.legs[leg] = Leg(leg, dialled=False)
        self.tell([Arrival(leg, did, str(answer.variables["GROSCHEN_TRUNK"]), now_ms())])

    def _reap(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (fault := task.exception()) is None:
            return
        if isinstance(fault, EngineError):
            log.warning("adapter.order_failed", error=str(fault))
        else:
            log.error("adapter.fault", exc_info=fault)


def now_ms() -> int:
    """The engine's own clock, for the little that no event of Asterisk's tells."""
    return time.time_ns() // 1_000_000
