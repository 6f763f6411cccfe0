"""Authorities' requests, which the operator's owners alone see."""

from datetime import timedelta

from engine.core.numbers.case import CaseKind
from engine.core.roles import Role
from engine.flows.numbers.cases import Cases, Request, Viewer
from tests.web.console.house import NOBODY_OF_ORGANISATION, House, Row
from tests.web.console.subjects.numbers import stocked

CASES = "/console/cases"
ONE = f"{CASES}/{{request_id}}"
CASE = {
    "number": "+493023125700",
    "kind": "subscriber",
    "authority": "LKA Berlin",
    "reference": "12 Js 34/26",
    "from_day": "2026-11-01",
    "to_day": "2026-11-07",
    "due_on": "2026-12-01",
}

ROWS = {
    ("GET", CASES): Row(NOBODY_OF_ORGANISATION),
    ("GET", f"{CASES}/new"): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{CASES}/new"): Row(NOBODY_OF_ORGANISATION, CASE),
    ("GET", ONE): Row(NOBODY_OF_ORGANISATION),
    ("POST", f"{ONE}/answer"): Row(NOBODY_OF_ORGANISATION, {"outcome": "Name und Sitz"}),
    ("POST", f"{ONE}/refer"): Row(NOBODY_OF_ORGANISATION, {"outcome": "an den Kunden"}),
}


async def seed(house: House) -> None:
    """A case on our number that is late, one on the others', one that was answered."""
    await stocked(house)
    site = house.bench.site
    viewer = Viewer(name="grace@operator.example", role=Role.OWNER, organisation=None)
    cases = Cases(site.numbering, site.cases, viewer)
    _, today = site.numbering.now()
    for ids, days in ((house.own, -1), (house.foreign, 14), ({"number": house.own["number"]}, 3)):
        request = Request(
            e164=f"+{ids['number']}",
            kind=CaseKind.SUBSCRIBER,
            authority="LKA Berlin",
            reference=f"12 Js {ids['number'][-3:]}/{20 + days}",
            from_day=today,
            to_day=today,
            due_on=today + timedelta(days=days),
        )
        ids["request_id"] = (await cases.open(request)).case_id
    await cases.answer(ids["request_id"], "Name und Anschrift laut Vertrag")
