"""To whom tracked numbers lead, over the interface."""

from typing import Any

import pytest

from engine.ports.operators import Scope
from tests.tracking.cases import DEALER, MOBILE, NUMBER, number
from tests.web.api.conftest import Program
from tests.web.api.forwarding.test_forwarding import give
from tests.web.site import Bench

PATH = f"/tracking/routes/{NUMBER[1:]}"
AT_WORK = [{"weekday": 0, "opens": "09:00", "closes": "24:00"}]
ROUTE = {"version": 0, "targets": [{"number": "030 23125200", "spans": AT_WORK}]}


@pytest.fixture(autouse=True)
async def stocked(bench: Bench) -> None:
    """An active number of the organisation's."""
    await give(bench, number())


async def test_a_route_is_set_read_changed_and_deleted(program: Program) -> None:
    await program.get(PATH, 404)
    made = await program.put(PATH, ROUTE)
    assert made["targets"] == [{"number": DEALER, "spans": AT_WORK}]
    assert (made["version"], made["whisper"], made["timezone"]) == (1, False, "Europe/Berlin")
    changed = await program.put(
        PATH,
        {
            "version": 1,
            "targets": [{"number": DEALER, "spans": AT_WORK}, {"number": MOBILE}],
            "whisper": True,
            "lang": "en",
            "timezone": "Europe/Vienna",
        },
    )
    assert changed["targets"][1] == {"number": MOBILE, "spans": []}
    await program.put(PATH, ROUTE, 409)
    assert await program.get(PATH) == changed
    assert (await program.get("/tracking/routes"))["routes"] == [changed]
    assert (await program.get("/forwarding/routes"))["routes"] == []
    await program.get(f"/forwarding/routes/{NUMBER[1:]}", 404)
    await program.post(f"/forwarding/routes/{NUMBER[1:]}/delete", {"version": 2}, 404)
    await program.post(f"{PATH}/delete", {"version": 2}, 200)
    await program.get(PATH, 404)
    versions = (await program.get(f"{PATH}/versions"))["versions"]
    assert [(one["version"], one["route"]) for one in versions] == [
        (3, None),
        (2, changed),
        (1, made),
    ]
    assert {one["author"] for one in versions} == {made["author"]}
    page = await program.get(f"{PATH}/versions", limit=1)
    assert page["next"] == 3
    further = await program.get(f"{PATH}/versions", limit=1, before=page["next"])
    assert further["versions"][0]["route"] == changed


async def test_one_services_history_is_none_of_the_others(program: Program) -> None:
    await program.put(PATH, ROUTE)
    refused = await program.get(f"/forwarding/routes/{NUMBER[1:]}/versions", 422)
    assert refused["field"] == "number"
    refused = await program.get("/tracking/routes/18885550100/versions", 422)
    assert refused["field"] == "number"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"targets": []}, "targets"),
        ({"targets": [{"number": "0900 1 123456"}]}, "targets.0.number"),
        ({"targets": [{"number": NUMBER}]}, "targets.0.number"),
        (
            {"targets": [{"number": DEALER, "spans": [AT_WORK[0] | {"closes": "08:00"}]}]},
            "targets.0.spans",
        ),
        (
            {"targets": [{"number": DEALER, "spans": [AT_WORK[0] | {"opens": "9 am"}]}]},
            "targets.0.spans.0.opens",
        ),
        ({"lang": "fr"}, "lang"),
        ({"timezone": "Europe/Atlantis"}, "timezone"),
    ],
)
async def test_what_the_rules_refuse(program: Program, change: dict[str, Any], field: str) -> None:
    assert (await program.put(PATH, ROUTE | change, 422))["field"] == field
    await program.get(PATH, 404)


async def test_what_another_has_is_not_there(program: Program) -> None:
    await program.put(PATH, ROUTE)
    other = await program.with_key(organisation="bolt")
    await other.get(PATH, 404)
    await other.put(PATH, ROUTE | {"version": 1}, 404)
    await other.post(f"{PATH}/delete", {"version": 1}, 404)
    assert (await other.get(f"{PATH}/versions"))["versions"] == []
    reader = await program.with_key([Scope.TRACKING_READ])
    await reader.get(PATH)
    await reader.get(f"{PATH}/versions")
    await reader.put(PATH, ROUTE | {"version": 1}, 403)
