"""How a prompt is found in a recording, both filtered alike.

A prompt is looked for piece by piece (a second each) by normalised cross-correlation with the
whole recording. Every place where a piece fits is measured block by block (50 ms): first with
the prompt running on evenly; then, where no whole prompt explains what is heard, along the best
path through all places within a third of a second (Viterbi's algorithm; each change of place
costs), because a loaded machine stalls in mid-prompt and goes on a little later. What makes a
find is a run of blocks that are alike.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from tests.rig.audio.sound import RATE_HZ

Signal = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float64]

PIECE: Final = 1 * RATE_HZ
BLOCK: Final = RATE_HZ // 20
BLOCK_S: Final = BLOCK / RATE_HZ
FFT_SIZE: Final = 1 << 15
STEP: Final = FFT_SIZE - PIECE
# How far from its even run a prompt may stray, and what straying costs, in blocks alike. Of all
# places that far, one is always a little alike: on a path more likeness is asked for.
SLIP: Final = int(0.3 * RATE_HZ)
SLIP_COST: Final = 0.8
MOST_SLIPS: Final = 5
PATH_SCORE: Final = 0.7
# Scores (-1 to 1) from which a piece of a prompt is worth measuring, a block counts as heard,
# and a find is believed.
PIECE_SCORE: Final = 0.4
BLOCK_SCORE: Final = 0.45
HIT_SCORE: Final = 0.6
# Blocks alike that make a partial find, and that make following a path worth while.
SHORTEST_HIT: Final = 8
WORTH_FOLLOWING: Final = 4
# Blocks unlike that a run passes over: evenly run, and along a path.
UNLIKE_EVEN: Final = 2
UNLIKE_ON_PATH: Final = 3
# A block is quiet when it has less than this share of the loudest block's energy, and silent
# under this mean square (16-bit scale), which no noise of an A-law line reaches.
QUIET_SHARE: Final = 0.003
SILENT_POWER: Final = 400.0
# A stretch in which no block has this mean square holds no prompt.
VOICE_POWER: Final = 10_000.0


@dataclass(frozen=True)
class Hit:
    """A prompt in a recording.

    `at_s` is where the prompt's first sample was heard, or would have been, had its beginning
    not been cut; heard were `length_s` seconds from `from_s` of the prompt on (silence at its
    end not counted). `score` is 1 for a perfect likeness; `whole` says that nothing of it was
    missing but, at most, a tenth of a second, or as much at each place where it stalled.
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

    def repeats(self, other: Hit) -> bool:
        """Whether it explains sound that `other` explains, too."""
        overlap_s = min(self.end_s, other.end_s) - max(self.begin_s, other.begin_s)
        return overlap_s > self.length_s / 4


def distinct(hits: Iterable[tuple[str, Hit]]) -> list[tuple[str, Hit]]:
    """`hits` without those that only explain again what a better one does, in order of time."""
    kept: list[tuple[str, Hit]] = []
    for name, hit in sorted(hits, key=lambda pair: -pair[1].evidence_s):
        if not any(hit.repeats(better) for _, better in kept):
            kept.append((name, hit))
    return sorted(kept, key=lambda pair: pair[1].begin_s)


