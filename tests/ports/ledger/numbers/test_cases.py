"""Authorities' requests: seen by the operator's owners alone, ended once, every look kept."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from engine.core.numbers.case import CaseKind, CaseStatus
from engine.core.roles import Role
from engine.errors import CallerError, ConflictError
from engine.flows.numbers.cases import Cases, Request, Viewer
from engine.flows.numbers.numbering import local_day
from engine.ledger.numbers.cases import SqlCases
from engine.ports.cases import Cases as CasesPort
from tests.fakes.numbers.cases import MemoryCases
from tests.flows.numbers.town import FIRST_DAY, Town
from tests.ports.ledger.books import Books, SqlBooks

ADA = Viewer(name="ada", role=Role.OWNER, organisation=None)


@pytest.fixture
def port(books: Books) -> CasesPort:
    return SqlCases(books.open()) if isinstance(books, SqlBooks) else MemoryCases()


@pytest.fixture
def cases(town: Town, port: CasesPort) -> Cases:
    return Cases(town.numbering, port, ADA)


def request(e164: str, to_day: date = FIRST_DAY) -> Request:
    return Request(
        e164=e164,
        kind=CaseKind.SUBSCRIBER,
        authority="LKA",
        reference="12 Js 34/27",
        from_day=to_day - timedelta(days=7),
        to_day=to_day,
        due_on=FIRST_DAY + timedelta(days=14),
    )


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("organisation", [None, "acme"])
async def test_only_the_operators_owners_see_cases(role: Role, organisation: str | None) -> None:
    town = Town(None)  # type: ignore[arg-type]  # the books are not reached
    viewer = Viewer(name="x", role=role, organisation=organisation)
    if role is Role.OWNER and organisation is None:
        Cases(town.numbering, MemoryCases(), viewer)
    else:
        with pytest.raises(CallerError):
            Cases(town.numbering, MemoryCases(), viewer)


async def test_a_case_names_who_had_the_number_then(town: Town, cases: Cases) -> None:
    mine = await town.active()
    town.clock.day = FIRST_DAY + timedelta(days=3)
    await town.allocation.deactivate(mine.e164, "x", "op")
    for day, organisation in ((-1, None), (0, "acme"), (2, "acme"), (3, None)):
        opened = await cases.open(request(mine.e164, FIRST_DAY + timedelta(days=day)))
        assert opened.organisation == organisation
    assert await town.told("acme") == ["activated", "deactivated"]
    with pytest.raises(CallerError):
        await cases.open(request("+4930999"))


async def test_a_case_shows_everybody_who_had_the_number_in_its_span(
    town: Town, cases: Cases
) -> None:
    mine = await town.active()
    for other in await town.numbers.free(mine.area, 99):
        await town.allocation.withdraw(other.e164, "x", "op")
    off = FIRST_DAY + timedelta(days=10)
    town.clock.day = off
    await town.allocation.deactivate(mine.e164, "x", "op")
    on = FIRST_DAY + timedelta(days=250)
    await town.due(on)
    theirs = await town.active("bolt")
    assert theirs.e164 == mine.e164
    spans: tuple[tuple[date, date, list[str]], ...] = (
        (FIRST_DAY, on, ["acme", "bolt"]),
        (off, on - timedelta(days=1), ["acme"]),
        (off + timedelta(days=1), on - timedelta(days=1), []),
        (off + timedelta(days=1), on, ["bolt"]),
    )
    for first, last, names in spans:
        asked = replace(request(mine.e164, last), from_day=first)
        shown = await cases.show((await cases.open(asked)).case_id)
        assert [one.organisation for one in shown.holdings] == names
    whole = await cases.open(replace(request(mine.e164, on), from_day=FIRST_DAY))
    acme, bolt = (await cases.show(whole.case_id)).holdings
    assert (local_day(acme.from_ms), local_day(acme.until_ms or 0)) == (FIRST_DAY, off)
    assert (local_day(bolt.from_ms), bolt.until_ms) == (on, None)


async def test_a_case_ends_once_and_every_look_is_kept(
    town: Town, cases: Cases, port: CasesPort
) -> None:
    mine = await town.active()
    first = await cases.open(request(mine.e164))
    second = await cases.open(request(mine.e164))
    assert {c.case_id for c in await cases.listed()} == {first.case_id, second.case_id}
    eve = Cases(town.numbering, port, Viewer(name="eve", role=Role.OWNER, organisation=None))
    answered = await eve.answer(first.case_id, "Name und Sitz")
    assert (answered.status, answered.outcome) == (CaseStatus.ANSWERED, "Name und Sitz")
    with pytest.raises(ConflictError):
        await cases.refer(first.case_id, "Acme")
    with pytest.raises(ConflictError):
        await port.end(answered, (await port.lines(first.case_id))[0])
    with pytest.raises(CallerError):
        await cases.refer(second.case_id, " ")
    assert await cases.listed(CaseStatus.OPEN) == [second]
    shown = await cases.show(first.case_id)
    assert shown.case == answered
    assert [(line.author, line.action) for line in shown.lines] == [
        ("ada", "opened"),
        ("eve", "seen"),
        ("eve", "answered"),
        ("ada", "seen"),
        ("ada", "seen"),
    ]
    with pytest.raises(CallerError):
        await cases.show("nothing")


@pytest.mark.parametrize(
    ("field", "value"), [("authority", ""), ("reference", "a\nb"), ("from_day", date(2030, 1, 1))]
)
async def test_a_request_that_is_none_is_refused(
    town: Town, cases: Cases, field: str, value: object
) -> None:
    mine = await town.active()
    with pytest.raises(CallerError) as caught:
        await cases.open(replace(request(mine.e164), **{field: value}))
    assert caught.value.field == ("to_day" if field == "from_day" else field)
    assert await cases.listed() == []
