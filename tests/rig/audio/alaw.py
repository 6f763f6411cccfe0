"""A-law (ITU-T G.711) as arrays: the code the rig's phones speak and hear."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Octets = npt.NDArray[np.uint8]

SILENCE: Final = 0xD5


def _decoding() -> Samples:
    """The 256 levels of G.711 table 1a, 16-bit scale, by octet as sent (even bits inverted)."""
    octet = np.arange(256) ^ 0x55
    segment = (octet >> 4) & 0x07
    step = octet & 0x0F
    low = (step << 4) + 8
    high = ((step << 4) + 0x108) << np.maximum(segment - 1, 0)
    level = np.where(segment == 0, low, high)
    return np.where(octet & 0x80, level, -level).astype(np.int16)


_LEVELS: Final = _decoding()
_RANKED: Final = np.argsort(_LEVELS)
_BOUNDS: Final = (
    _LEVELS[_RANKED][:-1].astype(np.int32) + _LEVELS[_RANKED][1:].astype(np.int32)
) / 2


def decode(octets: Octets) -> Samples:
    """16-bit samples of A-law `octets`."""
    return _LEVELS[octets]


def encode(samples: npt.NDArray[np.floating] | Samples) -> Octets:
    """A-law octets whose levels lie nearest to `samples` (16-bit scale)."""
    return _RANKED[np.searchsorted(_BOUNDS, samples)].astype(np.uint8)
