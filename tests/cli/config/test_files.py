"""`groschen config` as operators and programs use it."""

import json
from pathlib import Path

from click.testing import CliRunner, Result

from engine.cli import main
from engine.flows.config import content_hash, read, schema

SAMPLE = Path(__file__).parents[3] / "config"


def _run(*args: str) -> Result:
    return CliRunner(env={"GROSCHEN_CONFIG": str(SAMPLE)}).invoke(
        main, ["config", *args], catch_exceptions=False
    )


def _broken(folder: Path) -> Path:
    (folder / "agents.yaml").write_text("agents:\n  ben: {lang: fr, wrap_up: 5}\n")
    return folder


def test_the_configured_folder_is_checked_unless_another_is_given(tmp_path: Path) -> None:
    result = _run("check")
    assert result.exit_code == 0
    assert result.stdout.startswith("The configuration is right. Services: 2, numbers: 3,")
    assert _run("check", str(_broken(tmp_path))).exit_code == 1


def test_mistakes_are_told_a_line_each(tmp_path: Path) -> None:
    result = _run("check", str(_broken(tmp_path)))
    assert result.exit_code == 1
    places = [line.split(": ")[0] for line in result.stdout.splitlines()]
    assert places == ["agents.yaml:2:3", "agents.yaml:2:15", "agents.yaml:2:19"]


def test_mistakes_are_told_in_german_too(tmp_path: Path) -> None:
    result = _run("check", str(_broken(tmp_path)), "--lang", "de")
    assert result.exit_code == 1
    assert "agents.yaml:2:15: agents.ben.lang muss eines von de, en sein [not_a_choice]" in (
        result.stdout.splitlines()
    )


def test_programs_get_one_object(tmp_path: Path) -> None:
    result = _run("check", str(_broken(tmp_path)), "--json")
    answer = json.loads(result.stdout)
    assert result.exit_code == 1
    assert answer["valid"] is False
    assert answer["problems"][1] == {
        "file": "agents.yaml",
        "line": 2,
        "column": 15,
        "rule": "not_a_choice",
        "field": "agents.ben.lang",
        "message": "must be one of de, en, not 'fr'",
        "suggestion": "",
        "paragraph": "",
    }
    sources = read(SAMPLE)
    assert isinstance(sources, dict)
    assert json.loads(_run("check", "--json").stdout) == {
        "valid": True,
        "problems": [],
        "content_hash": content_hash(sources),
        "unsaid": [],
    }


def test_a_text_that_lacks_what_the_law_demands_is_told_at_its_key(tmp_path: Path) -> None:
    for lang in ("de", "en"):
        (tmp_path / lang).mkdir()
        texts = (SAMPLE.parent / "sounds" / lang / "prompts.yaml").read_text()
        short = texts.replace(
            "{price} pro Minute, inklusive Mehrwertsteuer.", "{price} pro Minute."
        )
        (tmp_path / lang / "prompts.yaml").write_text(short)
    runner = CliRunner(env={"GROSCHEN_CONFIG": str(SAMPLE), "GROSCHEN_SOUNDS": str(tmp_path)})
    result = runner.invoke(main, ["config", "check", "--json"], catch_exceptions=False)
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    assert {problem["field"] for problem in problems} == {"prompts.tariff", "prompts.price_change"}
    for problem in problems:
        assert problem["file"] == "sounds/de/prompts.yaml"
        written = (tmp_path / "de/prompts.yaml").read_text().splitlines()[problem["line"] - 1]
        assert "{price} pro Minute." in written or written.endswith(">-")
        assert (problem["rule"], problem["paragraph"]) == (
            "guard_announcement_words",
            "§ 110(1) TKG",
        )


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    result = _run("check", str(tmp_path / "nowhere"), "--json")
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert [problem["rule"] for problem in answer["problems"]] == ["unreadable"]
    assert answer["content_hash"] is None


def test_the_schema_is_printed() -> None:
    assert json.loads(_run("schema").stdout) == schema()
