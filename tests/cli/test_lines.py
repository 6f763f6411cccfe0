"""The JSON-lines commands as programs use them: processes with pipes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from engine.cli import main
from engine.cli.lines import MAX_LINE_BYTES

VECTORS = Path(__file__).parents[1] / "core" / "vectors" / "rating.jsonl"
LINES = [json.loads(line) for line in VECTORS.read_text().splitlines()]
FIRST = json.dumps(LINES[0]["in"])


def run(*args: str, stdin: str | bytes = "") -> tuple[int, list[dict[str, Any]]]:
    result = CliRunner().invoke(main, args, input=stdin, catch_exceptions=False)
    answers = [json.loads(line) for line in result.stdout.splitlines()] if result.stdout else []
    return result.exit_code, answers


def test_quote_answers_each_line_in_order() -> None:
    asked = "".join(json.dumps(line["in"]) + "\n" for line in LINES)
    assert run("quote", stdin=asked) == (0, [line["out"] for line in LINES])


def test_a_bad_line_is_answered_and_the_rest_go_on() -> None:
    bad = FIRST.replace('"mobile": "0.49"', '"mobile": "-0.49"')
    code, answers = run("quote", stdin=f"{bad}\n{{\n{FIRST}")
    assert code == 1
    assert [answer.get("field") for answer in answers] == ["tariff.mobile", "", None]
    assert answers[0]["error"] == "tariff.mobile must be at least 0.00"
    assert answers[2] == LINES[0]["out"]


@pytest.mark.parametrize(
    "line", [b"\xff\xfe", b"", b"x" * (3 * MAX_LINE_BYTES), b'{"tariff": "\\ud800"}', b"\x00"]
)
def test_one_answer_for_each_line_whatever_it_is(line: bytes) -> None:
    code, answers = run("quote", stdin=line + b"\n" + FIRST.encode() + b"\n")
    assert code == 1
    assert set(answers[0]) == {"error", "field"}
    assert answers[1:] == [LINES[0]["out"]]


def test_answers_come_while_stdin_is_open() -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "engine.cli", "quote"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in LINES[:3]:
            process.stdin.write(json.dumps(line["in"]) + "\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline()) == line["out"]
        process.stdin.close()
        assert process.wait() == 0


def test_number_answers_with_its_seven_fields() -> None:
    assert run("number", "030 23125 000") == (
        0,
        [
            {
                "e164": "+493023125000",
                "region": "DE",
                "type": "FIXED_LINE",
                "line": "landline",
                "emergency": False,
                "verifiable": True,
                "reason": None,
            }
        ],
    )


def test_number_takes_regions_and_lines() -> None:
    assert run("number", "0664 1234567", "--region", "at")[1][0]["e164"] == "+436641234567"
    assert run("number", "030 23125000", "--region", "")[1][0]["type"] == "NO_NUMBER"
    asked = [
        {"number": "133", "region": "AT"},
        {"number": "030 23125000"},
        {"number": "030 23125000", "region": None},
        {"number": 1},
        {"number": "1", "region": "QQ"},
        {"region": "DE"},
        {"number": "1", "regoin": "AT"},
    ]
    code, answers = run("number", "--stdin", stdin="\n".join(map(json.dumps, asked)))
    assert code == 1
    assert [answer.get("type") for answer in answers[:3]] == [
        "SHORT_CODE",
        "FIXED_LINE",
        "NO_NUMBER",
    ]
    assert [answer["field"] for answer in answers[3:]] == ["number", "region", "number", "regoin"]


@pytest.mark.parametrize(
    "args",
    [["number"], ["number", "1", "--stdin"], ["number", "1", "--region", "QQ"], ["nonsense"]],
)
def test_wrong_usage_ends_with_2(args: list[str]) -> None:
    assert run(*args)[0] == 2


@pytest.mark.parametrize("command", ["number", "quote"])
def test_help_shows_an_example_as_it_is_typed(command: str) -> None:
    help_lines = CliRunner().invoke(main, [command, "--help"]).stdout.splitlines()
    assert {"Example:", "Examples:"} & {line.strip() for line in help_lines}
    assert any(line.startswith("    ") and f"groschen {command}" in line for line in help_lines)


def test_the_example_of_quote_is_true() -> None:
    help_text = CliRunner().invoke(main, ["quote", "--help"]).stdout
    asked, answered = help_text.split("| groschen quote")[1].split("EOF")
    expected = json.loads(answered.split("answers")[1].split("Options")[0])
    assert run("quote", stdin="".join(asked.splitlines())) == (0, [expected])
