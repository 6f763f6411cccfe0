"""Lays received RTP packets on a tape whose time is the wall clock.

A phone hears a packet when it arrives, evened out by its jitter buffer. The tape does the same
afterwards, with all packets known: packets whose RTP timestamps run on (RFC 3550, 5.1) are laid
end to end, and each such run is placed by its least delayed packet, so that one late packet
does not shift what follows. Where nothing arrived there is silence. A packet's first sample
lies at the packet's arrival.

Not handled: codecs other than 8 kHz A-law, and packets that come twice (the later wins).
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tests.rig.audio import alaw

RATE_HZ: Final = 8000
# A run is placed anew when its packets come lastingly later, or once earlier, than this.
STEP_S: Final = 0.006
LASTING_PACKETS: Final = 8

PACKET: Final = np.dtype(
    [
        ("at_ns", "<i8"),
        ("ssrc", "<u4"),
        ("timestamp", "<u4"),
        ("sequence", "<u2"),
        ("size", "<u2"),
        ("audio", "u1", 240),
    ]
)
Packets = npt.NDArray[np.void]


def runs(packets: Packets) -> list[tuple[Packets, float]]:
    """Runs of `packets` (in order of arrival), each with its placing.

    The placing is the wall-clock time (s) of the RTP timestamp of the run's first packet.
    """
    found: list[tuple[Packets, float]] = []
    if not packets.size:
        return found
    cuts = np.flatnonzero(np.diff(packets["ssrc"].astype(np.int64))) + 1
    for stream in np.split(packets, cuts):
        delay = _delays(stream)
        for begin, end in _levels(delay):
            placing = float(delay[begin:end].min()) + _media_s(stream)[begin]
            found.append((stream[begin:end], placing))
    return found


def lay(packets: Packets, began_ns: int, ended_ns: int) -> alaw.Samples:
    """16-bit samples at 8 kHz from wall clock `began_ns` to `ended_ns` as they were heard."""
    tape = np.zeros(max(0, (ended_ns - began_ns) * RATE_HZ // 1_000_000_000), np.int16)
    for run, placing_s in runs(packets):
        media_s = _media_s(run)
        places = np.rint((placing_s - began_ns / 1e9 + media_s) * RATE_HZ).astype(np.int64)
        for packet, place in zip(run, places, strict=True):
            audio = alaw.decode(packet["audio"][: packet["size"]])
            begin, end = max(0, place), min(tape.size, place + audio.size)
            if begin < end:
                tape[begin:end] = audio[begin - place : end - place]
    return tape


def _media_s(stream: Packets) -> npt.NDArray[np.float64]:
    """Seconds of RTP time since the stream's first packet; the 32-bit count may wrap."""
    timestamp: npt.NDArray[np.uint32] = stream["timestamp"]
    return np.asarray((timestamp - timestamp[0]).astype(np.int32) / RATE_HZ)


def _delays(stream: Packets) -> npt.NDArray[np.float64]:
    """Arrival (s, wall clock) less RTP time, per packet."""
    arrival_ns: npt.NDArray[np.int64] = stream["at_ns"]
    return arrival_ns / 1e9 - _media_s(stream)


def _levels(delay: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Stretches (begin, end) over which the least delay stays the same within STEP_S."""
    padded = np.concatenate([delay, np.full(LASTING_PACKETS - 1, np.inf)])
    ahead = np.lib.stride_tricks.sliding_window_view(padded, LASTING_PACKETS).min(axis=1)
    stretches, begin, level = [], 0, float(ahead[0])
    for index in range(1, delay.size):
        if ahead[index] > level + STEP_S or delay[index] < level - STEP_S:
            stretches.append((begin, index))
            begin, level = index, float(ahead[index])
    return [*stretches, (begin, delay.size)]
