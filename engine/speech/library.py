"""The audio of all prompts: finds it, and has made what is missing. Implements `Sounds`.

Looked for in this order, by the prompt's key:

1. `sounds/<lang>/custom/<key>.wav`: the operator's own recording. `ensure` brings it to the
   loudness and rate of all others (kept under `var/`); until then it is played as it is, if
   Asterisk can.
2. `var/sounds/<lang>/<key>`: rendered here, `.wav` (8 kHz), `.wav16` (16 kHz) and `.json` (what
   is said, by whom).
3. `sounds/<lang>/audio/<key>.alaw`: what the project brings, as the telephone line carries it;
   `manifest.json` beside it says what is said in each.

Audio whose words are not the catalogue's any more counts as missing. Tones lie in `sounds/tones`,
music in `sounds/music`, which Asterisk plays round and round.
"""

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from engine.core.phrasing import Catalogue, text
from engine.core.prompt import Prompt, alternatives
from engine.errors import RemoteError
from engine.ports.speech import Missing, Pcm, Progress, Report, Voice
from engine.speech import wav
from engine.speech.catalogue import read_catalogues

NARROW_HZ = 8_000
MANIFEST = "manifest.json"

_RENDERS_AT_ONCE = 2
_WORDS_KEPT = 4096


@dataclass(frozen=True, slots=True)
class Source:
    """What an audio file was made of; equal sources need no new rendering."""

    text: str
    voice: str

    @classmethod
    def read(cls, file: Path) -> "Source | None":
        """From the note beside a rendered file; None if there is none that can be read."""
        try:
            data = json.loads(file.read_text())
            return cls(str(data["text"]), str(data["voice"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, file: Path) -> None:
        draft = file.with_name(f".{file.name}.draft")
        draft.write_text(json.dumps(self.as_json(), ensure_ascii=False, indent=1) + "\n")
        draft.replace(file)

    def as_json(self) -> dict[str, str]:
        return {"text": self.text, "voice": self.voice}


@dataclass(slots=True)
class Library:
    """All prompts' audio. `sounds` is the operator's folder, `rendered` (`var/sounds`) our own;
    `catalogues` are the texts, by language."""

    sounds: Path
    rendered: Path
    voices: Iterable[Voice] = ()
    catalogues: Mapping[str, Catalogue] = field(init=False)
    _brought: dict[str, dict[str, str]] = field(init=False)
    _words: Callable[[Prompt, str], str] = field(init=False)

    def __post_init__(self) -> None:
        self.sounds, self.rendered = self.sounds.resolve(), self.rendered.resolve()
        self.catalogues = read_catalogues(self.sounds)
        self._brought = {lang: self._read_manifest(lang) for lang in self.catalogues}
        self._words = lru_cache(_WORDS_KEPT)(self._text)

    @property
    def languages(self) -> tuple[str, ...]:
        return tuple(self.catalogues)

    def words(self, prompt: Prompt, lang: str) -> str:
        """The text of a prompt; raises `ValueError` if there is none."""
        return self._words(prompt, lang)

    def _text(self, prompt: Prompt, lang: str) -> str:
        if lang not in self.catalogues:
            raise ValueError(f"there are no texts for language {lang!r}")
        return text(prompt, self.catalogues[lang])

    def resolve(self, prompt: Prompt, lang: str) -> str | Missing:
        """The file of exactly this prompt: absolute, without suffix."""
        recording = self._recording(prompt, lang)
        if recording is not None and self._is_conditioned(recording, prompt, lang):
            return str(self._conditioned(prompt, lang))
        if recording is not None and wav.is_playable(recording, NARROW_HZ):
            return str(recording.with_suffix(""))
        if not prompt.spoken:
            stems = (self.sounds / folder / prompt.key() for folder in ("tones", "music"))
            found = next((stem for stem in stems if stem.with_suffix(".wav").exists()), None)
            return str(found) if found else self._missing(prompt, lang)
        return self._spoken(prompt, lang)

    def playlist(self, prompt: Prompt, lang: str) -> tuple[str, ...] | Missing:
        """The files that say it best with what is there, to be played one after the other."""
        for way in alternatives(prompt):
            files = [self.resolve(part, lang) for part in way]
            playable = tuple(file for file in files if isinstance(file, str))
            if len(playable) == len(files):
                return playable
        return self._missing(prompt, lang)

    def foreseen(self, prompt: Prompt, lang: str) -> Missing | None:
        """See `ports.speech`. A voice that speaks the language is taken at its word."""
        told: Missing | None = None
        for way in alternatives(prompt):
            lacking = next((lack for part in way if (lack := self._cannot_be(part, lang))), None)
            if lacking is None:
                return None
            told = told or lacking
        return told

    def _cannot_be(self, prompt: Prompt, lang: str) -> Missing | None:
        """Why exactly this prompt cannot be made; None if it can, or is there."""
        found = self.resolve(prompt, lang)
        if isinstance(found, str) or self._recording(prompt, lang) is not None:
            return None
        speaks = any(voice.speaks(lang) for voice in self.voices)
        if found.words and prompt.spoken:
            return None if speaks else self._voiceless(prompt, lang)
        return found

    async def ensure(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        progress: Callable[[Progress], None] | None = None,
        *,
        anew: bool = False,
    ) -> Report:
        """Render what is missing, and bring the operator's recordings to one loudness.

        `anew` renders everything, so that all of it is spoken by the voice that is best now.
        """
        wanted = list({prompt.key(): prompt for prompt in prompts}.values())
        gate = asyncio.Semaphore(_RENDERS_AT_ONCE)
        done = 0

        async def one(prompt: Prompt) -> bool | Missing:
            nonlocal done
            async with gate:
                outcome = await self._ensure_one(prompt, lang, anew)
            done += 1
            if progress is not None:
                progress(Progress(done, len(wanted), prompt.key(), outcome is True))
            return outcome

        outcomes = await asyncio.gather(*(one(prompt) for prompt in wanted))
        pairs = list(zip(wanted, outcomes, strict=True))
        return Report(
            present=tuple(prompt.key() for prompt, outcome in pairs if outcome is False),
            rendered=tuple(prompt.key() for prompt, outcome in pairs if outcome is True),
            missing=tuple(outcome for outcome in outcomes if isinstance(outcome, Missing)),
        )

    async def _ensure_one(self, prompt: Prompt, lang: str, anew: bool) -> bool | Missing:
        """True if it was made, False if it was there."""
        recording = self._recording(prompt, lang)
        try:
            if recording is not None:
                if self._is_conditioned(recording, prompt, lang):
                    return False
                raw = await asyncio.to_thread(wav.read, recording)
                await self._keep(prompt, raw, self._conditioned(prompt, lang), _recorded(recording))
                return True
            if isinstance(self.resolve(prompt, lang), str) and not (anew and prompt.spoken):
                return False
            if not prompt.spoken:
                return self._missing(prompt, lang)
            return await self._render(prompt, lang)
        except (ValueError, RemoteError, OSError) as error:
            return self._missing(prompt, lang, str(error))

    async def _render(self, prompt: Prompt, lang: str) -> bool | Missing:
        words = self.words(prompt, lang)
        voice = next((voice for voice in self.voices if voice.speaks(lang)), None)
        if voice is None:
            return self._voiceless(prompt, lang)
        source = Source(words, voice.name)
        stem = self.rendered / lang / prompt.key()
        if Source.read(_note(stem)) != source:
            await self._keep(prompt, await voice.render(words, lang), stem, source)
            return True
        return False

    async def _keep(self, prompt: Prompt, raw: Pcm, stem: Path, source: Source) -> None:
        await asyncio.to_thread(_condition_and_write, raw, prompt.silence_after_ms, stem, source)

    def _spoken(self, prompt: Prompt, lang: str) -> str | Missing:
        try:
            words = self.words(prompt, lang)
        except ValueError as error:
            return Missing(prompt, lang, str(error))
        stem = self.rendered / lang / prompt.key()
        note = Source.read(_note(stem))
        if note is not None and note.text == words:
            return str(stem)
        if self._brought[lang].get(prompt.key()) == words:
            return str(self.sounds / lang / "audio" / prompt.key())
        return self._missing(prompt, lang)

    def _recording(self, prompt: Prompt, lang: str) -> Path | None:
        file = self.sounds / lang / "custom" / f"{prompt.key()}.wav"
        return file if file.exists() else None

    def _conditioned(self, prompt: Prompt, lang: str) -> Path:
        return self.rendered / lang / "custom" / prompt.key()

    def _is_conditioned(self, recording: Path, prompt: Prompt, lang: str) -> bool:
        return Source.read(_note(self._conditioned(prompt, lang))) == _recorded(recording)

    def _missing(self, prompt: Prompt, lang: str, reason: str = "") -> Missing:
        try:
            words = self.words(prompt, lang) if prompt.spoken else ""
        except ValueError as error:
            return Missing(prompt, lang, reason or str(error))
        told = reason or f"{lang}/{prompt.key()} was never rendered"
        return Missing(prompt, lang, told, words)

    def _voiceless(self, prompt: Prompt, lang: str) -> Missing:
        told = f"no voice is installed that speaks {lang!r}"
        return Missing(prompt, lang, told, self.words(prompt, lang), voiceless=True)

    def _read_manifest(self, lang: str) -> dict[str, str]:
        file = self.sounds / lang / "audio" / MANIFEST
        if not file.exists():
            return {}
        return {key: str(note["text"]) for key, note in json.loads(file.read_text()).items()}


def _note(stem: Path) -> Path:
    return stem.with_name(f"{stem.name}.json")


def _recorded(recording: Path) -> Source:
    """Names the operator's file and its state, so that a changed recording is taken anew."""
    state = recording.stat()
    return Source(f"{recording.name}, {state.st_size} bytes, {state.st_mtime_ns}", "recording")


def _condition_and_write(raw: Pcm, silence_after_ms: int, stem: Path, source: Source) -> None:
    from engine.speech.condition import condition  # numpy takes its time to load

    sound = condition(raw, silence_after_ms)
    stem.parent.mkdir(parents=True, exist_ok=True)
    wav.write(stem.with_name(f"{stem.name}.wav"), sound.narrow)
    wav.write(stem.with_name(f"{stem.name}.wav16"), sound.wide)
    source.write(_note(stem))
