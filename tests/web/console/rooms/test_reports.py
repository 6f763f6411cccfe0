"""A report of an agent on a caller: it reaches the supervisors, one of whom takes note of it."""

import pytest

from engine.core.roles import Role
from engine.ports.audit import ActFilter
from engine.web.console.pages.customers.routes import CUSTOMERS
from tests.web.console.house import House

TEXT = "Beschimpft die Kollegen."
OPEN = "Offene Meldungen"


async def _page(house: House, path: str, role: Role = Role.MANAGER) -> str:
    answer = await house.ask("GET", path, house.people[role])
    assert answer.status == 200
    return await answer.text()


async def _report(house: House) -> str:
    """Report the caller of the agent's call; the report's id."""
    path = f"/console/desk/calls/{house.own['case_id']}/note"
    form = {"kind": "report", "text": TEXT}
    assert (await house.ask("POST", path, house.people[Role.AGENT], form)).status == 303
    return (await house.bench.site.callers.open_reports("acme", 1))[0].note_id


async def test_a_report_reaches_the_manager_and_is_seen_once(house: House) -> None:
    note_id = await _report(house)
    see = f"{CUSTOMERS}/reports/{note_id}/see"
    for role in (Role.MANAGER, Role.AUDITOR):
        assert OPEN in await _page(house, "/console", role)
        listed = await _page(house, CUSTOMERS, role)
        assert TEXT in listed
        assert (see in listed) == (role is Role.MANAGER)
    report = await house.bench.site.callers.report(note_id)
    assert report is not None
    customer = f"{CUSTOMERS}/{report.account_id}"
    assert '<span class="badge bad">Meldung</span>' in await _page(house, customer)

    form = {"next": customer}
    done = await house.ask("POST", see, house.people[Role.MANAGER], form)
    assert (done.status, done.headers["Location"]) == (303, customer)
    (line,) = await house.bench.site.audit.lines(ActFilter(organisation="acme", most=1))
    assert line.act.action == "customers.see_report"
    assert line.detail["account"] == report.account_id
    assert TEXT not in await _page(house, CUSTOMERS)
    seen = await _page(house, customer)
    assert "gesehen von manager@sternlicht.example" in seen
    assert see not in seen
    again = await house.ask("POST", see, house.people[Role.OWNER], form)
    assert again.status == 303
    kept = await house.bench.site.callers.report(note_id)
    assert kept is not None
    assert kept.seen_by == "manager@sternlicht.example"
    desk = await _page(house, f"/console/desk/calls/{house.own['case_id']}", Role.AGENT)
    assert "von der Leitung gesehen" in desk


async def test_without_open_reports_no_page_speaks_of_them(house: House) -> None:
    callers = house.bench.site.callers
    for report in await callers.open_reports("acme", 50):
        await callers.see("acme", report.note_id, "mia", 1)
    assert OPEN not in await _page(house, "/console")
    assert OPEN not in await _page(house, CUSTOMERS)
    assert OPEN not in await _page(house, "/console", Role.AGENT)


async def test_only_more_reports_than_are_counted_are_told_as_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 1 + len(await house.bench.site.callers.open_reports("acme", 50))
    for room in ("engine.flows.agents.callers", "engine.web.console.pages.home.routes"):
        monkeypatch.setattr(f"{room}.NOTES_SHOWN", most)
    await _report(house)
    link = f'<span><a href="{CUSTOMERS}#reports">'
    assert f"<strong>{most}</strong> {link}" in await _page(house, "/console")
    await _report(house)
    assert f"<strong>{most}+</strong> {link}" in await _page(house, "/console")
