"""Every file that a program takes away is a line of the audit log; so is the same in JSON."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from engine.errors import RemoteError
from engine.flows.papers.month import HOME_TIMEZONE
from engine.ports.audit import Act, ActFilter, AuditLine
from engine.web.api.contract import Route
from engine.web.api.gate import ROUTES
from engine.web.parts.exports import range_of
from tests.web.api.conftest import API, Program
from tests.web.site import LANDLINE, ORGANISATION, PROFILE

IDS = {"profile": PROFILE, "merchant": "shop"}
EXPORTS = [route for route in ROUTES if route.is_export]


async def _asked(program: Program, route: Route[Any, Any], **query: str) -> tuple[int, str]:
    """How a reading is answered: its status and its body, whatever that is in."""
    now_s = program.bench.site.clock.now().wall_ms // 1000
    day = datetime.fromtimestamp(now_s, ZoneInfo(HOME_TIMEZONE))
    known = {"month": f"{day:%Y-%m}", "from": f"{day:%Y-%m-01}", "to": f"{day:%Y-%m-28}"}
    names = {field.alias or name for name, field in route.query.model_fields.items()}
    wanted = {name: value for name, value in known.items() if name in names} | query
    headers = {"Authorization": f"Bearer {program.text}"}
    path = API + route.path.format_map(IDS)
    async with program.client.get(path, params=wanted, headers=headers) as response:
        return response.status, (await response.read()).decode(errors="replace")


async def _lines(program: Program) -> list[AuditLine]:
    return [*await program.bench.site.audit.lines(ActFilter(organisation=ORGANISATION))]


def test_what_can_be_had_as_a_file_is_an_export_in_json_too() -> None:
    files = {route.path for route in ROUTES if route.media_type != "application/json"}
    twins = {path.rpartition(".")[0] for path in files}
    assert files
    assert {route.path for route in EXPORTS} == files | twins


@pytest.mark.parametrize("route", EXPORTS, ids=lambda route: route.name)
async def test_an_export_is_one_line(program: Program, route: Route[Any, Any]) -> None:
    status, _ = await _asked(program, route)
    assert status == 200
    (line,) = await _lines(program)
    key, _, name = line.act.author.partition(":")
    assert (key, bool(name), line.act.action) == ("api", True, "api.export")
    assert (line.act.target.split("/")[0], line.outcome) == (route.name, "done")
    assert ("month" in line.detail) != ("from" in line.detail)
    assert ("rows" in line.detail) == (route.media_type != "application/pdf")


async def test_the_rows_are_counted_and_no_number_is_written_down(program: Program) -> None:
    await program.account(LANDLINE, 5_000_000)
    statement = next(route for route in EXPORTS if route.name == "writeProfileStatement")
    _, text = await _asked(program, statement)
    report = next(route for route in EXPORTS if route.name == "writeTrackingReport")
    status, _ = await _asked(program, report, number="+493023125001", source="Messe")
    assert status == 200
    newest, first, _credit = await _lines(program)
    assert first.detail["rows"] == len(text.splitlines()) - 1 > 0
    assert newest.detail["source"] == "Messe"
    assert "number" not in newest.detail


@pytest.mark.parametrize(
    ("value", "is_kept"),
    [
        ("2026-11", True),
        ("2026-11-01", True),
        ("2026-11-01T00:00:00+01:00", True),
        ("Messe 2026", True),
        ("+4915112345678", False),
        ("0151 / 123 456", False),
        ("\uff10\uff11\uff15\uff11\uff11\uff12\uff13", False),
    ],
)
def test_a_number_in_a_field_that_is_written_down_is_not(value: str, is_kept: bool) -> None:
    assert range_of({"source": value, "number": value}) == ({"source": value} if is_kept else {})


async def test_a_fault_of_ours_ends_the_line_too(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(program.bench.site.tracked, "report", broken)
    report = next(route for route in EXPORTS if route.name == "writeTrackingReport")
    assert (await _asked(program, report))[0] == 500
    (line,) = await _lines(program)
    assert (line.outcome, line.detail["fault"]) == ("failed", "ZeroDivisionError")


async def test_what_is_refused_is_written_down_as_refused(program: Program) -> None:
    statement = next(route for route in EXPORTS if route.name == "printProfileStatement")
    stranger = await program.with_key(organisation="bolt")
    assert (await _asked(stranger, statement))[0] == 404
    (line,) = await program.bench.site.audit.lines(ActFilter(organisation="bolt"))
    assert line.outcome == "refused"
    assert await _lines(program) == []


async def test_without_the_log_nothing_is_given(
    program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(_act: Act) -> None:
        raise RemoteError("the database does not answer")

    monkeypatch.setattr(program.bench.site.audit, "begin", down)
    assert [(await _asked(program, route))[0] for route in EXPORTS] == [503] * len(EXPORTS)


async def test_lists_and_single_records_are_no_exports(program: Program) -> None:
    await program.get("/forwarding/routes")
    await program.get("/statements")
    assert await _lines(program) == []
