"""Notices in words: every kind, in both languages, with nothing left open; and mailed."""

from dataclasses import replace

import pytest

from engine.core.number import international
from engine.core.numbers.blocks import Faults, read_blocks
from engine.core.numbers.due import UNUSED, Notice, NoticeKind
from engine.core.numbers.holder import Proof
from engine.errors import CallerError
from engine.flows.numbers.allocation import Allocation
from engine.flows.numbers.holders import Holders
from engine.flows.numbers.numbering import read_areas
from engine.flows.numbers.words import LANGS, fault_in, sentence
from tests.core.numbers.test_areas import BAD_FILE, TWICE
from tests.fakes.numbers.stock import MemoryNumbers
from tests.flows.numbers.town import BERLIN, FIRST_DAY, SEATS, Town
from tests.languages import english_in

DETAILS = {
    NoticeKind.REPLACED: "+498999998000",
    NoticeKind.DOCUMENTS_DEMANDED: "seat",
    NoticeKind.DOCUMENTS_OVERDUE: "need",
    NoticeKind.CONFIRM_DATA: "2026-03-01",
    NoticeKind.RECLAIM_PROPOSED: "2026-03-01",
}


def notice(kind: NoticeKind, detail: str) -> Notice:
    return Notice(
        key="k",
        organisation="acme",
        kind=kind,
        day=FIRST_DAY,
        e164="+493023125000",
        until=FIRST_DAY,
        detail=detail,
    )


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize("kind", NoticeKind)
def test_every_notice_is_a_sentence(kind: NoticeKind, lang: str) -> None:
    said = sentence(notice(kind, DETAILS.get(kind, "Messe")), lang)
    assert said.endswith(".")
    assert "  " not in said
    assert not {"{", "}"} & set(said)
    if kind is NoticeKind.REPLACED:
        assert "+49 30 23125000" in said
        assert "+49 89 99998000" in said


def test_days_are_told_as_people_write_them() -> None:
    asked = notice(NoticeKind.CONFIRM_DATA, "2026-03-01")
    assert "geschah das am 01.03.2026" in sentence(asked, "de")
    assert "confirmed on 01 Mar 2026" in sentence(asked, "en")


def test_what_the_engine_gives_as_a_reason_is_translated() -> None:
    told = notice(NoticeKind.DEACTIVATED, UNUSED)
    assert "zwölf Monate" in sentence(told, "de")
    assert UNUSED in sentence(told, "en")


async def test_a_holder_is_mailed_what_he_is_told(town: Town, numbers: MemoryNumbers) -> None:
    town.numbering = replace(town.numbering, mailing=True)
    holders, allocation = Holders(town.numbering), Allocation(town.numbering)
    await holders.enter("acme", replace(SEATS[BERLIN], mail="office@acme.example"), "acme")
    await town.seated("bolt")
    mine, theirs = await town.given("acme"), await town.given("bolt")
    await holders.demand("acme", Proof.NEED, None, "op")
    for number in (mine, theirs):
        await allocation.deactivate(number.e164, "vorbei", "op")
    mails = list(numbers.mails.values())
    assert {(mail.organisation, mail.recipient) for mail in mails} == {
        ("acme", "office@acme.example")
    }
    assert [mail.text.splitlines()[0] for mail in mails] == [
        "Bitte weisen Sie bis 31.03.2027 Ihren Bedarf (Bescheinigung) nach.",
        f"Die Bestellung der Rufnummer {international(mine.e164)} ist beendet: vorbei.",
    ]
    assert [mail.subject for mail in mails] == ["Zu Ihren Rufnummern"] * 2

    await holders.enter("acme", replace(SEATS[BERLIN], lang="en"), "acme")
    await holders.demand("acme", Proof.SEAT, None, "op")
    assert list(numbers.mails.values())[-1].subject == "About your numbers"
    await holders.enter("acme", replace(SEATS[BERLIN], mail=""), "acme")
    await holders.demand("acme", Proof.SEAT, FIRST_DAY, "op")
    assert len(numbers.mails) == 3


@pytest.mark.parametrize("change", [{"mail": "nobody"}, {"lang": "fr"}])
async def test_an_address_and_a_language_are_checked(town: Town, change: dict[str, str]) -> None:
    with pytest.raises(CallerError) as refused:
        await town.holders.enter("acme", replace(SEATS[BERLIN], **change), "acme")
    assert refused.value.field in change


async def test_nothing_is_mailed_without_a_server(town: Town, numbers: MemoryNumbers) -> None:
    await town.holders.enter("acme", replace(SEATS[BERLIN], mail="office@acme.example"), "acme")
    await town.holders.demand("acme", Proof.NEED, None, "op")
    assert await town.told("acme") == ["documents_demanded"]
    assert numbers.mails == {}


@pytest.mark.parametrize("text", [BAD_FILE, "", TWICE], ids=["bad", "empty", "twice"])
def test_every_mistake_in_a_file_of_blocks_has_its_german(text: str) -> None:
    found = read_blocks(text, read_areas())
    assert isinstance(found, Faults)
    for fault in found.faults:
        assert fault_in("en", fault.sentence) == fault.sentence
        told = fault_in("de", fault.sentence)
        assert told != fault.sentence
        assert english_in(told) == []
