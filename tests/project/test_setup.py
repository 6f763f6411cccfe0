"""What `scripts/setup` refuses, each time with one sentence and the mend, before it fetches."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup"


def _set_up(
    var: Path, *words: str, voice: bool = False, **settings: str
) -> subprocess.CompletedProcess[str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith("GROSCHEN_")}
    return subprocess.run(
        [SETUP, "--no-python", *(() if voice else ("--no-voice",)), *words],
        env={**keep, "GROSCHEN_VAR": str(var), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def _program(path: Path, says: str, shows: str = "") -> str:
    """A program that says its version, and a page's text where it is asked to show one."""
    path.write_text(
        f"#!/bin/sh\ncase $* in *--dump-dom*) echo '{shows}' ;; *) echo '{says}' ;; esac\n"
    )
    path.chmod(0o755)
    return str(path)


def _asterisk(folder: Path, says: str) -> str:
    return _program(folder / "asterisk", says)


def _without_archive(folder: Path) -> str:
    """The setting with which apt knows no archive."""
    config = folder / "apt.conf"
    config.write_text('Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";')
    return str(config)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ("Asterisk 22.10.0", "GROSCHEN_ASTERISK is version 22.10.0; older than 22.10.1 has known"),
        ("Asterisk 22.9.9", "GROSCHEN_ASTERISK is version 22.9.9;"),
        ("Asterisk certified/20.7", "GROSCHEN_ASTERISK is version 20.7;"),
        ("no such thing", "is no Asterisk that runs."),
    ],
)
def test_an_asterisk_that_cannot_be_used_is_refused(
    tmp_path: Path, says: str, sentence: str
) -> None:
    ended = _set_up(tmp_path / "var", GROSCHEN_ASTERISK=_asterisk(tmp_path, says))
    assert ended.returncode == 1
    told, mend = ended.stderr.splitlines()
    assert sentence in told
    assert mend.startswith("    mend: ")


def test_a_machine_without_an_archive_is_told_the_setting(tmp_path: Path) -> None:
    """An old Asterisk on the path is passed over, with the reason; apt knows no Debian archive."""
    old = Path(_asterisk(tmp_path, "Asterisk 20.5.0~dfsg"))
    path = f"{old.parent}:{os.environ['PATH']}"
    ended = _set_up(tmp_path / "var", PATH=path, APT_CONFIG=_without_archive(tmp_path))
    assert ended.returncode == 1
    passed_over, told, mend = ended.stderr.splitlines()
    assert passed_over.startswith(f"{old} is version 20.5.0; 22.10.1 or newer is needed")
    assert told == "groschen: apt on this machine knows no Debian archive."
    assert "GROSCHEN_DEBIAN_MIRROR" in mend
    assert "GROSCHEN_DEBIAN_KEYRING" in mend


def test_an_asterisk_that_is_there_is_used(tmp_path: Path) -> None:
    program = _asterisk(tmp_path, "Asterisk 22.10.1+dfsg")
    modules = tmp_path / "usr" / "lib" / "some-triplet" / "asterisk" / "modules"
    modules.mkdir(parents=True)
    var = tmp_path / "var"
    ended = _set_up(var, "--rig", GROSCHEN_ASTERISK=program)
    assert ended.returncode == 0
    assert not (var / "chromium.json").exists()
    facts = json.loads((var / "asterisk.json").read_text())
    assert facts["executable"] == program
    assert facts["version"] == "22.10.1"
    assert facts["module_dir"] == str(modules)


@pytest.mark.parametrize(
    ("says", "sentence"),
    [
        ("Chromium 140.0.7339.207 built on Debian", "is version 140.0.7339.207; 141 or newer"),
        ("Google Chrome 99.0.1", "is version 99.0.1; 141 or newer"),
        ("install the snap", "is no Chromium that runs."),
        ("Chromium 150.0.7871.100 ", "shows no page."),
    ],
)
def test_a_browser_that_cannot_be_used_is_refused(tmp_path: Path, says: str, sentence: str) -> None:
    program = _program(tmp_path / "browser", says)
    ended = _set_up(tmp_path / "var", "--no-asterisk", GROSCHEN_CHROMIUM=program)
    assert ended.returncode == 1
    told, mend = ended.stderr.splitlines()
    assert told.startswith("groschen: GROSCHEN_CHROMIUM")
    assert sentence in told
    assert mend.startswith("    mend: ")


@pytest.mark.parametrize(
    "says", ["Chromium 156.0.8078.73", "Google Chrome for Testing 156.0.8078.73"]
)
def test_a_browser_that_is_there_is_used(tmp_path: Path, says: str) -> None:
    program = _program(tmp_path / "browser", says, shows='<p id="p">42</p>')
    var = tmp_path / "var"
    first = _set_up(var, "--no-asterisk", "--quiet", GROSCHEN_CHROMIUM=program)
    assert (first.returncode, first.stderr) == (0, f"Chromium: the machine's own {program}\n")
    facts = json.loads((var / "chromium.json").read_text())
    assert facts == {"executable": program, "version": "156.0.8078.73"}
    again = _set_up(var, "--no-asterisk", "--quiet", GROSCHEN_CHROMIUM=program)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_browser_on_the_path_that_shows_nothing_is_passed_over(tmp_path: Path) -> None:
    program = _program(tmp_path / "chromium-headless-shell", "Chromium 156.0.8078.73")
    path = f"{tmp_path}:{os.environ['PATH']}"
    ended = _set_up(
        tmp_path / "var", "--no-asterisk", PATH=path, APT_CONFIG=_without_archive(tmp_path)
    )
    assert ended.returncode == 1
    passed_over, told, mend = ended.stderr.splitlines()
    assert passed_over == f"{program} shows no page, so a private one is fetched."
    assert told == "groschen: apt on this machine knows no Debian archive."
    assert "GROSCHEN_DEBIAN_MIRROR" in mend


@pytest.mark.skipif(shutil.which("espeak-ng") is not None, reason="this machine has a voice")
def test_a_voice_that_cannot_be_had_is_told_and_no_reason_to_set_up_nothing(
    tmp_path: Path,
) -> None:
    """It is not tried again with every command of the day."""
    var, apt = tmp_path / "var", _without_archive(tmp_path)
    words = ("--no-asterisk", "--no-chromium", "--quiet")
    first = _set_up(var, *words, voice=True, APT_CONFIG=apt)
    assert first.returncode == 0
    *_, told, mend = first.stderr.splitlines()
    assert "a price that was never said is refused" in told
    assert "scripts/sounds --fetch-voice" in mend
    again = _set_up(var, *words, voice=True, APT_CONFIG=apt)
    assert (again.returncode, again.stderr) == (0, "")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    ended = _set_up(blocked / "var")
    assert ended.returncode == 1
    assert "GROSCHEN_VAR" in ended.stderr


def test_a_wrong_word_is_wrong_usage(tmp_path: Path) -> None:
    ended = _set_up(tmp_path / "var", "--sideways")
    assert ended.returncode == 2
    assert "Usage: scripts/setup" in ended.stderr
