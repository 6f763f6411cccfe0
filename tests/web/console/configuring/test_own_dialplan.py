"""The own dialplan in the console: nothing unchecked, nothing over another's change, and back."""

import html
import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest

from engine.core.inventory import Inventory
from engine.core.roles import Role
from engine.flows.config.problems import Mark, Problem, Problems
from engine.flows.dialplan.own import Checked
from engine.flows.versions.configuration import Why
from engine.ports.audit import ActFilter
from engine.ports.versions import EngineView
from tests.web.console.house import House, open_house

HERE = "/console/dialplan"
DOOR, BELL = ("exten => 4711,1,Hangup(17)\n", "exten => 4712,1,Hangup(17)\n")
ADA = "admin@operator.example"


class NothingToChange:
    """What was checked is right."""

    changes = ()


class Plan:
    """An Asterisk that has no application `Nope`; another file lies in the folder beside it."""

    async def check(self, inventory: Inventory) -> Checked | Problems:
        for name, text in (inventory.own_dialplan or {}).items():
            if "Nope" in text:
                mark = Mark(f"own.d/{name}", 1, 1)
                return Problems([Problem.at(mark, "unknown_application", "", "Nope is none")])
        return NothingToChange()

    def taken_at(self, inventory: Inventory, sent: str) -> Mark | None:
        return None

    def unapplied(self, inventory: Inventory) -> tuple[str, ...]:
        return ("gone.conf",)

    def lying_otherwise(self, inventory: Inventory) -> tuple[str, ...]:
        return ("by-hand.conf",)

    async def standing(self, inventory: Inventory) -> Mapping[str, bool]:
        return {}


@pytest.fixture
async def house(furnished: tuple[Path, House], tmp_path: Path) -> AsyncIterator[House]:
    """Version 1 with a door, version 2 with a bell."""
    books, known = furnished
    shutil.copy(books, tmp_path / "console.db")
    async with open_house(tmp_path / "console.db", dialplan=Plan()) as opened:
        opened.know(known)
        configuration = opened.bench.site.configuration
        await configuration.adopt_own({"own.conf": DOOR})
        await configuration.apply_own({"own.conf": BELL}, 1, Why("mia", "a bell"))
        yield opened


async def ask(house: House, path: str = "", form: Mapping[str, str] | None = None) -> str:
    """The page that an admin of the operator's is shown, or where he is sent to."""
    method = "GET" if form is None else "POST"
    answer = await house.ask(method, f"{HERE}{path}", house.staff[Role.ADMIN], form)
    return html.unescape(answer.headers.get("Location") or await answer.text())


def draft(text: str, based_on: int = 2, **more: str) -> dict[str, str]:
    return {"based_on": str(based_on), "file:own.conf": text, **more}


async def seen(house: House, form: Mapping[str, str]) -> dict[str, str]:
    """A draft that was looked at."""
    page = await ask(house, "/check", form)
    return {**form, "seen": page.partition('name="seen" value="')[2].partition('"')[0]}


async def own(house: House) -> tuple[int, str]:
    current = await house.bench.site.configuration.in_force()
    assert current is not None
    assert current.version.own is not None
    return current.version.number, current.version.own["own.conf"]


async def acts(house: House) -> list[tuple[str, str, str]]:
    lines = await house.bench.site.audit.lines(ActFilter(organisation=None, most=9))
    return [(line.act.author, line.act.action, line.outcome) for line in lines]


async def test_the_page_says_what_holds_and_what_was(house: House) -> None:
    page = await ask(house)
    for told in ("exten => 4712", "a bell", "mia", "by-hand.conf", "gone.conf", "Version 2"):
        assert told in page
    compared = await ask(house, "/compare?old=1&new=2")
    assert "-exten => 4711,1,Hangup(17)" in compared
    assert "+exten => 4712,1,Hangup(17)" in compared


async def test_what_was_looked_at_is_applied_with_its_reason(house: House) -> None:
    form = await seen(house, draft(DOOR + BELL))
    assert "reason" in await ask(house, "/apply", {**form, "reason": " "})
    assert await ask(house, "/apply", {**form, "reason": "both"}) == HERE
    assert await own(house) == (3, DOOR + BELL)
    last = (await house.bench.site.configuration.own_history())[0]
    assert (last.author, last.reason, last.is_pending) == (ADA, "both", False)
    assert (await acts(house))[0] == (ADA, "dialplan.apply", "done")
    within = {**await seen(house, draft(BELL, 3)), "reason": "try", "confirm_within": "60"}
    assert await ask(house, "/apply", within) == HERE
    assert "wartet auf Bestätigung" in await ask(house)


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (draft("exten => 4711,1,Nope()\n", reason="x"), "own.conf"),
        (draft(DOOR, 1, reason="x"), "exten => 4712"),
        (draft(DOOR, 9, reason="x"), "there is no version 9"),
    ],
    ids=["wrong", "stale", "nonsense"],
)
async def test_what_cannot_be_applied_is_not(
    house: House, form: Mapping[str, str], told: str
) -> None:
    for path in ("/check", "/apply"):
        page = await ask(house, path, form)
        assert told in page
        assert 'name="confirm_within"' not in page
    assert await own(house) == (2, BELL)


async def test_one_press_undoes_the_last_change(house: House) -> None:
    assert await ask(house, "/restore", {"number": "1"}) == HERE
    assert await own(house) == (3, DOOR)
    last = (await house.bench.site.configuration.own_history())[0]
    assert last.reason == "zurück zum Wählplan von Version 1"
    assert (await acts(house))[0] == (ADA, "dialplan.restore", "done")
    assert "in force already" in await ask(house, "/restore", {"number": "3", "reason": "x"})
    configuration = house.bench.site.configuration
    await configuration.apply_own({"own.conf": "exten => 1,1,Nope()\n"}, 3, Why("mia", "x"))
    await configuration.apply_own({"own.conf": BELL}, 4, Why("mia", "y"))
    assert "Nope is none" in await ask(house, "/restore", {"number": "4"})
    assert await own(house) == (5, BELL)
    assert (await acts(house))[0] == (ADA, "dialplan.restore", "refused")


async def test_an_engine_that_refuses_is_named_and_nothing_changes(house: House) -> None:
    await house.bench.store.renew_lease("e9", 60_000)
    refusing = EngineView(engine="e9", number=2, since_ms=0, problem="no bell here", refused=3)
    await house.bench.site.configuration.show(refusing)
    page = await ask(
        house, "/apply", {**await seen(house, draft(DOOR)), "reason": "back to the door"}
    )
    assert "e9: no bell here" in page
    assert DOOR.strip() in page
    assert await own(house) == (2, BELL)


async def test_what_nobody_confirmed_in_time_is_not_told_as_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine that has not answered yet is waited for longer than that."""
    monkeypatch.setattr("engine.flows.versions.configuration.CONFIRM_WITHIN_LEAST_MS", 1_000)
    await house.bench.store.renew_lease("e9", 60_000)
    await house.bench.site.configuration.show(EngineView(engine="e9", number=2, since_ms=0))
    form = {**await seen(house, draft(DOOR)), "reason": "back to the door", "confirm_within": "1"}
    assert "Version 3 gilt nicht mehr" in await ask(house, "/apply", form)
    assert await own(house) == (2, BELL)
    assert (await acts(house))[0] == (ADA, "dialplan.apply", "refused")
