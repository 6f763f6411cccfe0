"""The sums of a replay, and that it keeps no more than it needs."""

from dataclasses import replace

import pytest

from engine.core.cdr import Disposition
from engine.core.money import Rounding
from engine.core.posting import Entry, EntryKind, Posting, customer
from engine.core.rating import BillingStart, Increment, Rate, StartsFrom
from engine.flows.replay.replay import EXAMPLES, Replay, Tally, replay
from engine.flows.replay.rules import Difference
from engine.flows.replay.sheet import plain, text
from engine.flows.replay.words import GERMAN, LANGUAGES
from tests.fakes.ledger import MemoryLedger
from tests.flows.world import LANDLINE, inventory, service, tariff
from tests.ports.ledger.books import NOW_MS, answered_call, opened, refused_call, top_up

CALLS = 12
RICH_MICROS = 100_000_000
NOW = service(dids=("+4930900900",), name="beratung", organisation="acme", profile="web")


@pytest.fixture
async def ledger() -> MemoryLedger:
    """A dozen calls of two minutes at 0.60, a refused one, and one of another organisation."""
    books = MemoryLedger()
    account_id = (await opened(books, LANDLINE)).account_id
    await books.post(top_up(account_id, RICH_MICROS, "t1", NOW_MS - 1))
    call = replace(
        answered_call("c", account_id),
        e164=LANDLINE,
        line="landline",
        trunk="carrier",
        rate=Rate(600_000, None, None, Increment(1, 1), 0, Rounding(), 60),
        billing_start=BillingStart(StartsFrom.CONVERSATION),
        talk_ms=120_000,
        charged_s=120,
        charge_micros=1_200_000,
        disposition=Disposition.CALLER_HUNG_UP,
        first_call=False,
        answered_ms=NOW_MS,
        joined_ms=NOW_MS,
    )
    for number in range(CALLS):
        await books.settle(replace(call, call_id=f"c{number:02}", ended_ms=NOW_MS + number))
    await books.settle(replace(refused_call("refused"), trunk="carrier"))
    await books.settle(replace(refused_call("theirs"), trunk="carrier", organisation="other"))
    return books


def moved_out(account_id: str, micros: int) -> Entry:
    """Money that an operator takes from an account."""
    lines = Posting(customer(account_id), -micros), Posting("adjustment", micros)
    return Entry(key="out", kind=EntryKind.DEBIT, currency="EUR", postings=lines, at_ms=NOW_MS)


async def _under(ledger: MemoryLedger, **changes: object) -> Replay:
    draft = inventory(replace(NOW, **changes))  # type: ignore[arg-type]  # checked by the dataclass
    return await replay(ledger, draft, NOW_MS, NOW_MS + 10_000, organisation="acme")


async def test_nothing_differs_under_the_same_configuration(ledger: MemoryLedger) -> None:
    found = await _under(ledger)
    assert (found.calls, found.changed, found.changes) == (CALLS + 1, 0, ())
    (total,) = found.services
    assert total.before == total.after == Tally(13, 12, 12 * 120, 14_400_000)
    assert found.difference_micros() == {"EUR": 0}


async def test_a_dearer_price_is_summed_with_a_few_examples(ledger: MemoryLedger) -> None:
    found = await _under(ledger, tariff=tariff(landline_micros=700_000))
    assert found.changed == CALLS
    assert found.difference_micros() == {"EUR": 12 * 200_000}
    assert [(c.difference, c.calls) for c in found.changes] == [
        (Difference.RATE, 12), (Difference.CHARGE, 12),
    ]  # fmt: skip
    (_, charge) = found.changes
    assert [example.call_id for example in charge.examples] == ["c00", "c01", "c02", "c03", "c04"]
    assert len(charge.examples) == EXAMPLES


async def test_what_a_draft_took_is_not_there_for_the_next_call(ledger: MemoryLedger) -> None:
    account_id = (await opened(ledger, LANDLINE)).account_id
    (last, *_) = await ledger.calls(account_id, 0, NOW_MS * 2)
    await ledger.post(moved_out(account_id, RICH_MICROS - 12 * 1_200_000 - 5_000_000))
    for number in range(3):
        again = replace(last, call_id=f"d{number}", ended_ms=NOW_MS + 100 + number)
        await ledger.settle(again)
    draft = inventory(replace(NOW, tariff=tariff(landline_micros=1_800_000)))
    found = await replay(ledger, draft, NOW_MS + 100, NOW_MS + 103)
    (total,) = found.services
    # 5.00 pay 120 s at 1.80 a minute, then 46; the third call finds nothing left.
    assert total.before == Tally(3, 3, 360, 3_600_000)
    assert total.after == Tally(3, 2, 166, 4_980_000)
    assert [(c.difference, [e.call_id for e in c.examples]) for c in found.changes] == [
        (Difference.REFUSED, ["d2"]),
        (Difference.ENDS_EARLIER, ["d1"]),
        (Difference.RATE, ["d0", "d1"]),
        (Difference.CHARGE, ["d0", "d1", "d2"]),
    ]


async def test_calls_that_reach_no_service_are_counted_beside_the_services(
    ledger: MemoryLedger,
) -> None:
    found = await _under(ledger, dids=("+493023125999",))
    assert [(t.service, t.before.calls, t.after.calls) for t in found.services] == [
        ("beratung", 13, 0), (None, 0, 13),
    ]  # fmt: skip
    assert found.difference_micros() == {"EUR": -14_400_000}


async def test_every_organisation_is_replayed_unless_one_is_named(ledger: MemoryLedger) -> None:
    told: list[tuple[int, int]] = []
    found = await replay(
        ledger, inventory(NOW), NOW_MS, NOW_MS + 10_000, progress=lambda n, at: told.append((n, at))
    )
    assert found.calls == CALLS + 2
    assert told[-1] == (14, NOW_MS + 900)


async def test_the_sheet_tells_sums_and_what_is_not_known(ledger: MemoryLedger) -> None:
    found = await _under(ledger, tariff=tariff(landline_micros=700_000), pin_entry=True)
    shown = text(found)
    assert "Calls: 13, of which 12 would be different." in shown
    assert "beratung 13 → 13 12 → 12 1440 → 1440 14.40 → 16.80 +2.40 EUR" in " ".join(shown.split())
    assert "Sum of differences: +2.40 EUR" in shown
    assert "12 have another rate, such as:" in shown
    assert "Not known: who would have hung up" in shown
    data = plain(found)
    assert data["difference"] == {"EUR": "2.40"}
    assert data["services"][0]["after"]["charged"] == "16.80"
    assert LANDLINE not in shown + repr(data)


async def test_the_sheet_speaks_german(ledger: MemoryLedger) -> None:
    found = await _under(ledger, tariff=tariff(landline_micros=700_000))
    shown = text(found, GERMAN)
    assert "Anrufe: 13, davon wären 12 anders verlaufen." in shown
    assert "Summe der Unterschiede: +2.40 EUR" in shown
    assert "12 haben einen anderen Preis, zum Beispiel:" in shown
    for words in LANGUAGES.values():
        assert set(words.differences) == set(Difference)


async def test_no_calls_are_a_result_too(ledger: MemoryLedger) -> None:
    found = await replay(ledger, inventory(NOW), 0, 1)
    assert found == Replay(0, 0, (), ())
    assert text(found).startswith("Calls: 0, of which 0 would be different.")
