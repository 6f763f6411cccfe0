"""Notices in words: every kind, in both languages, with nothing left open."""

import pytest

from engine.core.numbers.due import UNUSED, Notice, NoticeKind
from engine.flows.numbers.words import LANGS, sentence
from tests.flows.numbers.town import FIRST_DAY

DETAILS = {
    NoticeKind.REPLACED: "+498999998000",
    NoticeKind.DOCUMENTS_DEMANDED: "seat",
    NoticeKind.DOCUMENTS_OVERDUE: "need",
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


def test_what_the_engine_gives_as_a_reason_is_translated() -> None:
    told = notice(NoticeKind.DEACTIVATED, UNUSED)
    assert "zwölf Monate" in sentence(told, "de")
    assert UNUSED in sentence(told, "en")
