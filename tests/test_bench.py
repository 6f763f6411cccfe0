"""The bench, small: its reports have their fields, and no call failed. Never a time."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.rig.house import CHECKOUT

PROCESSES = {
    "engine": {"asterisk", "engine", "store"},
    "bare": {"asterisk", "controller"},
    "dialplan": {"asterisk"},
}


def _report(*arguments: str, slow: bool = False) -> dict[str, Any]:
    """What is told; `slow` where the bench may find something slow on a busy machine."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.bench", *arguments, "--json"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert run.returncode in (0, int(slow)), run.stdout + run.stderr
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return _report("calls", "--quick")


def test_calls_are_measured_three_ways(report: dict[str, Any]) -> None:
    ways = report["ways"]
    assert isinstance(ways, dict)
    assert {name: set(way["cpu_ms_per_call"]) for name, way in ways.items()} == PROCESSES
    for way in ways.values():
        assert way["failed"] == 0
        assert way["faults"] == {}
        assert way["cpu_ms_per_call_total"] > 0
        assert {"to_bare", "to_dialplan", "answer_ms"} <= set(way)


def test_every_call_of_the_engine_is_booked(report: dict[str, Any]) -> None:
    ways = report["ways"]
    assert isinstance(ways, dict)
    assert ways["engine"]["booked"] == report["calls_each"]
    assert report["differences"] == []


def test_every_number_is_called() -> None:
    found = _report("verifications", "--count", "8", "--rate", "8")
    assert (found["verifications"], found["lost"], found["differences"]) == (8, 0, [])
    assert {"p50_ms", "p99_ms", "floor_p50_ms", "floor_p99_ms", "to_floor"} <= set(found)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_every_call_is_replayed_and_sums_to_what_the_price_makes_it(database: str) -> None:
    found = _report("replay", "--calls", "700", "--rounds", "1", "--database", database)
    assert (found["calls"], found["clean"]) == (700, True)
    for way in ("reading", "replaying"):
        assert set(found[way]) == {"seconds", "calls_per_s", "cpu_us_per_call"}
    assert {"to_reading", "grown_mib", "cores", "load"} <= set(found)


def test_pages_and_queries_are_timed_over_books_that_are_kept(tmp_path: Path) -> None:
    size = ("--calls", "1000", "--postings", "100", "--times", "1", "--database", "sqlite")
    found = _report("reading", *size, "--keep", str(tmp_path), slow=True)
    asked = {one["what"] for one in found["pages"]}
    assert {"/console/evn", "/console/statistics", "/console/agents"} <= asked
    assert {one["database"] for one in (*found["queries"], *found["pages"])} == {"sqlite"}
    assert all(0 < one["p50_ms"] <= one["p99_ms"] for one in (*found["queries"], *found["pages"]))
    assert not [path for path in found["unseen"] if "calls" in path and "live" not in path]
    assert (tmp_path / "books_1000_100.db").exists()
