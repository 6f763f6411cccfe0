"""A switch in memory, with parties that behave as they are told, for flows and simulations.

`FakeSwitch` is the switch itself: legs, bridges, deadlines, what everybody heard and when.
`port(engine)` is one engine's way in (`ports.telephony.Telephony`). A leg's events go to the
engine that has it; an engine that is cut off or deaf misses them, as it would in life. Time is
the running loop's (`tests.fakes.clock`). `fault` may lose, double or delay events; a port's
`gate` is passed before and after each of its orders, and may wait there for ever or raise.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from engine.core import events as e
from engine.core.actions import HangUpReason
from engine.core.identity import SignalledIdentity
from engine.errors import RemoteError
from engine.ports.clock import Alarm, Clock
from engine.ports.telephony import CallEvent, Dial, SwitchFound, SwitchLost

Heard = CallEvent | SwitchLost | SwitchFound
RINGING = "ringing"
DIALPLAN_NET_MS = 180_000
Delays = Iterable[int]
Playlist = tuple[Sequence[str], Sequence[int]]
"""Files, and the places of those with which prompts start."""


async def open_gate(_order: str) -> None:
    """Nothing is in an order's way."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How an agent treats a call: answers, fails, presses a key, hangs up (times in ms)."""

    answers_after_ms: int | None = 1_000
    fails_with: e.LegFailure | None = None
    presses: str = ""
    presses_after_ms: int = 3_000
    hangs_up_after_ms: int | None = None


@dataclass(slots=True)
class FakeLeg:
    """One leg as the switch knows it."""

    leg: str
    call_id: str
    engine: str
    answered: bool = False
    alive: bool = True
    bridge: str | None = None
    joined_ms: int | None = None
    left_ms: int | None = None
    ended_ms: int | None = None
    dialled: Dial | None = None
    deadline: Alarm | None = None
    ended_by: str = ""
    reason: HangUpReason | None = None
    heard: list[tuple[int, str]] = field(default_factory=list)
    music: bool = False


@dataclass(slots=True)
class _Playback:
    call_id: str
    leg: str
    alarm: Alarm


