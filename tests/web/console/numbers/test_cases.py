"""Authorities' requests: for the operator's owners, and silence to everybody else."""

from engine.core.roles import Role
from engine.ports.audit import ActFilter
from tests.web.console.house import House
from tests.web.console.numbers.test_numbers import page, post, refused
from tests.web.console.subjects.cases import CASE
from tests.web.site import ORGANISATION

CASES = "/console/cases"


async def test_a_request_is_opened_and_answered_once(house: House) -> None:
    owner = house.staff[Role.OWNER]
    asked = {**CASE, "number": f"+{house.own['number']}"}
    path = await post(house, f"{CASES}/new", owner, asked)
    before = await page(house, path, owner)
    assert "12 Js 34/26" in before
    await refused(await house.ask("POST", f"{path}/answer", owner), "Schreiben Sie auf")
    await post(house, f"{path}/answer", owner, {"outcome": "Name und Sitz"})
    after = await page(house, path, owner)
    assert "Name und Sitz" in after
    assert after.index("angelegt") < after.index("beantwortet</td>")
    again = await house.ask("POST", f"{path}/refer", owner, {"outcome": "an den Kunden"})
    assert again.status == 422
    assert (await house.ask("GET", f"{CASES}/none", owner)).status == 404
    wrong = {**asked, "to_day": "2026-10-01"}
    await refused(await house.ask("POST", f"{CASES}/new", owner, wrong), "vor dem Beginn")


async def test_nobody_else_learns_of_it(house: House) -> None:
    owner = house.staff[Role.OWNER]
    secret = await house.session(owner)
    # Even while he looks at the very organisation whose number it is about.
    chosen = {"organisation": ORGANISATION}
    await house.ask("POST", "/console/organisation", form=chosen, secret=secret)
    asked = {**CASE, "number": f"+{house.own['number']}"}
    opened = await house.ask("POST", f"{CASES}/new", form=asked, secret=secret)
    path = opened.headers["Location"]
    answered = {"outcome": "Name und Sitz"}
    done = await house.ask("POST", f"{path}/answer", form=answered, secret=secret)
    assert done.status == 303
    lines = await house.bench.site.audit.lines(ActFilter(organisation=None, action="cases"))
    assert [line.act.organisation for line in lines] == [None, None]
    for user in (house.people[Role.OWNER], house.staff[Role.ADMIN], house.staff[Role.AUDITOR]):
        log = await page(house, "/console/audit", user)
        assert "cases." not in log
        assert CASES not in log
        assert (await house.ask("GET", CASES, user)).status == 403
        assert (await house.ask("GET", path, user)).status == 403
    assert "cases.answer" in await page(house, "/console/audit", owner)
    told = await page(house, "/console/numbers/notices", house.people[Role.OWNER])
    assert "LKA" not in told
