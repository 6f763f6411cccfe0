"""Draws a call as it was heard: a lane for each party, prompts named, talk, and what happened.

draw(path, "A call", [Lane("Caller", recording, prompts, {"agent": spans})], [Mark(...)])
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from tests.rig.audio.recording import Recording
from tests.rig.audio.sound import RATE_HZ
from tests.rig.ear import Hit

INK: Final = "#1f2430"
FAINT: Final = "#9aa3b2"
PAPER: Final = "#fbfbf8"
LANE: Final = "#f1f2ee"
PROMPT: Final = "#2f6fb0"
TALK: Final = ("#2e8b6f", "#8a6bb8", "#b07a2f")
TALK_FILL: Final = ("#a9d3c4", "#d0c2e2", "#e0c69b")
MARKS: Final = {"event": "#5b6472", "warning": "#d98300", "top_up": "#2e8b6f", "end": "#c23b3b"}
# Every lane is drawn between -1 and 1; labels lie above it, bars of talk under it. A character
# of a label takes this share of the picture's width.
LABEL_ROWS: Final = 3
LABEL_HEIGHT: Final = 0.38
TOP: Final = 1.2 + LABEL_ROWS * LABEL_HEIGHT
LABEL_CHARACTER: Final = 0.0052
WIDTH_PX: Final = 1500
DPI: Final = 110


@dataclass(frozen=True)
class Lane:
    """What one party heard: `prompts` found in the recording, `talk` of others by their name."""

    title: str
    recording: Recording
    prompts: Sequence[tuple[str, Hit]] = ()
    talk: Mapping[str, Sequence[tuple[float, float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Mark:
    """Something that happened at a wall-clock instant; `kind` is one of MARKS."""

    at_ms: float
    text: str
    kind: str = "event"


def draw(path: Path, title: str, lanes: Sequence[Lane], marks: Sequence[Mark] = ()) -> Path:
    """Write the picture (PNG) to `path`; time runs from the earliest recording's beginning."""
    began_ms = min(lane.recording.began_at_ms for lane in lanes)
    length_s = max(
        (lane.recording.began_at_ms - began_ms) / 1000 + lane.recording.samples().size / RATE_HZ
        for lane in lanes
    )
    figure = Figure(figsize=(WIDTH_PX / DPI, 1.7 + 2.45 * len(lanes)), dpi=DPI, facecolor=PAPER)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.035, right=0.985, bottom=0.075, top=0.84, hspace=0.28)
    figure.text(0.035, 0.955, title, color=INK, fontsize=15, fontweight="bold", va="center")
    axes = figure.subplots(len(lanes), 1, sharex=True, squeeze=False)[:, 0]
    for place, lane in zip(axes, lanes, strict=True):
        _draw_lane(place, lane, (lane.recording.began_at_ms - began_ms) / 1000, length_s)
    _draw_marks(list(axes), marks, began_ms, length_s)
    axes[-1].tick_params(labelbottom=True, colors=INK, labelsize=9, length=3)
    axes[-1].xaxis.set_major_locator(MaxNLocator(14, steps=[1, 2, 3, 5, 6, 10]))
    axes[-1].xaxis.set_major_formatter(FuncFormatter(_clock))
    figure.savefig(path, facecolor=PAPER)
    return path


def _clock(seconds: float, _: int | None = None) -> str:
    return f"{int(seconds) // 60}:{seconds % 60:04.1f}".removesuffix(".0")


def _draw_lane(axes: Axes, lane: Lane, begin_s: float, length_s: float) -> None:
    axes.set_xlim(0, length_s)
    axes.set_ylim(-1.2 - 0.25 * max(1, len(lane.talk)), TOP)
    axes.set_facecolor(PAPER)
    axes.set_yticks([])
    axes.tick_params(labelbottom=False, length=0)
    for side in axes.spines.values():
        side.set_visible(False)
    axes.axhspan(-1.05, 1.05, color=LANE, zorder=0)
    axes.set_title(lane.title, loc="left", color=INK, fontsize=11, fontweight="bold", pad=4)
    times, peaks = _envelope(lane.recording, begin_s, length_s)
    axes.fill_between(times, -peaks, peaks, color=FAINT, linewidth=0, zorder=2)
    for row, (name, spans) in enumerate(lane.talk.items()):
        colour = TALK[row % len(TALK)]
        for first, last in spans:
            fill = TALK_FILL[row % len(TALK)]
            _paint(axes, times, peaks, (begin_s + first, begin_s + last), fill)
        _draw_bar(axes, row, name, [(begin_s + a, begin_s + b) for a, b in spans], colour)
    ends_s = [-1.0] * LABEL_ROWS
    for name, hit in sorted(lane.prompts, key=lambda pair: pair[1].begin_s):
        first, last = begin_s + hit.begin_s, begin_s + hit.end_s
        _paint(axes, times, peaks, (first, last), PROMPT)
        _draw_label(axes, name, first, last, ends_s, length_s)


