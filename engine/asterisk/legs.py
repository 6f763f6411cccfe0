"""Whose leg, bridge and playback each event is about: the adapter's memory, without any I/O.

`Legs.take` turns one ARI event into what the engine calls it. A leg belongs to a call from the
moment it is dialled, arrives or is adopted; events of strangers are passed over.
"""

from dataclasses import dataclass, field

from engine.asterisk.ari import api
from engine.asterisk.decode import failure_of, milliseconds, sip_code_of
from engine.core.events import (
    DigitPressed,
    Event,
    LegAnswered,
    LegEnded,
    LegFailed,
    LegFailure,
    LegJoined,
    LegLeft,
    LegRinging,
    PlaybackEnded,
    PromptStarted,
)
from engine.ports.telephony import CallEvent

# First words of a channel's application arguments: how it came to us ("call" is the dialplan's).
ARG_LEG = "leg"
ARG_ADOPTED = "adopted"
ARG_SNOOP = "snoop"


@dataclass(slots=True)
class Leg:
    """A leg of a call: `dialled` by us or the caller's.

    `subscribed`: its end will be told by ChannelDestroyed. `adopted`: another engine had it, so
    something may play that is not known here. `lost` could not be taken over: its end is our fault.
    `left` is the bridge it has left, until it enters one again.
    """

    call_id: str
    dialled: bool
    answered: bool = False
    subscribed: bool = False
    adopted: bool = False
    lost: bool = False
    music: bool = False
    playing: str | None = None
    left: str = ""


@dataclass(frozen=True, slots=True)
class Files:
    """What is played, as Asterisk calls it, and the places at which prompts start."""

    media: tuple[str, ...] = ()
    starts: tuple[int, ...] = ()


@dataclass(slots=True)
class Playback:
    """Files being played to a leg, `snoop` is the whispering channel if it is mixed in; `reached`
    is how many of them have begun."""

    call_id: str
    leg: str
    snoop: str | None = None
    stopped: bool = False
    files: Files = Files()
    reached: int = 0


@dataclass(frozen=True, slots=True)
class Offer:
    """A new call that the first engine to claim it has."""

    leg: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """A new call that is ours now; nothing of its caller is known yet."""

    leg: str
    did: str
    trunk: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class SnoopReady:
    """A whispering channel can be played to."""

    snoop: str


@dataclass(frozen=True, slots=True)
class SnoopDone:
    """A whispering channel has said what it had to."""

    snoop: str


@dataclass(frozen=True, slots=True)
class Intruder:
    """A channel nobody ordered, such as one that took another's place (INVITE with Replaces)."""

    leg: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """Another process took our application: nothing here is ours to order any more."""


Outcome = CallEvent | Offer | Arrival | SnoopReady | SnoopDone | Intruder | Replaced


