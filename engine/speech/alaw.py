"""A-law (ITU-T G.711): 16-bit samples to a telephone line's bytes, and back. Needs numpy."""

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


def decode(coded: bytes) -> bytes:
    """16-bit little-endian samples of A-law bytes: the middle of what each stands for."""
    code = np.frombuffer(coded, dtype=np.uint8).astype(np.int32) ^ _EVEN_BITS
    segment, mantissa = code >> 4 & 0x07, code & 0x0F
    linear = (mantissa << 4) + 8
    high = np.where(segment > 0, linear + 0x100, linear) << np.maximum(segment - 1, 0)
    samples: bytes = np.where(code & _SIGN, high, -high).astype("<i2").tobytes()
    return samples
