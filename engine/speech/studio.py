"""The audio of prompts as an operator works on it. Implements `ports.speech.Studio`.

A recording becomes the operator's own file (`sounds/<lang>/custom/<key>.wav`), as if he had put it
there by hand; from it the library makes what Asterisk plays. Each is kept beside as a take
(`custom/takes/<key>/<take>.wav`, named by its content, with a note of who brought it when and when
it was last in use), so that what was heard before can be brought back.
"""

import asyncio
import hashlib
import io
import json
import tempfile
import wave
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

from engine.core.prompt import Prompt
from engine.errors import CallerError, RemoteError
from engine.ports.speech import TAKES_KEPT, Audible, Missing, Origin, Pcm, Take
from engine.speech import wav
from engine.speech.library import NARROW_HZ, Library

RECORDING_S_LEAST = 1
RECORDING_S_MOST = 120
RATES_HZ = range(8_000, 96_001)
QUIETEST_DBFS = -45.0
SAMPLE_BYTES = 2
TAKE_ID_CHARS = 16
FILE = "file"


class LibraryStudio:
    """The prompts of one library."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._one_at_a_time = asyncio.Lock()

    @property
    def languages(self) -> tuple[str, ...]:
        """See the port."""
        return self._library.languages

    async def audible(
        self,
        prompts: Iterable[Prompt],
        lang: str,
        *,
        text: str = "",
        origin: Origin | None = None,
        most: int | None = None,
    ) -> tuple[Audible, ...]:
        """See the port."""

        def found() -> Iterator[Audible]:
            for prompt in prompts:
                words = self._words(prompt, lang)
                if text in words.lower() or text in prompt.key():
                    one = self._audible(prompt, lang, words)
                    if origin in (None, one.origin):
                        yield one

        return await asyncio.to_thread(lambda: tuple(islice(found(), most)))

    async def audio(self, prompt: Prompt, lang: str) -> bytes | None:
        """See the port."""
        return await asyncio.to_thread(self._audio, prompt, lang)

    async def record(self, prompt: Prompt, lang: str, file: bytes, author: str, at_ms: int) -> None:
        """See the port."""
        await asyncio.to_thread(_check, file)
        takes = self._takes(prompt, lang)
        async with self._one_at_a_time:
            await self._use(takes, prompt, lang, file, at_ms)
            await asyncio.to_thread(takes.keep, file, author, at_ms)
            await asyncio.to_thread(takes.trim)

    async def takes(self, prompt: Prompt, lang: str) -> tuple[Take, ...]:
        """See the port."""
        return await asyncio.to_thread(self._takes(prompt, lang).former)

    async def take(self, prompt: Prompt, lang: str, take_id: str) -> bytes | None:
        """See the port."""
        return await asyncio.to_thread(self._takes(prompt, lang).content, take_id)

    async def bring_back(self, prompt: Prompt, lang: str, take_id: str, at_ms: int) -> bool:
        """See the port."""
        takes = self._takes(prompt, lang)
        async with self._one_at_a_time:
            file = await asyncio.to_thread(takes.content, take_id)
            if file is None:
                return False
            await self._use(takes, prompt, lang, file, at_ms)
            await asyncio.to_thread(takes.trim)
            return True

    async def drop_recording(self, prompt: Prompt, lang: str, at_ms: int) -> bool:
        """See the port."""
        takes = self._takes(prompt, lang)
        async with self._one_at_a_time:
            if await asyncio.to_thread(takes.keep_present, at_ms) is None:
                return False
            await asyncio.to_thread(_put_back, takes.recording, None)
            await self._library.ensure([prompt], lang)
            await asyncio.to_thread(takes.trim)
            return True

    async def render(self, prompt: Prompt, lang: str) -> str:
        """See the port."""
        async with self._one_at_a_time:
            report = await self._library.ensure([prompt], lang, anew=True)
        return report.missing[0].reason if report.missing else ""

    # --- how it is done ----------------------------------------------------------------------

    def _takes(self, prompt: Prompt, lang: str) -> "_Takes":
        custom = self._library.sounds / lang / "custom"
        return _Takes(custom / f"{prompt.key()}.wav", custom / "takes" / prompt.key())

    async def _use(
        self, takes: "_Takes", prompt: Prompt, lang: str, file: bytes, at_ms: int
    ) -> None:
        """Have a recording heard; what was there is kept, and stays if this one cannot be used."""
        before = await asyncio.to_thread(takes.keep_present, at_ms)
        await asyncio.to_thread(_put, takes.recording, file)
        report = await self._library.ensure([prompt], lang)
        if report.missing:
            await asyncio.to_thread(_put_back, takes.recording, before)
            raise CallerError(report.missing[0].reason, FILE)

    def _words(self, prompt: Prompt, lang: str) -> str:
        if prompt.spoken:
            with suppress(ValueError):
                return self._library.words(prompt, lang)
        return ""

    def _audible(self, prompt: Prompt, lang: str, words: str) -> Audible:
        found = self._library.resolve(prompt, lang)
        if isinstance(found, Missing):
            return Audible(prompt, lang, words, Origin.MISSING, 0)
        return Audible(prompt, lang, words, self._origin(found), _length_ms(Path(found)))

    def _origin(self, stem: str) -> Origin:
        """Where the library found a file, by its folder."""
        folder = Path(stem).parent
        if folder.name == "custom":
            return Origin.RECORDING
        if folder.is_relative_to(self._library.rendered):
            return Origin.RENDERED
        return Origin.BROUGHT if folder.name == "audio" else Origin.TONE

    def _audio(self, prompt: Prompt, lang: str) -> bytes | None:
        found = self._library.resolve(prompt, lang)
        if isinstance(found, Missing):
            return None
        plain, coded = _files(Path(found))
        if plain.exists():
            return plain.read_bytes()
        from engine.speech import alaw  # numpy takes its time to load

        return _as_wav(Pcm(NARROW_HZ, alaw.decode(coded.read_bytes())))


@dataclass(frozen=True, slots=True)
class _Note:
    """Who brought a take ("" for a file put there by hand), when, and when it last left use; times
    in milliseconds of the wall clock. One that never left use so far counts from when it came."""

    author: str
    at_ms: int
    left_ms: int


@dataclass(frozen=True, slots=True)
class _Takes:
    """All recordings of one prompt in one language: the one in use, if any, and a folder of all
    that were brought."""

    recording: Path
    folder: Path

    def keep(self, file: bytes, author: str, at_ms: int) -> None:
        """Keep a recording; one that is there already is brought anew."""
        take_id = _take_id(file)
        _put(self._file(take_id), file)
        self._write(take_id, _Note(author, at_ms, at_ms))

    def keep_present(self, left_ms: int) -> bytes | None:
        """The recording in use, which leaves it now; None if there is none. One that was put there
        by hand is kept too."""
        if not self.recording.exists():
            return None
        file = self.recording.read_bytes()
        take_id = _take_id(file)
        if not self._file(take_id).exists():
            self.keep(file, "", self.recording.stat().st_mtime_ns // 1_000_000)
        self._write(take_id, replace(self._read(take_id), left_ms=left_ms))
        return file

    def former(self) -> tuple[Take, ...]:
        """Those that are not in use, the one that left it last first."""
        return self._former()[:TAKES_KEPT]

    def trim(self) -> None:
        """Let go of those beyond the ones kept, which left use first."""
        for old in self._former()[TAKES_KEPT:]:
            _put_back(self._file(old.take_id), None)
            _put_back(self._note(old.take_id), None)

    def content(self, take_id: str) -> bytes | None:
        """A kept recording's file; None if there is no such."""
        return self._file(take_id).read_bytes() if take_id in self._ids() else None

    def _former(self) -> tuple[Take, ...]:
        in_use = _take_id(self.recording.read_bytes()) if self.recording.exists() else ""
        notes = {one: self._read(one) for one in self._ids() if one != in_use}
        order = sorted(notes, key=lambda one: (notes[one].left_ms, one), reverse=True)
        return tuple(self._take(one, notes[one]) for one in order)

    def _ids(self) -> set[str]:
        return {file.stem for file in self.folder.glob("*.wav")}

    def _take(self, take_id: str, note: _Note) -> Take:
        return Take(take_id, note.author, note.at_ms, wav.length_ms(self._file(take_id)))

    def _read(self, take_id: str) -> _Note:
        """A take's note; where there is none that can be read, its file's date."""
        try:
            note = json.loads(self._note(take_id).read_text())
            at_ms = int(note["at_ms"])
            return _Note(str(note["author"]), at_ms, int(note.get("left_ms", at_ms)))
        except (OSError, ValueError, KeyError, TypeError):
            at_ms = self._file(take_id).stat().st_mtime_ns // 1_000_000
            return _Note("", at_ms, at_ms)

    def _write(self, take_id: str, note: _Note) -> None:
        _put(self._note(take_id), json.dumps(asdict(note), ensure_ascii=False).encode())

    def _file(self, take_id: str) -> Path:
        return self.folder / f"{take_id}.wav"

    def _note(self, take_id: str) -> Path:
        return self.folder / f"{take_id}.json"


