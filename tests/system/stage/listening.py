"""What a recording holds, found by processes of low priority.

Finding prompts is heavy work; calls that are still under way on the same machine must not feel
it, since their timing is what is measured.
"""

import asyncio
import multiprocessing
import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.rig.audio.recording import Recording
from tests.rig.ear import Ear, Hit
from tests.rig.house import SOUNDS
from tests.rig.sip.legs import Leg

RATE_HZ = 8_000
NICENESS = 10
FOR_AGENTS = ("whisper_agent", "warning_agent", "time_changed_agent", "agent_tone",
              "money_ended_agent", "rejoined_agent", "press_to_accept", "goodbye", "whisper_source",
              "call_limit_soon")  # fmt: skip
NEIGHBOURS = 2
# A prompt begins at its beginning, unless that was disturbed and much of the rest was heard; what
# sounds like the later part of another one is none.
BEGINNING_S = 0.35
MUCH_S = 3.0
# A machine under load loses a few packets: neither a prompt nor a conversation ends with that.
SLIP_S = 0.5
GAP_S = 0.2


@dataclass(frozen=True, slots=True)
class Witness:
    """What one party heard: prompts with their places, and when the other's tone sounded."""

    recording: Recording
    prompts: tuple[tuple[str, Hit], ...]
    talk: tuple[tuple[float, float], ...]

    @property
    def told(self) -> list[str]:
        """The prompts in the order they were heard."""
        return [key for key, _ in self.prompts]

    def at_ms(self, key: str) -> list[float]:
        """When a prompt began, each time (wall clock)."""
        return [self.recording.at_ms(hit.at_s) for told, hit in self.prompts if told == key]

    @property
    def talk_began_ms(self) -> float:
        return self.recording.at_ms(self.talk[0][0])

    @property
    def talk_ended_ms(self) -> float:
        return self.recording.at_ms(self.talk[-1][1])

    @property
    def talk_ms(self) -> float:
        """From the first to the last sound of the other party."""
        return self.talk_ended_ms - self.talk_began_ms


class Listeners:
    """Processes that listen."""

    def __init__(self) -> None:
        self._pool = ProcessPoolExecutor(
            1, mp_context=multiprocessing.get_context("spawn"), initializer=_step_back
        )

    async def listen(
        self,
        leg: Leg,
        expected: Iterable[str],
        other_hz: int,
        *,
        is_agent: bool = False,
        lang: str = "de",
    ) -> Witness:
        """What was heard on `leg`, of `expected` and all that could be mistaken for it."""
        files = catalogue(expected, is_agent=is_agent, lang=lang)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _listen, leg.recording, files, other_hz)

    def close(self) -> None:
        self._pool.shutdown(cancel_futures=True)


def prompt_file(key: str, lang: str = "de") -> Path:
    """The audio of a brought prompt."""
    tone = SOUNDS / "tones" / f"{key}.wav"
    return tone if tone.exists() else SOUNDS / lang / "audio" / f"{key}.alaw"


def length_s(key: str, lang: str = "de") -> float:
    """How long a prompt is, its silence at the end counted."""
    return prompt_file(key, lang).stat().st_size / RATE_HZ


def catalogue(expected: Iterable[str], *, is_agent: bool, lang: str) -> dict[str, Path]:
    """`expected`, every prompt without values that this party may hear, and those with values
    next to what is expected (nine seconds and eleven beside ten)."""
    audio = SOUNDS / lang / "audio"
    plain = {
        file.stem
        for file in audio.glob("*.alaw")
        if "-" not in file.stem and (file.stem in FOR_AGENTS) == is_agent
    }
    keys = {*plain, "agent_tone"} if is_agent else plain
    for key in expected:
        keys |= {key, *_neighbours(key, audio)}
    return {key: prompt_file(key, lang) for key in keys}


def _neighbours(key: str, audio: Path) -> set[str]:
    """Keys of the same name whose values differ in the last place only, the nearest of them."""
    stem = key.rstrip("0123456789")
    if stem == key:
        return set()
    value = int(key[len(stem) :])
    others = [int(f.stem[len(stem) :]) for f in audio.glob(f"{stem}[0-9]*.alaw")
              if f.stem[len(stem) :].isdigit()]  # fmt: skip
    nearest = sorted(others, key=lambda other: abs(other - value))[: NEIGHBOURS + 1]
    return {f"{stem}{other}" for other in nearest}


def _step_back() -> None:
    os.nice(NICENESS)


def _listen(recording: Recording, files: dict[str, Path], other_hz: int) -> Witness:
    ear = Ear(recording, [other_hz])
    talk = ear.talk(other_hz, gap_s=GAP_S)
    return Witness(recording, tuple(_prompts(ear.hits(files))), tuple(talk))


def _prompts(hits: Iterable[tuple[str, Hit]]) -> list[tuple[str, Hit]]:
    """Each prompt once, from its beginning, though it was heard in pieces."""
    prompts: list[tuple[str, Hit]] = []
    for key, hit in hits:
        known = next((other for told, other in reversed(prompts) if told == key), None)
        is_piece = known is not None and abs(hit.at_s - known.at_s) < SLIP_S
        is_begun = hit.from_s <= BEGINNING_S or hit.length_s >= MUCH_S
        if is_begun and not is_piece:
            prompts.append((key, hit))
    return prompts
