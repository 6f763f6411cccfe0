"""`groschen dialplan` for an Asterisk that somebody else starts, and calls that nobody makes."""

import json
import shutil
import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.cli import main

SAMPLE = Path(__file__).parents[3] / "config"
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


def test_whose_a_shown_number_is_stops_no_asterisk(tmp_path: Path) -> None:
    """Only the stock may know it, which is not seen here; `config check` asks all the same."""
    config, to = tmp_path / "config", tmp_path / "to"
    shutil.copytree(SAMPLE, config)
    trunks = config / "trunks.yaml"
    stocked = trunks.read_text().replace("caller_id: 030 23125 100", "caller_id: 030 23125 999")
    trunks.write_text(stocked)
    result = _render(to, GROSCHEN_CONFIG=str(config))
    assert result.exit_code == 0, result.output
    assert (to / "etc" / "pjsip.conf").exists()
    checked = CliRunner().invoke(main, ["config", "check", "--json", str(config)])
    assert checked.exit_code == 1
    assert {one["rule"] for one in json.loads(checked.stdout)["problems"]} == {
        "guard_caller_id_not_held"
    }


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


# --- check, for an Asterisk whose folder can be written ---------------------------------------


def _invoke(*args: str, **others: str) -> Result:
    return CliRunner(env=SETTINGS | others).invoke(
        main, ["dialplan", *args], catch_exceptions=False
    )


def _rendered(tmp_path: Path) -> dict[str, str]:
    """An Asterisk rendered for somebody else to start, and a folder for dialplan of one's own."""
    folder, own = tmp_path / "asterisk", tmp_path / "own"
    own.mkdir()
    assert _render(folder).exit_code == 0
    return {"GROSCHEN_ASTERISK_FOLDER": str(folder), "GROSCHEN_OWN_DIALPLAN": str(own)}


def test_what_was_rendered_is_right_and_changes_nothing(tmp_path: Path) -> None:
    checked = _invoke("check", **_rendered(tmp_path))
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == "The dialplan is right. Files that would change: 0.\n"


def test_differences_are_shown_before_anything_is_done(tmp_path: Path) -> None:
    places = _rendered(tmp_path)
    (tmp_path / "own" / "a.conf").write_text("exten => 4711,1,Hangup()\n")
    checked = _invoke("check", "--json", **places)
    answer = json.loads(checked.stdout)
    assert answer["valid"] is True
    kinds = {change["file"]: change["kind"] for change in answer["changes"]}
    assert kinds == {"extensions.conf": "changed", "own.d/a.conf": "added"}
    assert not (tmp_path / "asterisk/etc/own.d/a.conf").exists()


def test_mistakes_are_named_with_their_place(tmp_path: Path) -> None:
    places = _rendered(tmp_path)
    (tmp_path / "own" / "a.conf").write_text("exten => 4711,1,Hangup()\n same => n,Playbck(x)\n")
    told = _invoke("check", **places)
    assert told.exit_code == 1
    assert told.stdout == (
        "own.d/a.conf:2:12: Playbck is no application that this Asterisk has loaded; "
        "did you mean Playback? [unknown_application]\n"
    )
    [problem] = json.loads(_invoke("check", "--json", **places).stdout)["problems"]
    assert (problem["line"], problem["rule"]) == (2, "unknown_application")


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        ("two words.conf", b"", "file_name"),
        ("a.conf", b"\xff", "encoding"),
        ("a.conf", b";" * 1_000_001, "too_large"),
    ],
)
def test_files_that_are_none_are_refused(
    tmp_path: Path, name: str, content: bytes, rule: str
) -> None:
    places = _rendered(tmp_path)
    (tmp_path / "own" / name).write_bytes(content)
    [problem] = json.loads(_invoke("check", "--json", **places).stdout)["problems"]
    assert problem["rule"] == rule


def test_an_asterisk_that_is_not_here_is_named() -> None:
    refused = _invoke("check")
    assert refused.exit_code == 1
    assert "GROSCHEN_ASTERISK_FOLDER" in refused.stderr


