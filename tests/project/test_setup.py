"""What `scripts/setup` refuses, each time with one sentence and the mend, before it fetches."""

import json
import os
import subprocess
from pathlib import Path

import pytest

SETUP = Path(__file__).resolve().parents[2] / "scripts" / "setup"


def _set_up(var: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith("GROSCHEN_")}
    return subprocess.run(
        [SETUP, "--no-python", *words],
        env={**keep, "GROSCHEN_VAR": str(var), **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def _asterisk(folder: Path, says: str) -> str:
    program = folder / "asterisk"
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return str(program)


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
    config = tmp_path / "apt.conf"
    config.write_text('Dir::Etc::sourcelist "/dev/null"; Dir::Etc::sourceparts "/dev/null";')
    path = f"{old.parent}:{os.environ['PATH']}"
    ended = _set_up(tmp_path / "var", PATH=path, APT_CONFIG=str(config))
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
    ended = _set_up(var, GROSCHEN_ASTERISK=program)
    assert ended.returncode == 0
    facts = json.loads((var / "asterisk.json").read_text())
    assert facts["executable"] == program
    assert facts["version"] == "22.10.1"
    assert facts["module_dir"] == str(modules)


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
