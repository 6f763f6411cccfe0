"""What one party of a call heard, with the instant it began."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from tests.rig.audio import alaw, tape


@dataclass(frozen=True)
class Recording:
    """A mono 16-bit WAV of 8 kHz; its first sample was heard at `began_at_ms` (wall clock).

    A JSON file of the same name lies beside the WAV and holds the instant, so that a recording
    can be read again later.
    """

    path: Path
    began_at_ms: int

    @classmethod
    def load(cls, path: Path) -> Self:
        """The recording in the WAV at `path`."""
        facts = json.loads(path.with_suffix(".json").read_text())
        return cls(path, facts["began_at_ms"])

    @classmethod
    def from_packets(cls, packets: Path, path: Path, began_at_ms: int, ended_ns: int) -> Self:
        """Lay the RTP `packets` (tape.PACKET records) on a tape and write it to `path`."""
        heard = np.fromfile(packets, tape.PACKET)
        return cls.write(path, tape.lay(heard, began_at_ms * 1_000_000, ended_ns), began_at_ms)

    @classmethod
    def write(cls, path: Path, samples: alaw.Samples, began_at_ms: int) -> Self:
        """Write `samples` (8 kHz) as a recording."""
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(tape.RATE_HZ)
            sound.writeframes(samples.astype("<i2").tobytes())
        path.with_suffix(".json").write_text(json.dumps({"began_at_ms": began_at_ms}))
        return cls(path, began_at_ms)

    def samples(self) -> alaw.Samples:
        """The recording's 16-bit samples."""
        with wave.open(str(self.path), "rb") as sound:
            return np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(np.int16)

    def at_ms(self, at_s: float) -> float:
        """The wall-clock instant of `at_s` seconds into the recording."""
        return self.began_at_ms + at_s * 1000

    def at_s(self, at_ms: float) -> float:
        """How many seconds into the recording the wall-clock instant `at_ms` lies."""
        return (at_ms - self.began_at_ms) / 1000
