"""Versions on the command line, as operators and programs use them."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result

from engine.app import Books
from engine.ports.versions import EngineView
from tests.cli.conftest import SAMPLE, Shop
from tests.flows.versions.office import SpeakingEngine

MINUTE_MS = 60_000


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of the operator's, as the sample is."""
    return _copy(SAMPLE, tmp_path / "mine")


def _copy(source: Path, to: Path) -> Path:
    shutil.copytree(source, to, ignore=shutil.ignore_patterns(".version"))
    return to


def _price(folder: Path, price: str) -> None:
    file = folder / "tariffs.yaml"
    lines = file.read_text().splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("    landline:"))
    lines[at] = f"    landline: {price}"
    file.write_text("\n".join(lines) + "\n")


def _apply(shop: Shop, folder: Path, *options: str, code: int = 0) -> dict[str, object]:
    answer: dict[str, object] = shop.json(
        "config", "apply", str(folder), "--reason", "Preise", "--author", "mia", *options, code=code
    )
    return answer


def _in_force(shop: Shop) -> object:
    return shop.json("config", "history")["activations"][0]["version"]


def test_a_folder_remembers_what_it_is_based_on(quiet_shop: Shop, folder: Path) -> None:
    first = _apply(quiet_shop, folder)
    assert (first["version"], first["is_new"], first["author"]) == (1, True, "mia")
    assert (folder / ".version").read_text() == "1\n"
    assert _apply(quiet_shop, folder)["is_new"] is False
    _price(folder, "2.49")
    told = quiet_shop.run("config", "apply", str(folder), "--reason", "more")
    assert (told.exit_code, told.stdout) == (0, "Version 2 is in force.\n")
    assert (folder / ".version").read_text() == "2\n"


def test_the_second_of_two_who_edit_one_version_is_refused(
    quiet_shop: Shop, folder: Path, tmp_path: Path
) -> None:
    _apply(quiet_shop, folder)
    theirs = tmp_path / "theirs"
    quiet_shop.json("config", "export", "--to", str(theirs))
    _price(folder, "2.49")
    _price(theirs, "2.59")
    _apply(quiet_shop, folder)
    refused = _apply(quiet_shop, theirs, code=1)
    assert refused["error"] == "the draft is based on version 1, but version 2 is in force"
    assert _in_force(quiet_shop) == 2
    assert _apply(quiet_shop, theirs, "--based-on", "2")["version"] == 3


def test_a_folder_that_does_not_say_must_be_told(quiet_shop: Shop, folder: Path) -> None:
    _apply(quiet_shop, folder)
    _price(folder, "2.49")
    for spoiled in (None, "x\n", "9" * 30):
        (folder / ".version").unlink()
        if spoiled is not None:
            (folder / ".version").write_text(spoiled)
        refused = _apply(quiet_shop, folder, code=1)
        (folder / ".version").touch()
        field = "--based-on" if spoiled is None else str(folder / ".version")
        assert refused["field"] == field or "based on version 9999" in str(refused["error"])
    assert _in_force(quiet_shop) == 1


def test_a_mistake_changes_nothing(quiet_shop: Shop, folder: Path) -> None:
    _apply(quiet_shop, folder)
    _price(folder, "3.49")
    answer = _apply(quiet_shop, folder, code=1)
    problems = answer["problems"]
    assert isinstance(problems, list)
    assert [problem["rule"] for problem in problems] == ["guard_price_per_minute"]
    told = quiet_shop.run("config", "apply", str(folder), "--reason", "x")
    assert told.exit_code == 1
    assert told.stdout.startswith("tariffs.yaml:9:15: tariffs.standard.landline")
    assert _in_force(quiet_shop) == 1
    assert (folder / ".version").read_text() == "1\n"


def test_confirmed_or_undone(quiet_shop: Shop, folder: Path) -> None:
    _apply(quiet_shop, folder)
    _price(folder, "2.49")
    pending = _apply(quiet_shop, folder, "--confirm-within", "5m")
    assert pending["confirm_by"] is not None
    _price(folder, "2.59")
    assert "waits to be confirmed" in str(_apply(quiet_shop, folder, code=1)["error"])
    assert quiet_shop.json("config", "confirm", "1", code=1)["field"] == ""
    done = quiet_shop.json("config", "confirm", "2", "--author", "ada")
    assert (done["version"], done["confirmed_by"]) == (2, "ada")
    told = quiet_shop.run("config", "apply", str(folder), "--reason", "x", "--confirm-within", "2h")
    assert told.stdout.splitlines()[0] == "Version 3 is in force."
    assert told.stdout.splitlines()[1].endswith("unless you say: groschen config confirm 3")


