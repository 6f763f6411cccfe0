"""Prompt audio: made, finished, found, and what the project brings of it."""

import asyncio
import os
import shutil
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.core.prompt import Prompt
from engine.errors import RemoteError
from engine.ports.speech import Missing, Pcm, Progress
from engine.speech import wav
from engine.speech.condition import LOUDNESS_DBFS, PEAK_DBFS, condition, loudness_dbfs
from engine.speech.library import Library
from engine.speech.tones import agent_tone, waiting_music
from engine.speech.voices import CommandVoice, Voices, find_voices
from tests.fakes.voice import HummingVoice

CHECKOUT = Path(__file__).parents[2]
SOUNDS = CHECKOUT / "sounds"
VAR = Path(os.environ.get("GROSCHEN_VAR", CHECKOUT / "var"))
MINUTES = Prompt.of("minutes_left", minutes=12)
TARIFF = Prompt.of(
    "tariff", price_micros=1_230_000, currency="EUR", starts="conversation", after_s=0
)
WELCOME = Prompt.of("welcome")

Signal = NDArray[np.float64]


def signal(sound: Pcm) -> Signal:
    return np.frombuffer(sound.samples, "<i2").astype(np.float64) / 32_768


def peak_db(samples: Signal) -> float:
    return float(20 * np.log10(np.abs(samples).max()))


def sine(hz: float, rate_hz: int, seconds: float = 1.5, gain: float = 0.1) -> Pcm:
    tone = gain * np.sin(2 * np.pi * hz * np.arange(int(rate_hz * seconds)) / rate_hz)
    return Pcm(rate_hz, (tone * 32_767).astype("<i2").tobytes())


# --- finishing -----------------------------------------------------------------------------


@pytest.mark.parametrize("rate_hz", [8_000, 16_000, 22_050, 24_000, 44_100])
@pytest.mark.parametrize("gain", [0.001, 0.1, 0.99])
def test_every_sound_comes_out_at_one_loudness_and_both_rates(rate_hz: int, gain: float) -> None:
    sound = condition(sine(1_000, rate_hz, gain=gain))
    for pcm, rate in ((sound.narrow, 8_000), (sound.wide, 16_000)):
        assert pcm.rate_hz == rate
        assert loudness_dbfs(pcm) == pytest.approx(LOUDNESS_DBFS, abs=0.5)
        spectrum = np.abs(np.fft.rfft(signal(pcm)))
        assert spectrum.argmax() * rate / len(signal(pcm)) == pytest.approx(1_000, abs=3)


def test_what_a_telephone_cannot_carry_does_not_come_back_as_noise() -> None:
    """5.5 kHz folds to 2.5 kHz where it is not filtered before the rate is halved."""
    speech, hiss = signal(sine(800, 16_000)), signal(sine(5_500, 16_000))
    mixed = Pcm(16_000, ((speech + hiss) * 32_767).astype("<i2").tobytes())
    narrow = signal(condition(mixed).narrow)
    spectrum = np.abs(np.fft.rfft(narrow * np.hanning(len(narrow))))
    hz = np.fft.rfftfreq(len(narrow), 1 / 8_000)
    folded = spectrum[abs(hz - 2_500) < 50].max() / spectrum.max()
    assert 20 * np.log10(folded) < -60


def test_peaks_stay_below_the_limit() -> None:
    quiet, loud = signal(sine(500, 16_000, 3.0, 0.02)), signal(sine(700, 16_000, 0.05, 0.9))
    peaky = np.concatenate([quiet, loud, quiet])
    sound = condition(Pcm(16_000, (peaky * 32_767).astype("<i2").tobytes()))
    assert peak_db(signal(sound.narrow)) <= PEAK_DBFS + 0.1
    assert peak_db(signal(sound.wide)) <= PEAK_DBFS + 0.1


def test_silence_around_it_is_cut_and_its_ends_are_soft() -> None:
    quiet, speech = np.zeros(16_000), signal(sine(440, 16_000, 1.0))
    raw = Pcm(16_000, (np.concatenate([quiet, speech, quiet]) * 32_767).astype("<i2").tobytes())
    narrow = signal(condition(raw).narrow)
    assert 1.0 <= len(narrow) / 8_000 <= 1.2
    assert np.abs(narrow[:3]).max() < 0.01
    assert np.abs(narrow[-3:]).max() < 0.01


