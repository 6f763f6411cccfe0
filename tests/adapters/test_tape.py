"""The tape: what was heard when, whatever way the packets came."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from tests.rig.audio import alaw, tape

FRAME = 160
BEGAN_NS = 1_700_000_000_000_000_000


def packets(arrivals_ms: list[float], *, first: int = 0, ssrc: int = 1) -> tape.Packets:
    """Packets of a stream without gaps whose n-th frame says the level n + 1 (times 16)."""
    stream = np.zeros(len(arrivals_ms), tape.PACKET)
    stream["at_ns"] = [BEGAN_NS + round(at_ms * 1e6) for at_ms in arrivals_ms]
    stream["ssrc"] = ssrc
    stream["timestamp"] = (first + FRAME * np.arange(len(arrivals_ms))) % (1 << 32)
    stream["size"] = FRAME
    for number, packet in enumerate(stream):
        packet["audio"][:FRAME] = alaw.encode(np.full(FRAME, 128.0 * (number + 1)))
    return stream


def edges_ms(samples: npt.NDArray[np.int16]) -> list[float]:
    """Where the level changes."""
    return [float(place) / 8 for place in np.flatnonzero(np.diff(samples)) + 1]


def lay(stream: tape.Packets, seconds: float = 1.0) -> npt.NDArray[np.int16]:
    return tape.lay(stream, BEGAN_NS, BEGAN_NS + round(seconds * 1e9))


def test_late_packets_are_evened_out() -> None:
    heard = lay(packets([100.0, 127.5, 140.0, 168.0, 180.0]))
    assert heard.size == 8000
    assert edges_ms(heard) == [100.0, 120.0, 140.0, 160.0, 180.0, 200.0]


def test_a_late_first_packet_does_not_shift_the_rest() -> None:
    assert edges_ms(lay(packets([105.0, 120.0, 140.0, 160.0])))[0] == 100.0


@pytest.mark.parametrize("first", [0, (1 << 32) - 3 * FRAME])
def test_a_stream_that_comes_later_from_some_packet_on_is_placed_anew(first: int) -> None:
    steady = [100.0 + 20 * n for n in range(20)]
    moved = [540.0 + 20 * n for n in range(20)]
    heard = edges_ms(lay(packets(steady + moved, first=first), 1.5))
    assert (heard[0], heard[20], heard[21]) == (100.0, 500.0, 540.0)


def test_another_stream_has_a_place_of_its_own() -> None:
    both = np.concatenate([packets([100.0, 120.0]), packets([203.0, 223.0], first=77, ssrc=2)])
    assert edges_ms(lay(both)) == [100.0, 120.0, 140.0, 203.0, 223.0, 243.0]


def test_what_lies_outside_of_the_recording_is_left_out() -> None:
    heard = lay(packets([-30.0, -10.0, 10.0, 30.0]), 0.04)
    assert edges_ms(heard) == [10.0, 30.0]
    assert lay(packets([]), 0.5).tolist() == [0] * 4000


def test_a_law_keeps_every_level_and_comes_close_to_the_rest() -> None:
    octets = np.arange(256, dtype=np.uint8)
    assert alaw.encode(alaw.decode(octets)).tolist() == octets.tolist()
    assert alaw.decode(np.array([0xD5, 0x55, 0xAA, 0x2A], np.uint8)).tolist() == [
        8,
        -8,
        32256,
        -32256,
    ]
    levels = sorted(alaw.decode(octets).tolist())
    assert all(below < above for below, above in pairwise(levels))