@pytest.mark.parametrize(
    "options",
    [
        ("apply",),
        ("apply", "--reason", "x", "--confirm-within", "5"),
        ("apply", "--reason", "x", "--based-on", "-1"),
        ("rollback", "0", "--reason", "x"),
        ("history", "--most", "201"),
    ],
)
def test_wrong_usage(quiet_shop: Shop, options: tuple[str, ...]) -> None:
    assert quiet_shop.run("config", *options).exit_code == 2


def test_what_would_change_is_told_first_by_its_meaning(quiet_shop: Shop, folder: Path) -> None:
    assert quiet_shop.json("config", "diff", str(folder), code=1)["base"] == 0
    _apply(quiet_shop, folder)
    same = quiet_shop.run("config", "diff", str(folder))
    assert (same.exit_code, same.stdout) == (0, "Nothing differs from version 1.\n")
    _price(folder, "2.49")
    told = quiet_shop.run("config", "diff", str(folder))
    assert told.exit_code == 1
    assert told.stdout.splitlines()[:3] == [
        "Against version 1:",
        "  ~ services.sternlicht",
        "      tariff.landline: 1.99 -> 2.49",
    ]
    assert "\n+    landline: 2.49\n" in told.stdout
    (entry,) = quiet_shop.json("config", "diff", str(folder), code=1)["entries"]
    assert entry["fields"] == [{"field": "tariff.landline", "before": "1.99", "after": "2.49"}]
    _price(folder, "zwei")
    broken = quiet_shop.json("config", "diff", str(folder), code=1)
    assert (broken["problems"][0]["rule"], broken["entries"]) == ("bad_money", [])
    assert quiet_shop.json("config", "diff", str(folder / "no"), code=1)["base"] is None


def test_back_and_the_whole_history(shop: Shop, folder: Path) -> None:
    for price in ("1.99", "2.49"):
        _price(folder, price)
        _apply(shop, folder)
    shop.look(_one_engine_stands)
    back = shop.json("config", "rollback", "--reason", "zu teuer", "--author", "ada")
    assert (back["version"], back["cause"], back["previous"]) == (1, "rolled_back", 2)
    assert shop.json("config", "rollback", "7", "--reason", "x", code=1)["field"] == "number"
    past = shop.json("config", "history")
    assert [one["version"] for one in past["activations"]] == [1, 2, 1]
    (engine,) = past["engines"]
    assert (engine["version"], engine["problem"], engine["alive"]) == (2, "no Asterisk", False)
    older = shop.json("config", "history", "--before", "2", "--most", "1")
    assert [one["activation"] for one in older["activations"]] == [1]
    lines = shop.run("config", "history").stdout.splitlines()
    assert lines[0].endswith("version 1 rolled back by ada: zu teuer")
    assert lines[-1] == "engine e7 (not alive): version 2 since 2026-05-28T20:26:40Z: no Asterisk"


async def _one_engine_stands(books: Books) -> None:
    view = EngineView(engine="e7", number=2, since_ms=1_780_000_000_000, problem="no Asterisk")
    await books.configuration.show(view)


def test_files_come_out_as_they_went_in(quiet_shop: Shop, folder: Path, tmp_path: Path) -> None:
    assert quiet_shop.run("config", "export").exit_code == 1
    _apply(quiet_shop, folder)
    out = tmp_path / "out"
    assert quiet_shop.run("config", "export", "--to", str(out)).exit_code == 0
    files = {path.name: path.read_bytes() for path in folder.glob("*.yaml")}
    assert {path.name: path.read_bytes() for path in out.glob("*.yaml")} == files
    (out / "more.yaml").write_text("agents: {}\n")
    assert quiet_shop.json("config", "export", "--to", str(out), code=1)["field"] == "--to"
    assert quiet_shop.run("config", "export", "1", "--to", str(out), "--overwrite").exit_code == 0
    assert {path.name for path in out.glob("*.yaml")} == set(files)
    shown = quiet_shop.json("config", "export", "1")
    assert (shown["version"], shown["author"], set(shown["files"])) == (1, "mia", set(files))
    assert quiet_shop.run("config", "export", "2").exit_code == 1


def test_an_export_writes_over_nothing_but_the_configuration(
    quiet_shop: Shop, folder: Path, tmp_path: Path
) -> None:
    _apply(quiet_shop, folder)
    out, outside = tmp_path / "out", tmp_path / "outside.yaml"
    out.mkdir()
    (out / ".hooks.yaml").write_text("kept: 1")
    outside.write_text("kept: 2")
    (out / "trunks.yaml").symlink_to(outside)
    assert quiet_shop.run("config", "export", "--to", str(out), "--overwrite").exit_code == 0
    assert (out / ".hooks.yaml").read_text() == "kept: 1"
    assert outside.read_text() == "kept: 2"
    assert (out / "trunks.yaml").read_bytes() == (folder / "trunks.yaml").read_bytes()


