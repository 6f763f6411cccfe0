"""Prompts as an operator works on them: listened to in parts, recorded, refused, given back."""

import io
import shutil
import wave
from pathlib import Path

import pytest

from engine.core.prompt import Prompt
from engine.core.roles import Role
from engine.ports.speech import Origin
from engine.speech.library import Library
from engine.speech.studio import LibraryStudio
from tests.web.console.house import House
from tests.web.console.subjects.prompts import tone
from tests.web.site import CHECKOUT

WELCOME = "/console/prompts/de/welcome"


@pytest.fixture
def studio(tmp_path: Path) -> LibraryStudio:
    """A studio on sounds of its own."""
    sounds = tmp_path / "sounds"
    audio = ("de/audio/welcome.alaw", "de/audio/manifest.json")
    for part in ("de/prompts.yaml", "en/prompts.yaml", *audio):
        (sounds / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / "sounds" / part, sounds / part)
    return LibraryStudio(Library(sounds, tmp_path / "rendered"))


async def test_a_sound_is_given_whole_and_in_parts(house: House) -> None:
    owner = house.people[Role.OWNER]
    whole = await house.ask("GET", f"{WELCOME}/audio.wav", owner)
    sound = await whole.read()
    with wave.open(io.BytesIO(sound)) as file:
        assert (file.getframerate(), file.getnchannels()) == (8_000, 1)
    for wanted, first, end in (("0-9", 0, 10), ("100-", 100, len(sound)), ("-7", -7, len(sound))):
        headers = {"Accept": "*/*", "Range": f"bytes={wanted}"}
        part = await house.ask("GET", f"{WELCOME}/audio.wav", owner, headers=headers)
        assert part.status == 206
        assert await part.read() == sound[first:end]
        begun = first % len(sound)
        assert part.headers["Content-Range"] == f"bytes {begun}-{end - 1}/{len(sound)}"
    for wanted in (f"bytes={len(sound)}-", "bytes=x"):
        headers = {"Accept": "*/*", "Range": wanted}
        none = await house.ask("GET", f"{WELCOME}/audio.wav", owner, headers=headers)
        assert none.status == 416


async def test_a_recording_is_heard_until_it_is_taken_away(studio: LibraryStudio) -> None:
    welcome = Prompt.of("welcome")
    (before,) = await studio.audible([welcome], "de")
    assert (before.origin, before.text) == (Origin.BROUGHT, "Herzlich willkommen.")
    await studio.record(welcome, "de", tone(rate_hz=44_100, level=0.02))
    (now,) = await studio.audible([welcome], "de")
    assert now.origin is Origin.RECORDING
    assert 1_400 < now.length_ms < 1_600
    sound = await studio.audio(welcome, "de")
    assert sound is not None
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == 8_000
    assert await studio.drop_recording(welcome, "de")
    assert (await studio.audible([welcome], "de")) == (before,)
    assert not await studio.drop_recording(welcome, "de")


@pytest.mark.parametrize("file", [b"no sound", tone(0.2), tone(level=0.0001), tone(level=0.0), b""])
async def test_what_is_no_recording_is_refused_and_changes_nothing(
    house: House, file: bytes
) -> None:
    owner = house.staff[Role.OWNER]
    answer = await house.ask("POST", f"{WELCOME}/recording", owner, {"file": file})
    assert answer.status == 422
    assert "keine brauchbare Aufnahme" in await answer.text()
    assert not (CHECKOUT / "sounds" / "de" / "custom" / "welcome.wav").exists()


async def test_an_upload_is_bounded_and_for_the_operator_alone(house: House) -> None:
    path = f"{WELCOME}/recording"
    big = {"file": bytes(13_000_000)}
    assert (await house.ask("POST", path, house.staff[Role.OWNER], big)).status == 413
    assert (await house.ask("POST", path, house.people[Role.OWNER], {"file": tone()})).status == 403
    assert (await house.ask("POST", path, None, {"file": tone()})).status == 303
    assert (await house.ask("POST", path, house.staff[Role.OWNER], {"x": "y"})).status == 415
