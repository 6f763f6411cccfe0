"""Forwarding over the interface."""

from dataclasses import replace
from typing import Any

import pytest

from engine.core.diversion.caps import Cap
from engine.core.diversion.record import Outcome
from engine.core.diversion.route import CallerClass
from engine.core.numbers.number import Number, Purpose, Status
from engine.core.roles import RIGHTS, Right, Role, may
from engine.flows.numbers.allocation import Allocation
from engine.ledger.diversion.sql import SqlForwarded
from engine.ledger.numbers.sql import SqlNumbers
from engine.ports.numbers import Commit, Move
from engine.ports.operators import Scope
from tests.forwarding.cases import NOW_MS, NUMBER, OTHER_NUMBER, TARGET, forwarded, number
from tests.web.api.conftest import Program
from tests.web.site import ORGANISATION, Bench

PATH = f"/forwarding/routes/{NUMBER[1:]}"
COST = {"currency": "USD", "minute_prices": ["0.0085"], "a_day": "5.00", "a_month": "50.00"}
ROUTE = {"version": 0, "targets": ["(212) 555-0142"]}


@pytest.fixture(autouse=True)
async def stocked(bench: Bench) -> None:
    """An active number and one on order, both the organisation's."""
    await give(bench, number(NUMBER))
    await give(bench, number(OTHER_NUMBER, status=Status.ORDERED))


async def give(bench: Bench, wanted: Number) -> None:
    numbers = SqlNumbers(bench.ledger)
    free = Number(e164=wanted.e164, country=wanted.country, area_code=wanted.area_code)
    await numbers.stock([free], "operator", 0)
    given = replace(wanted, organisation=wanted.organisation and ORGANISATION, version=1)
    await numbers.commit(Commit(author="operator", at_ms=0, moves=(Move(free, given, "given"),)))


async def test_a_route_is_set_read_changed_and_deleted(program: Program) -> None:
    await program.get(PATH, 404)
    made = await program.put(PATH, ROUTE, once="k")
    assert (made["version"], made["targets"], made["policy"]["canada"]) == (1, [TARGET], "ring_on")
    assert await program.put(PATH, ROUTE, once="k") == made
    assert await program.get(PATH) == made
    changed = await program.put(
        PATH,
        {
            "version": 1,
            "targets": [TARGET, "+13125550143"],
            "policy": {"canada": "through"},
            "caps": {"calls_at_once": 2},
            "ring_timeout_s": 20,
            "timezone": "America/Chicago",
        },
    )
    assert (changed["version"], changed["policy"]["canada"]) == (2, "through")
    assert changed["caps"] == {
        "calls_at_once": 2,
        "minutes_a_day": 600,
        "minutes_a_month": 6000,
        "cost": None,
    }
    assert (await program.get("/forwarding/routes"))["routes"] == [changed]
    gone = await program.post(f"{PATH}/delete", {"version": 2}, 200)
    assert gone == {"number": NUMBER, "deleted": True}
    await program.get(PATH, 404)
    await program.post(f"{PATH}/delete", {"version": 2}, 404)
    assert (await program.get("/forwarding/routes"))["routes"] == []
    versions = (await program.get(f"{PATH}/versions"))["versions"]
    assert [(one["version"], one["route"]) for one in versions] == [
        (3, None),
        (2, changed),
        (1, made),
    ]
    page = await program.get(f"{PATH}/versions", limit=1)
    assert page["next"] == 3
    further = await program.get(f"{PATH}/versions", limit=1, before=page["next"])
    assert further["versions"][0]["route"] == changed


async def test_what_forwarding_may_cost_is_set_and_taken_out_again(program: Program) -> None:
    capped = await program.put(PATH, ROUTE | {"caps": {"cost": COST}})
    assert capped["caps"]["cost"] == COST
    assert await program.get(PATH) == capped
    unaware = await program.put(PATH, ROUTE | {"version": 1, "caps": {"calls_at_once": 2}})
    assert unaware["caps"]["cost"] == COST
    elsewhere = ROUTE | {"version": 2, "targets": ["+13125550143"]}
    refused = await program.put(PATH, elsewhere, 422)
    assert refused["field"] == "caps.cost"
    uncapped = await program.put(PATH, elsewhere | {"caps": {"cost": None}})
    assert uncapped["caps"]["cost"] is None


async def test_why_a_route_ended_with_its_number(program: Program, bench: Bench) -> None:
    made = await program.put(PATH, ROUTE)
    await Allocation(bench.site.numbering).deactivate(NUMBER, "nobody pays", "operator")
    await program.get(PATH, 404)
    end, first = (await program.get(f"{PATH}/versions"))["versions"]
    assert (end["route"], end["author"], end["reason"]) == (None, "", "nobody pays")
    assert (first["route"], first["reason"], first["other"]) == (made, "", "")


async def test_a_stale_change_is_a_conflict_and_changes_nothing(program: Program) -> None:
    made = await program.put(PATH, ROUTE)
    await program.put(PATH, ROUTE, 409)
    await program.post(f"{PATH}/delete", {"version": 7}, 409)
    assert await program.get(PATH) == made


