"""The audio of prompts as an operator works on it. Implements `ports.speech.Studio`.

A recording becomes the operator's own file (`sounds/<lang>/custom/<key>.wav`), as if he had put it
there by hand; from it the library makes what Asterisk plays.
"""

import asyncio
import io
import tempfile
import wave
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from engine.core.prompt import Prompt
from engine.errors import CallerError, RemoteError
from engine.ports.speech import Audible, Missing, Origin, Pcm
from engine.speech import wav
from engine.speech.library import NARROW_HZ, Library

RECORDING_S_LEAST = 1
RECORDING_S_MOST = 120
RATES_HZ = range(8_000, 96_001)
QUIETEST_DBFS = -45.0
SAMPLE_BYTES = 2
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

    async def audible(self, prompts: Iterable[Prompt], lang: str) -> tuple[Audible, ...]:
        """See the port."""
        return await asyncio.to_thread(
            lambda: tuple(self._audible(prompt, lang) for prompt in prompts)
        )

    async def audio(self, prompt: Prompt, lang: str) -> bytes | None:
        """See the port."""
        return await asyncio.to_thread(self._audio, prompt, lang)

    async def record(self, prompt: Prompt, lang: str, file: bytes) -> None:
        """See the port."""
        await asyncio.to_thread(_check, file)
        place = self._recording(prompt, lang)
        async with self._one_at_a_time:
            before = place.read_bytes() if place.exists() else None
            await asyncio.to_thread(_put, place, file)
            report = await self._library.ensure([prompt], lang)
            if report.missing:
                await asyncio.to_thread(_put_back, place, before)
                raise CallerError(report.missing[0].reason, FILE)

    async def drop_recording(self, prompt: Prompt, lang: str) -> bool:
        """See the port."""
        place = self._recording(prompt, lang)
        async with self._one_at_a_time:
            if not place.exists():
                return False
            await asyncio.to_thread(_put_back, place, None)
            await self._library.ensure([prompt], lang)
            return True

    async def render(self, prompt: Prompt, lang: str) -> str:
        """See the port."""
        async with self._one_at_a_time:
            report = await self._library.ensure([prompt], lang, anew=True)
        return report.missing[0].reason if report.missing else ""

    # --- how it is done ----------------------------------------------------------------------

    def _recording(self, prompt: Prompt, lang: str) -> Path:
        return self._library.sounds / lang / "custom" / f"{prompt.key()}.wav"

    def _audible(self, prompt: Prompt, lang: str) -> Audible:
        words = ""
        if prompt.spoken:
            with suppress(ValueError):
                words = self._library.words(prompt, lang)
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
        from engine.speech import alaw  # it needs numpy, which an engine that only plays does not

        return _as_wav(Pcm(NARROW_HZ, alaw.decode(coded.read_bytes())))


def _files(stem: Path) -> tuple[Path, Path]:
    return stem.with_name(f"{stem.name}.wav"), stem.with_name(f"{stem.name}.alaw")


def _length_ms(stem: Path) -> int:
    plain, coded = _files(stem)
    if not plain.exists():
        return coded.stat().st_size * 1000 // NARROW_HZ
    with wave.open(str(plain), "rb") as file:
        return file.getnframes() * 1000 // file.getframerate()


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
    try:
        from engine.speech.condition import loudness_dbfs
    except ImportError as error:
        raise RemoteError("recordings need the extra 'speech'", retryable=False) from error
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
