"""A merchant's month: drawn up, written, refused if it does not add up."""

import csv
import io
from dataclasses import replace

import pytest

from engine.core.inventory import Inventory, Organisation
from engine.core.verification import Mode, Status, Verification
from engine.errors import CallerError, EngineError
from engine.flows.papers.month import month_of
from engine.flows.statement.merchant import (
    MerchantStatement,
    draw_up_merchant,
    merchant_csv,
    merchant_text,
)
from engine.flows.statement.pdf import merchant_pdf
from engine.verification import session
from tests.flows.papers import printed_in
from tests.verification.cases import MERCHANT, NOW_MS, verification
from tests.verification.memory import MemoryVerifications

NOVEMBER = month_of("2026-11", "Europe/Berlin")
ACME = Organisation(name="acme", title="Acme")
STOCK = Inventory(version=1, organisations=(ACME,), merchants=(MERCHANT,))


async def made(kept: MemoryVerifications, name: str = "shop") -> MerchantStatement:
    return await draw_up_merchant(kept, STOCK, name, NOVEMBER, NOVEMBER.to_ms)


@pytest.fixture
async def kept() -> MemoryVerifications:
    """Two proved numbers, and a foreign one."""
    found = MemoryVerifications()
    for name in ("v1", "v2"):
        waiting = replace(
            verification(verification_id=name), status=Status.WAITING, code_told=True, calls=1
        )
        await found.add(waiting)
        ended = session.checked(waiting, True, Mode.SPEAK, NOW_MS + 5)
        assert isinstance(ended, Verification)
        await found.save(ended)
    over = {"status": Status.REJECTED, "reason": "foreign", "ended_ms": NOW_MS}
    await found.add(verification(verification_id="v3", **over))
    return found


async def test_it_lists_every_outcome_and_sums_what_was_proved(kept: MemoryVerifications) -> None:
    statement = await made(kept)
    assert statement.total_micros == 300_000
    german = [" ".join(line.split()) for line in merchant_text(statement, "de").splitlines()]
    assert german[:10] == [
        "Verifizierungen November 2026",
        "Für: Acme",
        "Händler: Beispielladen (shop)",
        "Zeitraum: 01.11.2026 - 30.11.2026 (Europe/Berlin)",
        "",
        "Ergebnis Anzahl je Betrag in EUR",
        "bestätigt 2 0,15 0,30",
        "nicht angerufen (foreign) 1 0,00 0,00",
        "Summe 3 0,30",
        "",
    ]
    english = merchant_text(statement, "en")
    assert len(english.splitlines()) == len(german)
    for lang, text in (("de", german), ("en", english.splitlines())):
        printed = printed_in(merchant_pdf(statement, lang)).replace("\n", " ")
        assert all(" ".join(line.split()) in printed for line in text), lang
    rows = list(csv.DictReader(io.StringIO(merchant_csv(statement))))
    assert [(row["status"], row["count"], row["amount"]) for row in rows] == [
        ("verified", "2", "0.30"),
        ("rejected", "1", "0.00"),
    ]


async def test_one_that_does_not_add_up_is_refused(kept: MemoryVerifications) -> None:
    kept.entries.pop()
    with pytest.raises(EngineError, match="300000 micro-units are listed, 150000 booked"):
        await made(kept)
    with pytest.raises(CallerError):
        await made(kept, "nobody")
