"""The audio the project brings: complete, one loudness, no clicks, and each prompt itself."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.prompt import Prompt
from engine.core.repertoire import brought_prompts
from engine.ports.speech import Pcm
from engine.speech import alaw, wav
from engine.speech.condition import LOUDNESS_DBFS, loudness_dbfs
from engine.speech.library import MANIFEST, Library

SOUNDS = Path(__file__).parents[2] / "sounds"
LANGUAGES = ("de", "en")
SPOKEN = [prompt for prompt in brought_prompts() if prompt.spoken]
RATE_HZ = 8_000
BYTES_MAX = 16_000_000

Signal = NDArray[np.float64]


def _linear(code: int) -> int:
    """One A-law byte as a 16-bit sample (ITU-T G.711, table 1a)."""
    code ^= 0x55
    segment, mantissa = code >> 4 & 7, code & 15
    magnitude = (mantissa << 4) + 8 if segment == 0 else ((mantissa << 4) + 264) << (segment - 1)
    return magnitude if code & 0x80 else -magnitude


DECODED = np.array([_linear(code) for code in range(256)], dtype="<i2")


def heard(file: Path) -> Pcm:
    return Pcm(RATE_HZ, DECODED[np.frombuffer(file.read_bytes(), np.uint8)].tobytes())


def signal(sound: Pcm) -> Signal:
    return np.frombuffer(sound.samples, "<i2").astype(np.float64) / 32_768


@pytest.fixture(scope="module", params=LANGUAGES)
def brought(request: pytest.FixtureRequest) -> dict[Prompt, Signal]:
    folder = SOUNDS / request.param / "audio"
    return {prompt: signal(heard(folder / f"{prompt.key()}.alaw")) for prompt in SPOKEN}


def test_alaw_is_g711() -> None:
    samples = np.arange(-32_768, 32_768).astype("<i2")
    codes = np.frombuffer(alaw.encode(Pcm(RATE_HZ, samples.tobytes())), np.uint8)
    error = np.abs(DECODED[codes].astype(int) - samples)
    step = np.maximum(16, np.abs(samples.astype(int)) // 16)
    assert (error <= step // 2 + 8).all()
    assert (alaw.encode(Pcm(RATE_HZ, bytes(2))), codes.min(), codes.max()) == (b"\xd5", 0, 255)
    everything = np.frombuffer(alaw.encode(Pcm(RATE_HZ, DECODED.tobytes())), np.uint8)
    assert (everything == np.arange(256)).all()


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_default_prompt_is_there_in_its_present_words(lang: str, tmp_path: Path) -> None:
    library = Library(SOUNDS, tmp_path)
    for prompt in brought_prompts():
        file = library.resolve(prompt, lang)
        assert isinstance(file, str), file
        folder = Path(file).parent.name
        assert folder == "audio" if prompt.spoken else folder in ("tones", "music")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_nothing_else_is_there(lang: str) -> None:
    folder = SOUNDS / lang / "audio"
    keys = {prompt.key() for prompt in SPOKEN}
    assert {file.stem for file in folder.iterdir() if file.name != MANIFEST} == keys
    assert set(json.loads((folder / MANIFEST).read_text())) == keys


def test_all_of_it_stays_small() -> None:
    assert sum(file.stat().st_size for file in SOUNDS.rglob("*") if file.is_file()) < BYTES_MAX


def test_loudness_is_one(brought: dict[Prompt, Signal]) -> None:
    levels = {
        prompt.key(): loudness_dbfs(Pcm(RATE_HZ, (sound * 32_767).astype("<i2").tobytes()))
        for prompt, sound in brought.items()
    }
    # A lone short word (a digit) is held down by its peak.
    assert {key: at for key, at in levels.items() if abs(at - LOUDNESS_DBFS) > 2.5} == {}


def test_nothing_clips(brought: dict[Prompt, Signal]) -> None:
    peaks = {prompt.key(): 20 * np.log10(np.abs(sound).max()) for prompt, sound in brought.items()}
    assert {key: peak for key, peak in peaks.items() if peak > -1} == {}


def test_nothing_clicks_at_its_ends(brought: dict[Prompt, Signal]) -> None:
    """The first and last 2 ms are below -40 dBFS."""
    for prompt, sound in brought.items():
        assert np.abs(sound[:16]).max() < 0.01, prompt
        assert np.abs(sound[-16:]).max() < 0.01, prompt


def test_speech_begins_at_once(brought: dict[Prompt, Signal]) -> None:
    for prompt, sound in brought.items():
        assert np.abs(sound[: RATE_HZ * 15 // 100]).max() > 0.01, prompt


def test_prices_end_with_three_seconds_of_silence(brought: dict[Prompt, Signal]) -> None:
    for prompt, sound in brought.items():
        silent = np.abs(sound[-3 * RATE_HZ :]).max() < 0.001
        assert silent == bool(prompt.silence_after_ms), prompt


def test_prompts_that_differ_little_can_be_told_apart(brought: dict[Prompt, Signal]) -> None:
    """Each against its neighbours in the list (twelve minutes, thirteen minutes), at its best."""
    prompts = list(brought)
    for one, other in itertools.pairwise(prompts):
        assert _likeness(brought[one], brought[other]) < 0.9, (one, other)


def _likeness(one: Signal, other: Signal) -> float:
    """The largest normalised correlation of the longer sound with the shorter, at any offset."""
    short, long = sorted((one, other), key=len)
    length = 1 << (len(short) + len(long)).bit_length()
    product = np.fft.rfft(long, length) * np.fft.rfft(short, length).conj()
    matches = np.fft.irfft(product, length)[: len(long) - len(short) + 1]
    energy = np.concatenate([[0], np.cumsum(long**2)])
    windows = energy[len(short) :] - energy[: len(long) - len(short) + 1]
    norm = np.sqrt(np.maximum(windows, 1e-9) * (short**2).sum())
    return float(np.abs(matches / norm).max())


def test_a_sound_is_read_as_it_was_written(tmp_path: Path) -> None:
    """`wav.write` and `wav.read` keep every sample."""
    sound = Pcm(16_000, np.arange(-500, 500, dtype="<i2").tobytes())
    wav.write(tmp_path / "x.wav", sound)
    assert wav.read(tmp_path / "x.wav") == sound
    assert [file.name for file in tmp_path.iterdir()] == ["x.wav"]
