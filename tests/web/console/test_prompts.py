"""Prompts as an operator works on them: listened to in parts, recorded, refused, given back."""

import io
import os
import re
import shutil
import wave
from pathlib import Path
from typing import Any

import pytest

from engine.core.prompt import Prompt
from engine.core.repertoire import caller_prompts
from engine.core.roles import Role
from engine.errors import CallerError
from engine.ports.audit import ActFilter
from engine.ports.speech import TAKES_KEPT, Origin
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
    await studio.record(welcome, "de", tone(rate_hz=44_100, level=0.02), "ada", 1)
    (now,) = await studio.audible([welcome], "de")
    assert now.origin is Origin.RECORDING
    assert 1_400 < now.length_ms < 1_600
    sound = await studio.audio(welcome, "de")
    assert sound is not None
    with wave.open(io.BytesIO(sound)) as file:
        assert file.getframerate() == 8_000
    assert await studio.drop_recording(welcome, "de", 2)
    assert (await studio.audible([welcome], "de")) == (before,)
    assert not await studio.drop_recording(welcome, "de", 3)


async def test_what_was_recorded_before_is_kept_and_brought_back(studio: LibraryStudio) -> None:
    welcome, kept = Prompt.of("welcome"), [tone(1.0), tone(2.0), tone(3.0)]
    for at_ms, file in enumerate(kept, 1):
        await studio.record(welcome, "de", file, f"author{at_ms}", at_ms)
    second, first = await studio.takes(welcome, "de")
    assert (second.author, second.at_ms, second.length_ms) == ("author2", 2, 2_000)
    assert (first.author, first.at_ms, first.length_ms) == ("author1", 1, 1_000)
    assert await studio.take(welcome, "de", first.take_id) == kept[0]
    assert await studio.bring_back(welcome, "de", first.take_id, 4)
    (now,) = await studio.audible([welcome], "de")
    assert 900 < now.length_ms < 1_100
    third, second = await studio.takes(welcome, "de")
    assert [third.author, second.author] == ["author3", "author2"]
    assert await studio.drop_recording(welcome, "de", 5)
    assert [(one.author, one.at_ms) for one in await studio.takes(welcome, "de")] == [
        ("author1", 1),
        ("author3", 3),
        ("author2", 2),
    ]
    assert await studio.takes(welcome, "en") == await studio.takes(Prompt.of("closed"), "de") == ()
    for unknown in ("0" * 16, "../welcome", ""):
        assert await studio.take(welcome, "de", unknown) is None
        assert not await studio.bring_back(welcome, "de", unknown, 6)


async def test_a_file_put_there_by_hand_is_kept_too(studio: LibraryStudio, tmp_path: Path) -> None:
    welcome, by_hand = Prompt.of("welcome"), tmp_path / "sounds/de/custom/welcome.wav"
    by_hand.parent.mkdir()
    by_hand.write_bytes(tone(2.0))
    os.utime(by_hand, (7, 7))
    with pytest.raises(CallerError):
        await studio.record(welcome, "de", tone(level=0.0), "ada", 1)
    assert await studio.takes(welcome, "de") == ()
    await studio.record(welcome, "de", tone(1.0), "ada", 1)
    (one,) = await studio.takes(welcome, "de")
    assert (one.author, one.at_ms, one.length_ms) == ("", 7_000, 2_000)
    by_hand.write_bytes(b"")
    assert await studio.drop_recording(welcome, "de", 2)
    assert 0 in [one.length_ms for one in await studio.takes(welcome, "de")]


async def test_so_many_recordings_are_kept_and_no_more(
    studio: LibraryStudio, tmp_path: Path
) -> None:
    welcome = Prompt.of("welcome")
    for at_ms in range(TAKES_KEPT + 3):
        await studio.record(welcome, "de", tone(1 + at_ms / 100), "ada", at_ms)
    found = await studio.takes(welcome, "de")
    assert [one.at_ms for one in found] == list(range(TAKES_KEPT + 1, 1, -1))
    files = list((tmp_path / "sounds/de/custom/takes/welcome").iterdir())
    assert len(files) == 2 * (TAKES_KEPT + 1)


@pytest.mark.parametrize("leaves", ["record", "bring_back", "drop_recording"])
@pytest.mark.parametrize("is_by_hand", [False, True])
async def test_what_was_heard_last_is_never_what_goes(
    studio: LibraryStudio, tmp_path: Path, leaves: str, is_by_hand: bool
) -> None:
    """However long ago it was brought: it is the one that whoever slipped wants back."""
    welcome, at_ms = Prompt.of("welcome"), 1_000
    for n in range(TAKES_KEPT + 1):
        await studio.record(welcome, "de", tone(1 + n / 100), "ada", at_ms := at_ms + 1)
    oldest = (await studio.takes(welcome, "de"))[-1].take_id
    present = await studio.take(welcome, "de", oldest)
    if is_by_hand:
        present, in_use = tone(2.0), tmp_path / "sounds/de/custom/welcome.wav"
        in_use.write_bytes(present)
        os.utime(in_use, (0, 0))
    else:
        at_ms += 1
        assert await studio.bring_back(welcome, "de", oldest, at_ms)
    other = (await studio.takes(welcome, "de"))[0].take_id
    at_ms += 1
    if leaves == "record":
        await studio.record(welcome, "de", tone(3.0), "ada", at_ms)
    elif leaves == "bring_back":
        assert await studio.bring_back(welcome, "de", other, at_ms)
    else:
        assert await studio.drop_recording(welcome, "de", at_ms)
    found = await studio.takes(welcome, "de")
    assert len(found) == TAKES_KEPT
    assert await studio.take(welcome, "de", found[0].take_id) == present
    assert found[0].at_ms == (0 if is_by_hand else 1_001)