class Blocks:
    """A filtered prompt cut into blocks of BLOCK_S."""

    def __init__(self, sound: Signal) -> None:
        self.count = max(1, -(-sound.size // BLOCK))
        self.sound = np.pad(sound, (0, self.count * BLOCK - sound.size))
        self.rows = self.sound.reshape(self.count, BLOCK)
        self.energy = np.sum(self.rows.astype(np.float64) ** 2, axis=1)
        quiet = max(float(self.energy.max()) * QUIET_SHARE, SILENT_POWER * BLOCK)
        self.loud = self.energy > quiet

    def pieces(self) -> Iterator[tuple[int, Signal]]:
        """Pieces that cover the loud blocks, each with the sample where it begins.

        All are of one size, and overlap for it, so that the recording's energy is summed once.
        """
        loud = np.flatnonzero(self.loud)
        if not loud.size:
            return
        first, end = int(loud[0]), int(loud[-1]) + 1
        size = min(PIECE // BLOCK, end - first)
        count = -(-(end - first) // size)
        for begin in np.linspace(first, end - size, count).astype(int).tolist():
            if self.loud[begin : begin + size].any():
                yield begin * BLOCK, self.sound[begin * BLOCK : (begin + size) * BLOCK]


@dataclass(frozen=True)
class _Trial:
    """A prompt laid with sample 0 at `start`: what that finds, and from where to where."""

    blocks: Blocks
    start: int
    hits: list[Hit]
    extent: Hit


class Sound:
    """A filtered recording in which prompts are sought."""

    def __init__(self, heard: Signal) -> None:
        self._heard = heard
        self._norms: dict[int, Signal] = {}

    def find(self, prompts: Mapping[str, Blocks]) -> list[tuple[str, Hit]]:
        """What was heard of `prompts`, in order of time, each sound given to one prompt."""
        tries = [(name, trial) for name, prompt in prompts.items() for trial in self._try(prompt)]
        plain = [(name, hit) for name, trial in tries for hit in trial.hits if hit.whole]
        plain = distinct(plain)
        followed = [
            (name, hit)
            for name, trial in tries
            if not any(trial.extent.repeats(hit) for _, hit in plain)
            for hit in self._follow(trial)
        ]
        return distinct(plain + followed)

    @cached_property
    def _energy(self) -> Scores:
        """Energy of the recording up to each sample, and on for silent ones behind it."""
        silence = np.zeros(STEP + FFT_SIZE)
        return np.cumsum(np.concatenate([[0.0], self._heard.astype(np.float64) ** 2, silence]))

    @cached_property
    def _stretches(self) -> tuple[Places, npt.NDArray[np.complex64]]:
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

    def _try(self, blocks: Blocks) -> Iterator[_Trial]:
        """The prompt laid, evenly run, wherever a piece of it may have been heard."""
        starts: list[int] = []
        for begin, piece in blocks.pieces():
            for start in (place - begin for place in self._places(piece)):
                if any(abs(start - other) <= BLOCK for other in starts):
                    continue
                places = np.full(blocks.count, start)
                scores = self._scores(blocks, places)
                alike = np.flatnonzero(scores >= BLOCK_SCORE)
                if alike.size >= WORTH_FOLLOWING or alike.size == blocks.loud.sum():
                    starts.append(start)
                    hits = self._hits(blocks, places, scores, UNLIKE_EVEN)
                    from_s = float(alike[0]) * BLOCK_S
                    length_s = float(alike[-1] + 1 - alike[0]) * BLOCK_S
                    yield _Trial(
                        blocks, start, hits, Hit(start / RATE_HZ, 0, length_s, from_s, False)
                    )

    def _follow(self, trial: _Trial) -> list[Hit]:
        """What was heard of a prompt that did not run evenly, or not to its end."""
        places = self._path(trial.blocks, trial.start)
        scores = self._scores(trial.blocks, places)
        scores[_detours(places)] = 0.0
        scores[scores < PATH_SCORE] = 0.0
        return self._hits(trial.blocks, places, scores, UNLIKE_ON_PATH)

    def _scores(self, blocks: Blocks, places: Places) -> Scores:
        """Likeness of each block, the prompt lying at `places`; not a number for quiet ones."""
        sound = self._rows(places + np.arange(blocks.count) * BLOCK, BLOCK)
        energy = np.maximum(np.sum(sound**2, axis=1), SILENT_POWER * BLOCK) * blocks.energy
        with np.errstate(divide="ignore", invalid="ignore"):
            scores = np.sum(sound * blocks.rows, axis=1) / np.sqrt(energy)
        return np.where(blocks.loud, scores, np.nan)

    def _path(self, blocks: Blocks, start: int) -> Places:
        """Where the prompt lay, block for block, if it strayed by up to SLIP from `start`."""
        loud = np.flatnonzero(blocks.loud)
        likeness = self._likeness(blocks, loud, start)
        value = likeness[0]
        came_from = np.zeros((loud.size, value.size), np.int64)
        for row in range(1, loud.size):
            best = int(np.argmax(value))
            stays = value >= value[best] - SLIP_COST
            came_from[row] = np.where(stays, np.arange(value.size), best)
            value = likeness[row] + np.where(stays, value, value[best] - SLIP_COST)
        lags = np.zeros(loud.size, np.int64)
        lags[-1] = np.argmax(value)
        for row in range(loud.size - 1, 0, -1):
            lags[row - 1] = came_from[row, lags[row]]
        # Quiet blocks lie where the loud one before them does.
        before = np.searchsorted(loud, np.arange(blocks.count), "right") - 1
        return np.asarray(start - SLIP + lags[before.clip(0)], np.int64)

    def _likeness(self, blocks: Blocks, rows: Places, start: int) -> Signal:
        """Likeness of the blocks `rows` at every place from -SLIP to SLIP, 0 (half) to 1."""
        size = fft.next_fast_len(BLOCK + 2 * SLIP, real=True)
        around = self._rows(start + rows * BLOCK - SLIP, BLOCK + 2 * SLIP)
        product = fft.irfft(
            fft.rfft(around, size, axis=1) * np.conj(fft.rfft(blocks.rows[rows], size, axis=1)),
            size,
            axis=1,
        )[:, : 2 * SLIP + 1]
        summed = np.cumsum(np.pad(around.astype(np.float64) ** 2, ((0, 0), (1, 0))), axis=1)
        energy = np.maximum(summed[:, BLOCK:] - summed[:, :-BLOCK], SILENT_POWER * BLOCK)
        likeness = product / np.sqrt(energy * blocks.energy[rows][:, None])
        return np.asarray((2 * likeness - 1).clip(0, 1), np.float32)

    def _rows(self, begins: Places, size: int) -> Signal:
        """`size` samples of the recording from each of `begins` on, silence outside of it."""
        places = begins[:, None] + np.arange(size)
        inside = (places >= 0) & (places < self._heard.size)
        return np.where(inside, self._heard[places.clip(0, self._heard.size - 1)], np.float32(0))

    def _hits(self, blocks: Blocks, places: Places, scores: Scores, unlike: int) -> list[Hit]:
        """The finds that the runs of blocks alike make."""
        runs = _runs(scores, unlike)
        return [hit for run in runs if (hit := self._hit(blocks, places, scores, run)) is not None]

    def _hit(
        self, blocks: Blocks, places: Places, scores: Scores, run: tuple[int, int]
    ) -> Hit | None:
        first, last = run
        inside = slice(first, last + 1)
        sound = self._rows(places[inside] + np.arange(first, last + 1) * BLOCK, BLOCK)
        product = float(np.sum(sound * blocks.rows[inside]))
        score = product / np.sqrt(float(np.sum(sound**2)) * float(blocks.energy[inside].sum()))
        alike = int((scores[inside] >= BLOCK_SCORE).sum())
        slips = int((np.diff(places[inside]) != 0).sum())
        # A slip spoils a block or two; another word spoils more, or takes many slips to follow.
        spoilt = int(blocks.loud.sum()) - alike
        whole = slips <= MOST_SLIPS and spoilt <= UNLIKE_EVEN * max(1, slips)
        if score < HIT_SCORE or (alike < SHORTEST_HIT and not whole):
            return None
        slipped = int(places[last] - places[first])
        length = (last + 1 - first) * BLOCK + slipped
        return Hit(
            float(places[first]) / RATE_HZ,
            float(score),
            length / RATE_HZ,
            first * BLOCK_S,
            whole,
        )


def _detours(places: Places) -> Places:
    """Blocks whose place is left for the one before them again: another word, not a slip."""
    changes = np.flatnonzero(np.diff(places)) + 1
    bounds = [0, *changes.tolist(), places.size]
    spans = list(itertools.pairwise(bounds))
    strayed = [
        np.arange(*span)
        for before, span, after in zip(spans, spans[1:], spans[2:], strict=False)
        if abs(int(places[before[0]] - places[after[0]])) <= 2
    ]
    return np.concatenate(strayed) if strayed else np.array([], np.int64)


def _runs(scores: Scores, unlike: int) -> list[tuple[int, int]]:
    """Runs (first, last) of blocks alike, joined by quiet ones (nan) and up to `unlike` others."""
    runs: list[tuple[int, int]] = []
    between = 0
    for index, score in enumerate(scores.tolist()):
        if score >= BLOCK_SCORE:
            if runs and between <= unlike:
                runs[-1] = (runs[-1][0], index)
            else:
                runs.append((index, index))
            between = 0
        elif not np.isnan(score):
            between += 1
    return runs
