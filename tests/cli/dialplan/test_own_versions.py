"""The own dialplan's versions on the command line, where no Asterisk takes them."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.app import Books
from engine.cli import main
from engine.flows.versions.configuration import Why
from tests.cli.conftest import SAMPLE, Shop

DOOR, BELL = ("exten => 4711,1,Hangup(17)\n", "exten => 4712,1,Hangup(17)\n")
WHY = ("--reason", "door")


@pytest.fixture
def away(quiet_shop: Shop, tmp_path: Path) -> Mapping[str, str]:
    """Version 1 with a door, version 2 with a bell; an Asterisk whose files are here is down."""
    files = shutil.copytree(SAMPLE, tmp_path / "config", ignore=lambda *_: [".version"])
    quiet_shop.json("config", "apply", str(files), "--reason", "first")

    async def seed(books: Books) -> None:
        await books.configuration.adopt_own({"own.conf": DOOR})
        await books.configuration.apply_own({"own.conf": BELL}, 1, Why("mia", "a bell"))

    quiet_shop.look(seed)
    (tmp_path / "own").mkdir()
    return {
        **quiet_shop.environ,
        "GROSCHEN_OWN_DIALPLAN": str(tmp_path / "own"),
        "GROSCHEN_ASTERISK_FOLDER": str(tmp_path / "asterisk"),
        "GROSCHEN_ARI_URL": "http://127.0.0.1:1/ari",
        "GROSCHEN_ARI_PASSWORD": "ari-word",
        "GROSCHEN_AMI_SECRET": "ami-word",
        "GROSCHEN_AMI_PORT": "1",
    }


def groschen(env: Mapping[str, str], *args: str, code: int = 0) -> Any:
    result = CliRunner(env=env).invoke(main, [*args, "--json"], catch_exceptions=False)
    assert result.exit_code == code, result.output
    return json.loads(result.stdout)


def versions(env: Mapping[str, str]) -> list[tuple[int, str]]:
    past = groschen(env, "config", "history")["activations"]
    return [(one["version"], one["cause"]) for one in past]


def test_who_when_and_why(quiet_shop: Shop, away: Mapping[str, str]) -> None:
    told = quiet_shop.run("dialplan", "history").stdout.splitlines()
    assert len(told) == 2
    assert told[0].endswith("version 2 applied by mia: a bell")
    assert groschen(away, "dialplan", "export", "1") == {"version": 1, "files": {"own.conf": DOOR}}
    assert quiet_shop.run("dialplan", "export").stdout == f"; ===== own.conf\n{BELL}\n"


def test_what_nobody_could_check_is_not_put_in_force(
    quiet_shop: Shop, away: Mapping[str, str]
) -> None:
    refused = quiet_shop.json("dialplan", "rollback", *WHY, code=1)
    assert "no engine lives and no Asterisk's files are here" in refused["error"]
    assert versions(away) == [(2, "applied"), (1, "applied")]


def test_what_asterisk_cannot_be_told_is_taken_back(
    away: Mapping[str, str], tmp_path: Path
) -> None:
    rendered = CliRunner(env=away).invoke(
        main, ["dialplan", "render", "--to", str(tmp_path / "asterisk")]
    )
    assert rendered.exit_code == 0, rendered.output
    assert "error" in groschen(away, "dialplan", "rollback", *WHY, code=1)
    after = [(2, "rolled_back"), (3, "applied"), (2, "applied"), (1, "applied")]
    assert versions(away) == after
    (tmp_path / "own" / "own.conf").write_text("exten => 4711,1,Nope()\n")
    stale = groschen(away, "dialplan", "apply", *WHY, code=1)
    assert stale["field"] == "--based-on"
    wrong = groschen(away, "dialplan", "apply", *WHY, "--based-on", "2", code=1)
    assert [problem["rule"] for problem in wrong["problems"]] == ["unknown_application"]
    assert versions(away) == after
