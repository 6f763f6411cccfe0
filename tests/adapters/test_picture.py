"""The picture of a call: what was heard shows in it, and only that."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.image import imread

from tests.rig.audio.recording import Recording
from tests.rig.ear import Hit
from tests.rig.picture import MARKS, PROMPT, TALK, Lane, Mark, draw


def share(picture: npt.NDArray[np.float32], colour: str) -> float:
    """The share of the picture's pixels that have just this colour."""
    wanted = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    pixels = np.rint(picture[..., :3] * 255)
    return float((pixels == wanted).all(axis=-1).mean())


def test_prompts_talk_and_marks_show(tmp_path: Path) -> None:
    loud = np.random.default_rng(1).normal(0, 5000, 80_000).astype(np.int16)
    caller = Recording.write(tmp_path / "caller.wav", loud, 1_000_000)
    agent = Recording.write(tmp_path / "agent.wav", loud[:40_000], 1_003_000)
    hit = Hit(at_s=1.0, score=0.9, length_s=2.0)
    full = draw(
        tmp_path / "full.png",
        "A call",
        [
            Lane("Caller", caller, [("warning_15_seconds", hit)], {"agent": [(4.0, 9.0)]}),
            Lane("Agent", agent, [], {"caller": [(0.5, 4.0)]}),
        ],
        [Mark(1_009_000, "cut off", "end")],
    )
    bare = draw(tmp_path / "bare.png", "A call", [Lane("Caller", caller), Lane("Agent", agent)])
    shown, empty = imread(full), imread(bare)
    assert shown.shape == empty.shape
    for colour in (PROMPT, TALK[0], MARKS["end"]):
        assert share(shown, colour) > 0.00003
        assert share(empty, colour) == 0
