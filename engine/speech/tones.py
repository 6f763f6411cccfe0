"""Makes the waiting music and the tones; all of it is our own, computed note by note.

The music is a loop: a note that still sounds at its end goes on at its beginning, so it can be
played round and round without a click. Needs numpy.
"""

import numpy as np
from numpy.typing import NDArray

from engine.ports.speech import Pcm

RATE_HZ = 8_000
MUSIC_DBFS = -27.0
TONE_DBFS = -24.0

_FULL_SCALE = 32_768
_BEAT_S = 0.5
_CHORDS = (
    (57, 64, 69, 72, 76),
    (53, 60, 65, 69, 76),
    (60, 64, 67, 72, 79),
    (55, 62, 67, 71, 74),
    (57, 64, 69, 72, 76),
    (62, 65, 69, 74, 77),
    (52, 59, 64, 68, 74),
    (57, 64, 69, 72, 81),
)
_PATTERN = (0, 2, 3, 4, 3, 2)
_MELODY = (76, 74, 72, 69, 72, 76, 79, 77, 76, 72, 74, 77, 74, 71, 72, 69)

Signal = NDArray[np.float64]


def waiting_music() -> Pcm:
    """A calm loop of 24 s in A minor, three beats to a bar."""
    beats = len(_CHORDS) * len(_PATTERN)
    loop = np.zeros(int(beats * _BEAT_S * RATE_HZ))
    for bar, chord in enumerate(_CHORDS):
        first = bar * len(_PATTERN)
        _add(loop, first, _string(chord[0], 2.8), 0.5)
        for beat, note in enumerate(_PATTERN):
            _add(loop, first + beat, _string(chord[note], 1.8), 0.35)
        for half in (0, 1):
            _add(loop, first + 3 * half, _flute(_MELODY[2 * bar + half], 1.45), 0.3)
    return _pcm(loop, MUSIC_DBFS)


def agent_tone() -> Pcm:
    """Two short rising notes: the caller has topped up."""
    first, second = _bell(880, 0.12), _bell(1_320, 0.22)
    tone = np.zeros(int(0.1 * RATE_HZ) + len(second))
    tone[: len(first)] += first
    tone[-len(second) :] += second
    return _pcm(tone, TONE_DBFS)


def _add(loop: Signal, beat: int, note: Signal, gain: float) -> None:
    """Lay a note into the loop; what would stand beyond its end goes to its beginning."""
    places = (int(beat * _BEAT_S * RATE_HZ) + np.arange(len(note))) % len(loop)
    np.add.at(loop, places, gain * note)


def _string(midi: int, length_s: float) -> Signal:
    """A plucked string: higher partials die sooner."""
    time = _time(length_s)
    hz = _hz(midi)
    partials = [
        np.sin(2 * np.pi * hz * n * time) * np.exp(-time * (1.6 + 1.1 * n)) / n**1.4
        for n in range(1, 7)
        if hz * n < 0.45 * RATE_HZ
    ]
    return _enveloped(np.sum(partials, axis=0), 0.004, 0.25)


def _flute(midi: int, length_s: float) -> Signal:
    """A soft held note with a little vibrato."""
    time = _time(length_s)
    phase = 2 * np.pi * _hz(midi) * time + 0.05 * np.sin(2 * np.pi * 4.5 * time)
    tone = np.sin(phase) + 0.25 * np.sin(2 * phase) + 0.08 * np.sin(3 * phase)
    return _enveloped(tone, 0.08, 0.35)


def _bell(hz: float, length_s: float) -> Signal:
    time = _time(length_s)
    tone = np.sin(2 * np.pi * hz * time) + 0.3 * np.sin(4 * np.pi * hz * time)
    return _enveloped(tone * np.exp(-6 * time), 0.005, 0.04)


def _enveloped(tone: Signal, attack_s: float, release_s: float) -> Signal:
    """The tone risen from silence and returned to it."""
    attack, release = int(attack_s * RATE_HZ), int(release_s * RATE_HZ)
    envelope = np.ones(len(tone))
    envelope[:attack] = np.sin(np.linspace(0, np.pi / 2, attack)) ** 2
    envelope[-release:] *= np.cos(np.linspace(0, np.pi / 2, release)) ** 2
    return tone * envelope


def _time(length_s: float) -> Signal:
    return np.arange(int(length_s * RATE_HZ)) / RATE_HZ


def _hz(midi: int) -> float:
    return float(440 * 2 ** ((midi - 69) / 12))


def code_pause() -> Pcm:
    """The silence between the digits of a code."""
    return Pcm(RATE_HZ, bytes(2 * RATE_HZ * 3 // 10))


def _pcm(signal: Signal, level_dbfs: float) -> Pcm:
    level = np.sqrt((signal**2).mean())
    scaled = signal / level * 10 ** (level_dbfs / 20) * _FULL_SCALE
    return Pcm(RATE_HZ, np.rint(scaled).astype("<i2").tobytes())
