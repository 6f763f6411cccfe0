"""Pages of replays: begun with a version or a draft, one at a time, each organisation its own."""

import asyncio
import re

import pytest

from engine.core.roles import Role
from engine.flows.papers.month import HOME_TIMEZONE, day_before, day_of, month_of
from engine.ports.replays import RunState
from tests.web.console.files import FILES
from tests.web.console.house import House
from tests.web.console.subjects.replays import REPLAYS
from tests.web.console.subjects.services import PRICES

OCTOBER = {"days": "month", "month": "2026-10"}
WISH = {"version": "1", **OCTOBER}


async def _done(house: House, location: str) -> str:
    """The page of a replay once it is done."""
    run_id = location.removeprefix(f"{REPLAYS}/")
    async with asyncio.timeout(20):
        while True:
            run = await house.bench.site.replays.run(run_id)
            assert run is not None
            if run.state is not RunState.RUNNING:
                break
            await asyncio.sleep(0.01)
    page = await house.ask("GET", location, house.staff[Role.OWNER])
    return await page.text()


async def test_any_days_are_replayed_yesterdays_unless_others_are_chosen(house: House) -> None:
    now_ms = house.bench.site.clock.now().wall_ms
    yesterday = day_before(now_ms, HOME_TIMEZONE)
    chosen = {
        "yesterday": yesterday,
        "day": day_of("2026-10-25", HOME_TIMEZONE),
        "month": month_of("2026-10", HOME_TIMEZONE),
    }
    page = await (await house.ask("GET", REPLAYS, house.people[Role.MANAGER])).text()
    assert '<option value="yesterday" selected>' in page
    assert f"Gestern, {yesterday.first:%d.%m.%Y}" in page
    for days, expected in chosen.items():
        wish = {"version": "1", "days": days, "day": "2026-10-25", "month": "2026-10"}
        begun = await house.ask("POST", REPLAYS, house.people[Role.MANAGER], wish)
        location = begun.headers["Location"]
        assert f"Nachgerechnet: {expected.name}" in await _done(house, location)
        run = await house.bench.site.replays.run(location.removeprefix(f"{REPLAYS}/"))
        assert run is not None
        assert (run.days, run.from_ms, run.to_ms) == (
            expected.name,
            expected.from_ms,
            expected.to_ms,
        )


async def test_what_is_no_day_is_refused_in_words(house: House) -> None:
    for wrong in ("", "2026-02-30", "20261125", "9999-12-31"):
        wish = {"version": "1", "days": "day", "day": wrong}
        answer = await house.ask("POST", REPLAYS, house.people[Role.OWNER], wish)
        assert (answer.status, "Bitte einen Tag wählen." in await answer.text()) == (422, True)
        form = {**PRICES, "days": "day", "day": wrong}
        price = "/console/services/sternlicht/price/replay"
        answer = await house.ask("POST", price, house.people[Role.OWNER], form)
        assert (answer.status, "Bitte einen Tag wählen." in await answer.text()) == (422, True)


async def test_a_month_under_a_version(house: House) -> None:
    begun = await house.ask("POST", REPLAYS, house.people[Role.MANAGER], WISH)
    assert begun.status == 303
    page = await _done(house, begun.headers["Location"])
    assert "Version 1" in page
    assert "Anrufe: 0, davon wären 0 anders verlaufen." in page
    for wrong in ({"version": "x"}, {"version": "99"}, {"month": "2026-13"}, {"days": ""}):
        answer = await house.ask("POST", REPLAYS, house.people[Role.OWNER], {**WISH, **wrong})
        assert answer.status == 422


async def test_the_result_is_a_table_and_a_sum(house: House) -> None:
    page = await house.ask("GET", f"{REPLAYS}/{house.own['run_id']}", house.people[Role.AUDITOR])
    shown = re.sub(r"<[^>]+>|\s+", " ", await page.text())
    assert "Entwurf auf Version 1" in shown
    assert "haben einen anderen Preis" in shown
    assert re.search(r"Summe der Unterschiede +\+ *\d+,\d\d €", shown)
    assert "Nicht bekannt:" in shown


async def test_a_draft_is_replayed_where_it_is_made(house: House) -> None:
    price = "/console/services/sternlicht/price"
    form = {**PRICES, **OCTOBER}
    checked = await house.ask("POST", f"{price}/check", house.people[Role.MANAGER], form)
    assert f'formaction="{price}/replay"' in await checked.text()
    begun = await house.ask("POST", f"{price}/replay", house.people[Role.MANAGER], form)
    assert begun.status == 303
    assert "Entwurf auf Version 1" in await _done(house, begun.headers["Location"])
    files = {f"file:{name}": text for name, text in FILES.items()}
    editor = "/console/configuration/replay"
    drafted = {**files, "based_on": "1", **OCTOBER}
    begun = await house.ask("POST", editor, house.staff[Role.OWNER], drafted)
    assert "Alle Organisationen" in await _done(house, begun.headers["Location"])
    broken = {**drafted, "file:lines.yaml": "nonsense: 1\n"}
    answer = await house.ask("POST", editor, house.staff[Role.OWNER], broken)
    assert (answer.status, "nonsense" in await answer.text()) == (200, True)


async def test_one_at_a_time(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    never = asyncio.Event()
    monkeypatch.setattr(house.bench.site.replays, "_reckoned", lambda *_: never.wait())
    begun = await house.ask("POST", REPLAYS, house.people[Role.OWNER], WISH)
    location = begun.headers["Location"]
    second = await house.ask("POST", REPLAYS, house.people[Role.MANAGER], WISH)
    assert second.status == 422
    assert "Es wird schon etwas nachgerechnet." in await second.text()
    price = "/console/services/sternlicht/price/replay"
    form = {**PRICES, **OCTOBER}
    third = await house.ask("POST", price, house.people[Role.OWNER], form)
    assert (third.status, "Es wird schon" in await third.text()) == (422, True)
    running = await (await house.ask("GET", location, house.people[Role.OWNER])).text()
    assert "<progress" in running
    assert f'action="{location}/cancel"' in running
    for _ in range(2):
        gone = await house.ask("POST", f"{location}/cancel", house.people[Role.OWNER])
        assert gone.status == 303
    run = await house.bench.site.replays.run(location.removeprefix(f"{REPLAYS}/"))
    assert run is not None
    assert run.state is RunState.CANCELLED
