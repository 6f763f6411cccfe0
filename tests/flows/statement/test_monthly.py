"""Statements are filed by themselves: once, whole, of the last closed month, by whoever runs."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from engine.core.inventory import Inventory
from engine.core.verification import Status
from engine.flows.statement.monthly import CLOSED_AFTER_MS, LOOK_EVERY_MS, Monthly
from engine.metrics import PrometheusMetrics
from engine.ports.metrics import UNMEASURED, Metrics
from tests.flows.papers import printed_in
from tests.flows.statement.months import FULL, MONTH, PROFILE, HandClock, Told, figures, inventory
from tests.metrics.scrape import scraped
from tests.verification.cases import MERCHANT, verification
from tests.verification.memory import MemoryVerifications

DUE_MS = MONTH.to_ms + CLOSED_AFTER_MS
OTHER = replace(PROFILE, name="other")


class EnoughError(Exception):
    """Ends a loop that never ends."""


def monthly(
    folder: Path, told: Told, at_ms: int = DUE_MS, metrics: Metrics = UNMEASURED
) -> Monthly:
    both = inventory(PROFILE, OTHER)
    return Monthly(told, MemoryVerifications(), lambda: both, HandClock(at_ms), folder, metrics)


def filed(folder: Path) -> list[str]:
    return sorted(str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file())


def file_october(folder: Path) -> None:
    """As if the month before had been filed long ago."""
    for name in ("web", "other"):
        (folder / name).mkdir()
        for end in ("csv", "pdf"):
            (folder / name / f"2026-10.{end}").touch()


async def test_each_profile_has_its_two_files(tmp_path: Path) -> None:
    await monthly(tmp_path, Told(web=FULL, other=figures())).look()
    assert filed(tmp_path) == [
        "other/2026-11.csv",
        "other/2026-11.pdf",
        "web/2026-11.csv",
        "web/2026-11.pdf",
    ]
    table = (tmp_path / "web/2026-11.csv").read_text()
    assert "web,2026-11,closing_balance,,,,13045.687833,EUR" in table
    assert "Abrechnung November 2026" in printed_in((tmp_path / "web/2026-11.pdf").read_bytes())


async def test_each_merchant_has_his(tmp_path: Path) -> None:
    kept = MemoryVerifications()
    ended = {"status": Status.VERIFIED, "ended_ms": MONTH.from_ms, "charge_micros": 150_000}
    await kept.add(verification(**ended))
    stock = Inventory(version=1, merchants=(MERCHANT,))
    await Monthly(Told(), kept, lambda: stock, HandClock(DUE_MS), tmp_path).look()
    assert filed(tmp_path) == ["merchants/shop/2026-11.csv", "merchants/shop/2026-11.pdf"]
    assert (
        "shop,2026-11,verified,,1,0.15,0.15,EUR"
        in (tmp_path / "merchants/shop/2026-11.csv").read_text()
    )
    printed = printed_in((tmp_path / "merchants/shop/2026-11.pdf").read_bytes())
    assert "Verifizierungen November 2026" in printed
    assert "bestätigt" in printed


async def test_what_is_filed_stays_and_is_not_asked_for_again(tmp_path: Path) -> None:
    await monthly(tmp_path, Told(web=FULL, other=FULL)).look()
    before = (tmp_path / "web/2026-11.csv").read_bytes()
    changed = Told(web=figures(), other=figures())
    await monthly(tmp_path, changed).look()
    assert (tmp_path / "web/2026-11.csv").read_bytes() == before
    assert changed.asked == 0
    (tmp_path / "web/2026-11.pdf").unlink()
    await monthly(tmp_path, changed).look()
    assert (tmp_path / "web/2026-11.csv").read_bytes() == before
    assert (tmp_path / "web/2026-11.pdf").exists()


async def test_two_engines_file_the_same_bytes_whenever_they_do(tmp_path: Path) -> None:
    told = Told(web=FULL, other=FULL)
    one, two = tmp_path / "one", tmp_path / "two"
    in_a_week = DUE_MS + 7 * 24 * 3_600_000
    await asyncio.gather(monthly(one, told).look(), monthly(two, told, in_a_week).look())
    assert filed(one) == filed(two)
    assert all((one / name).read_bytes() == (two / name).read_bytes() for name in filed(one))


async def test_a_month_is_left_an_hour_to_settle(tmp_path: Path) -> None:
    file_october(tmp_path)
    early = Told(web=FULL, other=FULL)
    await monthly(tmp_path, early, DUE_MS - 1).look()
    assert (len(filed(tmp_path)), early.asked) == (4, 0)


async def test_one_that_is_refused_holds_up_no_other(tmp_path: Path) -> None:
    told = Told(web=replace(FULL, closing_micros=1), other=FULL)
    metrics = PrometheusMetrics()
    with capture_logs() as logs:
        await monthly(tmp_path, told, metrics=metrics).look()
    assert scraped(metrics).get("statements_missing") == 1
    assert filed(tmp_path) == ["other/2026-11.csv", "other/2026-11.pdf"]
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["statement.refused"]
    told.told["web"] = FULL
    await monthly(tmp_path, told, metrics=metrics).look()
    assert len(filed(tmp_path)) == 4
    assert scraped(metrics).get("statements_missing") == 0


async def test_a_disk_that_refuses_leaves_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    told = Told(web=FULL, other=FULL)
    with monkeypatch.context() as broken, capture_logs() as logs:
        broken.setattr("engine.flows.statement.monthly.os.fsync", full)
        await monthly(tmp_path, told).look()
    assert [log["event"] for log in logs] == ["statement.later"] * 2
    assert filed(tmp_path) == []
    await monthly(tmp_path, told).look()
    assert len(filed(tmp_path)) == 4


async def test_it_looks_again_and_again_until_the_month_is_over(tmp_path: Path) -> None:
    """The clock jumps from one look to the next."""
    file_october(tmp_path)
    told = Told(web=FULL, other=FULL)
    at_ms: list[int] = []

    class Counting(HandClock):
        async def sleep(self, ms: int) -> None:
            if told.asked:
                raise EnoughError
            at_ms.append(self.wall_ms)
            await super().sleep(ms)

    clock = Counting(DUE_MS - 3 * LOOK_EVERY_MS)
    both = inventory(PROFILE, OTHER)
    with pytest.raises(EnoughError):
        await Monthly(told, MemoryVerifications(), lambda: both, clock, tmp_path).run()
    assert at_ms == [DUE_MS - n * LOOK_EVERY_MS for n in (3, 2, 1)]
    assert len(filed(tmp_path)) == 8
