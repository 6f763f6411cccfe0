"""What the flows need of a switch: orders by ids of our own, and a stream of what happened.

Every order is idempotent: repeating it after a time-out or a crash does nothing twice, and an
order for something that is gone already is done. An order that fails for good raises
`RemoteError(retryable=False)`; the flows turn that into `OrderFailed`. Outcomes arrive as events.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from engine.core.actions import HangUpReason
from engine.core.events import Event, LegFacts


@dataclass(frozen=True, slots=True)
class CallEvent:
    """An event and the call it belongs to (a new call is named by its caller's leg)."""

    call_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class SwitchLost:
    """The event stream broke; orders may fail until `SwitchFound`."""


@dataclass(frozen=True, slots=True)
class SwitchFound:
    """The event stream is back. `restarted`: all channels of before are gone.

    What happened meanwhile was not seen: every live call must be compared with `facts`.
    """

    restarted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A leg to be dialled. `endpoint` is the switch's own address of the target.

    `caller_number` is what the target is shown; nothing of the caller's leg is passed on.
    The switch ends the leg by itself `deadline_ms` from now if nobody moves that.
    """

    call_id: str
    leg: str
    endpoint: str
    caller_number: str
    caller_name: str
    ring_timeout_s: int
    deadline_ms: int


class Phones(Protocol):
    """Agents' phones, as the switch of this engine knows them."""

    async def registered(self) -> frozenset[str]:
        """The names of the agents whose phones can be reached now: registered, or at a fixed
        address. Raises `RemoteError` while the switch does not answer."""
        ...


class Telephony(Phones, Protocol):
    """The switch. All times of events are the switch's own (`Event.at_ms`)."""

    def events(self) -> AsyncIterator[CallEvent | SwitchLost | SwitchFound]:
        """Everything that happens, in order per call; reconnects by itself for ever."""
        ...

    async def answer(self, leg: str) -> None: ...

    async def hang_up(self, leg: str, reason: HangUpReason) -> None: ...

    async def indicate_ringing(self, leg: str) -> None: ...

    async def play(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        """Play files (absolute paths without suffix) on a leg outside the bridge; one
        `PlaybackEnded` for all of them. `starts` are the places of files with which a prompt
        starts: each is told as `PromptStarted` when it is reached."""
        ...

    async def whisper(
        self,
        call_id: str,
        leg: str,
        playback: str,
        audio: Sequence[str],
        starts: Sequence[int] = (),
    ) -> None:
        """Mix files into what one leg hears in the bridge; nobody else hears them. Told as `play`
        is."""
        ...

    async def stop_playback(self, playback: str) -> None: ...

    async def start_music(self, leg: str) -> None: ...

    async def stop_music(self, leg: str) -> None: ...

    async def dial(self, order: Dial) -> None: ...

    async def join(self, call_id: str, bridge: str, legs: Sequence[str]) -> None: ...

    async def part(self, bridge: str, legs: Sequence[str]) -> None: ...

    async def set_deadline(self, leg: str, after_ms: int) -> None:
        """Let the switch itself end the leg `after_ms` from now (at least 1); replaces one set."""
        ...

    async def adopt(self, call_id: str, legs: Sequence[str]) -> None:
        """Take over the legs of a call that another engine held: their events come here now.

        One that still rings cannot be; it is ended, and fails for the network's reason.
        """
        ...

    async def facts(self, call_id: str, legs: Sequence[str]) -> tuple[LegFacts, ...]:
        """What the switch knows of these legs, also of ended ones as far as it kept notes."""
        ...