async def test_a_route_can_be_set_while_the_number_is_on_order(program: Program) -> None:
    path = f"/forwarding/routes/{OTHER_NUMBER[1:]}"
    assert (await program.put(path, ROUTE))["number"] == OTHER_NUMBER


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"targets": ["911"]}, "targets.0"),
        ({"targets": ["+19002345678"]}, "targets.0"),
        ({"targets": [TARGET, "+14165550123"]}, "targets.1"),
        ({"targets": [NUMBER]}, "targets.0"),
        ({"targets": []}, "targets"),
        ({"targets": [TARGET] * 3}, "targets"),
        ({"timezone": "Mars/Olympus"}, "timezone"),
        ({"caps": {"calls_at_once": 0}}, "caps.calls_at_once"),
        ({"caps": {"cost": COST | {"currency": "XXX"}}}, "caps.cost.currency"),
        ({"caps": {"cost": COST | {"minute_prices": ["1"] * 2}}}, "caps.cost.minute_prices"),
        ({"caps": {"cost": COST | {"minute_prices": ["-1"]}}}, "caps.cost.minute_prices.0"),
        ({"caps": {"cost": COST | {"a_day": "0.001"}}}, "caps.cost.a_day"),
        ({"policy": {"canada": "perhaps"}}, "policy.canada"),
        ({"policy": {"mexico": "through"}}, "policy.mexico"),
        ({"ring_timeout_s": 600}, "ring_timeout_s"),
    ],
)
async def test_what_the_rules_refuse(program: Program, change: dict[str, Any], field: str) -> None:
    refused = await program.put(PATH, ROUTE | change, 422)
    assert refused["field"] == field
    await program.get(PATH, 404)


async def test_a_chain_that_leads_back_is_refused(program: Program) -> None:
    other = f"/forwarding/routes/{OTHER_NUMBER[1:]}"
    await program.put(PATH, {"version": 0, "targets": [OTHER_NUMBER]})
    refused = await program.put(other, {"version": 0, "targets": [TARGET, NUMBER]}, 422)
    assert refused["field"] == "targets"
    await program.put(other, ROUTE)


async def test_what_another_has_is_not_there(program: Program, bench: Bench) -> None:
    await program.put(PATH, ROUTE)
    await SqlForwarded(bench.ledger).keep(forwarded(organisation=ORGANISATION))
    other = await program.with_key(organisation="bolt")
    await other.get(PATH, 404)
    await other.put(PATH, ROUTE | {"version": 1}, 404)
    await other.post(f"{PATH}/delete", {"version": 1}, 404)
    assert (await other.get("/forwarding/routes"))["routes"] == []
    assert (await other.get(f"{PATH}/versions"))["versions"] == []
    assert (await other.get("/forwarding/calls"))["calls"] == []
    await program.put("/forwarding/routes/12125550142", ROUTE, 404)


async def test_a_number_given_for_tracking_is_not_forwarded(program: Program, bench: Bench) -> None:
    tracked = Number(
        e164="+493023125077",
        country="DE",
        area_code="30",
        status=Status.ACTIVE,
        organisation=ORGANISATION,
        purpose=Purpose.TRACKING,
    )
    await give(bench, tracked)
    refused = await program.put("/forwarding/routes/493023125077", ROUTE, 422)
    assert refused["field"] == "number"


async def test_the_log_of_calls(program: Program, bench: Bench) -> None:
    log = SqlForwarded(bench.ledger)
    for n in range(3):
        await log.keep(forwarded(f"17952953.{n}", organisation=ORGANISATION, arrived_ms=NOW_MS - n))
    withheld = forwarded(
        "17952953.9",
        organisation=ORGANISATION,
        number=OTHER_NUMBER,
        caller=None,
        caller_class=CallerClass.CANADA,
        target=None,
        outcome=Outcome.NOT_LET_THROUGH,
        joined_ms=None,
    )
    await log.keep(withheld)
    first = await program.get("/forwarding/calls", limit=2)
    rest = await program.get("/forwarding/calls", limit=2, after=first["next"])
    assert [one["call_id"][-1] for one in (*first["calls"], *rest["calls"])] == ["9", "0", "1", "2"]
    (refused,) = (await program.get("/forwarding/calls", number=OTHER_NUMBER))["calls"]
    assert (refused["caller"], refused["outcome"], refused["talk_s"]) == (
        None,
        "not_let_through",
        0,
    )
    assert rest["calls"][0]["caller"] == "+14155550xxx"
    assert rest["calls"][0]["talk_s"] == 60
    assert rest["calls"][0]["cost"] is None
    costly = forwarded(
        "17952953.8",
        organisation=ORGANISATION,
        arrived_ms=NOW_MS + 1,
        cap=Cap.COST_A_DAY,
        currency="USD",
        minute_micros=8_500,
    )
    await log.keep(costly)
    (told,) = (await program.get("/forwarding/calls", limit=1))["calls"]
    assert (told["cap"], told["cost"], told["currency"]) == ("cost_a_day", "0.0085", "USD")


async def test_who_may_only_read_changes_nothing(program: Program) -> None:
    reader = await program.with_key([Scope.FORWARDING_READ])
    await reader.get("/forwarding/routes")
    await reader.put(PATH, ROUTE, 403)
    await reader.post(f"{PATH}/delete", {"version": 1}, 403)
    writer = await program.with_key([Scope.FORWARDING_WRITE])
    await writer.put(PATH, ROUTE)
    await writer.get(PATH, 403)


def test_four_roles_may_change_routes() -> None:
    writers = {role for role in RIGHTS if may(role, Right.FORWARDING_WRITE)}
    assert writers == {Role.OWNER, Role.ADMIN, Role.MANAGER, Role.COORDINATOR}
