"""`groschen verification` on real books."""

import csv
import io
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.app import Books
from engine.cli import main
from engine.core.verification import Mode, Status, Verification
from engine.verification import session
from tests.cli.conftest import SAMPLE, Shop
from tests.flows.papers import printed_in
from tests.verification.cases import NOW_MS, verification

MERCHANT = """
verification:
  shop:
    trunk: carrier
    currency: EUR
    price: 0.15
"""
NOVEMBER = ("verification", "statement", "shop", "--month", "2026-11")


@pytest.fixture
def config(quiet_shop: Shop, tmp_path: Path) -> Path:
    """The operator's files with a merchant in them, and a number proved for him in the books."""

    async def work(books: Books) -> None:
        waiting = replace(
            verification(organisation="sternlicht"),
            status=Status.WAITING,
            code_told=True,
            calls=1,
        )
        await books.verifications.add(waiting)
        ended = session.checked(waiting, True, Mode.SPEAK, NOW_MS)
        assert isinstance(ended, Verification)
        await books.verifications.save(ended)

    folder = tmp_path / "config"
    shutil.copytree(SAMPLE, folder)
    (folder / "merchants.yaml").write_text(MERCHANT)
    quiet_shop.look(work)
    return folder


def run(shop: Shop, config: Path, *args: str) -> Result:
    environ = {**shop.environ, "GROSCHEN_CONFIG": str(config)}
    return CliRunner(env=environ).invoke(main, args, catch_exceptions=False)


def test_a_merchants_month_is_printed_for_people_and_programs(
    quiet_shop: Shop, config: Path, tmp_path: Path
) -> None:
    shown = run(quiet_shop, config, *NOVEMBER)
    assert shown.exit_code == 0, shown.output
    assert "bestätigt" in shown.stdout
    assert "Number" not in shown.stdout
    (line,) = json.loads(run(quiet_shop, config, *NOVEMBER, "--json").stdout)
    assert (line["status"], line["count"], line["amount"]) == ("verified", 1, "0.15")
    table = tmp_path / "11.csv"
    assert run(quiet_shop, config, *NOVEMBER, "--csv", "--to", str(table)).exit_code == 0
    (row,) = csv.DictReader(io.StringIO(table.read_text()))
    assert row["amount"] == "0.15"
    document = tmp_path / "11.pdf"
    english = ("--pdf", "--lang", "en", "--to", str(document))
    assert run(quiet_shop, config, *NOVEMBER, *english).exit_code == 0
    assert "Verifications November 2026" in printed_in(document.read_bytes())
    nobody = run(quiet_shop, config, "verification", "statement", "x", "--month", "2026-11")
    assert (nobody.exit_code, "no merchant x" in nobody.stderr) == (1, True)


def test_verifications_are_listed_and_shown_without_a_whole_number(
    quiet_shop: Shop, config: Path
) -> None:
    listed = run(quiet_shop, config, "verification", "list", "--status", "verified", "--json")
    told = json.loads(listed.stdout)
    assert (told["verification_id"], told["charge"]) == ("v1", "0.15")
    assert (told["status"], told["method"]) == ("verified", "speak")
    assert told["number"] == "+4915228817xxx"
    shown = json.loads(run(quiet_shop, config, "verification", "show", "v1", "--json").stdout)
    assert shown == told
    assert run(quiet_shop, config, "verification", "list", "--status", "failed").stdout == ""
    (line,) = run(quiet_shop, config, "verification", "list").stdout.splitlines()
    assert "+4915228817xxx  speak  verified  0.15 EUR  order 7" in line
    assert "method: speak" in run(quiet_shop, config, "verification", "show", "v1").stdout
    refused = run(quiet_shop, config, "verification", "show", "v9")
    assert (refused.exit_code, "there is no verification v9" in refused.output) == (1, True)
    other = run(quiet_shop, config, "verification", "list", "--organisation", "nobody")
    assert other.exit_code == 1
