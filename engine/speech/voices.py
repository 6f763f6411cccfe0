"""The voices that can be had: each is a program that reads standard input aloud into a WAV file.

`find_voices` looks for them on the machine and unpacked under `var/voices/`, best first:

* `piper/`: `piper` (on the PATH or in `bin/`) and a model per language, `de_DE-….onnx`
* `hibari/`: `hibari` (on the PATH or in `bin/`), English
* `pico/`: SVOX Pico, German and English; an unpacked `libttspico0` and `libttspico-data`
* `espeak-ng/`: espeak-ng, German and English; understood, not pleasant

Licences are in `sounds/README.md`.
"""

import asyncio
import contextlib
import ctypes.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import RemoteError
from engine.ports.speech import Pcm, Voice
from engine.speech import svox, wav

RENDER_TIMEOUT_S = 60

_OUT = "{out}"
_PICO_VOICES = {"de": "de-DE", "en": "en-GB"}
_ESPEAK_VOICES = {"de": "de", "en": "en-gb"}


@dataclass(frozen=True, slots=True)
class CommandVoice:
    """A program that reads the text from standard input and writes a WAV file.

    `commands` holds one command line per language; the argument `{out}` becomes the file's path.
    """

    name: str
    commands: Mapping[str, tuple[str, ...]]
    environment: Mapping[str, str] = field(default_factory=dict)

    def speaks(self, lang: str) -> bool:
        return lang in self.commands

    async def render(self, text: str, lang: str) -> Pcm:
        """Read a text aloud; `RemoteError` if the program fails, hangs or writes no sound."""
        with tempfile.TemporaryDirectory(prefix="groschen-voice-") as folder:
            out = Path(folder) / "out.wav"
            command = [str(out) if part == _OUT else part for part in self.commands[lang]]
            await self._run(command, text)
            try:
                return await asyncio.to_thread(wav.read, out)
            except (ValueError, OSError) as error:
                raise RemoteError(f"voice {self.name}: {error}", retryable=False) from error

    async def _run(self, command: list[str], text: str) -> None:
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **self.environment},
            )
        except OSError as error:
            raise RemoteError(f"voice {self.name}: {error}", retryable=False) from error
        try:
            async with asyncio.timeout(RENDER_TIMEOUT_S):
                _, errors = await process.communicate(text.encode())
        except TimeoutError as error:
            raise RemoteError(f"voice {self.name}: no sound in {RENDER_TIMEOUT_S} s") from error
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode:
            said = errors.decode(errors="replace").strip().splitlines()[-1:] or ["no word why"]
            raise RemoteError(f"voice {self.name}: {said[0]}", retryable=False)


class Voices:
    """The voices of this machine, best first; one that is unpacked while the engine runs is found
    as soon as it is needed."""

    def __init__(self, unpacked: Path) -> None:
        self._unpacked = unpacked
        self._seen: tuple[tuple[str, int], ...] | None = None
        self._found: tuple[Voice, ...] = ()

    def __iter__(self) -> Iterator[Voice]:
        seen = _state(self._unpacked)
        if seen != self._seen:
            self._seen, self._found = seen, find_voices(self._unpacked)
        return iter(self._found)


def _state(unpacked: Path) -> tuple[tuple[str, int], ...]:
    """What lies in the folder, and since when."""
    try:
        return tuple(sorted((one.name, one.stat().st_mtime_ns) for one in unpacked.iterdir()))
    except OSError:
        return ()


def find_voices(unpacked: Path) -> tuple[Voice, ...]:
    """The voices on this machine and in the folder `unpacked` (`var/voices`), best first."""
    found = (_piper(unpacked), _hibari(unpacked), _pico(unpacked), _espeak(unpacked))
    return tuple(voice for voice in found if voice is not None)


def _program(name: str, folder: Path) -> str | None:
    """The program on the PATH, or in a virtual environment or unpacked package in `folder`."""
    places = os.pathsep.join(str(folder / place) for place in ("bin", "usr/bin"))
    return shutil.which(name) or shutil.which(name, path=places)


def _piper(unpacked: Path) -> CommandVoice | None:
    folder = unpacked / "piper"
    program = _program("piper", folder)
    models = {model.name[:2]: model for model in sorted(folder.glob("*.onnx"), reverse=True)}
    if program is None or not models:
        return None
    commands = {
        lang: (program, "--model", str(model), "--output-file", _OUT)
        for lang, model in models.items()
    }
    names = "+".join(model.stem for model in models.values())
    return CommandVoice(f"piper {names}", commands)


def _hibari(unpacked: Path) -> CommandVoice | None:
    program = _program("hibari", unpacked / "hibari")
    if program is None:
        return None
    return CommandVoice("hibari heart", {"en": (program, "--out", _OUT)})


def _pico(unpacked: Path) -> CommandVoice | None:
    root = unpacked / "pico"
    library = next(iter(sorted(root.glob("usr/lib/*/libttspico.so.0"))), None)
    if library is None:
        on_machine = ctypes.util.find_library("ttspico")
        if on_machine is None:
            return None
        library, root = Path(on_machine), Path("/")
    resources = root / "usr/share/pico/lang"
    commands = {
        lang: (sys.executable, svox.__file__, str(library), str(resources), voice, _OUT)
        for lang, voice in _PICO_VOICES.items()
        if (resources / f"{voice}_ta.bin").exists()
    }
    return CommandVoice("SVOX Pico", commands) if commands else None


def _espeak(unpacked: Path) -> CommandVoice | None:
    folder = unpacked / "espeak-ng"
    program = _program("espeak-ng", folder)
    if program is None:
        return None
    commands = {
        lang: (program, "-v", voice, "-s", "150", "--stdin", "-w", _OUT)
        for lang, voice in _ESPEAK_VOICES.items()
    }
    libraries = next(iter(sorted(folder.glob("usr/lib/*/libespeak-ng.so.1"))), None)
    if libraries is None:
        return CommandVoice("espeak-ng", commands)
    environment = {"LD_LIBRARY_PATH": str(libraries.parent), "ESPEAK_DATA_PATH": ""}
    environment["ESPEAK_DATA_PATH"] = str(libraries.parent / "espeak-ng-data")
    return CommandVoice("espeak-ng", commands, environment)
