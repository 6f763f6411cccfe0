"""`groschen dialplan render` for an Asterisk that somebody else starts."""

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

SAMPLE = Path(__file__).parents[2] / "config"
SETTINGS = {
    "GROSCHEN_CONFIG": str(SAMPLE),
    "GROSCHEN_ARI_URL": "http://172.30.70.10:8188/ari",
    "GROSCHEN_ARI_PASSWORD": "ari-word",
    "GROSCHEN_AMI_SECRET": "ami-word",
    "GROSCHEN_AMI_HOST": "172.30.70.10",
    "GROSCHEN_AGI_HOST": "172.30.70.20",
}


def _render(folder: Path, *args: str, **others: str) -> Result:
    command = ["dialplan", "render", "--to", str(folder), *args]
    return CliRunner(env=SETTINGS | others).invoke(main, command, catch_exceptions=False)


def test_it_writes_what_the_settings_and_options_say(tmp_path: Path) -> None:
    result = _render(tmp_path, "--outside", "203.0.113.5", "--inside", "172.16.0.0/12")
    assert result.exit_code == 0, result.output
    etc = tmp_path / "etc"
    assert "bindaddr = 172.30.70.10\nbindport = 8188\n" in (etc / "http.conf").read_text()
    assert "permit = 172.30.70.20" in (etc / "manager.conf").read_text()
    assert "secret = ami-word" in (etc / "manager.conf").read_text()
    ari = (etc / "ari.conf").read_text()
    assert "ari-word" not in ari
    assert "monitor" not in ari
    assert "external_media_address = 203.0.113.5" in (etc / "pjsip.conf").read_text()
    assert "agi://172.30.70.20:4573" in (etc / "extensions.conf").read_text()
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in etc.glob("*.conf"))


def test_without_secrets_nothing_is_written(tmp_path: Path) -> None:
    result = _render(tmp_path, GROSCHEN_AMI_SECRET="")
    assert result.exit_code == 1
    assert "GROSCHEN_AMI_SECRET" in result.output
    assert list(tmp_path.iterdir()) == []


def test_a_value_that_could_write_configuration_is_refused(tmp_path: Path) -> None:
    result = _render(tmp_path, "--sip-host", "1.2.3.4\nx = y")
    assert result.exit_code == 1
    assert list(tmp_path.iterdir()) == []


def test_what_is_only_shown_holds_no_secret() -> None:
    shown = CliRunner(env=SETTINGS).invoke(main, ["dialplan", "render"], catch_exceptions=False)
    assert shown.exit_code == 0
    assert "; ===== pjsip.conf\n" in shown.stdout
    assert "[trunk-carrier]" in shown.stdout
    assert "ami-word" not in shown.stdout
    assert "$1$" not in shown.stdout


def test_mistakes_in_the_operators_files_are_told_and_nothing_is_written(tmp_path: Path) -> None:
    config, to = tmp_path / "config", tmp_path / "to"
    config.mkdir()
    (config / "a.yaml").write_text("agents: 7\n")
    result = _render(to, GROSCHEN_CONFIG=str(config))
    assert result.exit_code == 1
    assert "a.yaml:1" in result.stderr
    assert not to.exists()


@pytest.mark.parametrize("rtp", ["", "10000", "10000-", "1-2", "20000-10000", "a-b", "1024-65536"])
def test_ports_that_are_none_are_wrong_usage(tmp_path: Path, rtp: str) -> None:
    result = _render(tmp_path, "--rtp", rtp)
    assert result.exit_code == 2
    assert "must be two ports" in result.stderr
