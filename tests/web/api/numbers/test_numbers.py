"""An organisation's own numbers over the interface."""

from calendar import monthrange

import pytest

from engine.core.numbers.holder import DocumentKind, Policy, Verdict
from engine.core.numbers.number import Purpose
from engine.flows.numbers.allocation import Allocation
from engine.flows.numbers.holders import Holders, Paper
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.stock import Stock
from engine.ports.numbers import Offer
from engine.ports.operators import Scope
from tests.web.api.conftest import API, Program
from tests.web.site import ORGANISATION, Bench

SEAT = {
    "title": "Acme",
    "street": "Weg 1",
    "postal_code": "10115",
    "place": "Berlin",
    "country": "DE",
}
BLOCKS = """area_code,first,last
30,+493023125000,+493023125004
89,+498999998000,+498999998004
"""
ORDER = {"price": "4.90"}


@pytest.fixture
async def numbering(bench: Bench) -> Numbering:
    """A stock in two towns, and no proof that is needed first."""
    numbering = Numbering(
        bench.site.numbering.numbers,
        bench.site.numbering.areas,
        bench.site.clock,
        Policy(prove_seat_first=False),
    )
    assert await Stock(numbering).take_in(BLOCKS, "op") == 10
    offer = Offer(country="DE", purpose=Purpose.TRACKING, price_micros=4_900_000, currency="EUR")
    await Stock(numbering).put_offer(offer, "op")
    return numbering


async def test_from_the_catalogue_to_a_number_and_back(
    program: Program, numbering: Numbering
) -> None:
    (offer,) = (await program.get("/catalogue"))["offers"]
    assert offer == {"country": "DE", "purpose": "tracking", "price": "4.90", "currency": "EUR"}
    assert (await program.put("/holder", SEAT))["area_code"] == "30"
    ordered = await program.post("/numbers", ORDER, once="k")
    assert (ordered["number"], ordered["status"]) == ("+493023125000", "ordered")
    assert await program.post("/numbers", ORDER, once="k") == ordered
    await Allocation(numbering).approve(ordered["number"], "op")
    path = f"/numbers/{ordered['number'][1:]}"
    assert (await program.get(path))["status"] == "active"
    source = await program.post(
        "/sources", {"number": ordered["number"], "name": "Messe", "places": ["acme.example"]}
    )
    ended = await program.post(f"{path}/deactivate", {"reason": "vorbei"}, status=200)
    assert (ended["status"], ended["quarantined_until"] is None) == ("quarantined", False)
    await program.get(path, 404)
    (listed,) = (await program.get("/sources"))["sources"]
    assert listed["ends_on"] is not None
    removed = await program.post(f"/sources/{source['source_id']}/removed", status=200)
    assert removed["removed_on"] is not None
    kinds = [notice["kind"] for notice in (await program.get("/notices"))["notices"]]
    assert kinds == ["activated", "deactivated"]
    page = await program.get("/notices", limit=1)
    assert len((await program.get("/notices", after=page["next"]))["notices"]) == 1


async def test_what_numbers_cost_in_a_month(
    program: Program, stranger: Program, numbering: Numbering
) -> None:
    await program.put("/holder", SEAT)
    ordered = await program.post("/numbers", ORDER)
    await Allocation(numbering).approve(ordered["number"], "op")
    _, today = numbering.now()
    month = {"month": f"{today:%Y-%m}"}
    told = await program.get("/statements/numbers", **month)
    assert (told["month"], told["booked"]) == (month["month"], False)
    (line,) = told["lines"]
    assert (line["number"], line["price"]) == (ordered["number"], "4.90")
    assert line["days"] == monthrange(today.year, today.month)[1] - today.day + 1
    headers = {"Authorization": f"Bearer {program.text}"}
    path = f"{API}/statements/numbers.csv"
    async with program.client.get(path, params=month, headers=headers) as response:
        assert f"{ordered['number']},{line['days']},4.90,{line['amount']},EUR" in (
            await response.text()
        )
    assert (await stranger.get("/statements/numbers", **month))["lines"] == []
    assert (await program.get("/statements/numbers", 422, month="2026-13"))["field"] == "month"


