"""A-law (ITU-T G.711): 16-bit samples to the bytes a telephone line carries. Needs numpy."""

import numpy as np

from engine.ports.speech import Pcm

_SEGMENTS = 7
_EVEN_BITS = 0x55
_SIGN = 0x80


def encode(sound: Pcm) -> bytes:
    """One byte a sample; what Asterisk plays as `.alaw` at 8 kHz."""
    samples = np.frombuffer(sound.samples, dtype="<i2").astype(np.int32)
    negative = samples < 0
    magnitude = np.where(negative, -samples - 1, samples) >> 3
    segment = np.zeros_like(magnitude)
    for step in range(_SEGMENTS):
        segment += magnitude >= 32 << step
    mantissa = (magnitude >> np.maximum(segment, 1)) & 0x0F
    code = (segment << 4 | mantissa | np.where(negative, 0, _SIGN)) ^ _EVEN_BITS
    return code.astype(np.uint8).tobytes()