def test_a_new_checkout_is_checked_where_no_asterisk_ever_was(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    places = {
        "GROSCHEN_CONFIG": str(SAMPLE),
        "GROSCHEN_VAR": str(tmp_path / "var"),
        "GROSCHEN_OWN_DIALPLAN": str(own),
    }
    runner = CliRunner(env=places)
    checked = runner.invoke(main, ["dialplan", "check"], catch_exceptions=False)
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == (
        "The dialplan is right. There is no Asterisk yet that it could be compared with.\n"
    )
    (own / "a.conf").write_text("exten => 4711,1,Playbck(x)\n")
    refused = runner.invoke(main, ["dialplan", "check"], catch_exceptions=False)
    assert refused.exit_code == 1
    assert "[unknown_application]" in refused.stdout
    assert not (tmp_path / "var").exists()


def test_a_folder_without_an_asterisk_can_be_checked_and_stays_empty(tmp_path: Path) -> None:
    places = {"GROSCHEN_ASTERISK_FOLDER": str(tmp_path), "GROSCHEN_OWN_DIALPLAN": str(tmp_path)}
    assert _invoke("check", **places).exit_code == 0
    assert list(tmp_path.iterdir()) == []


# --- trace -----------------------------------------------------------------------------------

LINE, MOBILE = "030 23125 100", "0171 2345678"


def test_a_call_is_told_in_either_language(tmp_path: Path) -> None:
    asked = ("trace", "--draft", LINE, "--from", MOBILE, "--balance", "10", "--returning")
    german = _invoke(*asked, GROSCHEN_OWN_DIALPLAN=str(tmp_path)).stdout
    assert "Preis (Mobilfunk): 2,99 EUR pro Minute, Takt 60/60" in german
    assert "  1:10  Anrufer hört: Achtung: Noch zwei Minuten" in german
    assert "Ende: Guthaben verbraucht; 190 s gesprochen, 180 s berechnet, 8,97 EUR" in german
    english = _invoke(*asked, "--lang", "en", GROSCHEN_OWN_DIALPLAN=str(tmp_path)).stdout
    assert "End: balance used up; 190 s talked, 180 s charged, 8.97 EUR" in english
    assert len(english.splitlines()) == len(german.splitlines())
    assert "2345678" not in english


def test_a_refusal_is_told_with_its_sentence(tmp_path: Path) -> None:
    said = _invoke("trace", "--draft", LINE, "--json", GROSCHEN_OWN_DIALPLAN=str(tmp_path))
    steps = json.loads(said.stdout)["steps"]
    assert steps[-1]["outcome"] == "not_identified"
    [hears] = [step for step in steps if step["step"] == "hears"]
    assert (hears["who"], hears["lang"]) == ("caller", "de")
    assert hears["says"].endswith(".")


def test_hours_are_those_of_the_service(tmp_path: Path) -> None:
    config = tmp_path / "config"
    shutil.copytree(SAMPLE, config)
    services = (config / "services.yaml").read_text()
    shut = services.replace("holidays: []", "holidays: [2026-12-24]")
    (config / "services.yaml").write_text(shut)
    for at, state in (("2026-12-24T00:00", "holiday"), ("2026-12-23T23:59", "open")):
        asked = ("trace", "--draft", LINE, "--from", MOBILE, "--at", at, "--json")
        steps = json.loads(_invoke(*asked, GROSCHEN_CONFIG=str(config)).stdout)["steps"]
        assert [s["state"] for s in steps if s["step"] == "hours"] == [state]


def test_the_operators_own_dialplan_goes_first(tmp_path: Path) -> None:
    (tmp_path / "a.conf").write_text("; mine\nexten => _+493023125X00,1,Hangup()\n")
    told = _invoke(
        "trace", "--draft", LINE, "--lang", "en", GROSCHEN_OWN_DIALPLAN=str(tmp_path)
    ).stdout
    assert told.splitlines()[-1].startswith(
        "The operator's own dialplan takes the number: own.d/a.conf, line 2;"
    )


@pytest.mark.parametrize(
    ("option", "value"), [("--at", "noon"), ("--trunk", "none"), ("--from", "x")]
)
def test_what_cannot_be_asked_is_named(tmp_path: Path, option: str, value: str) -> None:
    refused = _invoke("trace", "--draft", LINE, option, value, GROSCHEN_OWN_DIALPLAN=str(tmp_path))
    assert refused.exit_code == 1
    assert option.removeprefix("--") in refused.stderr


@pytest.mark.parametrize("at", ["0001-01-01T00:00", "9999-12-31T23:59-23:59", "3000-01-01"])
def test_a_time_at_the_edge_of_the_calendar_is_refused_with_the_rule(at: str) -> None:
    refused = _invoke("trace", "--draft", LINE, "--at", at, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)) == (
        1,
        {"error": "at must be of the years 2000 to 2999", "field": "at"},
    )


# --- trace, where Asterisk does not go by the own dialplan as it is read here -----------------


def _steps(tmp_path: Path, **places: str) -> list[dict[str, object]]:
    told = _invoke("trace", "+4930231254711", "--json", GROSCHEN_VAR=str(tmp_path), **places)
    assert told.exit_code == 0, told.output
    steps: list[dict[str, object]] = json.loads(told.stdout)["steps"]
    return steps


def test_a_trace_says_what_of_the_own_dialplan_asterisk_has_otherwise(tmp_path: Path) -> None:
    places = _rendered(tmp_path)
    assert _steps(tmp_path, **places)[0]["step"] == "number"
    (tmp_path / "own" / "a.conf").write_text("exten => 4711,1,Hangup()\n")
    there = tmp_path / "asterisk" / "etc" / "own.d"
    there.mkdir(exist_ok=True)
    (there / "gone.conf").write_text("exten => 4712,1,Hangup()\n")
    first = _steps(tmp_path, **places)[0]
    assert (first["step"], first["files"]) == ("own_unapplied", ["a.conf", "gone.conf"])
    told = _invoke("trace", "4711", "--lang", "en", GROSCHEN_VAR=str(tmp_path), **places)
    assert (
        "(a.conf, gone.conf); `groschen dialplan apply --in-force` brings it there" in told.stdout
    )
    draft = _invoke("trace", "4711", "--draft", GROSCHEN_VAR=str(tmp_path), **places)
    assert "Achtung" not in draft.stdout
    (there / "gone.conf").unlink()
    (there / "a.conf").write_text("exten => 4711,1,Hangup()\n")
    assert _steps(tmp_path, **places)[0]["step"] == "number"


def test_a_trace_says_that_asterisks_files_cannot_be_seen(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    places = {"GROSCHEN_OWN_DIALPLAN": str(own)}
    assert _steps(tmp_path, **places)[0]["step"] == "number"
    (own / "a.conf").write_text("exten => 4711,1,Hangup()\n")
    assert _steps(tmp_path, **places)[0]["step"] == "own_unseen"
