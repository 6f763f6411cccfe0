"""Reads the sound files Asterisk plays, as the telephone hears them: mono, 8 kHz."""

from __future__ import annotations

import wave
from math import gcd
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.rig.audio import alaw

RATE_HZ: Final = 8000
RAW_RATES_HZ: Final = {".sln": 8000, ".sln16": 16000}


def read_sound(path: Path) -> npt.NDArray[np.float32]:
    """Samples (16-bit scale) of a mono .wav, .wav16, .sln, .sln16 or .alaw file, at 8 kHz.

    Raises ValueError for other kinds.
    """
    if path.suffix == ".alaw":
        return alaw.decode(np.fromfile(path, np.uint8)).astype(np.float32)
    if path.suffix in RAW_RATES_HZ:
        samples, rate_hz = np.fromfile(path, "<i2"), RAW_RATES_HZ[path.suffix]
    elif path.suffix in {".wav", ".wav16"}:
        with wave.open(str(path), "rb") as sound:
            if sound.getnchannels() != 1 or sound.getsampwidth() != 2:
                raise ValueError(f"{path}: not mono of 16 bits")
            samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")
            rate_hz = sound.getframerate()
    else:
        raise ValueError(f"{path}: not a kind of sound file that is known here")
    if rate_hz == RATE_HZ:
        return samples.astype(np.float32)
    common = gcd(rate_hz, RATE_HZ)
    resampled = signal.resample_poly(samples, RATE_HZ // common, rate_hz // common)
    return np.asarray(resampled, np.float32)