class FakeSwitch:
    """The switch and everybody at its ends."""

    def __init__(self, clock: Clock, *, playback_ms: Callable[[str], int] | None = None) -> None:
        self.clock = clock
        self.legs: dict[str, FakeLeg] = {}
        self.manners: dict[str, Manner] = {}
        self.unknown: set[str] = set()
        self.phones: set[str] = set()
        self.fault: Callable[[e.Event], Delays] = lambda _event: (0,)
        self.talk: dict[str, list[tuple[int, int]]] = {}
        self.playback_ms = playback_ms or (lambda _audio: 2_000)
        self._playbacks: dict[str, _Playback] = {}
        self._over: set[str] = set()
        self._ports: dict[str, SwitchPort] = {}
        self._deaf: set[str] = set()
        self._dialled: dict[str, list[FakeLeg]] = {}

    def port(self, engine: str) -> "SwitchPort":
        """The way in of one engine; the first of that name is the one whose legs are new."""
        port = SwitchPort(self, engine)
        self._ports[engine] = port
        return port

    def cut_off(self, engine: str) -> None:
        """The engine is gone: nobody hears what happens to its legs."""
        self._ports.pop(engine, None)

    def lose_stream(self, engine: str) -> None:
        """The engine's event stream breaks: it misses what happens, its orders still arrive."""
        self._deaf.add(engine)
        self._ports[engine].hear(SwitchLost())

    def find_stream(self, engine: str, *, restarted: bool = False) -> None:
        """The stream is back. With `restarted` the switch has lost every leg, and tells nobody."""
        if restarted:
            for leg in self.legs.values():
                self._forget(leg)
        self._deaf.discard(engine)
        self._ports[engine].hear(SwitchFound(restarted))

    # --- what parties do -----------------------------------------------------------------

    def ring_in(
        self, leg: str, did: str, engine: str, identity: SignalledIdentity, trunk: str = "carrier"
    ) -> FakeLeg:
        """A caller calls; the dialplan gives the engine three minutes to see to the call."""
        fake = self.legs[leg] = FakeLeg(leg, leg, engine)
        self.set_deadline(fake, DIALPLAN_NET_MS)
        arrived = e.CallArrived(
            at_ms=self.now_ms(), leg=leg, did=did, trunk=trunk, identity=identity
        )
        self.tell(fake, arrived)
        return fake

    def press(self, leg: str, digits: str) -> None:
        for digit in digits:
            event = e.DigitPressed(at_ms=self.now_ms(), leg=leg, digit=digit)
            self.tell(self.legs[leg], event)

    def hang_up(self, leg: str, by: str = "party") -> None:
        """The party of a leg hangs up."""
        self.end(self.legs[leg], by)

    # --- inside --------------------------------------------------------------------------

    def now_ms(self) -> int:
        return self.clock.now().wall_ms

    def leg(self, leg: str) -> FakeLeg | None:
        fake = self.legs.get(leg)
        return fake if fake is not None and fake.alive else None

    def _forget(self, leg: FakeLeg) -> None:
        """A leg is gone as the switch died; nothing is known of its end."""
        if leg.deadline is not None:
            leg.deadline.cancel()
        leg.alive, leg.bridge, leg.ended_by = False, None, leg.ended_by or "restart"

    def tell(self, leg: FakeLeg, event: e.Event) -> None:
        for delay_ms in self.fault(event):
            if delay_ms == 0:
                asyncio.get_running_loop().call_soon(self._deliver, leg, event)
            else:
                self.clock.call_later(delay_ms, lambda: self._deliver(leg, event))

    def _deliver(self, leg: FakeLeg, event: e.Event) -> None:
        port = self._ports.get(leg.engine)
        if port is not None and leg.engine not in self._deaf:
            port.hear(CallEvent(leg.call_id, event))

    def end(self, leg: FakeLeg, by: str) -> None:
        if not leg.alive:
            return
        self.leave(leg)
        leg.alive = False
        leg.ended_ms = self.now_ms()
        leg.ended_by = by
        if leg.deadline is not None:
            leg.deadline.cancel()
        for playback in self.playing(leg.leg):
            self.end_playback(playback, complete=False)
        if leg.dialled is not None and not leg.answered:
            failed = e.LegFailed(at_ms=self.now_ms(), leg=leg.leg, reason=e.LegFailure.NETWORK)
            self.tell(leg, failed)
        else:
            self.tell(leg, e.LegEnded(at_ms=self.now_ms(), leg=leg.leg))

    def adopt(self, name: str, engine: str) -> None:
        """A leg is another engine's from now on; one that still rings is given up."""
        leg = self.leg(name)
        if leg is None:
            return
        leg.engine = engine
        if leg.dialled is not None and not leg.answered:
            self.end(leg, "engine")

    def playing(self, leg: str) -> list[str]:
        """What a leg hears now, all at once."""
        return [name for name, playback in self._playbacks.items() if playback.leg == leg]

    def legs_in(self, bridge: str) -> list[FakeLeg]:
        return [leg for leg in self.legs.values() if leg.bridge == bridge]

    def enter(self, leg: FakeLeg, bridge: str) -> None:
        if leg.bridge == bridge:
            return
        leg.bridge, leg.joined_ms, leg.left_ms = bridge, self.now_ms(), None
        self.tell(leg, e.LegJoined(at_ms=self.now_ms(), leg=leg.leg, bridge=bridge))

    def leave(self, leg: FakeLeg) -> None:
        if leg.bridge is None or leg.joined_ms is None:
            return
        bridge, leg.bridge, leg.left_ms = leg.bridge, None, self.now_ms()
        others = self.legs_in(bridge)
        if others:
            began_ms = max(leg.joined_ms, others[0].joined_ms or 0)
            self.talk.setdefault(leg.call_id, []).append((began_ms, leg.left_ms))
        self.tell(leg, e.LegLeft(at_ms=leg.left_ms, leg=leg.leg, bridge=bridge))

    def set_deadline(self, leg: FakeLeg, after_ms: int) -> None:
        if leg.deadline is not None:
            leg.deadline.cancel()
        leg.deadline = self.clock.call_later(after_ms, lambda: self.end(leg, "deadline"))

    def start_playback(
        self, call_id: str, name: str, playback: str, playlist: Playlist, engine: str
    ) -> None:
        """Play once; to a leg that is gone it ends at once, unheard."""
        audio, starts = playlist
        if playback in self._playbacks or playback in self._over:
            return
        leg = self.leg(name)
        if leg is None:
            self._over.add(playback)
            unheard = e.PlaybackEnded(at_ms=self.now_ms(), playback=playback, complete=False)
            self._ports[engine].hear(CallEvent(call_id, unheard))
            return
        leg.heard.extend((self.now_ms(), name) for name in audio)
        lengths_ms = [self.playback_ms(name) for name in audio]
        for nth, place in enumerate(starts):
            self._start_prompt(leg, playback, nth, sum(lengths_ms[:place]))
        alarm = self.clock.call_later(
            sum(lengths_ms), lambda: self.end_playback(playback, complete=True)
        )
        self._playbacks[playback] = _Playback(call_id, leg.leg, alarm)

    def _start_prompt(self, leg: FakeLeg, playback: str, nth: int, after_ms: int) -> None:
        def start() -> None:
            if playback in self._playbacks:
                self.tell(leg, e.PromptStarted(at_ms=self.now_ms(), playback=playback, nth=nth))

        self.clock.call_later(after_ms, start)

    def end_playback(self, playback: str, *, complete: bool) -> None:
        running = self._playbacks.pop(playback, None)
        if running is None:
            return
        self._over.add(playback)
        running.alarm.cancel()
        event = e.PlaybackEnded(at_ms=self.now_ms(), playback=playback, complete=complete)
        self.tell(self.legs[running.leg], event)

    def dial(self, order: Dial, engine: str) -> None:
        if order.leg in self.legs:
            return
        if order.endpoint in self.unknown:
            raise RemoteError(f"no such endpoint: {order.endpoint}", retryable=False)
        leg = FakeLeg(order.leg, order.call_id, engine, dialled=order)
        self.legs[order.leg] = leg
        self.set_deadline(leg, order.deadline_ms)
        manner = self.manners.get(order.endpoint, Manner())
        if self._talks(order.endpoint):
            manner = Manner(fails_with=e.LegFailure.BUSY)
        self._dialled.setdefault(order.endpoint, []).append(leg)
        if manner.fails_with is not None:
            self._later(leg, 200, lambda: self._fail(leg, manner.fails_with))
        elif manner.answers_after_ms is not None:
            self._later(leg, manner.answers_after_ms, lambda: self._answer(leg, manner))
        no_answer = e.LegFailure.NO_ANSWER
        self.clock.call_later(
            order.ring_timeout_s * 1000,
            lambda: None if leg.answered else self._fail(leg, no_answer),
        )

    def _talks(self, endpoint: str) -> bool:
        """Whether a phone is off the hook already, as far as living legs tell."""
        return any(leg.alive and leg.answered for leg in self._dialled.get(endpoint, ()))

    def _later(self, leg: FakeLeg, after_ms: int, what: Callable[[], None]) -> None:
        self.clock.call_later(after_ms, lambda: what() if leg.alive else None)

    def _answer(self, leg: FakeLeg, manner: Manner) -> None:
        if leg.answered:
            return
        leg.answered = True
        self.tell(leg, e.LegAnswered(at_ms=self.now_ms(), leg=leg.leg))
        if manner.presses:
            self._later(leg, manner.presses_after_ms, lambda: self.press(leg.leg, manner.presses))
        if manner.hangs_up_after_ms is not None:
            self._later(leg, manner.hangs_up_after_ms, lambda: self.end(leg, "party"))

    def _fail(self, leg: FakeLeg, reason: e.LegFailure | None) -> None:
        if not leg.alive:
            return
        leg.alive = False
        leg.ended_ms = self.now_ms()
        failed = e.LegFailed(
            at_ms=self.now_ms(), leg=leg.leg, reason=reason or e.LegFailure.NETWORK
        )
        self.tell(leg, failed)


