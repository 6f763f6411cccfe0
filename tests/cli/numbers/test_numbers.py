"""`groschen numbers`: from a block of numbers to one in quarantine."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli.numbers import probing
from engine.core.inventory import Inventory
from engine.core.probe import Health, ProbePlan, Result, Standing
from engine.flows.config import Problems, load
from engine.payments.registry import option_forms
from tests.cli.conftest import SAMPLE, Shop

NUMBER = "+493023125000"


@pytest.fixture(scope="module")
def organisation() -> str:
    """One of the sample's organisations."""
    inventory = load(SAMPLE, forms=option_forms())
    assert isinstance(inventory, Inventory) or not isinstance(inventory, Problems)
    return inventory.organisations[0].name


def lines(shop: Shop, *args: str) -> list[Any]:
    result = shop.run("numbers", *args, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def seated(shop: Shop, organisation: str, place: str = "Berlin") -> list[Any]:
    return lines(
        shop, "seat", organisation, "--title", "Acme", "--street", "Weg 1",
        "--postal-code", "10115", "--place", place,
    )  # fmt: skip


def stocked(shop: Shop, folder: Path) -> None:
    file = folder / "blocks.csv"
    file.write_text("area_code,first,last\n30,+493023125000,+493023125004\n89,+498999998000,\n")
    assert lines(shop, "import", str(file)) == [{"new": 6}]
    lines(shop, "price", "DE", "4.90")


def test_from_block_to_quarantine(quiet_shop: Shop, organisation: str, tmp_path: Path) -> None:
    stocked(quiet_shop, tmp_path)
    (offer,) = lines(quiet_shop, "prices")
    assert offer["price"] == "4.90"
    (holder,) = seated(quiet_shop, organisation)
    assert holder["seat"]["area_code"] == "30"
    ordered = lines(quiet_shop, "order", organisation, "--price", "4.90", "--key", "k")
    assert lines(quiet_shop, "order", organisation, "--price", "4.90", "--key", "k") == ordered
    assert (ordered[0]["e164"], ordered[0]["status"]) == (NUMBER, "ordered")
    (approved,) = lines(quiet_shop, "approve", NUMBER)
    assert approved["status"] == "documents_pending"
    extract = tmp_path / "extract.pdf"
    extract.write_bytes(b"%PDF-1.7")
    (document,) = lines(
        quiet_shop, "hand-in", organisation, "register_extract", str(extract),
        "--dated", "2026-01-02",
    )  # fmt: skip
    lines(quiet_shop, "check", organisation, document["document_id"], "accepted")
    (mine,) = lines(quiet_shop, "list", "--status", "active")
    assert mine["e164"] == NUMBER
    assert lines(quiet_shop, "due", "--dry-run") == lines(quiet_shop, "due") == []
    (source,) = lines(quiet_shop, "source", "add", organisation, NUMBER, "Messe")
    (old, new) = lines(quiet_shop, "replace", NUMBER, "--reason", "gestört")
    assert (old["status"], new["status"]) == ("quarantined", "active")
    (off,) = lines(quiet_shop, "deactivate", new["e164"], "--reason", "vorbei")
    assert off["status"] == "quarantined"
    lines(quiet_shop, "source", "removed", organisation, source["source_id"])
    listed = quiet_shop.run("numbers", "list", "--status", "quarantined").stdout.splitlines()
    assert [line.split()[0] for line in listed] == [NUMBER, new["e164"]]
    later = lines(quiet_shop, "due", "--dry-run", "--at", "2090-01-01")
    assert [line["action"] for line in later].count("freed") == 2
    told = quiet_shop.run("numbers", "notices", "--organisation", organisation, "--lang", "de")
    assert "Die Rufnummer +49 30 23125000 ist geschaltet." in told.stdout
    assert "gestört" in quiet_shop.run("numbers", "history", NUMBER).stdout


def test_a_move_shows_old_and_new(quiet_shop: Shop, organisation: str, tmp_path: Path) -> None:
    stocked(quiet_shop, tmp_path)
    seated(quiet_shop, organisation)
    lines(quiet_shop, "order", organisation, "--price", "4.90")
    _, old, new = seated(quiet_shop, organisation, "München")
    assert (old["e164"], old["status"]) == (NUMBER, "free")
    assert (new["e164"], new["status"]) == ("+498999998000", "ordered")
    lines(quiet_shop, "confirm", organisation)
    (asked,) = lines(quiet_shop, "demand", organisation, "need")
    assert [demand["proof"] for demand in asked["demands"]] == ["seat", "need"]
    shown = quiet_shop.run("numbers", "holder", organisation).stdout
    assert "10115 München" in shown
    assert "asked for: proof of need" in shown


def test_what_is_refused(quiet_shop: Shop, organisation: str, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("area_code,first,last\n30,+4930,\n89,+493023125000,\n")
    refused = quiet_shop.run("numbers", "import", str(bad))
    assert refused.exit_code == 1
    assert [f"{bad}:2:" in refused.stderr, f"{bad}:3:" in refused.stderr] == [True, True]
    bad.write_bytes(b"\xff")
    assert quiet_shop.run("numbers", "import", str(bad)).exit_code == 1
    assert lines(quiet_shop, "list") == []
    price = ("--price", "4.90")
    no_holder = quiet_shop.json("numbers", "order", organisation, *price, code=1)
    assert no_holder["refused"] == "no_holder"
    assert quiet_shop.run("numbers", "order", organisation, *price).exit_code == 1
    assert quiet_shop.run("numbers", "approve", NUMBER).exit_code == 1
    assert quiet_shop.run("numbers", "due", "--at", "2090-01-01").exit_code == 2
    assert quiet_shop.run("numbers", "demand", organisation, "seat", "--by", "x").exit_code == 2
    for at in ("0001-01-01", "9999-12-31T23:59:59Z"):
        edge = quiet_shop.run("numbers", "due", "--dry-run", "--at", at)
        assert (edge.exit_code, "of the years 2000 to 2999" in edge.stderr) == (2, True), at
    unknown = quiet_shop.run(
        "numbers", "seat", "nobody", "--title", "x", "--street", "x", "--postal-code", "1",
        "--place", "Berlin",
    )  # fmt: skip
    assert "organisation: must be one of" in unknown.output


def test_a_case_is_an_owners(quiet_shop: Shop, organisation: str, tmp_path: Path) -> None:
    stocked(quiet_shop, tmp_path)
    asked = ("--authority", "LKA", "--reference", "12 Js", "--from", "2026-11-01",
             "--to", "2026-11-07", "--due", "2026-12-01")  # fmt: skip
    for name, role in (("ada@example.org", "owner"), ("bob@example.org", "admin")):
        quiet_shop.json("user", "add", name, "--role", role)
    bob = quiet_shop.run("numbers", "case", "list", "--owner", "bob@example.org")
    assert (bob.exit_code, "there is no such page" in bob.output) == (1, True)
    ada = ("--owner", "ada@example.org")
    (opened,) = lines(quiet_shop, "case", "open", NUMBER, "subscriber", *asked, *ada)
    assert (opened["status"], opened["organisation"]) == ("open", None)
    case_id = opened["case_id"]
    (referred,) = lines(quiet_shop, "case", "refer", case_id, "--outcome", "Acme", *ada)
    assert referred["status"] == "referred"
    assert quiet_shop.run("numbers", "case", "answer", case_id, "--outcome", "x", *ada).exit_code
    (shown,) = lines(quiet_shop, "case", "show", case_id, *ada)
    assert [line["action"] for line in shown["log"]][:3] == ["opened", "seen", "referred"]
    assert case_id in quiet_shop.run("numbers", "case", "list", *ada).stdout


def test_a_number_is_probed_only_with_a_number_to_show(quiet_shop: Shop) -> None:
    result = quiet_shop.run("numbers", "probe", NUMBER, "--json")
    assert result.exit_code == 1
    assert "no number to show is configured" in result.output


@pytest.mark.parametrize(
    ("result", "exit_code", "said"),
    [
        (Result.ARRIVED, 0, f"{NUMBER}  alive, arrived after 287 ms"),
        (Result.REFUSED, 1, f"{NUMBER}  failing, the call is refused"),
    ],
)
def test_what_a_probe_showed_is_told(
    quiet_shop: Shop, monkeypatch: pytest.MonkeyPatch, result: Result, exit_code: int, said: str
) -> None:
    arrived = result is Result.ARRIVED
    health = Health(
        e164=NUMBER,
        organisation="acme",
        standing=Standing.ALIVE if arrived else Standing.FAILING,
        next_ms=1,
        last_result=result,
        delay_ms=287 if arrived else None,
    )
    plan = ProbePlan(trunk="carrier", show_number="+493023125999")

    async def inventory(*_: object) -> Inventory:
        return Inventory(version=1, probing=(plan,))

    async def probed(_numbering: object, _probes: object, _plan: object, e164: str) -> Health:
        assert (_plan, e164) == (plan, NUMBER)
        return health

    monkeypatch.setattr(probing, "inventory_in_force", inventory)
    monkeypatch.setattr(probing, "probed", probed)
    told = quiet_shop.run("numbers", "probe", "030 23125000")
    assert (told.exit_code, told.stdout.strip()) == (exit_code, said)
    as_json = quiet_shop.run("numbers", "probe", NUMBER, "--json")
    assert as_json.exit_code == exit_code
    assert json.loads(as_json.stdout)["last_result"] == result
