"""The log of forwarded calls as CSV, and what its last line says."""

from zoneinfo import ZoneInfo

import pytest

from engine.core.diversion.caps import Cap
from engine.flows.diversion import register
from engine.ports.diversion import ForwardedFilter
from tests.flows.diversion.test_directory import Office
from tests.forwarding.cases import forwarded

ALL = ForwardedFilter(organisation="acme")


@pytest.mark.parametrize(("calls", "shown"), [(0, 0), (3, 3), (4, 4), (5, 4), (9, 4)])
async def test_only_a_file_that_leaves_calls_out_says_so(
    monkeypatch: pytest.MonkeyPatch, calls: int, shown: int
) -> None:
    monkeypatch.setattr(register, "PAGE_MOST", 2)
    monkeypatch.setattr(register, "LINES_MOST", 4)
    office = Office()
    for n in range(calls):
        await office.forwarded.keep(forwarded(f"c{n}", arrived_ms=n))
    lines = [
        line.strip()
        async for line in register.csv_lines(office.routing, ALL, ZoneInfo("America/New_York"))
    ]
    newest = [f"c{n}" for n in reversed(range(calls))]
    ends = [register.CUT_SHORT] if calls > shown else []
    assert lines[0] == ",".join(register.FIELDS)
    assert [line.split(",")[0] for line in lines[1:]] == [*newest[:shown], *ends]


async def test_what_a_call_cost_and_which_cap_ended_it_stand_in_its_line() -> None:
    office = Office()
    costs = {"currency": "USD", "minute_micros": 8_500, "cap": Cap.COST_A_DAY}
    await office.forwarded.keep(forwarded("c2", arrived_ms=2, **costs))
    await office.forwarded.keep(forwarded("c1", arrived_ms=1))
    lines = [line async for line in register.csv_lines(office.routing, ALL, ZoneInfo("UTC"))]
    assert [line.strip().split(",")[-4:] for line in lines[1:]] == [
        ["60", "cost_a_day", "0.0085", "USD"],
        ["60", "", "", ""],
    ]