async def test_a_recording_is_replaced_and_brought_back_from_its_page(house: House) -> None:
    owner, names = house.staff[Role.OWNER], [house.staff[Role.OWNER].name, "von Hand abgelegt"]
    for seconds in (1.5, 2.5):
        form = {"file": tone(seconds)}
        assert (await house.ask("POST", f"{WELCOME}/recording", owner, form)).status == 303
    page = await (await house.ask("GET", WELCOME, owner)).text()
    assert [name in page.split("Frühere Aufnahmen")[1] for name in names] == [True, True]
    ids = re.findall(r'action="([^"]+/takes/[0-9a-f]+)/bring-back"', page)
    assert len(ids) == 2
    sound = await (await house.ask("GET", f"{ids[0]}/audio.wav", owner)).read()
    assert sound == tone(1.5)
    assert (await house.ask("POST", f"{ids[0]}/bring-back", owner)).status == 303
    (line,) = await house.bench.site.audit.lines(ActFilter(organisation=None, most=1))
    assert (line.act.action, line.outcome) == ("prompts.bring_back", "done")
    assert line.detail["take"] == ids[0].rsplit("/", 1)[1]
    (one,) = await house.bench.site.studio.audible([Prompt.of("welcome")], "de")
    assert 1_400 < one.length_ms < 1_600
    assert (await house.ask("POST", f"{WELCOME}/takes/none/bring-back", owner)).status == 404
    reader = await house.ask("GET", WELCOME, house.people[Role.OWNER])
    assert "Frühere Aufnahmen" not in await reader.text()


async def test_prompts_are_found_by_words_key_and_origin(studio: LibraryStudio) -> None:
    prompts = [
        Prompt.of("welcome"),
        Prompt.of("agent_tone"),
        Prompt.of("warning_caller", seconds=77),
    ]
    welcome, tone_key, warning = (prompt.key() for prompt in prompts)

    async def keys(**wanted: Any) -> list[str]:
        return [one.prompt.key() for one in await studio.audible(prompts, "de", **wanted)]

    assert await keys() == [welcome, tone_key, warning]
    assert await keys(text="willkommen") == await keys(text="elcom") == [welcome]
    assert await keys(origin=Origin.MISSING) == [tone_key, warning]
    assert await keys(origin=Origin.MISSING, most=1) == [tone_key]
    assert await keys(text="willkommen", origin=Origin.MISSING) == []


@pytest.mark.parametrize("file", [b"no sound", tone(0.2), tone(level=0.0001), tone(level=0.0), b""])
async def test_what_is_no_recording_is_refused_and_changes_nothing(
    house: House, file: bytes
) -> None:
    owner = house.staff[Role.OWNER]
    answer = await house.ask("POST", f"{WELCOME}/recording", owner, {"file": file})
    assert answer.status == 422
    assert "keine brauchbare Aufnahme" in await answer.text()
    assert not (house.bench.sounds / "de" / "custom" / "welcome.wav").exists()


async def test_an_upload_is_bounded_and_for_the_operator_alone(house: House) -> None:
    path = f"{WELCOME}/recording"
    big = {"file": bytes(13_000_000)}
    assert (await house.ask("POST", path, house.staff[Role.OWNER], big)).status == 413
    assert (await house.ask("POST", path, house.people[Role.OWNER], {"file": tone()})).status == 403
    assert (await house.ask("POST", path, None, {"file": tone()})).status == 303
    assert (await house.ask("POST", path, house.staff[Role.OWNER], {"x": "y"})).status == 415


async def test_a_prompt_that_tells_a_price_says_what_the_law_demands_of_a_recording(
    house: House,
) -> None:
    owner = house.staff[Role.OWNER]
    stock = house.bench.site.inventory()
    prompt = next(p for p in caller_prompts(stock.services[0]) if p.name == "tariff")
    page = await (await house.ask("GET", f"/console/prompts/de/{prompt.key()}", owner)).text()
    for duty in ("je Minute oder je Anruf", "die Mehrwertsteuer", "wann die Berechnung beginnt"):
        assert duty in page
    assert page.count("§ 110(1) TKG") == 2
    assert page.count("§ 110(2) TKG") == 1
    assert "TKG" not in await (await house.ask("GET", WELCOME, owner)).text()
