"""The ear on recordings whose content is known to the sample."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from tests.rig.audio import alaw
from tests.rig.audio.handsets import TONE_PEAK
from tests.rig.audio.recording import Recording
from tests.rig.audio.sound import RATE_HZ, read_sound
from tests.rig.audio.speechlike import sentence, write_prompt
from tests.rig.ear import Ear

NUMBERS = ("eine", "zwei", "drei", "vier", "sieben", "zwölf", "dreizehn", "vierzehn", "zwanzig")
CALLER_HZ, AGENT_HZ = 1710, 2230
TEXTS = {
    **{number: f"Ihr Guthaben reicht noch für {number} Minuten" for number in NUMBERS},
    "welcome": "Herzlich willkommen",
    "over": "Das Gespräch wird jetzt beendet",
    "tariff": "Der Preis beträgt neunundneunzig Cent pro Minute inklusive Mehrwertsteuer",
}
COMMITTED = Path(__file__).resolve().parents[2] / "sounds"
Line = npt.NDArray[np.float64]


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("prompts")
    return {name: write_prompt(folder / f"{name}.wav", text) for name, text in TEXTS.items()}


def silence(seconds: float, noise: float = 0.0) -> Line:
    return np.random.default_rng(1).normal(0, noise, int(seconds * RATE_HZ))


def mix(line: Line, sound: npt.NDArray[np.floating | np.integer], at_s: float) -> None:
    begin = round(at_s * RATE_HZ)
    line[begin : begin + sound.size] += sound[: line.size - begin]


def tone(hz: int, seconds: float) -> Line:
    return TONE_PEAK * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ + 1)


def on_the_phone(line: Line) -> npt.NDArray[np.int16]:
    """`line` as it comes out of an A-law telephone line."""
    return alaw.decode(alaw.encode(line.clip(-32767, 32767)))


def call(catalogue: Mapping[str, Path], seed: int) -> tuple[Line, list[tuple[str, float]]]:
    """A call of 30 s with prompts at random places, talk over them, and who was where."""
    draw = np.random.default_rng(seed)
    line, said, at_s = silence(30, noise=30), [], 0.3
    while True:
        name = str(draw.choice(sorted(catalogue)))
        sound = read_sound(catalogue[name])
        if at_s + sound.size / RATE_HZ > 30:
            break
        mix(line, sound, at_s)
        said.append((name, round(at_s * RATE_HZ) / RATE_HZ))
        at_s += sound.size / RATE_HZ + draw.uniform(0.05, 2.5)
    mix(line, tone(CALLER_HZ, 14), draw.uniform(0, 15))
    mix(line, tone(AGENT_HZ, 14), draw.uniform(0, 15))
    return line, said


@pytest.mark.parametrize("seed", range(3))
def test_every_prompt_is_found_under_talk_to_twenty_milliseconds(
    catalogue: dict[str, Path], seed: int
) -> None:
    line, said = call(catalogue, seed)
    found = Ear(on_the_phone(line), (CALLER_HZ, AGENT_HZ)).hits(catalogue)
    assert [name for name, _ in found] == [name for name, _ in said]
    assert all(hit.whole for _, hit in found)
    for (_, hit), (_, at_s) in zip(found, said, strict=True):
        assert hit.at_s == pytest.approx(at_s, abs=0.020)


@pytest.mark.parametrize("number", NUMBERS[:6])
def test_sentences_that_differ_in_one_word_are_told_apart(
    catalogue: dict[str, Path], number: str
) -> None:
    line = silence(5, noise=30)
    mix(line, read_sound(catalogue[number]), 1.234)
    mix(line, tone(AGENT_HZ, 5), 0)
    ear = Ear(on_the_phone(line), (AGENT_HZ,))
    best = ear.which({name: catalogue[name] for name in NUMBERS})
    assert best is not None
    assert best[0] == number
    assert [name for name, _ in ear.hits(catalogue)] == [number]
    others = [hit for name in NUMBERS if name != number for hit in ear.find(catalogue[name])]
    assert not any(hit.whole for hit in others)


@pytest.mark.parametrize("share", [0.25, 0.5, 0.8])
def test_a_prompt_that_was_cut_off_is_found_with_the_length_it_was_heard(
    catalogue: dict[str, Path], share: float
) -> None:
    sound = read_sound(catalogue["tariff"])
    cut = sound[: int(share * sound.size)]
    line = silence(8, noise=20)
    mix(line, cut, 2.0)
    mix(line, tone(AGENT_HZ, 4), 2.0 + cut.size / RATE_HZ)
    ((name, hit),) = Ear(on_the_phone(line), (AGENT_HZ,)).hits(catalogue)
    assert name == "tariff"
    assert not hit.whole
    assert hit.at_s == pytest.approx(2.0, abs=0.020)
    assert hit.end_s == pytest.approx(2.0 + cut.size / RATE_HZ, abs=0.11)


def test_a_prompt_whose_beginning_was_lost_keeps_its_place(catalogue: dict[str, Path]) -> None:
    line = silence(6)
    mix(line, read_sound(catalogue["tariff"])[RATE_HZ:], 2.0)
    (hit,) = Ear(on_the_phone(line)).find(catalogue["tariff"])
    assert hit.at_s == pytest.approx(1.0, abs=0.020)
    assert hit.begin_s == pytest.approx(2.0, abs=0.06)
    assert not hit.whole


@pytest.mark.parametrize("skipped", [-800, 160, 480])
def test_a_prompt_that_is_disturbed_is_still_one_prompt(
    catalogue: dict[str, Path], skipped: int
) -> None:
    sound = read_sound(catalogue["tariff"])
    half = sound.size // 2
    line = silence(6)
    pause = np.zeros(max(0, -skipped))
    mix(line, np.concatenate([sound[:half], pause, sound[half + max(0, skipped) :]]), 1.0)
    (hit,) = Ear(on_the_phone(line)).find(catalogue["tariff"])
    assert hit.whole
    assert hit.at_s == pytest.approx(1.0, abs=0.020)


@pytest.mark.parametrize("language", ["de", "en"])
def test_the_committed_prompts_are_told_apart(language: str) -> None:
    names = [f"minutes_left-m{n}" for n in (2, 3, 12, 13, 20)]
    names += [f"warning_caller-s{n}" for n in (15, 30)] + ["money_ended_caller", "goodbye"]
    known = {name: COMMITTED / language / "audio" / f"{name}.alaw" for name in names}
    line, said, at_s = silence(40, noise=20), [], 0.5
    for name in names:
        said.append((name, at_s))
        mix(line, read_sound(known[name]), at_s)
        at_s = round(at_s + read_sound(known[name]).size / RATE_HZ + 0.3, 3)
    mix(line, tone(AGENT_HZ, 30), 4)
    found = Ear(on_the_phone(line), (AGENT_HZ,)).hits(known)
    assert [name for name, _ in found] == names
    assert [hit.at_s for _, hit in found] == pytest.approx([at for _, at in said], abs=0.020)
    assert all(hit.whole for _, hit in found)


def test_a_prompt_that_stalls_again_and_again_is_still_itself(catalogue: dict[str, Path]) -> None:
    """As a loaded machine whispers: frames of silence in between, talk going on."""
    sound = read_sound(catalogue["zwölf"])
    stalls = {0.31: 160, 0.77: 480, 1.2: 160, 1.63: 160}
    cuts = np.split(sound, [int(at_s * RATE_HZ) for at_s in stalls])
    gaps = [np.zeros(size) for size in (*stalls.values(), 0)]
    line = silence(6)
    mix(line, np.concatenate([part for pair in zip(cuts, gaps, strict=True) for part in pair]), 1.5)
    mix(line, tone(AGENT_HZ, 6), 0)
    ((name, hit),) = Ear(on_the_phone(line), (AGENT_HZ,)).hits(catalogue)
    assert name == "zwölf"
    assert hit.at_s == pytest.approx(1.5, abs=0.020)
    assert hit.end_s == pytest.approx(1.5 + (sound.size + 960) / RATE_HZ, abs=0.11)


def test_a_prompt_said_twice_is_found_twice(catalogue: dict[str, Path]) -> None:
    line = silence(9)
    mix(line, read_sound(catalogue["over"]), 0.5)
    mix(line, read_sound(catalogue["over"]), 4.75)
    places = [hit.at_s for hit in Ear(on_the_phone(line)).find(catalogue["over"])]
    assert places == pytest.approx([0.5, 4.75], abs=0.020)


def test_nothing_is_found_where_nothing_of_it_was_said(catalogue: dict[str, Path]) -> None:
    line = silence(40, noise=300)
    for at_s, text in enumerate(
        ("Bitte warten Sie noch einen Augenblick", "Alle Plätze sind gerade besetzt")
    ):
        mix(line, sentence(text), 3 + 9 * at_s)
    mix(line, tone(CALLER_HZ, 10), 20)
    mix(line, tone(440, 10), 25)
    ear = Ear(on_the_phone(line), (CALLER_HZ,))
    absent = {name: catalogue[name] for name in ("welcome", "over", "tariff")}
    assert ear.hits(absent) == []
    assert Ear(on_the_phone(silence(5))).hits(catalogue) == []


def test_heard_is_what_the_demo_prints(catalogue: dict[str, Path], tmp_path: Path) -> None:
    line = silence(4)
    mix(line, read_sound(catalogue["welcome"]), 1.5)
    recording = Recording.write(tmp_path / "caller.wav", on_the_phone(line), 1_700_000_000_000)
    assert Ear(recording).heard(catalogue) == [{"prompt": "welcome", "at_s": 1.5}]
    assert Recording.load(recording.path).at_ms(1.5) == 1_700_000_001_500


def test_talk_is_timed_to_ten_milliseconds_under_prompts(catalogue: dict[str, Path]) -> None:
    line = silence(12, noise=30)
    mix(line, read_sound(catalogue["tariff"]), 2.0)
    mix(line, read_sound(catalogue["over"]), 7.5)
    mix(line, tone(AGENT_HZ, 4.0), 1.337)
    mix(line, tone(AGENT_HZ, 3.0), 6.0)
    mix(line, tone(CALLER_HZ, 9.0), 2.5)
    ear = Ear(on_the_phone(line))
    assert np.array(ear.talk(AGENT_HZ)) == pytest.approx(
        np.array([(1.337, 5.337), (6.0, 9.0)]), abs=0.010
    )
    assert np.array(ear.talk(CALLER_HZ)) == pytest.approx(np.array([(2.5, 11.5)]), abs=0.010)


def test_a_lost_packet_is_a_gap_only_when_asked_for(catalogue: dict[str, Path]) -> None:
    line = silence(4)
    mix(line, tone(AGENT_HZ, 3.0), 0.5)
    line[2 * RATE_HZ : 2 * RATE_HZ + 160] = 0
    ear = Ear(on_the_phone(line))
    assert len(ear.talk(AGENT_HZ)) == 1
    assert len(ear.talk(AGENT_HZ, gap_s=0.01)) == 2


def test_no_talk_is_heard_in_prompts_alone(catalogue: dict[str, Path]) -> None:
    prompts = np.concatenate([read_sound(path) for path in catalogue.values()])
    ear = Ear(on_the_phone(prompts))
    assert all(ear.talk(hz) == [] for hz in range(1710, 3130, 40))
