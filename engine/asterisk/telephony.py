"""The switch as the flows see it (`ports.telephony`), on Asterisk's REST interface.

One application per engine, `groschen-<engine>`. Asterisk offers each new call to all of them and
the first to claim it has it. Orders go over HTTP, outcomes come back on the event socket
(`intake`); what an event is about is remembered in `legs`. Every known trap of the interface is
listed, with what keeps us out of it, in `TRAPS.md`.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

import structlog

from engine.asterisk import decode
from engine.asterisk.ami import Ami
from engine.asterisk.ari import api
from engine.asterisk.ari.http import AriError, AriHttp
from engine.asterisk.intake import CONFLICT, Intake, News, now_ms
from engine.asterisk.legs import ARG_ADOPTED, ARG_LEG, ARG_SNOOP, Files, Leg, Playback
from engine.asterisk.notes import Notes
from engine.asterisk.process import Access, authorization
from engine.core.actions import HangUpReason
from engine.core.events import LegFacts, LegFailed, LegFailure, PlaybackEnded
from engine.errors import ConflictError, RemoteError
from engine.ports.metrics import UNMEASURED, Metrics
from engine.ports.telephony import CallEvent, Dial

# softmix lets a whisper be heard also while the other side sends no audio, and tells every key.
BRIDGE_TYPE = "mixing,video_sfu"
SNOOP_TIMEOUT_S = 2.0
STOP_TIMEOUT_S = 1.0
BAD_REQUEST = 400
PHONES_TECH = "PJSIP"
PHONE = "agent-"
ONLINE = "online"

log = structlog.get_logger(__name__)


class AriTelephony:
    """`ports.telephony.Telephony` on one Asterisk. An async context manager."""

    def __init__(
        self, http: AriHttp, app: str, ami: Ami | None = None, notes: Notes | None = None
    ) -> None:
        """`app` is this engine's own application name; a second user of it ends the first.

        Without `ami` a deadline set while something plays to the leg waits for the end of that;
        without `notes` nothing is known of what happened while no engine lived.
        """
        self._http = http
        self._app = app
        self._ami = ami
        self._notes = notes or Notes("")
        self._intake = Intake(http, app)
        self._legs = self._intake.legs

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, access: Access, app: str, metrics: Metrics = UNMEASURED
    ) -> AsyncIterator[Self]:
        """A telephony with all its connections to one Asterisk."""
        ami = Ami(access.ami_host, access.ami_port, access.ami_user, access.ami_secret, metrics)
        async with (
            AriHttp(access.ari_url, authorization(access), metrics) as http,
            ami,
            cls(http, app, ami, Notes(access.cel_file)) as telephony,
        ):
            yield telephony

    async def __aenter__(self) -> Self:
        self._intake.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._intake.stop()

    def events(self) -> AsyncIterator[News]:
        """See the port. Raises `ConflictError` when another process has taken the application."""
        return self._intake.news()

    # --- one leg ---------------------------------------------------------------------------

    async def answer(self, leg: str) -> None:
        """See the port. Stops what is playing to the leg: the answer would wait for its end."""
        await self._stop_playing(leg)
        await self._order(self._http.channels_answer(leg))

    async def hang_up(self, leg: str, reason: HangUpReason) -> None:
        code = str(decode.HANG_UP_CAUSES[reason])
        await self._order(self._http.channels_hangup(leg, reason_code=code))

    async def indicate_ringing(self, leg: str) -> None:
        await self._order(self._http.channels_ring(leg))

    async def start_music(self, leg: str) -> None:
        """See the port. An unanswered leg is given early media first: music alone opens none."""
        known = self._legs.legs.get(leg)
        if known is not None:
            known.music = True
            if not known.answered:
                await self._order(self._http.channels_progress(leg))
        await self._order(self._http.channels_start_moh(leg))

    async def stop_music(self, leg: str) -> None:
        known = self._legs.legs.get(leg)
        if known is not None:
            if not known.music and not known.adopted:
                return
            known.music = False
        await self._order(self._http.channels_stop_moh(leg))

    async def set_deadline(self, leg: str, after_ms: int) -> None:
        """See the port. Over AMI, which no playback keeps waiting; over ARI if AMI is away."""
        self._fence()
        name, value = "TIMEOUT(absolute)", _seconds(after_ms)
        if self._ami is not None:
            try:
                await self._ami.set_variable(leg, name, value)
            except RemoteError as fault:
                log.warning("deadline.not_over_ami", leg=leg, error=str(fault))
            else:
                return
        await self._order(self._http.channels_set_channel_var(leg, variable=name, value=value))

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
            if refusal.status != CONFLICT:
                self._not_dialled(order, refusal)
        except RemoteError:
            # It may ring all the same; nobody would answer it.
            self._legs.legs.pop(order.leg, None)
            self._intake.spawn(self._order(self._http.channels_hangup(order.leg)))
            raise

    def _not_dialled(self, order: Dial, refusal: AriError) -> None:
        """A phone that is not registered, or an endpoint that does not exist."""
        log.warning("leg.not_dialled", leg=order.leg, error=str(refusal))
        if self._legs.legs.pop(order.leg, None) is not None:
            failed = LegFailed(at_ms=now_ms(), leg=order.leg, reason=LegFailure.UNREACHABLE)
            self._intake.tell([CallEvent(order.call_id, failed)])

    # --- what is heard ---------------------------------------------------------------------

    async def play(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        self._fence()
        if playback in self._legs.playbacks:
            return
        files = Files(_media(audio), tuple(starts))
        self._legs.begin_playback(playback, Playback(call_id, leg, files=files))
        if self._legs.is_adopted(leg) and await self._is_playing(playback):
            return
        await self._play_on(leg, playback, files.media)

    async def whisper(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        """See the port. A channel that whispers to the leg is made, played to and ended."""
        self._fence()
        if playback in self._legs.playbacks:
            return
        snoop = f"{playback}-snoop"
        files = Files(_media(audio), tuple(starts))
        self._legs.begin_playback(playback, Playback(call_id, leg, snoop=snoop, files=files))
        ready = self._intake.told(snoop)
        try:
            await self._http.channels_snoop_channel_with_id(
                leg, snoop, app=self._app, app_args=ARG_SNOOP, spy="none", whisper="out"
            )
            async with asyncio.timeout(SNOOP_TIMEOUT_S):
                await ready
        except (RemoteError, TimeoutError) as fault:
            self._intake.forget_waiting(snoop)
            self._give_up_playback(playback, fault)
            return
        await self._play_on(snoop, playback, files.media)

    async def stop_playback(self, playback: str) -> None:
        if (known := self._legs.playbacks.get(playback)) is not None:
            known.stopped = True
        await self._order(self._http.playbacks_stop(playback))

    async def _play_on(self, channel: str, playback: str, media: Sequence[str]) -> None:
        try:
            await self._send_playback(channel, playback, media)
        except RemoteError as fault:
            self._give_up_playback(playback, fault)

    async def _send_playback(self, channel: str, playback: str, media: Sequence[str]) -> None:
        """Send it, and once more if it certainly did not arrive: twice would be heard twice."""
        try:
            await self._http.channels_play_with_id(channel, playback, media=media)
        except AriError:
            raise
        except RemoteError:
            over = playback not in self._legs.playbacks
            if not over and not await self._is_playing(playback):
                await self._http.channels_play_with_id(channel, playback, media=media)

    async def _is_playing(self, playback: str) -> bool:
        try:
            await self._http.playbacks_get(playback)
        except RemoteError:
            return False
        return True

    def _give_up_playback(self, playback: str, fault: BaseException) -> None:
        ended = self._legs.end_playback(playback)
        if ended is None:
            return
        log.warning("playback.failed", playback=playback, error=str(fault))
        told = PlaybackEnded(at_ms=now_ms(), playback=playback, complete=False)
        self._intake.tell([CallEvent(ended.call_id, told)])
        if ended.snoop is not None:
            self._intake.spawn(self._order(self._http.channels_hangup(ended.snoop)))

    async def _stop_playing(self, leg: str) -> None:
        """Stop what plays to a leg and wait for it: many orders would wait for its end."""
        known = self._legs.legs.get(leg)
        if known is None or known.playing is None:
            return
        playback = known.playing
        over = self._intake.told(playback)
        await self.stop_playback(playback)
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                await over
        except TimeoutError:
            self._intake.forget_waiting(playback)

    # --- the conversation ------------------------------------------------------------------

    async def join(self, call_id: str, bridge: str, legs: Sequence[str]) -> None:
        """See the port. Music and playbacks end first: they would go on over the conversation."""
        self._fence()
        missing = await self._missing_in(bridge, legs)
        for leg in missing:
            await self._stop_playing(leg)
            await self.stop_music(leg)
        if not missing:
            return
        try:
            await self._http.bridges_add_channel(
                bridge, channel=missing, inhibit_connected_line_updates=True
            )
        except AriError as refusal:
            if missing == legs:
                await self._order(self._http.bridges_destroy(bridge))
            if refusal.status != BAD_REQUEST or all(leg in self._legs.legs for leg in legs):
                raise

    async def _missing_in(self, bridge: str, legs: Sequence[str]) -> Sequence[str]:
        """The legs to be added: one that is in the bridge would leave it and come again."""
        try:
            await self._http.bridges_create_with_id(bridge, bridge_type=BRIDGE_TYPE)
        except AriError as refusal:
            if refusal.status != CONFLICT:
                raise
            present = (await self._http.bridges_get(bridge)).channels
            return [leg for leg in legs if leg not in present]
        return legs

    async def part(self, bridge: str, legs: Sequence[str]) -> None:
        self._fence()
        for together in self._leaving_together(bridge, legs):
            try:
                await self._http.bridges_remove_channel(bridge, channel=together)
            except AriError as refusal:
                # One is gone, or all: destroying the bridge sets the others free as well.
                log.info("part.not_all_there", bridge=bridge, reason=str(refusal))
            if len(together) < len(legs):
                await self._intake.listen_to(f"bridge:{bridge}")
        await self._order(self._http.bridges_destroy(bridge))

    def _leaving_together(self, bridge: str, legs: Sequence[str]) -> Sequence[Sequence[str]]:
        """All at once, but adopted legs one by one, and none if one has left already: then they
        would be refused, and the end of the bridge sets the other free.

        With the first leg that leaves a bridge Asterisk takes back our subscription to that
        bridge; legs that entered it for us have one each, adopted ones only what `adopt` made.
        """
        if any(map(self._legs.is_adopted, legs)):
            return [[leg] for leg in legs]
        return [] if any(self._legs.has_left(leg, bridge) for leg in legs) else [legs]

    # --- after a crash ---------------------------------------------------------------------

    async def adopt(self, call_id: str, legs: Sequence[str]) -> None:
        """See the port. A leg still ringing for the other engine is ended: it cannot be moved."""
        self._fence()
        channels = {channel.id: channel for channel in await self._http.channels_list()}
        for leg in legs:
            if (channel := channels.get(leg)) is not None:
                await self._adopt_leg(call_id, channel)
        for bridge in await self._http.bridges_list():
            if not set(legs).isdisjoint(bridge.channels):
                await self._intake.listen_to(f"bridge:{bridge.id}")
        whispering = tuple(f"Snoop/{leg}-" for leg in legs)
        for channel in channels.values():
            if channel.name.startswith(whispering):
                await self._order(self._http.channels_hangup(channel.id))

    async def _adopt_leg(self, call_id: str, channel: api.Channel) -> None:
        leg, answered = channel.id, channel.state == "Up"
        if leg not in self._legs.legs:
            self._legs.legs[leg] = Leg(
                call_id, dialled=leg != call_id, answered=answered, subscribed=True, adopted=True
            )
        await self._intake.listen_to(f"channel:{leg}")
        try:
            await self._http.channels_move(leg, app=self._app, app_args=f"{ARG_ADOPTED},{call_id}")
        except AriError as refusal:
            log.info("adopt.cannot_move", leg=leg, reason=str(refusal))
            if (lost := self._legs.legs.get(leg)) is not None:
                lost.lost = True
            await self._order(self._http.channels_hangup(leg))

    async def facts(self, call_id: str, legs: Sequence[str]) -> tuple[LegFacts, ...]:
        channels = {channel.id: channel for channel in await self._http.channels_list()}
        return tuple([await self._facts_of(leg, channels.get(leg)) for leg in legs])

    async def _facts_of(self, leg: str, channel: api.Channel | None) -> LegFacts:
        note = await self._notes.of(leg)
        return LegFacts(
            leg=leg,
            alive=channel is not None,
            answered=channel is not None and channel.state == "Up",
            ended_ms=note.ended_ms,
            joined_ms=note.joined_ms,
            left_ms=note.left_ms,
        )

    async def registered(self) -> frozenset[str]:
        endpoints = await self._http.endpoints_list_by_tech(PHONES_TECH)
        online = (one.resource for one in endpoints if one.state == ONLINE)
        return frozenset(n.removeprefix(PHONE) for n in online if n.startswith(PHONE))

    # --- how it is done --------------------------------------------------------------------

    async def _order(self, order: Coroutine[Any, Any, None]) -> None:
        """Carry out an order; that its target is gone is as good as done."""
        if self._intake.replaced:
            order.close()
        self._fence()
        await self._intake.ignoring_gone(order)

    def _fence(self) -> None:
        if self._intake.replaced:
            raise ConflictError(f"another process is {self._app} now")


def _media(audio: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"sound:{path}" for path in audio)


def _seconds(ms: int) -> str:
    return f"{max(ms, 1) / 1000:.3f}"


def _caller_id(name: str, number: str) -> str:
    """`"Name" <number>` with everything dropped that could end the quotes or the brackets."""
    safe_name = "".join(c for c in name if c.isalnum() or c in " -.")[:60]
    safe_number = "".join(c for c in number if c.isdigit() or c == "+")
    return f'"{safe_name}" <{safe_number}>'
