"""`groschen evn` and `groschen calls` on real books."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.app import Books
from engine.core.cdr import CallRecord, Disposition, Refusal
from engine.core.money import Rounding
from engine.core.posting import EntryKind
from engine.core.rating import BillingStart, Increment, Rate, StartsFrom
from engine.core.tariff import Line
from engine.ports.store import Snapshot
from tests.cli.conftest import Shop
from tests.fakes.clock import run_virtually
from tests.flows.world import LANDLINE, inventory, service, world

NUMBER = "030 23125 100"
AT_MS = round(datetime(2026, 11, 30, 22, 59, 30, tzinfo=UTC).timestamp()) * 1000
CALL = CallRecord(
    call_id="c1",
    organisation="sternlicht",
    service="sternlicht",
    config_version=1,
    profile="sternlicht",
    did="+493023125100",
    trunk="carrier",
    received_identity=LANDLINE,
    e164=LANDLINE,
    verified=True,
    withheld=False,
    line=Line.LANDLINE,
    account_id=None,
    currency="EUR",
    rate=Rate(1_990_000, None, None, Increment(1, 1), 0, Rounding(6), 60),
    billing_start=BillingStart(StartsFrom.CONVERSATION),
    first_call=False,
    arrived_ms=AT_MS - 30_000,
    answered_ms=AT_MS - 20_000,
    joined_ms=AT_MS - 7_000,
    ended_ms=AT_MS,
    wait_ms=0,
    talk_ms=7_000,
    charged_s=7,
    charge_micros=232_167,
    disposition=Disposition.CALLER_HUNG_UP,
    refusal=None,
    agents=("anna",),
)
REFUSED = replace(
    CALL,
    call_id="c2",
    ended_ms=AT_MS + 1_000,
    rate=None,
    joined_ms=None,
    talk_ms=0,
    charged_s=0,
    charge_micros=0,
    disposition=Disposition.REFUSED,
    refusal=Refusal.CLOSED,
)
NEXT_MONTH = replace(CALL, call_id="c3", ended_ms=AT_MS + 60_000)


@pytest.fixture
def billed(quiet_shop: Shop) -> Shop:
    """A shop with two calls in November 2026, Berlin time, and one right after."""
    made = quiet_shop.json("balance", "credit", NUMBER, "5", "--open", "--reason", "r")

    async def work(books: Books) -> None:
        for record in (CALL, NEXT_MONTH):
            await books.ledger.settle(replace(record, account_id=made["account"]))
        await books.ledger.settle(REFUSED)

    quiet_shop.look(work)
    return quiet_shop


def test_a_months_calls_sum_to_what_was_booked(billed: Shop) -> None:
    bill = billed.json("evn", NUMBER, "--month", "2026-11")
    assert [(call["call_id"], call["charge"]) for call in bill["calls"]] == [
        ("c1", "0.232167"),
        ("c2", "0.00"),
    ]
    assert (bill["total"], bill["number"]) == ("0.232167", "+493023125xxx")
    assert bill["calls"][1]["outcome"] == "closed"

    async def booked(books: Books) -> int:
        lines = await books.ledger.lines(bill["account"], 0, AT_MS + 5_000)
        return -sum(line.micros for line in lines if line.kind == EntryKind.CALL)

    assert billed.look(booked) == 232_167


def test_the_time_zone_says_which_month_it_is(billed: Shop) -> None:
    utc = billed.json("evn", NUMBER, "--month", "2026-11", "--timezone", "UTC")
    assert [call["call_id"] for call in utc["calls"]] == ["c1", "c2", "c3"]


def test_it_comes_as_text_csv_and_document(billed: Shop, tmp_path: Path) -> None:
    args = ["evn", NUMBER, "--month", "2026-11"]
    assert "Summe: 0,232167 EUR" in billed.run(*args).stdout
    assert "Total: 0.232167 EUR" in billed.run(*args, "--lang", "en").stdout
    rows = list(csv.DictReader(io.StringIO(billed.run(*args, "--csv").stdout)))
    assert [row["charge"] for row in rows] == ["0.232167", "0.00"]
    written = billed.run(*args, "--pdf", "--to", str(tmp_path / "november.pdf"))
    assert (written.exit_code, written.stdout) == (0, "")
    assert (tmp_path / "november.pdf").read_bytes().startswith(b"%PDF-")
    assert billed.run(*args, "--pdf").stdout_bytes.startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "--month"),
        (["--month", "11/2026"], "must be a month such as 2026-11"),
        (["--month", "2026-11", "--timezone", "Mars"], "is no time zone"),
        (["--month", "2026-11", "--lang", "fr"], "--lang"),
    ],
)
def test_wrong_usage_is_said(quiet_shop: Shop, args: list[str], said: str) -> None:
    result = quiet_shop.run("evn", NUMBER, *args)
    assert result.exit_code == 2
    assert said in result.stderr


def test_live_calls_are_shown_a_line_each(shop: Shop) -> None:
    snapshots = talking_calls()

    async def save(books: Books) -> None:
        assert books.store is not None
        for snapshot in snapshots:
            await books.store.save(snapshot)

    assert shop.run("calls").stdout.split() == [
        "call", "service", "caller", "agent", "state", "cost", "left",
    ]  # fmt: skip
    assert shop.run("calls", "--json").stdout == ""
    shop.look(save)
    _heading, line = shop.run("calls").stdout.splitlines()
    call_id = snapshots[0].call_id
    assert line.split()[:5] == [call_id, "Sternlicht", "+493023125xxx", "a1", "talking"]
    told = json.loads(shop.run("calls", "--json").stdout)
    assert (told["call_id"], told["state"], told["agent"]) == (call_id, "talking", "a1")


def talking_calls() -> tuple[Snapshot, ...]:
    """The snapshot of a call in conversation, as an engine writes it."""

    async def main() -> tuple[Snapshot, ...]:
        async with world(inventory(service(title="Sternlicht"))) as house:
            await house.book(LANDLINE, 3_000_000)
            call = house.call()
            await house.talks_for(call, 5)
            found = await house.store.live_calls()
            house.switch.hang_up(call.leg)
            await house.record(call)
            return found

    return run_virtually(main())


def test_without_a_store_nobody_knows_who_talks(quiet_shop: Shop) -> None:
    result = quiet_shop.run("calls")
    assert result.exit_code == 1
    assert "start the engine first" in result.stderr


def test_watching_goes_on_until_the_key_that_ends_it(shop: Shop) -> None:
    command = [sys.executable, "-m", "engine.cli", "calls", "--watch"]
    environ = {**os.environ, **shop.environ}
    # Where the tests themselves run in the background, the key's signal is ignored, by heirs too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as watching:
        assert watching.stdout is not None
        shown = [watching.stdout.readline().split()[0] for _ in range(2)]
        watching.send_signal(signal.SIGINT)
        assert (shown, watching.wait(10)) == ([b"call", b"call"], 0)
