"""Programs set up who is told of tracking calls; a secret goes in, and never comes out."""

from engine.core.numbers.number import Number, Purpose, Status
from engine.ports.operators import Scope
from tests.web.api.conftest import Program
from tests.web.site import ORGANISATION, Bench

PATH = "/tracking/collectors"
GA4 = {"program": "ga4", "place": "G-AB12CD34EF", "secret": "kUqy3T0aRSmzXAAAZ1TBcg"}
MATOMO = {"program": "matomo", "place": "7", "url": "https://matomo.example.org/matomo.php"}
NUMBER = "+493023125000"


async def _stocked(bench: Bench, status: Status) -> None:
    number = Number(
        e164=NUMBER,
        country="DE",
        area_code="30",
        status=status,
        organisation=ORGANISATION,
        purpose=Purpose.TRACKING,
    )
    await bench.site.numbering.numbers.stock([number], "op", 0)


async def test_collectors_are_added_listed_and_deleted(program: Program, bench: Bench) -> None:
    await _stocked(bench, Status.ACTIVE)
    made = await program.post(PATH, GA4, once="ga")
    assert await program.post(PATH, GA4, once="ga") == made
    one = await program.post(PATH, {**MATOMO, "number": NUMBER})
    assert (one["place"], one["number"]) == ("7", NUMBER)
    listed = await program.get(PATH)
    assert [told["collector"] for told in listed["collectors"]] == [made, one]
    assert (listed["collectors"][0]["sent"], listed["collectors"][0]["problem_at"]) == (0, None)
    assert GA4["secret"] not in str(listed)
    _, answer = await program.ask("DELETE", f"{PATH}/{made['collector_id']}")
    assert answer.status == 200
    assert [t["collector"] for t in (await program.get(PATH))["collectors"]] == [one]
    await program.ask("DELETE", f"{PATH}/{made['collector_id']}", 404)


async def test_a_collector_that_is_none_is_refused_by_field(program: Program, bench: Bench) -> None:
    wrong = {
        "place": {**GA4, "place": "UA-1"},
        "secret": {**GA4, "secret": ""},
        "url": {**MATOMO, "url": "http://127.0.0.1/matomo.php"},
        "number": {**GA4, "number": NUMBER},
        "program": {**GA4, "program": "other"},
    }
    for field, body in wrong.items():
        assert (await program.post(PATH, body, status=422))["field"] == field
    await _stocked(bench, Status.ORDERED)
    assert (await program.post(PATH, wrong["number"], status=422))["field"] == "number"
    assert (await program.get(PATH))["collectors"] == []


async def test_anothers_collectors_are_not_there(program: Program, stranger: Program) -> None:
    made = await program.post(PATH, GA4)
    await stranger.ask("DELETE", f"{PATH}/{made['collector_id']}", 404)
    assert (await stranger.get(PATH))["collectors"] == []
    reader = await program.with_key([Scope.TRACKING_READ])
    await reader.post(PATH, GA4, status=403)
    assert len((await reader.get(PATH))["collectors"]) == 1
