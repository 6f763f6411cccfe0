"""An organisation's own numbers over the interface."""

import base64
import io
import json
from calendar import monthrange
from dataclasses import replace

import pytest

from engine.core.numbers.holder import DocumentKind, Policy, Verdict
from engine.core.numbers.number import Purpose
from engine.core.probe import Health, Probe, Result, Standing
from engine.flows.numbers.allocation import Allocation
from engine.flows.numbers.holders import FILE_BYTES_MOST, Holders, Paper
from engine.flows.numbers.numbering import Numbering
from engine.flows.numbers.stock import Stock
from engine.ports.numbers import Offer
from engine.ports.operators import Scope
from engine.ports.probes import Finding
from engine.web.api.documents.models import FORM_BYTES_MOST
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
    assert [demand["proof"] for demand in moved["demands"]] == ["seat"]
    confirmed = await program.post("/holder/confirm", status=200)
    assert confirmed["demands"] == moved["demands"]


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


async def test_a_document_is_handed_in_and_its_check_told(
    program: Program, stranger: Program, numbering: Numbering
) -> None:
    scan = {"kind": "trade_licence", "content": _base64(b"%PDF-1.7"), "dated": "2026-01-02"}
    await program.get("/holder/documents", 404)
    await program.post("/holder/documents", scan, status=404)
    await program.put("/holder", SEAT)
    made = await program.post("/holder/documents", scan, once="scan")
    assert await program.post("/holder/documents", scan, once="scan") == made
    assert (made["verdict"], made["proves"]) == ("unchecked", "Weg 1, 10115 Berlin, DE")
    kept = await numbering.numbers.file(ORGANISATION, made["document_id"])
    assert kept == b"%PDF-1.7"
    holders = Holders(numbering)
    await holders.check(ORGANISATION, made["document_id"], Verdict.REFUSED, "unleserlich", "op")
    (told,) = (await program.get("/holder/documents"))["documents"]
    assert (told["verdict"], told["note"]) == ("refused", "unleserlich")
    assert "content" not in told
    await stranger.get("/holder/documents", 404)


async def test_a_document_is_bounded_and_of_a_known_form(
    program: Program, numbering: Numbering
) -> None:
    await program.put("/holder", SEAT)
    scan = {"kind": "trade_licence", "dated": "2026-01-02"}
    largest = b"%PDF-" + bytes(FILE_BYTES_MOST - 5)
    await _sent(program, 201, {**scan, "content": _base64(largest)})
    # The same length in base64, but a byte more in the file.
    assert len(_base64(largest)) == len(_base64(largest + b"x"))
    fault = await _sent(program, 422, {**scan, "content": _base64(largest + b"x")})
    assert fault["field"] == "content"
    await _sent(program, 413, {"content": "A" * FORM_BYTES_MOST})
    for content in (_base64(b"plain text"), "abcde", "====", ""):
        fault = await program.post("/holder/documents", {**scan, "content": content}, status=422)
        assert fault["field"] == "content"
    await program.put("/holder", {**SEAT, "title": "A" * 300_000}, status=413)
    tomorrow = {**scan, "dated": "2999-01-01", "content": _base64(b"%PDF-")}
    assert (await program.post("/holder/documents", tomorrow, status=422))["field"] == "dated"


async def _sent(program: Program, status: int, body: dict[str, str]) -> dict[str, str]:
    """The answer to a body that is too long to be sent in one go."""
    data = io.BytesIO(json.dumps(body).encode())
    headers = {"Content-Type": "application/json"}
    answer, _ = await program.ask("POST", "/holder/documents", status, data=data, headers=headers)
    found: dict[str, str] = answer
    return found


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


async def test_a_source_is_changed_but_not_renamed(
    program: Program, stranger: Program, numbering: Numbering
) -> None:
    await program.put("/holder", SEAT)
    ordered = await program.post("/numbers", ORDER)
    await Allocation(numbering).approve(ordered["number"], "op")
    source = await program.post("/sources", {"number": ordered["number"], "name": "Messe"})
    second = {"number": ordered["number"], "name": "Portal"}
    assert (await program.post("/sources", second, status=422))["field"] == "number"
    path, body = f"/sources/{source['source_id']}", {"places": ["Plakat"], "ends_on": "2999-05-31"}
    assert await program.put(path, body) == {**source, **body}
    await program.put(path, {**body, "name": "Portal"}, status=422)
    await program.put("/sources/none", body, status=404)
    await stranger.put(path, body, status=404)
    await program.post(f"{path}/removed", status=200)
    assert (await program.put(path, body, status=422))["field"] == "source_id"


async def test_only_an_old_number_can_be_named(program: Program, numbering: Numbering) -> None:
    await program.put("/holder", SEAT)
    wanted = {**ORDER, "number": "+493023125003"}
    assert (await program.post("/numbers", wanted, status=409))["reason"] == "never_had"


async def test_how_numbers_stand_by_their_probes(
    program: Program, stranger: Program, bench: Bench, numbering: Numbering
) -> None:
    await program.put("/holder", SEAT)
    for _ in range(2):
        ordered = await program.post("/numbers", ORDER)
        await Allocation(numbering).approve(ordered["number"], "op")
    number, probes = ordered["number"], bench.site.probes
    assert await program.get("/probes") == {"numbers": [], "next": None}
    fresh = Health(e164=number, organisation=ORGANISATION, next_ms=0)
    await probes.enrol([fresh])
    probe = Probe(
        call_id="p", e164=number, organisation=ORGANISATION, placed_ms=0, result=Result.BUSY
    )
    found = replace(
        fresh, standing=Standing.DEAD, failing_since_ms=0, last_ms=0, last_result=Result.BUSY,
        version=2,
    )  # fmt: skip
    await probes.note(Finding(health=found, probe=probe))
    epoch = "1970-01-01T00:00:00.000Z"
    assert (await program.get("/probes"))["numbers"] == [
        {
            "number": number,
            "standing": "dead",
            "failing_since": epoch,
            "reached": None,
            "probed": epoch,
            "result": "busy",
        }
    ]
    first = await program.get("/probes", limit="1")
    assert (first["numbers"], first["next"]) == ([], "+493023125000")
    assert len((await program.get("/probes", after=first["next"]))["numbers"]) == 1
    (told,) = (await program.get(f"/numbers/{number[1:]}/probes"))["probes"]
    assert told == {"at": epoch, "result": "busy", "delay_ms": None}
    assert (await stranger.get("/probes"))["numbers"] == []
    await stranger.get(f"/numbers/{number[1:]}/probes", 404)
