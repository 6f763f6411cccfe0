"""Finds in a recording what was said, when, and who was heard talking.

Prompts are found by their likeness (`match.py`). Recording and prompt are first filtered alike:
the talk tones of the parties are notched out, so that a prompt is found under talk, and what is
left is evened out in frequency, so that two prompts of one voice look less alike. A prompt that
was cut off is found with the length it was heard for; of prompts that share words the one that
explains more of the recording wins.

Talk is the presence of a party's tone: its level in a band 100 Hz wide, against half the level
it has when it is there.

Not handled: prompts played at another speed, and two prompts at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from tests.rig.audio.handsets import TONE_PEAK
from tests.rig.audio.recording import Recording
from tests.rig.audio.sound import RATE_HZ, read_sound
from tests.rig.match import Blocks, Hit, Signal, Sound

__all__ = ["Ear", "Hit"]

NOTCH_HZ: Final = 30.0
# A tone's edges are seen through the short window; the long one tells it from speech, whose
# partials never keep still.
TONE_EDGE_S: Final = 0.010
TONE_STEADY_S: Final = 0.040
TONE_STEADY_SHARE: Final = 0.7
TONE_GAP_S: Final = 0.05


class Ear:
    """Listens to one recording."""

    def __init__(
        self, recording: Recording | Path | npt.NDArray[np.int16], tones_hz: Iterable[float] = ()
    ) -> None:
        """`tones_hz` are the talk tones that may sound in it; prompts are sought under them."""
        if isinstance(recording, np.ndarray):
            self._raw = recording.astype(np.float32)
        else:
            path = recording.path if isinstance(recording, Recording) else recording
            self._raw = read_sound(path)
        self._tones_hz = tuple(tones_hz)
        self._norms: dict[int, Signal] = {}

    # Prompts ------------------------------------------------------------------------------

    def find(self, prompt: Path) -> list[Hit]:
        """Every place where `prompt` was heard, wholly or in part, in order of time."""
        return [hit for _, hit in self.hits({"": prompt})]

    def which(self, candidates: Mapping[str, Path]) -> tuple[str, Hit] | None:
        """The one of `candidates` that explains most of the recording, with its place."""
        found = self.hits(candidates)
        return max(found, key=lambda pair: pair[1].evidence_s, default=None)

    def heard(self, catalogue: Mapping[str, Path]) -> list[dict[str, Any]]:
        """What was heard of `catalogue`, in order: `{"prompt", "at_s"}` as the demo prints it."""
        return [{"prompt": name, "at_s": round(hit.at_s, 3)} for name, hit in self.hits(catalogue)]

    def hits(self, catalogue: Mapping[str, Path]) -> list[tuple[str, Hit]]:
        """What was heard of `catalogue`, in order of time, each sound given to one prompt."""
        return self._sound.find(
            {name: Blocks(self._filter(read_sound(path))) for name, path in catalogue.items()}
        )

    # Talk ---------------------------------------------------------------------------------

    def talk(self, hz: float, *, gap_s: float = TONE_GAP_S) -> list[tuple[float, float]]:
        """When the tone `hz` was heard: (first, last) sound, in seconds, to a few milliseconds.

        Gaps of up to `gap_s` are passed over.
        """
        present = np.concatenate([[False], self._level(hz, TONE_EDGE_S) > TONE_PEAK / 2, [False]])
        edges = np.flatnonzero(np.diff(present.astype(np.int8))).tolist()
        steady = self._level(hz, TONE_STEADY_S) > TONE_PEAK * TONE_STEADY_SHARE
        spans: list[tuple[float, float]] = []
        for begin, end in zip(edges[::2], edges[1::2], strict=True):
            if not steady[begin:end].any():
                continue
            begin_s, end_s = begin / RATE_HZ, end / RATE_HZ
            if spans and begin_s - spans[-1][1] <= gap_s:
                begin_s = spans.pop()[0]
            spans.append((begin_s, end_s))
        return spans

    def _level(self, hz: float, window_s: float) -> Signal:
        """The amplitude of the tone `hz` around each sample, over `window_s`."""
        time = np.arange(self._raw.size) / RATE_HZ
        turned = self._raw * np.exp(-2j * np.pi * hz * time)
        size = int(window_s * RATE_HZ)
        summed = np.cumsum(np.pad(turned, (size // 2 + 1, size - size // 2 - 1)))
        level = np.abs(summed[size:] - summed[:-size]) * (2 / size)
        return np.asarray(level, np.float32)

    # How prompts are found ----------------------------------------------------------------

    def _filter(self, sound: Signal) -> Signal:
        """`sound` without talk tones, evened out over the telephone band."""
        band = signal.firwin(161, [280, 3500], fs=RATE_HZ, pass_zero=False)
        even = signal.oaconvolve(sound, np.convolve(band, [1.0, -0.9]), "same")
        for hz in self._tones_hz:
            even = signal.lfilter(*signal.iirnotch(hz, hz / NOTCH_HZ, RATE_HZ), even)
        return np.asarray(even, np.float32)

    @cached_property
    def _sound(self) -> Sound:
        return Sound(self._filter(self._raw))
