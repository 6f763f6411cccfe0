"""Makes raw speech fit for the telephone: one loudness, no clicks, no idle silence.

The loudness is a gated RMS as in ITU-R BS.1770 (blocks of 400 ms, gates at -70 dBFS and 10 dB
below the mean), taken over the telephone band instead of the K-weighted one, because that is all
a caller hears of it. Loading numpy and soxr takes its time, so this is imported only to render.
"""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.ports.speech import Pcm

LOUDNESS_DBFS = -22.0
PEAK_DBFS = -2.0
NARROW_HZ = 8_000
WIDE_HZ = 16_000

_FULL_SCALE = 32_768
_BAND_HZ = (300, 3_400)
_LOW_CUT_HZ = 120
_LEAD_MS = 20
_TAIL_MS = 60
_FADE_IN_MS = 5
_FADE_OUT_MS = 30
_SILENCE_BELOW_PEAK_DB = 48
_LIMITER_MS = 6

Signal = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Conditioned:
    """The same sound for 8 kHz (`.wav`) and 16 kHz (`.wav16`) playback."""

    narrow: Pcm
    wide: Pcm


def condition(raw: Pcm, silence_after_ms: int = 0) -> Conditioned:
    """The finished audio of a prompt; `silence_after_ms` is added at its end.

    Raises `ValueError` if there is nothing to hear in it.
    """
    speech = _resampled(_samples(raw), raw.rate_hz, WIDE_HZ)
    if len(speech) < WIDE_HZ // 100 or not speech.any():
        raise ValueError("there is nothing to hear in it")
    speech = _without_rumble(speech, WIDE_HZ)
    speech = _faded(_trimmed(speech, WIDE_HZ), WIDE_HZ)
    speech = _levelled(speech, WIDE_HZ)
    narrow = _limited(_resampled(speech, WIDE_HZ, NARROW_HZ), NARROW_HZ)
    return Conditioned(
        narrow=_pcm(narrow, NARROW_HZ, silence_after_ms),
        wide=_pcm(speech, WIDE_HZ, silence_after_ms),
    )


def loudness_dbfs(sound: Pcm) -> float:
    """Gated loudness in the telephone band; -inf for silence."""
    return _loudness_dbfs(_samples(sound), sound.rate_hz)


def _samples(sound: Pcm) -> Signal:
    return np.frombuffer(sound.samples, dtype="<i2").astype(np.float64) / _FULL_SCALE


def _pcm(signal: Signal, rate_hz: int, silence_after_ms: int) -> Pcm:
    silence = np.zeros(rate_hz * silence_after_ms // 1_000)
    whole = np.concatenate([signal, silence]) * _FULL_SCALE
    return Pcm(rate_hz, np.rint(whole).clip(-_FULL_SCALE, _FULL_SCALE - 1).astype("<i2").tobytes())


def _resampled(signal: Signal, from_hz: int, to_hz: int) -> Signal:
    if from_hz == to_hz:
        return signal
    resampled: Signal = soxr.resample(signal, from_hz, to_hz, quality="VHQ")
    return resampled


def _banded(signal: Signal, rate_hz: int, low_hz: int, high_hz: int) -> Signal:
    spectrum = np.fft.rfft(signal)
    frequencies = np.fft.rfftfreq(len(signal), 1 / rate_hz)
    spectrum[(frequencies < low_hz) | (frequencies > high_hz)] = 0
    banded: Signal = np.fft.irfft(spectrum, len(signal))
    return banded


def _without_rumble(signal: Signal, rate_hz: int) -> Signal:
    """Nothing below the voice: rolled off over an octave, so that it does not ring."""
    spectrum = np.fft.rfft(signal)
    frequencies = np.fft.rfftfreq(len(signal), 1 / rate_hz)
    slope = np.clip(frequencies / _LOW_CUT_HZ * 2 - 1, 0, 1)
    filtered: Signal = np.fft.irfft(spectrum * np.sin(slope * np.pi / 2) ** 2, len(signal))
    return filtered


def _trimmed(signal: Signal, rate_hz: int) -> Signal:
    """Without the silence around it, but for a short lead and the fading of the last sound."""
    frame = rate_hz // 100
    frames = signal[: len(signal) // frame * frame].reshape(-1, frame)
    level = np.sqrt((frames**2).mean(axis=1))
    heard = np.flatnonzero(level > level.max(initial=0) * 10 ** (-_SILENCE_BELOW_PEAK_DB / 20))
    start = max(0, heard[0] * frame - rate_hz * _LEAD_MS // 1_000)
    end = min(len(signal), (heard[-1] + 1) * frame + rate_hz * _TAIL_MS // 1_000)
    return signal[start:end]


def _faded(signal: Signal, rate_hz: int) -> Signal:
    faded = signal.copy()
    rising = _ramp(min(len(signal) // 2, rate_hz * _FADE_IN_MS // 1_000))
    falling = _ramp(min(len(signal) // 2, rate_hz * _FADE_OUT_MS // 1_000))[::-1]
    faded[: len(rising)] *= rising
    faded[len(faded) - len(falling) :] *= falling
    return faded


def _ramp(length: int) -> Signal:
    ramp: Signal = np.sin(np.linspace(0, np.pi / 2, length)) ** 2
    return ramp


def _levelled(signal: Signal, rate_hz: int) -> Signal:
    """At the loudness all prompts have; peaks are held under the limit, which costs a little of it,
    so it is done twice."""
    for _ in range(2):
        gain_db = LOUDNESS_DBFS - _loudness_dbfs(signal, rate_hz)
        signal = _limited(signal * 10 ** (gain_db / 20), rate_hz)
    return signal


def _limited(signal: Signal, rate_hz: int) -> Signal:
    """Peaks above the limit are turned down smoothly, a few milliseconds around each."""
    limit = 10 ** (PEAK_DBFS / 20)
    if np.abs(signal).max(initial=0) <= limit:
        return signal
    half = rate_hz * _LIMITER_MS // 2_000
    needed = np.minimum(1, limit / np.maximum(np.abs(signal), limit))
    padded = np.pad(needed, 2 * half, constant_values=1)
    held = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1).min(axis=1)
    window = np.hanning(2 * half + 3)[1:-1]
    gain: Signal = np.convolve(held, window / window.sum(), mode="valid")
    return signal * gain


def _loudness_dbfs(signal: Signal, rate_hz: int) -> float:
    block, hop = rate_hz * 400 // 1_000, rate_hz * 100 // 1_000
    banded = _banded(signal, rate_hz, *_BAND_HZ)
    if len(banded) < block:
        banded = np.pad(banded, (0, block - len(banded)))
    blocks = np.lib.stride_tricks.sliding_window_view(banded, block)[::hop]
    power = (blocks**2).mean(axis=1)
    power = power[power > 10 ** (-70 / 10)]
    if not len(power):
        return float("-inf")
    power = power[power >= power.mean() / 10]
    return float(10 * np.log10(power.mean()))
