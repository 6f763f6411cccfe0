"""`groschen dialplan render`: files for an Asterisk that the engine does not run."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main
from tests.cli.conftest import SAMPLE

ACCESS = {
    "GROSCHEN_CONFIG": str(SAMPLE),
    "GROSCHEN_ARI_URL": "http://172.30.70.10:8089/ari",
    "GROSCHEN_ARI_PASSWORD": "open sesame and more",
    "GROSCHEN_AMI_HOST": "172.30.70.10",
    "GROSCHEN_AMI_SECRET": "very-secret-thing",
    "GROSCHEN_AGI_HOST": "172.30.70.20",
}


def render(*args: str, **environ: str) -> Result:
    return CliRunner(env={**ACCESS, **environ}).invoke(
        main, ["dialplan", "render", *args], catch_exceptions=False
    )


def test_files_are_written_for_the_addresses_and_secrets_of_the_settings(tmp_path: Path) -> None:
    assert render("--to", str(tmp_path), "--rtp", "20000-20099").exit_code == 0
    etc = tmp_path / "etc"
    http, manager, ari, rtp, directories = [
        (etc / name).read_text()
        for name in ("http.conf", "manager.conf", "ari.conf", "rtp.conf", "asterisk.conf")
    ]
    assert "bindaddr = 172.30.70.10\nbindport = 8089\n" in http
    assert "permit = 172.30.70.20/255.255.255.255\n" in manager
    assert "secret = very-secret-thing\n" in manager
    assert "open sesame" not in ari
    assert "password = $1$" in ari
    assert "rtpstart = 20000\nrtpend = 20099\n" in rtp
    assert f"astetcdir => {etc}\n" in directories
    assert (etc / "extensions.conf").exists()
    assert {path.stat().st_mode & 0o077 for path in etc.glob("*.conf")} == {0}


def test_what_is_only_shown_holds_no_secret() -> None:
    shown = render()
    assert shown.exit_code == 0
    assert "; ===== pjsip.conf\n" in shown.stdout
    assert "[trunk-carrier]" in shown.stdout
    assert "very-secret-thing" not in shown.stdout
    assert "$1$" not in shown.stdout


def test_what_is_missing_or_wrong_is_said(tmp_path: Path) -> None:
    missing = render("--to", str(tmp_path), GROSCHEN_AMI_SECRET="")
    assert missing.exit_code == 1
    assert "GROSCHEN_AMI_SECRET must be set" in missing.stderr
    broken = tmp_path / "config"
    broken.mkdir()
    (broken / "a.yaml").write_text("agents: 7\n")
    wrong = render(GROSCHEN_CONFIG=str(broken))
    assert wrong.exit_code == 1
    assert "a.yaml:1" in wrong.stderr
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize("rtp", ["", "10000", "10000-", "1-2", "20000-10000", "a-b", "1024-65536"])
def test_ports_that_are_none_are_wrong_usage(rtp: str) -> None:
    result = render("--rtp", rtp)
    assert result.exit_code == 2
    assert "must be two ports" in result.stderr
