"""The bench, small: its report has its fields, and no call failed. Never a time."""

import json
import subprocess
import sys

import pytest

from tests.rig.house import CHECKOUT

PROCESSES = {
    "engine": {"asterisk", "engine", "store"},
    "bare": {"asterisk", "controller"},
    "dialplan": {"asterisk"},
}


@pytest.fixture(scope="module")
def report() -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench", "calls", "--quick", "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    found: dict[str, object] = json.loads(run.stdout.splitlines()[-1])
    return found


def test_calls_are_measured_three_ways(report: dict[str, object]) -> None:
    ways = report["ways"]
    assert isinstance(ways, dict)
    assert {name: set(way["cpu_ms_per_call"]) for name, way in ways.items()} == PROCESSES
    for way in ways.values():
        assert way["failed"] == 0
        assert way["faults"] == {}
        assert way["cpu_ms_per_call_total"] > 0
        assert {"to_bare", "to_dialplan", "answer_ms"} <= set(way)


def test_every_call_of_the_engine_is_booked(report: dict[str, object]) -> None:
    ways = report["ways"]
    assert isinstance(ways, dict)
    assert ways["engine"]["booked"] == report["calls_each"]
    assert report["differences"] == []