def _take_id(file: bytes) -> str:
    return hashlib.sha256(file).hexdigest()[:TAKE_ID_CHARS]


def _files(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.wav"), stem.with_name(f"{stem.name}.alaw")


def _length_ms(stem: Path) -> int:
    plain, coded = _files(stem)
    try:
        return wav.length_ms(plain)
    except FileNotFoundError:
        return coded.stat().st_size * 1000 // NARROW_HZ


def _as_wav(sound: Pcm) -> bytes:
    kept = io.BytesIO()
    with wave.open(kept, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(sound.rate_hz)
        file.writeframes(sound.samples)
    return kept.getvalue()


def _check(raw: bytes) -> None:
    """Refuse what is no recording that callers could understand."""
    with tempfile.TemporaryDirectory(prefix="groschen-recording-") as folder:
        file = Path(folder) / "recording.wav"
        file.write_bytes(raw)
        try:
            sound = wav.read(file)
        except ValueError as error:
            raise CallerError(str(error), FILE) from error
    if sound.rate_hz not in RATES_HZ:
        raise CallerError(f"has {sound.rate_hz} samples a second, not 8000 to 96000", FILE)
    length_s = len(sound.samples) / SAMPLE_BYTES / sound.rate_hz
    if not RECORDING_S_LEAST <= length_s <= RECORDING_S_MOST:
        rule = f"must last {RECORDING_S_LEAST} to {RECORDING_S_MOST} s, not {length_s:.1f}"
        raise CallerError(rule, FILE)
    from engine.speech.condition import loudness_dbfs  # numpy takes its time to load

    if loudness_dbfs(sound) < QUIETEST_DBFS:
        raise CallerError(f"is too quiet: {QUIETEST_DBFS:.0f} dBFS at least", FILE)


def _put(place: Path, content: bytes) -> None:
    """Write a file whole or not at all; `RemoteError` where it cannot be."""
    draft = place.with_name(f".{place.name}.draft")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(content)
        draft.replace(place)
    except OSError as error:
        raise RemoteError(f"{place.parent} cannot be written: {error}", retryable=False) from error


def _put_back(place: Path, before: bytes | None) -> None:
    """The file as it was, or none."""
    if before is not None:
        _put(place, before)
        return
    try:
        place.unlink(missing_ok=True)
    except OSError as error:
        raise RemoteError(f"{place} cannot be taken away: {error}", retryable=False) from error
