"""Monthly statements, as a program asks for them."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from engine.core.money import MICROS
from engine.core.verification import Status
from engine.flows.papers.month import HOME_TIMEZONE
from engine.ports.operators import Scope
from tests.flows.papers import printed_in
from tests.verification.cases import verification
from tests.web.api.conftest import API, Program
from tests.web.site import LANDLINE, PROFILE, Bench

OF_PROFILE = f"/profiles/{PROFILE}/statement"
OF_MERCHANT = "/merchants/shop/statement"
PATHS = [f"{path}{form}" for path in (OF_PROFILE, OF_MERCHANT) for form in ("", ".csv", ".pdf")]


@pytest.fixture
def month(bench: Bench) -> str:
    """The month that runs."""
    now_s = bench.site.clock.now().wall_ms // 1000
    return f"{datetime.fromtimestamp(now_s, ZoneInfo(HOME_TIMEZONE)):%Y-%m}"


@pytest.fixture
async def booked(program: Program) -> Program:
    """A program whose organisation gave 5.50, and had a number looked at that was not called."""
    await program.account(LANDLINE, 5 * MICROS + MICROS // 2)
    ended_ms = program.bench.site.clock.now().wall_ms
    over = {"status": Status.REJECTED, "reason": "foreign", "ended_ms": ended_ms}
    await program.bench.site.reading.verifications.add(verification(**over))
    return program


async def written(program: Program, path: str, media_type: str, **query: str) -> bytes:
    """The file that is answered."""
    headers = {"Authorization": f"Bearer {program.text}"}
    async with program.client.get(API + path, params=query, headers=headers) as response:
        assert response.status == 200
        assert response.content_type == media_type
        assert response.headers["Cache-Control"] == "no-store"
        return await response.read()


async def test_of_whom_and_of_which_months(program: Program, stranger: Program, month: str) -> None:
    listed = await program.get("/statements")
    assert [one["name"] for one in listed["profiles"]] == [PROFILE]
    assert [one["name"] for one in listed["merchants"]] == ["shop"]
    assert listed["months"][0] == {"month": month, "closed": False}
    assert len(listed["months"]) == 12
    assert all(one["closed"] for one in listed["months"][1:])
    theirs = await stranger.get("/statements")
    assert [one["name"] for one in theirs["profiles"]] == ["bolt-eur"]
    assert theirs["merchants"] == []


async def test_a_profiles_month(booked: Program, month: str) -> None:
    told = await booked.get(OF_PROFILE, month=month)
    assert (told["profile"], told["month"], told["closed"]) == (PROFILE, month, False)
    assert [(line["item"], line["about"], line["amount"]) for line in told["lines"]] == [
        ("opening_balance", "", "0.00"),
        ("credits", "r", "5.50"),
        ("closing_balance", "", "5.50"),
    ]
    table = await written(booked, f"{OF_PROFILE}.csv", "text/csv", month=month)
    assert f"{PROFILE},{month},credits,r,1,,5.50,EUR" in table.decode()
    document = await written(booked, f"{OF_PROFILE}.pdf", "application/pdf", month=month, lang="en")
    assert "Billing profile: Sternlicht" in printed_in(document)
    before = await booked.get(OF_PROFILE, month="2025-01")
    assert (before["closed"], before["lines"][-1]["amount"]) == (True, "0.00")


async def test_a_merchants_month(booked: Program, month: str) -> None:
    told = await booked.get(OF_MERCHANT, month=month)
    assert (told["merchant"], told["total"], told["closed"]) == ("shop", "0.00", False)
    (line,) = told["lines"]
    assert (line["status"], line["reason"], line["count"]) == ("rejected", "foreign", 1)
    table = await written(booked, f"{OF_MERCHANT}.csv", "text/csv", month=month)
    assert f"shop,{month},rejected,foreign,1,0.00,0.00,EUR" in table.decode()
    for lang, words in (("de", "nicht angerufen (foreign)"), ("en", "not called (foreign)")):
        document = await written(
            booked, f"{OF_MERCHANT}.pdf", "application/pdf", month=month, lang=lang
        )
        assert words in printed_in(document)


@pytest.mark.parametrize("path", PATHS)
async def test_what_another_has_is_not_there(
    booked: Program, stranger: Program, month: str, path: str
) -> None:
    theirs = await stranger.get(path, 404, month=month)
    nobodys = await stranger.get(path.replace(PROFILE, "x").replace("shop", "x"), 404, month=month)
    assert theirs.pop("request") != nobodys.pop("request")
    assert theirs == nobodys


@pytest.mark.parametrize("path", PATHS)
async def test_what_is_no_month_is_refused(program: Program, path: str) -> None:
    assert (await program.get(path, 422))["field"] == "month"
    for wrong in ("2026-13", "2026", "november"):
        assert (await program.get(path, 422, month=wrong))["field"] == "month"


async def test_no_other_scope_reads_them(program: Program, month: str) -> None:
    reader = await program.with_key([Scope.STATEMENTS_READ])
    await reader.get(OF_PROFILE, month=month)
    other = await program.with_key([one for one in Scope if one is not Scope.STATEMENTS_READ])
    for path in ("/statements", *PATHS):
        await other.get(path, 403, month=month)
