"""Reads and writes WAV files of 16-bit samples.

Asterisk plays `.wav` (8 kHz) and `.wav16` (16 kHz), both mono; anything else it refuses.
"""

import array
import sys
import wave
from functools import lru_cache
from pathlib import Path

from engine.ports.speech import Pcm

_LENGTHS_KEPT = 4096


def read(path: Path) -> Pcm:
    """The sound in a WAV file, several channels mixed into one.

    Raises `ValueError` if it is not a WAV file of 16-bit samples.
    """
    try:
        with wave.open(str(path), "rb") as file:
            channels, width, rate_hz = file.getparams()[:3]
            frames = file.readframes(file.getnframes())
    except (wave.Error, EOFError) as error:
        raise ValueError(f"{path.name} is not a WAV file: {error}") from error
    if width != 2:
        raise ValueError(f"{path.name} has {8 * width}-bit samples, not 16-bit")
    return Pcm(rate_hz, frames if channels == 1 else _mixed(frames, channels))


def is_playable(path: Path, rate_hz: int) -> bool:
    """Whether Asterisk can play the file as it is: mono, 16-bit, at this rate."""
    try:
        with wave.open(str(path), "rb") as file:
            return tuple(file.getparams()[:3]) == (1, 2, rate_hz)
    except (wave.Error, EOFError, OSError):
        return False


def length_ms(path: Path) -> int:
    """How long it is; 0 if it is no WAV file. `FileNotFoundError` if it is not there."""
    state = path.stat()
    return _length_ms(str(path), state.st_size, state.st_mtime_ns)


@lru_cache(_LENGTHS_KEPT)
def _length_ms(file_name: str, _bytes: int, _changed_ns: int) -> int:
    """A file is read once for each state it is in."""
    try:
        with wave.open(file_name, "rb") as file:
            return file.getnframes() * 1000 // file.getframerate()
    except (wave.Error, EOFError):
        return 0


def write(path: Path, sound: Pcm) -> None:
    """Write the file whole or not at all: readers never see a half of it."""
    draft = path.with_name(f".{path.name}.draft")
    with wave.open(str(draft), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(sound.rate_hz)
        file.writeframes(sound.samples)
    draft.replace(path)


def _mixed(frames: bytes, channels: int) -> bytes:
    samples = array.array("h", frames)
    if sys.byteorder == "big":
        samples.byteswap()
    mono = array.array(
        "h",
        (
            sum(samples[start : start + channels]) // channels
            for start in range(0, len(samples) - channels + 1, channels)
        ),
    )
    if sys.byteorder == "big":
        mono.byteswap()
    return mono.tobytes()
