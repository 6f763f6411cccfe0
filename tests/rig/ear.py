"""Finds in a recording what was said, when, and who was heard talking.

Prompts are found by normalised cross-correlation. Recording and prompt are first filtered alike:
the talk tones of the parties are notched out, so that a prompt is found under talk, and what is
left is evened out in frequency, so that two prompts of one voice look less alike. The prompt is
looked for piece by piece (about a second each); every place where a piece fits is then measured
block by block (50 ms), which gives how much of the prompt was really heard. A prompt that was
cut off is found by its first pieces, with the length it was heard for; of prompts that share
words the one that explains more of the recording wins.

Talk is the presence of a party's tone: its level in a band 100 Hz wide, against half the level
it has when it is there.

Not handled: prompts played at another speed, and two prompts at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import fft, signal

from tests.rig.audio.handsets import TONE_PEAK
from tests.rig.audio.recording import Recording
from tests.rig.audio.sound import RATE_HZ, read_sound

Signal = npt.NDArray[np.float32]

PIECE_S: Final = 1.0
BLOCK_S: Final = 0.05
BLOCK: Final = int(BLOCK_S * RATE_HZ)
SLIP: Final = int(0.12 * RATE_HZ)
PIECE: Final = int(PIECE_S * RATE_HZ)
FFT_SIZE: Final = 1 << 15
STEP: Final = FFT_SIZE - PIECE
# Scores (-1 to 1) from which a piece of a prompt is worth measuring, a block counts as heard,
# a prompt is believed to go on elsewhere, and a whole find is believed.
PIECE_SCORE: Final = 0.4
BLOCK_SCORE: Final = 0.45
SLIP_SCORE: Final = 0.8
HIT_SCORE: Final = 0.6
SHORTEST_HIT_S: Final = 0.4
BAD_BLOCKS: Final = 2
# A block is quiet when it has less than this share of the loudest block's energy, and silent
# under this mean square (16-bit scale), which no noise of an A-law line reaches.
QUIET_SHARE: Final = 0.003
SILENT_POWER: Final = 400.0
# A second or more in which no block has this mean square holds no prompt.
VOICE_POWER: Final = 10_000.0
NOTCH_HZ: Final = 30.0
# A tone's edges are seen through the short window; the long one tells it from speech, whose
# partials never keep still.
TONE_EDGE_S: Final = 0.010
TONE_STEADY_S: Final = 0.040
TONE_STEADY_SHARE: Final = 0.7
TONE_GAP_S: Final = 0.05


@dataclass(frozen=True)
class Hit:
    """A prompt in a recording.

    `at_s` is where the prompt's first sample was heard, or would have been, had its beginning
    not been cut; heard were `length_s` seconds from `from_s` of the prompt on (silence at its
    end not counted). `score` is 1 for a perfect likeness.
    """

    at_s: float
    score: float
    length_s: float
    from_s: float = 0.0
    whole: bool = True

    @property
    def begin_s(self) -> float:
        """Where in the recording its sound begins."""
        return self.at_s + self.from_s

    @property
    def end_s(self) -> float:
        """Where in the recording its sound ends."""
        return self.begin_s + self.length_s

    @property
    def evidence_s(self) -> float:
        """Seconds of the recording that it explains."""
        return self.score * self.length_s


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
        return self._find(self._filter(read_sound(prompt)))

    def which(self, candidates: Mapping[str, Path]) -> tuple[str, Hit] | None:
        """The one of `candidates` that explains most of the recording, with its place."""
        found = [(name, hit) for name, path in candidates.items() for hit in self.find(path)]
        return max(found, key=lambda pair: pair[1].evidence_s, default=None)

    def heard(self, catalogue: Mapping[str, Path]) -> list[dict[str, Any]]:
        """What was heard of `catalogue`, in order: `{"prompt", "at_s"}` as the demo prints it."""
        return [{"prompt": name, "at_s": round(hit.at_s, 3)} for name, hit in self.hits(catalogue)]

    def hits(self, catalogue: Mapping[str, Path]) -> list[tuple[str, Hit]]:
        """What was heard of `catalogue`, in order of time, each sound given to one prompt."""
        found = [(name, hit) for name, path in catalogue.items() for hit in self.find(path)]
        found.sort(key=lambda pair: -pair[1].evidence_s)
        kept: list[tuple[str, Hit]] = []
        for name, hit in found:
            if not any(_overlap_s(hit, other) > hit.length_s / 4 for _, other in kept):
                kept.append((name, hit))
        return sorted(kept, key=lambda pair: pair[1].begin_s)

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
    def _heard(self) -> Signal:
        return self._filter(self._raw)

    @cached_property
    def _energy(self) -> npt.NDArray[np.float64]:
        """Energy of the recording up to each sample, and on for silent ones behind it."""
        silence = np.zeros(STEP + FFT_SIZE)
        return np.cumsum(np.concatenate([[0.0], self._heard.astype(np.float64) ** 2, silence]))

    @cached_property
    def _stretches(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.complex64]]:
        """Beginnings and spectra of the recording's overlapping stretches that are not silent."""
        count = self._heard.size // STEP + 1
        padded = np.pad(self._heard, (0, count * STEP + FFT_SIZE - STEP - self._heard.size))
        stretches = np.lib.stride_tricks.sliding_window_view(padded, FFT_SIZE)[::STEP]
        blocks = stretches[:, : FFT_SIZE // BLOCK * BLOCK].reshape(count, -1, BLOCK)
        heard = np.flatnonzero((np.mean(blocks**2, axis=2) > VOICE_POWER).any(axis=1))
        return heard * STEP, np.asarray(fft.rfft(stretches[heard], axis=1), np.complex64)

    def _norm(self, size: int) -> Signal:
        """For each stretch and lag the root of the energy of `size` samples from there on."""
        if size not in self._norms:
            begins, _ = self._stretches
            lags = begins[:, None] + np.arange(STEP)
            energy = self._energy[lags + size] - self._energy[lags]
            self._norms[size] = np.sqrt(np.maximum(energy, SILENT_POWER * size)).astype(np.float32)
        return self._norms[size]

    def _places(self, piece: Signal) -> list[int]:
        """Where `piece` may lie in the recording, the likeliest place first."""
        begins, spectra = self._stretches
        # Scaled so that a likeness of PIECE_SCORE is as high as the norm.
        kernel = np.conj(fft.rfft(piece / (PIECE_SCORE * np.sqrt(piece @ piece)), FFT_SIZE))
        product = fft.irfft(spectra * kernel, axis=1)[:, :STEP]
        norm = self._norm(piece.size)
        rows, lags = np.divmod(np.flatnonzero(product > norm), STEP)
        best_first = np.argsort(-product[rows, lags] / norm[rows, lags])
        places: list[int] = []
        for place in (begins[rows] + lags)[best_first].tolist():
            if all(abs(place - better) > BLOCK for better in places):
                places.append(place)
        return places

    def _find(self, prompt: Signal) -> list[Hit]:
        blocks = _Blocks(prompt)
        hits: list[Hit] = []
        tried: list[int] = []
        for begin, piece in blocks.pieces():
            for start in (place - begin for place in self._places(piece)):
                if all(abs(start - other) > SLIP for other in tried):
                    tried.append(start)
                    hits += self._measure(blocks, start, begin // BLOCK)
        return _distinct(hits)

    def _measure(self, blocks: _Blocks, start: int, middle: int) -> list[Hit]:
        """What was heard of a prompt that block `middle` places at sample `start`."""
        scores = np.full(blocks.count, np.nan)
        places = np.full(blocks.count, start)
        onward = range(middle, blocks.count)
        backward = range(middle - 1, -1, -1)
        for order in (onward, backward):
            place, held = start, True
            for index in order:
                if not blocks.loud[index]:
                    continue
                score = self._block_score(blocks, index, place)
                if score < BLOCK_SCORE and held:
                    slipped, slip_score = self._slip(blocks, index, place)
                    if slip_score > SLIP_SCORE:
                        place, score = slipped, self._block_score(blocks, index, slipped)
                held = score >= BLOCK_SCORE
                scores[index], places[index] = score, place
        return [hit for run in _runs(scores) if (hit := self._hit(blocks, places, scores, run))]

    def _hit(
        self,
        blocks: _Blocks,
        places: npt.NDArray[np.int64],
        scores: npt.NDArray[np.float64],
        run: tuple[int, int],
    ) -> Hit | None:
        """The find that the blocks from first to last of `run` make, if they make one."""
        first, last = run
        product = said = heard = 0.0
        for index in range(first, last + 1):
            block = blocks.block(index)
            sound = self._stretch(int(places[index]) + index * BLOCK, block.size)
            product += float(sound @ block)
            said += float(block @ block)
            heard += float(sound @ sound)
        score = product / np.sqrt(said * heard)
        unheard = int(blocks.loud[:first].sum() + blocks.loud[last + 1 :].sum())
        whole = unheard <= BAD_BLOCKS
        length_s = (min((last + 1) * BLOCK, blocks.sound.size) - first * BLOCK) / RATE_HZ
        alike_s = int((scores[first : last + 1] >= BLOCK_SCORE).sum()) * BLOCK_S
        if score < HIT_SCORE or (alike_s < SHORTEST_HIT_S and not whole):
            return None
        at_s = float(places[first]) / RATE_HZ
        return Hit(at_s, float(score), length_s, first * BLOCK / RATE_HZ, whole)

    def _block_score(self, blocks: _Blocks, index: int, place: int) -> float:
        block = blocks.block(index)
        return _score(self._stretch(place + index * BLOCK, block.size), block)

    def _slip(self, blocks: _Blocks, index: int, place: int) -> tuple[int, float]:
        """Where else, within SLIP, the prompt may go on from block `index`, and its score.

        A stream that is started anew in the middle of a prompt is shifted so.
        """
        sound = blocks.sound[index * BLOCK : (index + 2) * BLOCK]
        around = self._stretch(place + index * BLOCK - SLIP, sound.size + 2 * SLIP)
        likeness = np.correlate(around, sound)
        shift = int(np.argmax(likeness))
        score = _score(around[shift : shift + sound.size], sound)
        return place + shift - SLIP, score

    def _stretch(self, begin: int, size: int) -> Signal:
        """`size` samples of the filtered recording from `begin` on, silence outside of it."""
        inside = self._heard[max(0, begin) : max(0, begin + size)]
        if inside.size == size:
            return inside
        before = min(size, max(0, -begin))
        return np.pad(inside, (before, size - before - inside.size))


class _Blocks:
    """A filtered prompt cut into blocks of BLOCK_S; the last may be shorter."""

    def __init__(self, sound: Signal) -> None:
        self.sound = sound
        self.count = max(1, round(sound.size / BLOCK))
        energy = np.array([float(np.sum(self.block(k) ** 2)) for k in range(self.count)])
        self.loud = energy > max(energy.max() * QUIET_SHARE, SILENT_POWER * BLOCK)

    def block(self, index: int) -> Signal:
        end = (index + 1) * BLOCK if index + 1 < self.count else self.sound.size
        return self.sound[index * BLOCK : end]

    def pieces(self) -> Iterator[tuple[int, Signal]]:
        """Pieces of PIECE_S, or of all there is, that cover the loud blocks; each with its place.

        Pieces are of one size, and overlap for it, so that the recording's energy is summed once.
        """
        loud = np.flatnonzero(self.loud)
        if not loud.size:
            return
        first, end = int(loud[0]), int(loud[-1]) + 1
        size = min(PIECE // BLOCK, end - first)
        count = -(-(end - first) // size)
        for begin in np.linspace(first, end - size, count).astype(int).tolist():
            piece = self.sound[begin * BLOCK : (begin + size) * BLOCK]
            if self.loud[begin : begin + size].any():
                yield begin * BLOCK, piece


def _score(sound: Signal, block: Signal) -> float:
    """Likeness of two stretches, -1 to 1; a silent one is like none."""
    norm = float(sound @ sound) * float(block @ block)
    floor = SILENT_POWER * block.size * float(block @ block)
    return float(sound @ block) / float(np.sqrt(max(norm, floor)))


def _runs(scores: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Runs (first, last) of heard blocks; quiet blocks (nan) and BAD_BLOCKS bad ones join them."""
    runs: list[tuple[int, int]] = []
    bad = 0
    for index, score in enumerate(scores.tolist()):
        if score >= BLOCK_SCORE:
            if runs and bad <= BAD_BLOCKS:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
            bad = 0
        elif not np.isnan(score):
            bad += 1
    return runs


def _distinct(hits: Iterable[Hit]) -> list[Hit]:
    """`hits` of one prompt without those that explain the same sound again, in order of time."""
    kept: list[Hit] = []
    for hit in sorted(hits, key=lambda hit: -hit.evidence_s):
        if all(_overlap_s(hit, other) <= hit.length_s / 4 for other in kept):
            kept.append(hit)
    return sorted(kept, key=lambda hit: hit.begin_s)


def _overlap_s(one: Hit, other: Hit) -> float:
    return min(one.end_s, other.end_s) - max(one.begin_s, other.begin_s)
