"""`groschen call` and `groschen retention` on real books."""

import json
from dataclasses import replace
from pathlib import Path

from engine.core.cdr import Refusal
from tests.cli.conftest import Shop
from tests.cli.test_evn import CALL, LANDLINE, REFUSED


def test_a_call_is_proved_and_the_proof_checked(quiet_shop: Shop, tmp_path: Path) -> None:
    quiet_shop.look(lambda books: books.ledger.settle(REFUSED))
    file = tmp_path / "proof.json"
    assert quiet_shop.run("call", "proof", REFUSED.call_id, "--to", str(file)).exit_code == 0
    proof = json.loads(file.read_text())
    assert proof["call"]["call_id"] == REFUSED.call_id
    assert proof["call"]["e164"] in (None, f"{LANDLINE[:-3]}xxx")
    assert LANDLINE not in proof["call"]["received_identity"]
    assert quiet_shop.json("call", "verify", str(file)) == {"verdict": "genuine"}
    file.write_text(json.dumps({**proof, "charge": "0.01"}))
    assert quiet_shop.json("call", "verify", str(file), code=1) == {"verdict": "changed"}
    document = tmp_path / "proof.pdf"
    told = quiet_shop.run("call", "proof", REFUSED.call_id, "--pdf", "--to", str(document))
    assert told.exit_code == 0
    assert document.read_bytes().startswith(b"%PDF")
    assert "there is no call" in quiet_shop.run("call", "proof", "none").output


def test_why_is_said_for_a_number_and_for_a_call(quiet_shop: Shop) -> None:
    call = replace(REFUSED, refusal=Refusal.PIN_WRONG, e164=LANDLINE)
    quiet_shop.look(lambda books: books.ledger.settle(call))
    answer = quiet_shop.json("call", "why", LANDLINE, "--lang", "en")
    assert [one["reason"] for one in answer["findings"]] == ["pin_wrong", "no_account"]
    assert "Set a new one." in quiet_shop.run("call", "why", call.call_id, "--lang", "en").stdout
    assert quiet_shop.json("call", "why", "110", code=1)["field"] == "number"


def test_retention_counts_first_and_then_lets_go(quiet_shop: Shop) -> None:
    old = replace(CALL, ended_ms=1_000, arrived_ms=0, answered_ms=None, joined_ms=None)
    quiet_shop.look(lambda books: books.ledger.settle(old))
    for dry_run, calls in (("--dry-run", 1), (None, 1), ("--dry-run", 0)):
        answer = quiet_shop.json("retention", "due", *filter(None, [dry_run]))
        assert (answer["calls"], answer["dry_run"]) == (calls, dry_run is not None)
    record = quiet_shop.look(lambda books: books.records.record("sternlicht", old.call_id))
    assert record is not None
    assert record.e164 is None