@dataclass(slots=True)
class Legs:
    """All legs and playbacks of one engine."""

    legs: dict[str, Leg] = field(default_factory=dict)
    playbacks: dict[str, Playback] = field(default_factory=dict)

    def take(self, event: api.Event) -> list[Outcome]:
        """What an event means, in the order it is to be told."""
        match event:
            case api.CallBroadcast():
                return [Offer(event.channel.id)]
            case api.StasisStart():
                return self._started(event)
            case api.ChannelStateChange():
                return self._state_changed(event)
            case api.ChannelEnteredBridge(channel=api.Channel() as channel):
                at_ms = milliseconds(event.timestamp)
                self._note_left(channel.id, "")
                return self._of(
                    channel.id, LegJoined(at_ms=at_ms, leg=channel.id, bridge=event.bridge.id)
                )
            case api.ChannelLeftBridge(channel=channel):
                at_ms = milliseconds(event.timestamp)
                self._note_left(channel.id, event.bridge.id)
                return self._of(
                    channel.id, LegLeft(at_ms=at_ms, leg=channel.id, bridge=event.bridge.id)
                )
            case api.ChannelDtmfReceived(channel=channel):
                at_ms = milliseconds(event.timestamp)
                return self._of(
                    channel.id, DigitPressed(at_ms=at_ms, leg=channel.id, digit=event.digit)
                )
            case api.PlaybackStarted():
                return self._file_started(event)
            case api.PlaybackFinished():
                return self._playback_finished(event)
            case api.StasisEnd():
                return self._left_application(event)
            case api.ChannelDestroyed():
                return self._destroyed(event)
            case api.ApplicationReplaced():
                return [Replaced()]
        return []

    def _note_left(self, leg: str, bridge: str) -> None:
        if (known := self.legs.get(leg)) is not None:
            known.left = bridge

    def has_left(self, leg: str, bridge: str) -> bool:
        """Whether a leg has been in a bridge and is so no more, or has ended."""
        known = self.legs.get(leg)
        return known is None or known.left == bridge

    def is_adopted(self, leg: str) -> bool:
        """Whether another engine had the leg before."""
        known = self.legs.get(leg)
        return known is not None and known.adopted

    def begin_playback(self, playback: str, of: Playback) -> None:
        """Note a playback about to be ordered."""
        self.playbacks[playback] = of
        leg = self.legs.get(of.leg)
        if leg is not None and of.snoop is None:
            leg.playing = playback

    def end_playback(self, playback: str) -> Playback | None:
        """Forget a playback; None if it is not (or no longer) known."""
        ended = self.playbacks.pop(playback, None)
        if ended is not None:
            leg = self.legs.get(ended.leg)
            if leg is not None and leg.playing == playback:
                leg.playing = None
        return ended

    def end_lost_playback(self, playback: str, at_ms: int) -> list[Outcome]:
        """A playback ended while nobody listened: complete, if its leg is still there."""
        known = self.playbacks.get(playback)
        return self._playback_over(
            playback, at_ms, complete=known is not None and known.leg in self.legs
        )

    def end_leg(self, leg: str, at_ms: int, sip: tuple[int, int | None]) -> list[Outcome]:
        """Forget a leg and tell how it ended; nothing if that was told before."""
        ended = self.legs.pop(leg, None)
        if ended is None:
            return []
        outcomes: list[Outcome] = []
        for playback in [p for p, of in self.playbacks.items() if of.leg == leg]:
            outcomes += self._playback_over(playback, at_ms, complete=False)
        told: Event = LegEnded(at_ms=at_ms, leg=leg)
        if ended.dialled and not ended.answered:
            cause, tech_cause = sip
            reason = LegFailure.NETWORK if ended.lost else failure_of(cause, tech_cause)
            code = sip_code_of(tech_cause)
            told = LegFailed(at_ms=at_ms, leg=leg, reason=reason, sip_code=code)
        return [*outcomes, CallEvent(ended.call_id, told)]

    def forget_all(self) -> None:
        """Asterisk was started anew: nothing of before exists."""
        self.legs.clear()
        self.playbacks.clear()

    def _of(self, leg: str, event: Event) -> list[Outcome]:
        known = self.legs.get(leg)
        return [] if known is None else [CallEvent(known.call_id, event)]

    def _started(self, event: api.StasisStart) -> list[Outcome]:
        leg, at_ms = event.channel.id, milliseconds(event.timestamp)
        if event.replace_channel is not None:
            return [Intruder(leg)]
        match event.args:
            case ["call", trunk] if leg not in self.legs:
                self.legs[leg] = Leg(leg, dialled=False)
                return [Arrival(leg, event.channel.dialplan.exten, trunk, at_ms)]
            case [word, call_id] if word == ARG_LEG:
                self.legs.setdefault(leg, Leg(call_id, dialled=True, subscribed=True))
                return self._answered(leg, at_ms)
            case [word] if word == ARG_SNOOP:
                return [SnoopReady(leg)]
        return [] if leg in self.legs else [Intruder(leg)]

    def _state_changed(self, event: api.ChannelStateChange) -> list[Outcome]:
        leg, at_ms = event.channel.id, milliseconds(event.timestamp)
        known = self.legs.get(leg)
        if known is None:
            return []
        if event.channel.state == "Ringing" and known.dialled:
            return [CallEvent(known.call_id, LegRinging(at_ms=at_ms, leg=leg))]
        # A dialled leg takes orders only once it has entered the application (StasisStart).
        if event.channel.state == "Up" and not known.dialled:
            return self._answered(leg, at_ms)
        return []

    def _answered(self, leg: str, at_ms: int) -> list[Outcome]:
        known = self.legs[leg]
        if known.answered:
            return []
        known.answered = True
        return [CallEvent(known.call_id, LegAnswered(at_ms=at_ms, leg=leg))]

    def _file_started(self, event: api.PlaybackStarted) -> list[Outcome]:
        """Told of each file; found by its name, for one that was not heard of is passed over."""
        name, known = event.playback.id, self.playbacks.get(event.playback.id)
        if known is None or event.playback.media_uri not in known.files.media[known.reached :]:
            return []
        place = known.files.media.index(event.playback.media_uri, known.reached)
        known.reached = place + 1
        if place not in known.files.starts:
            return []
        at_ms, nth = milliseconds(event.timestamp), known.files.starts.index(place)
        return [CallEvent(known.call_id, PromptStarted(at_ms=at_ms, playback=name, nth=nth))]

    def _playback_finished(self, event: api.PlaybackFinished) -> list[Outcome]:
        complete = event.playback.state == "done"
        return self._playback_over(
            event.playback.id, milliseconds(event.timestamp), complete=complete
        )

    def _playback_over(self, playback: str, at_ms: int, *, complete: bool) -> list[Outcome]:
        ended = self.end_playback(playback)
        if ended is None:
            return []
        complete = complete and not ended.stopped
        told = PlaybackEnded(at_ms=at_ms, playback=playback, complete=complete)
        outcomes: list[Outcome] = [CallEvent(ended.call_id, told)]
        if ended.snoop is not None:
            outcomes.append(SnoopDone(ended.snoop))
        return outcomes

    def _left_application(self, event: api.StasisEnd) -> list[Outcome]:
        known = self.legs.get(event.channel.id)
        if known is None or known.subscribed:
            return []
        return self.end_leg(event.channel.id, milliseconds(event.timestamp), (16, None))

    def _destroyed(self, event: api.ChannelDestroyed) -> list[Outcome]:
        sip = (event.cause, event.tech_cause)
        return self.end_leg(event.channel.id, milliseconds(event.timestamp), sip)