def test_silence_after_a_price_is_part_of_it() -> None:
    narrow = signal(condition(sine(440, 16_000), 3_000).narrow)
    assert not narrow[-24_000:].any()
    assert narrow[:-24_000].any()


@pytest.mark.parametrize("samples", [b"", bytes(32_000), bytes(range(100))])
def test_a_voice_that_says_nothing_is_refused(samples: bytes) -> None:
    with pytest.raises(ValueError, match="nothing"):
        condition(Pcm(16_000, samples))


# --- finding -------------------------------------------------------------------------------


@pytest.fixture
def sounds(tmp_path: Path) -> Path:
    """The project's texts without its audio."""
    for lang in ("de", "en"):
        (tmp_path / "sounds" / lang).mkdir(parents=True)
        shutil.copy(SOUNDS / lang / "prompts.yaml", tmp_path / "sounds" / lang)
    return tmp_path / "sounds"


def library(sounds: Path, *voices: HummingVoice) -> Library:
    return Library(sounds, sounds.parent / "var", voices)


async def test_what_is_missing_is_rendered_once_and_found(sounds: Path) -> None:
    voice = HummingVoice()
    shelf = library(sounds, voice)
    assert isinstance(shelf.resolve(MINUTES, "de"), Missing)
    steps: list[Progress] = []
    report = await shelf.ensure([MINUTES, TARIFF, MINUTES], "de", steps.append)
    assert set(report.rendered) == {MINUTES.key(), TARIFF.key()}
    assert (report.present, report.missing) == ((), ())
    assert [(step.done, step.total, step.rendered) for step in steps] == [
        (1, 2, True),
        (2, 2, True),
    ]
    assert "Das Guthaben reicht für zwölf Minuten." in voice.said
    again = await library(sounds, voice).ensure([MINUTES, TARIFF], "de")
    assert again.rendered == ()
    assert len(voice.said) == 2
    stem = shelf.resolve(TARIFF, "de")
    assert isinstance(stem, str)
    assert Path(stem).is_absolute()
    for suffix, rate_hz in ((".wav", 8_000), (".wav16", 16_000)):
        assert wav.is_playable(Path(stem + suffix), rate_hz)
        assert not signal(wav.read(Path(stem + suffix)))[-3 * rate_hz :].any()


async def test_languages_do_not_mix(sounds: Path) -> None:
    shelf = library(sounds, HummingVoice(langs=("de",)))
    await shelf.ensure([WELCOME], "de")
    report = await shelf.ensure([WELCOME], "en")
    assert "no voice" in report.missing[0].reason
    assert isinstance(shelf.resolve(WELCOME, "en"), Missing)
    assert isinstance(shelf.resolve(WELCOME, "fr"), Missing)


async def test_changed_words_are_rendered_anew(sounds: Path) -> None:
    voice = HummingVoice()
    await library(sounds, voice).ensure([WELCOME], "de")
    file = sounds / "de" / "prompts.yaml"
    file.write_text(file.read_text().replace("Herzlich willkommen.", "Schön, dass Sie da sind."))
    shelf = library(sounds, voice)
    assert isinstance(shelf.resolve(WELCOME, "de"), Missing)
    await shelf.ensure([WELCOME], "de")
    assert voice.said[-1] == "Schön, dass Sie da sind."
    assert isinstance(shelf.resolve(WELCOME, "de"), str)


async def test_anew_says_everything_in_the_voice_that_is_best_now(sounds: Path) -> None:
    await library(sounds, HummingVoice("old")).ensure([WELCOME, MINUTES], "de")
    better = HummingVoice("better")
    shelf = library(sounds, better, HummingVoice("old"))
    assert (await shelf.ensure([WELCOME], "de")).rendered == ()
    report = await shelf.ensure([WELCOME, MINUTES], "de", anew=True)
    assert set(report.rendered) == {WELCOME.key(), MINUTES.key()}
    assert len(better.said) == 2


async def test_a_voice_that_fails_leaves_a_reason_and_the_rest_is_made(sounds: Path) -> None:
    voice = HummingVoice()
    voice.refuses.add("Herzlich willkommen.")
    report = await library(sounds, voice).ensure([WELCOME, MINUTES], "de")
    assert report.rendered == (MINUTES.key(),)
    assert [(missing.prompt, missing.reason) for missing in report.missing] == [
        (WELCOME, "the voice is hoarse")
    ]