def test_other_commands_go_by_what_is_in_force(quiet_shop: Shop, folder: Path) -> None:
    """The folder of the settings has one organisation, the version in force another."""
    was, becomes = (
        f"{name}:\n    title: Sternlicht Beratung" for name in ("sternlicht", "mondlicht")
    )
    file = folder / "organisations.yaml"
    file.write_text(file.read_text().replace(was, becomes))
    command = ("apikey", "create", "shop", "--scope", "accounts:read")
    assert quiet_shop.json(*command)["organisation"] == "sternlicht"
    _apply(quiet_shop, folder)
    assert quiet_shop.json(*command)["organisation"] == "mondlicht"


def test_a_folder_that_cannot_be_written_is_told(quiet_shop: Shop, folder: Path) -> None:
    (folder / ".version").mkdir()
    told = quiet_shop.run("config", "apply", str(folder), "--reason", "x")
    assert told.exit_code == 1
    (folder / ".version").rmdir()
    (folder / ".version").symlink_to("nowhere/.version")
    told = quiet_shop.run("config", "apply", str(folder), "--reason", "x")
    assert (told.exit_code, told.stdout) == (0, "Version 1 is in force.\n")
    assert "cannot be written (No such file or directory): give --based-on" in told.stderr


def test_a_trace_goes_by_the_version_in_force_or_by_the_draft(
    quiet_shop: Shop, folder: Path
) -> None:
    _price(folder, "2.49")
    _apply(quiet_shop, folder)
    asked = ("dialplan", "trace", "030 23125 100", "--from", "030 23125 111", "--returning")
    assert "2,49 EUR pro Minute" in quiet_shop.run(*asked).stdout
    assert "1,99 EUR pro Minute" in quiet_shop.run(*asked, "--draft").stdout


def test_users_are_added_to_the_organisations_of_the_version_in_force(
    quiet_shop: Shop, folder: Path
) -> None:
    for file in folder.glob("*.yaml"):
        file.write_text(file.read_text().replace("sternlicht", "mondlicht"))
    _apply(quiet_shop, folder)
    add = ("user", "add", "ada", "--role", "owner", "--organisation")
    assert quiet_shop.json(*add, "sternlicht", code=1)["field"] == "--organisation"
    assert quiet_shop.json(*add, "mondlicht")["organisation"] == "mondlicht"


# --- engines that live ------------------------------------------------------------------------


def _beside_an_engine(shop: Shop, lacking: str, *args: str) -> Result:
    """What a command says while an engine is at work that lacks prompts of this beginning."""

    async def work(books: Books) -> Result:
        assert books.store is not None
        await books.store.renew_lease("e1", MINUTE_MS)
        engine = await SpeakingEngine.opened(books.configuration, books.clock, "e1")
        engine.sounds.missing_keys |= {lacking} if lacking else set()
        async with engine.at_work():
            result = await asyncio.to_thread(shop.run, *args)
        await books.configuration.hide("e1")
        return result

    return shop.look(work)


def _applying(folder: Path, *options: str) -> tuple[str, ...]:
    return ("config", "apply", str(folder), "--reason", "Preise", *options)


def test_an_engine_that_took_it_is_named(shop: Shop, folder: Path) -> None:
    _apply(shop, folder)
    _price(folder, "2.49")
    told = _beside_an_engine(shop, "", *_applying(folder))
    assert (told.exit_code, told.stdout) == (0, "Version 2 is in force.\nEngine e1 goes by it.\n")
    _price(folder, "2.59")
    answer = json.loads(_beside_an_engine(shop, "", *_applying(folder, "--json")).stdout)
    assert answer["engines"] == [{"engine": "e1", "taken": True, "problem": ""}]


@pytest.mark.parametrize(
    ("lang", "mend"), [("en", "mend: the operator runs"), ("de", "Abhilfe: der Betreiber ruft")]
)
def test_a_price_that_the_engine_cannot_say_is_refused(
    shop: Shop, folder: Path, lang: str, mend: str
) -> None:
    _apply(shop, folder)
    _price(folder, "2.49")
    told = _beside_an_engine(shop, "tariff-p2490000", *_applying(folder, "--lang", lang))
    assert told.exit_code == 1
    assert told.stdout.startswith("tariffs.yaml:9:15: tariffs.standard.landline")
    assert f"{mend} scripts/sounds --fetch-voice" in told.stdout
    assert _in_force(shop) == 1


def test_an_engine_that_does_not_take_it_ends_with_another_code(shop: Shop, folder: Path) -> None:
    """It has died: what it would say of it nobody knows."""
    _apply(shop, folder)
    _price(folder, "2.49")

    async def lives(books: Books) -> None:
        assert books.store is not None
        await books.store.renew_lease("e9", MINUTE_MS)

    shop.look(lives)
    told = shop.run(*_applying(folder))
    assert told.exit_code == 3
    assert told.stdout.splitlines()[1] == "Engine e9 has not said whether it takes it."
    back = shop.json("config", "rollback", "--reason", "x", code=3)
    assert back["engines"] == [{"engine": "e9", "taken": None, "problem": ""}]