def _envelope(
    recording: Recording, begin_s: float, length_s: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Times and peaks (0 to 1, loud parts evened down) of about two steps a pixel."""
    samples = np.abs(recording.samples().astype(np.float64))
    step = max(1, int(length_s * RATE_HZ / (2 * WIDTH_PX)))
    samples = np.pad(samples, (0, -samples.size % step))
    peaks = np.sqrt(samples.reshape(-1, step).max(axis=1) / 16000).clip(0, 1)
    return begin_s + (np.arange(peaks.size) + 0.5) * step / RATE_HZ, peaks


def _paint(
    axes: Axes,
    times: npt.NDArray[np.float64],
    peaks: npt.NDArray[np.float64],
    span: tuple[float, float],
    colour: str,
) -> None:
    """Colour the sound of `span`."""
    inside = (times >= span[0]) & (times <= span[1])
    axes.fill_between(times, -peaks, peaks, where=inside, color=colour, linewidth=0, zorder=3)


def _draw_bar(
    axes: Axes, row: int, name: str, spans: Sequence[tuple[float, float]], colour: str
) -> None:
    """A bar for each span of talk under the lane, the first with the talker's name."""
    height = -1.18 - 0.25 * row
    for first, last in spans:
        axes.plot([first, last], [height] * 2, color=colour, linewidth=2.5, solid_capstyle="butt")
    if spans:
        axes.text(
            *(spans[0][0], height - 0.06, f"{name} talks"),
            color=colour, fontsize=8, va="top", ha="left",
        )  # fmt: skip


def _draw_label(
    axes: Axes, name: str, first: float, last: float, ends_s: list[float], length_s: float
) -> None:
    """The prompt's name in a box over its sound, in the lowest row that is free."""
    text = textwrap.shorten(name.replace("_", " "), 44, placeholder="…")
    width = max(last - first, (len(text) + 2) * LABEL_CHARACTER * length_s)
    left = max(0.0, min(first, length_s - width))
    row = next((row for row, end_s in enumerate(ends_s) if end_s < left), LABEL_ROWS - 1)
    ends_s[row] = left + width + 0.004 * length_s
    bottom = 1.14 + row * LABEL_HEIGHT
    axes.plot([first, first], [1.0, bottom], color=PROMPT, linewidth=0.8, zorder=1)
    axes.plot([first, last], [1.08] * 2, color=PROMPT, linewidth=2.5, solid_capstyle="butt")
    box: dict[str, Any] = {
        "facecolor": "#e3edf7",
        "edgecolor": PROMPT,
        "linewidth": 0.7,
        "zorder": 5,
    }
    axes.add_patch(
        FancyBboxPatch((left, bottom), width, LABEL_HEIGHT - 0.09, "square,pad=0", **box)
    )
    axes.text(
        left + 0.0025 * length_s,
        bottom + (LABEL_HEIGHT - 0.09) / 2,
        text,
        color=INK,
        fontsize=8,
        va="center",
        zorder=6,
    )


def _draw_marks(
    axes: Sequence[Axes], marks: Sequence[Mark], began_ms: float, length_s: float
) -> None:
    """A line through all lanes for each mark, its text at the top, on rows that are free."""
    ends_s = [-1.0, -1.0]
    for mark in sorted(marks, key=lambda mark: mark.at_ms):
        at_s = (mark.at_ms - began_ms) / 1000
        colour = MARKS[mark.kind]
        for lane in axes:
            lane.axvline(at_s, color=colour, linewidth=1.1, linestyle=(0, (4, 2)), zorder=4)
        width = (len(mark.text) + 2) * LABEL_CHARACTER * 1.3 * length_s
        left = min(at_s, length_s - width)
        row = 0 if ends_s[0] < left else 1
        ends_s[row] = left + width
        axes[0].annotate(
            mark.text,
            (left, TOP),
            xytext=(0, 20 + 13 * row),
            textcoords="offset points",
            color=colour,
            fontsize=9,
            fontweight="bold",
            annotation_clip=False,
        )