async def test_a_prompt_without_audio_is_said_with_what_is_there(sounds: Path) -> None:
    shelf = library(sounds, HummingVoice())
    topped_up = Prompt.of("topped_up_caller", seconds=754)
    assert isinstance(shelf.playlist(topped_up, "de"), Missing)
    await shelf.ensure([Prompt.of("topped_up_caller"), MINUTES], "de")
    found = shelf.playlist(topped_up, "de")
    assert isinstance(found, tuple)
    assert [Path(file).name for file in found] == ["topped_up_caller", "minutes_left-m12"]
    await shelf.ensure([topped_up], "de")
    assert shelf.playlist(topped_up, "de") == (shelf.resolve(topped_up, "de"),)


async def test_what_could_be_said_is_known_without_making_it(sounds: Path) -> None:
    voice = HummingVoice(langs=("de",))
    shelf = library(sounds, voice)
    assert shelf.foreseen(WELCOME, "de") is None
    lacking = shelf.foreseen(WELCOME, "en")
    assert lacking is not None
    assert (lacking.voiceless, lacking.words) == (True, shelf.words(WELCOME, "en"))
    assert shelf.foreseen(WELCOME, "fr") is not None
    assert voice.said == []
    await library(sounds, HummingVoice()).ensure([WELCOME], "en")
    assert shelf.foreseen(WELCOME, "en") is None


async def test_a_tariff_is_said_whole_or_not_at_all(sounds: Path) -> None:
    shelf = library(sounds, HummingVoice())
    dearer = Prompt.of(
        "tariff", price_micros=2_990_000, currency="EUR", starts="conversation", after_s=0
    )
    await shelf.ensure([dearer], "de")
    assert isinstance(shelf.playlist(TARIFF, "de"), Missing)


def _record(file: Path, rate_hz: int, channels: int = 1) -> None:
    file.parent.mkdir(exist_ok=True)
    samples = np.repeat(np.frombuffer(sine(600, rate_hz, 1.2).samples, "<i2"), channels)
    with wave.open(str(file), "wb") as out:
        out.setnchannels(channels)
        out.setsampwidth(2)
        out.setframerate(rate_hz)
        out.writeframes(samples.tobytes())


async def test_a_recording_of_the_operator_replaces_a_prompt_by_file_name(sounds: Path) -> None:
    voice = HummingVoice()
    shelf = library(sounds, voice)
    await shelf.ensure([TARIFF], "de")
    before = shelf.resolve(TARIFF, "de")
    recording = sounds / "de" / "custom" / f"{TARIFF.key()}.wav"
    _record(recording, 44_100, channels=2)
    assert shelf.resolve(TARIFF, "de") == before, "Asterisk could not play this file as it is"
    _record(recording, 8_000)
    assert shelf.resolve(TARIFF, "de") == str(recording.with_suffix(""))
    _record(recording, 44_100, channels=2)
    report = await shelf.ensure([TARIFF], "de")
    assert report.rendered == (TARIFF.key(),)
    stem = shelf.resolve(TARIFF, "de")
    assert isinstance(stem, str)
    assert stem not in (before, str(recording.with_suffix("")))
    sound = wav.read(Path(stem + ".wav"))
    assert loudness_dbfs(sound) == pytest.approx(LOUDNESS_DBFS, abs=1)
    assert not signal(sound)[-24_000:].any(), "the silence after a price is not the operator's task"
    assert (await shelf.ensure([TARIFF], "de")).present == (TARIFF.key(),)
    recording.unlink()
    assert shelf.resolve(TARIFF, "de") == before


async def test_a_recording_that_is_no_sound_is_reported(sounds: Path) -> None:
    recording = sounds / "de" / "custom" / "welcome.wav"
    recording.parent.mkdir()
    recording.write_bytes(b"not a sound")
    report = await library(sounds, HummingVoice()).ensure([WELCOME], "de")
    assert "welcome.wav is not a WAV file" in report.missing[0].reason


# --- voices --------------------------------------------------------------------------------

SPEAKS = (
    "import sys, wave; text = sys.stdin.read(); out = wave.open(sys.argv[1], 'wb');"
    "out.setnchannels(1); out.setsampwidth(2); out.setframerate(16000);"
    "out.writeframes(text.encode('utf-16-le')); out.close()"
)


def command(program: str) -> CommandVoice:
    return CommandVoice("test", {"de": (sys.executable, "-c", program, "{out}")})