class SwitchPort:
    """One engine's orders to the switch, and its ear."""

    def __init__(self, switch: FakeSwitch, engine: str) -> None:
        self.gate: Callable[[str], Awaitable[None]] = open_gate
        self._switch = switch
        self._engine = engine
        self._heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._heard.put_nowait(SwitchFound(restarted=False))

    def hear(self, heard: Heard) -> None:
        self._heard.put_nowait(heard)

    async def events(self) -> AsyncIterator[Heard]:
        while True:
            yield await self._heard.get()

    async def answer(self, leg: str) -> None:
        async with self._order("answer"):
            fake = self._switch.leg(leg)
            if fake is not None and not fake.answered:
                fake.answered = True
                answered = e.LegAnswered(at_ms=self._switch.now_ms(), leg=leg)
                self._switch.tell(fake, answered)

    async def hang_up(self, leg: str, reason: HangUpReason) -> None:
        async with self._order("hang_up"):
            fake = self._switch.leg(leg)
            if fake is not None:
                fake.reason = reason
                self._switch.end(fake, "engine")

    async def indicate_ringing(self, leg: str) -> None:
        async with self._order("indicate_ringing"):
            fake = self._switch.leg(leg)
            if fake is not None:
                fake.heard.append((self._switch.now_ms(), RINGING))

    async def play(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        async with self._order("play"):
            playlist = audio, starts
            self._switch.start_playback(call_id, leg, playback, playlist, self._engine)

    async def whisper(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        async with self._order("whisper"):
            playlist = audio, starts
            self._switch.start_playback(call_id, leg, playback, playlist, self._engine)

    async def stop_playback(self, playback: str) -> None:
        async with self._order("stop_playback"):
            self._switch.end_playback(playback, complete=False)

    async def start_music(self, leg: str) -> None:
        async with self._order("start_music"):
            fake = self._switch.leg(leg)
            if fake is not None:
                fake.music = True

    async def stop_music(self, leg: str) -> None:
        async with self._order("stop_music"):
            fake = self._switch.leg(leg)
            if fake is not None:
                fake.music = False

    async def dial(self, order: Dial) -> None:
        async with self._order("dial"):
            self._switch.dial(order, self._engine)

    async def join(self, call_id: str, bridge: str, legs: Sequence[str]) -> None:
        async with self._order("join"):
            standing = [fake for leg in legs if (fake := self._switch.leg(leg)) is not None]
            if len(standing) == len(legs):
                for fake in standing:
                    self._switch.enter(fake, bridge)

    async def part(self, bridge: str, legs: Sequence[str]) -> None:
        async with self._order("part"):
            for leg in self._switch.legs_in(bridge):
                self._switch.leave(leg)

    async def set_deadline(self, leg: str, after_ms: int) -> None:
        async with self._order("set_deadline"):
            fake = self._switch.leg(leg)
            if fake is not None:
                self._switch.set_deadline(fake, after_ms)

    async def adopt(self, call_id: str, legs: Sequence[str]) -> None:
        """Take the legs over; one that still rings for the other engine cannot be moved."""
        async with self._order("adopt"):
            for leg in legs:
                self._switch.adopt(leg, self._engine)

    async def facts(self, call_id: str, legs: Sequence[str]) -> tuple[e.LegFacts, ...]:
        async with self._order("facts"):
            return tuple(_facts(leg, self._switch.legs.get(leg)) for leg in legs)

    async def registered(self) -> frozenset[str]:
        async with self._order("registered"):
            return frozenset(self._switch.phones)

    async def pass_gate(self, order: str) -> None:
        """For other ports of this engine, whose orders its gate is for as well."""
        await self.gate(order)

    @asynccontextmanager
    async def _order(self, name: str) -> AsyncIterator[None]:
        await self.gate(name)
        yield
        await self.gate(name)


def _facts(name: str, leg: FakeLeg | None) -> e.LegFacts:
    if leg is None:
        return e.LegFacts(name, alive=False)
    return e.LegFacts(name, leg.alive, leg.answered, leg.ended_ms, leg.joined_ms, leg.left_ms)