async def test_a_move_says_what_was_replaced(program: Program, numbering: Numbering) -> None:
    await program.put("/holder", SEAT)
    ordered = await program.post("/numbers", ORDER)
    await Allocation(numbering).approve(ordered["number"], "op")
    moved = await program.put("/holder", {**SEAT, "postal_code": "80331", "place": "München"})
    assert moved["replaced"] == {ordered["number"]: "+498999998000"}
    (mine,) = (await program.get("/numbers"))["numbers"]
    assert (mine["number"], mine["status"]) == ("+498999998000", "active")
    history = (await program.get("/numbers/498999998000/history"))["events"]
    assert [(e["action"], e["other"]) for e in history] == [("took_over", ordered["number"])]
    assert (await program.post("/holder/confirm", status=200))["demands"] == []


async def test_a_rule_that_forbids_is_named(program: Program, numbering: Numbering) -> None:
    refused = await program.post("/numbers", ORDER, status=409)
    assert (refused["reason"], refused["type"]) == ("no_holder", "urn:groschen:problem:number_rule")
    await program.put("/holder", SEAT)
    refused = await program.post("/numbers", {"price": "4.80"}, status=409)
    assert refused["reason"] == "price_changed"
    far = await program.post("/numbers", {**ORDER, "starts_on": "9999-12-31"}, status=409)
    assert far["reason"] == "too_late"
    await program.put("/holder", {**SEAT, "place": "Zürich", "country": "CH"})
    assert (await program.post("/numbers", ORDER, status=409))["reason"] == "foreign_seat"
    fault = await program.put("/holder", {**SEAT, "place": "Kleinstdorf"}, status=422)
    assert fault["field"] == "area_code"


async def test_what_is_anothers_is_not_there(
    program: Program, stranger: Program, numbering: Numbering
) -> None:
    await program.put("/holder", SEAT)
    ordered = await program.post("/numbers", ORDER)
    await Allocation(numbering).approve(ordered["number"], "op")
    source = await program.post("/sources", {"number": ordered["number"], "name": "Messe"})
    path = f"/numbers/{ordered['number'][1:]}"
    for wanted in (path, f"{path}/history", "/numbers/nothing", "/holder"):
        await stranger.get(wanted, 404)
    await stranger.post(f"{path}/deactivate", {"reason": "x"}, status=404)
    await stranger.post(f"/sources/{source['source_id']}/removed", status=404)
    await stranger.post("/holder/confirm", status=404)
    await stranger.post("/sources", {"number": ordered["number"], "name": "x"}, status=422)
    assert (await stranger.get("/numbers"))["numbers"] == []
    assert (await stranger.get("/sources"))["sources"] == []
    assert (await stranger.get("/notices"))["notices"] == []


async def test_reading_and_writing_are_two_scopes(program: Program, numbering: Numbering) -> None:
    reader = await program.with_key([Scope.DIDS_READ])
    await reader.get("/numbers")
    await reader.put("/holder", SEAT, status=403)
    writer = await program.with_key([Scope.DIDS_WRITE])
    await writer.put("/holder", SEAT)
    await writer.get("/holder", 403)


async def test_documents_that_are_wanting_are_named(program: Program, bench: Bench) -> None:
    await Stock(bench.site.numbering).take_in(BLOCKS, "op")
    offer = Offer(country="DE", purpose=Purpose.TRACKING, price_micros=4_900_000, currency="EUR")
    await Stock(bench.site.numbering).put_offer(offer, "op")
    await program.put("/holder", SEAT)
    ordered = await program.post("/numbers", ORDER)
    await Allocation(bench.site.numbering).approve(ordered["number"], "op")
    (demand,) = (await program.get("/holder"))["demands"]
    assert demand["proof"] == "seat"
    holders = Holders(bench.site.numbering)
    _, today = bench.site.numbering.now()
    paper = Paper(kind=DocumentKind.TRADE_LICENCE, file_name="a.pdf", content=b"x", dated=today)
    document = await holders.hand_in(ORGANISATION, paper, "op")
    await holders.check(ORGANISATION, document.document_id, Verdict.ACCEPTED, "", "op")
    assert (await program.get("/holder"))["demands"] == []