async def test_a_program_reads_standard_input_into_a_file() -> None:
    voice = command(SPEAKS)
    assert voice.speaks("de")
    assert not voice.speaks("en")
    assert await voice.render("Grüße", "de") == Pcm(16_000, "Grüße".encode("utf-16-le"))


@pytest.mark.parametrize(
    ("program", "match"),
    [
        ("raise SystemExit('out of breath')", "out of breath"),
        ("pass", "No such file"),
        ("import sys; open(sys.argv[1], 'w').write('x')", "not a WAV file"),
    ],
)
async def test_a_program_that_fails_is_named(program: str, match: str) -> None:
    with pytest.raises(RemoteError, match=f"voice test: .*{match}"):
        await command(program).render("Guten Tag.", "de")


def test_a_voice_that_is_unpacked_while_the_engine_runs_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    voices = Voices(tmp_path / "voices")
    assert "espeak-ng" not in [voice.name for voice in voices]
    program = tmp_path / "voices" / "espeak-ng" / "bin" / "espeak-ng"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    assert "espeak-ng" in [voice.name for voice in voices]


async def test_a_program_that_is_not_there_is_named() -> None:
    voice = CommandVoice("test", {"de": ("/nonexistent/voice", "{out}")})
    with pytest.raises(RemoteError, match="voice test"):
        await voice.render("Guten Tag.", "de")


async def test_a_render_that_is_given_up_leaves_no_program_behind(tmp_path: Path) -> None:
    """The program tells its number through a pipe, which closes when it has ended."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    program = f"import time; pipe = open({str(pipe)!r}, 'w'); time.sleep(60)"
    task = asyncio.create_task(command(program).render("Guten Tag.", "de"))
    reader = await asyncio.to_thread(pipe.open)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with reader:
        assert await asyncio.to_thread(reader.read) == "", "the pipe is still open"


VOICES = [
    pytest.param(voice, lang, id=f"{voice.name}-{lang}")
    for voice in find_voices(VAR / "voices")
    for lang in ("de", "en")
    if voice.speaks(lang)
]


@pytest.mark.parametrize(
    ("voice", "lang"),
    VOICES or [pytest.param(None, "", marks=pytest.mark.skip(reason="no voice is installed"))],
)
async def test_an_installed_voice_speaks(sounds: Path, voice: CommandVoice, lang: str) -> None:
    shelf = Library(sounds, sounds.parent / "var", (voice,))
    report = await shelf.ensure([MINUTES], lang)
    assert report.missing == ()
    stem = shelf.resolve(MINUTES, lang)
    sound = wav.read(Path(f"{stem}.wav"))
    assert 1 < len(sound.samples) / 16_000 < 6
    assert loudness_dbfs(sound) == pytest.approx(LOUDNESS_DBFS, abs=1)
    again = await shelf.ensure([MINUTES], lang, anew=True)
    assert again.present == (MINUTES.key(),), "the same voice has said it already"


# --- tones ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "made"),
    [("tones/agent_tone.wav", agent_tone()), ("music/waiting_music.wav", waiting_music())],
)
def test_a_tone_of_the_project_is_what_its_notes_give(file: str, made: Pcm) -> None:
    sound = wav.read(SOUNDS / file)
    assert np.abs(signal(sound) - signal(made)).max() < 2 / 32_768
    assert peak_db(signal(sound)) < -3
    assert wav.is_playable(SOUNDS / file, 8_000)


def test_music_lies_alone_because_asterisk_plays_all_that_lies_with_it() -> None:
    assert [file.name for file in (SOUNDS / "music").iterdir()] == ["waiting_music.wav"]


def test_music_goes_round_without_a_click() -> None:
    music = signal(waiting_music())
    assert 20 <= len(music) / 8_000 <= 30
    steps = np.abs(np.diff(music))
    assert abs(music[0] - music[-1]) <= np.percentile(steps, 99)
    around = np.concatenate([music[-40:], music[:40]])
    bend = np.abs(np.diff(around, 2))
    assert bend.max() <= np.abs(np.diff(music, 2)).max()


async def test_tones_belong_to_no_language(sounds: Path) -> None:
    shutil.copytree(SOUNDS / "tones", sounds / "tones")
    shelf = library(sounds)
    tone = Prompt.of("agent_tone")
    assert shelf.resolve(tone, "de") == shelf.resolve(tone, "en")
    assert (await shelf.ensure([tone], "de")).present == ("agent_tone",)
