"""What the flows need to be heard: audio files of prompts, made ahead of the call.

`Sounds` finds files and has missing ones made; `Voice` is what reads a text aloud. Nothing is
rendered on a call's path: `playlist` only looks, `ensure` is called when a configuration is
applied and at set-up.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.prompt import Prompt


@dataclass(frozen=True, slots=True)
class Pcm:
    """Sound: 16-bit signed little-endian samples, one channel, at `rate_hz`."""

    rate_hz: int
    samples: bytes


class Voice(Protocol):
    """A voice that reads texts aloud; may take its time, never on a call's path."""

    @property
    def name(self) -> str:
        """What the voice is called, noted beside every file it made."""
        ...

    def speaks(self, lang: str) -> bool:
        """Whether it can read this language (`de`, `en`)."""
        ...

    async def render(self, text: str, lang: str) -> Pcm:
        """Read a text aloud; raises `RemoteError` if the voice fails."""
        ...


@dataclass(frozen=True, slots=True)
class Missing:
    """There is no audio for this prompt in this language; `reason` is for the operator.

    `words` are what it would say, where that is known; `voiceless` if no voice speaks the language.
    """

    prompt: Prompt
    lang: str
    reason: str
    words: str = ""
    voiceless: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What `ensure` found and did: keys that were there, keys that were made, what is missing."""

    present: tuple[str, ...]
    rendered: tuple[str, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far `ensure` is: `done` of `total` looked at; `key` is the one just finished."""

    done: int
    total: int
    key: str
    rendered: bool


class Sounds(Protocol):
    """The audio of all prompts, one folder per language."""

    def resolve(self, prompt: Prompt, lang: str) -> str | Missing:
        """The file of exactly this prompt: absolute, without suffix, as Asterisk plays it."""
        ...

    def playlist(self, prompt: Prompt, lang: str) -> tuple[str, ...] | Missing:
        """The files to play one after the other: the prompt itself, or the best way of saying it
        with what is there (`engine.core.prompt.alternatives`)."""
        ...

    def foreseen(self, prompt: Prompt, lang: str) -> Missing | None:
        """Why there is no way to say it, even if all were made that can be; None if there is one.
        Nothing is made."""
        ...

    async def ensure(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        progress: Callable[[Progress], None] | None = None,
    ) -> Report:
        """Make the audio that is missing; what cannot be made is in the report, never raised."""
        ...


class Origin(StrEnum):
    """Where a prompt's audio comes from."""

    RECORDING = "recording"
    RENDERED = "rendered"
    BROUGHT = "brought"
    TONE = "tone"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Audible:
    """A prompt in a language: its words (empty for tones), where its audio comes from, how long
    that is (milliseconds, 0 if there is none)."""

    prompt: Prompt
    lang: str
    text: str
    origin: Origin
    length_ms: int


TAKES_KEPT = 10
"""So many former recordings of a prompt are kept in a language; which left use first go first."""


@dataclass(frozen=True, slots=True)
class Take:
    """A recording that was heard once: who brought it ("" for a file put there by hand), when, and
    how long it is (milliseconds, 0 if it is no sound)."""

    take_id: str
    author: str
    at_ms: int
    length_ms: int


class Studio(Protocol):
    """The audio of prompts as an operator works on it. It takes its time: never on a call's path.

    Files are those of this engine; what it plays changes with the next time it is played.
    """

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages in which there are texts."""
        ...

    async def audible(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        *,
        text: str = "",
        origin: Origin | None = None,
        most: int | None = None,
    ) -> tuple[Audible, ...]:
        """How these prompts stand, in their order: those that have a text (lower case) in their
        words or key, whose audio is of an origin, and of them the first `most`; all by default."""
        ...

    async def audio(self, prompt: Prompt, lang: str) -> bytes | None:
        """A WAV file of what callers hear, None if there is none."""
        ...

    async def record(self, prompt: Prompt, lang: str, file: bytes, author: str, at_ms: int) -> None:
        """Take a recording (WAV, 16 bit) in place of what was there, brought to the loudness and
        rates of all prompts; one that was there becomes a former one. `CallerError`, field `file`,
        for what is no such file, too short or long, or too quiet; `RemoteError` if it cannot be
        kept."""
        ...

    async def takes(self, prompt: Prompt, lang: str) -> tuple[Take, ...]:
        """Its former recordings, the one last in use first; `TAKES_KEPT` at most."""
        ...

    async def take(self, prompt: Prompt, lang: str, take_id: str) -> bytes | None:
        """A former recording's file as it was brought; None if there is no such."""
        ...

    async def bring_back(self, prompt: Prompt, lang: str, take_id: str, at_ms: int) -> bool:
        """Have a former recording heard again, in place of what was there until now (`at_ms`), with
        the errors of `record`; False if there is no such."""
        ...

    async def drop_recording(self, prompt: Prompt, lang: str, at_ms: int) -> bool:
        """Take a recording away, so that the voice is heard again; whether there was one. It is a
        former one from now (`at_ms`)."""
        ...

    async def render(self, prompt: Prompt, lang: str) -> str:
        """Have a prompt spoken anew by the best voice; why that cannot be, empty if it was."""
        ...
