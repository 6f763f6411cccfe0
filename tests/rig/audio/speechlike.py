"""Sounds like speech, made of numbers: for tests that need prompts but no voice.

Each word is a chain of syllables: a hiss, then a buzz with three resonances (formants) that are
the word's own. The same word always sounds the same, as a synthesised voice's does, so that two
sentences with common words are as hard to tell apart as real ones.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.rig.audio.recording import Recording
from tests.rig.audio.sound import RATE_HZ

LOUDNESS_RMS = 2500.0
PAUSE_S = 0.06


def sentence(text: str) -> npt.NDArray[np.int16]:
    """`text` as 16-bit samples at 8 kHz, about a third of a second a word."""
    pause = np.zeros(int(PAUSE_S * RATE_HZ))
    sound = np.concatenate([part for word in text.split() for part in (_word(word), pause)])
    loud = sound[np.abs(sound) > 0]
    level = sound * (LOUDNESS_RMS / float(np.sqrt(np.mean(loud**2))))
    return np.asarray(level.clip(-32000, 32000), np.int16)


def write_prompt(path: Path, text: str) -> Path:
    """Write `text` to the WAV at `path`."""
    return Recording.write(path, sentence(text), 0).path


def _word(word: str) -> npt.NDArray[np.float64]:
    draw = np.random.default_rng(zlib.crc32(word.encode()))
    return np.concatenate([_syllable(draw) for _ in range(max(1, len(word) // 3))])


def _syllable(draw: np.random.Generator) -> npt.NDArray[np.float64]:
    hiss = draw.normal(0, 0.1, int(draw.uniform(0.02, 0.06) * RATE_HZ))
    size = int(draw.uniform(0.10, 0.18) * RATE_HZ)
    pitch_hz = np.linspace(draw.uniform(185, 220), draw.uniform(140, 165), size)
    phase = np.cumsum(pitch_hz) / RATE_HZ
    voice = np.diff(np.floor(phase), prepend=0.0) + draw.normal(0, 0.01, size)
    voice = sum(
        gain * signal.lfilter(*signal.iirpeak(centre, centre / width, RATE_HZ), voice)
        for gain, centre, width in (
            (1.0, draw.uniform(250, 800), 90),
            (0.4, draw.uniform(900, 2200), 140),
            (0.2, draw.uniform(2300, 3300), 200),
        )
    )
    return np.concatenate([hiss, voice / np.abs(voice).max()]) * np.hanning(hiss.size + size)
