"""Notices in words, German and English; numbers and days as people read them."""

from collections.abc import Mapping
from datetime import date

from engine.core.mail import Mail
from engine.core.number import international
from engine.core.numbers.due import (
    DOCUMENTS_COMPLETE,
    DOCUMENTS_LATE,
    FIRST_DAY_COME,
    QUARANTINE_OVER,
    SEAT_MOVED,
    TO_OPERATOR,
    UNUSED,
    Notice,
    NoticeKind,
)
from engine.core.numbers.holder import Holder
from engine.core.probe import WHY, Result
from engine.flows.phrases import Phrases

LANGS = ("de", "en")

_DAY_FORMS = {"de": "%d.%m.%Y", "en": "%d %b %Y"}

_SUBJECTS = {"de": "Zu Ihren Rufnummern", "en": "About your numbers"}

_PROOFS = {
    "de": {"seat": "Ihren Sitz", "need": "Ihren Bedarf (Bescheinigung)"},
    "en": {"seat": "your seat", "need": "your need (certificate)"},
}

_REASONS_DE = {
    UNUSED: "zwölf Monate lang nicht angerufen",
    DOCUMENTS_LATE: "die Nachweise kamen nicht rechtzeitig",
    DOCUMENTS_COMPLETE: "die Nachweise sind vollständig",
    QUARANTINE_OVER: "die Sperrfrist ist abgelaufen",
    FIRST_DAY_COME: "ihr erster Tag ist da",
    SEAT_MOVED: "der Sitz ist in einem anderen Ortsnetz",
    WHY[Result.BUSY]: "es ist besetzt",
    WHY[Result.REFUSED]: "der Anruf wird abgewiesen",
    WHY[Result.NOT_ARRIVED]: "der Anruf kommt nicht an",
    WHY[Result.ANSWERED]: "der Anruf kommt anderswo an",
    WHY[Result.NETWORK]: "das Netz ist gestört",
}
"""What the engine itself writes down as a reason; what people write stays as it is."""

_SENTENCES: Mapping[str, Mapping[NoticeKind, str]] = {
    "de": {
        NoticeKind.ACTIVATED: "Die Rufnummer {number} ist geschaltet.",
        NoticeKind.ORDER_REFUSED: "Die Bestellung der Rufnummer {number} ist beendet: {detail}.",
        NoticeKind.REPLACED: (
            "Statt {number} gilt ab sofort {other}. Nehmen Sie die alte Nummer aus allen Angeboten."
        ),
        NoticeKind.DEACTIVATED: (
            "Die Rufnummer {number} ist abgeschaltet ({detail}) und bis {until} gesperrt. Nehmen"
            " Sie sie aus allen Angeboten."
        ),
        NoticeKind.DOCUMENTS_DEMANDED: "Bitte weisen Sie bis {until} {proof} nach.",
        NoticeKind.DOCUMENT_REFUSED: "Ein Nachweis wurde nicht anerkannt: {detail}.",
        NoticeKind.DOCUMENTS_OVERDUE: "Die Frist, {proof} nachzuweisen, ist am {until} abgelaufen.",
        NoticeKind.CONFIRM_DATA: (
            "Bitte bestätigen Sie Ihre Angaben; zuletzt geschah das am {detail}."
        ),
        NoticeKind.REMOVE_FROM_OFFERS: (
            "Die Quelle {detail} ist beendet. Bitte bestätigen Sie, dass {number} aus allen"
            " Angeboten entfernt ist."
        ),
        NoticeKind.SOURCE_UNCOUNTED: (
            "Für die Quelle {detail} zählen keine Anrufe: {number} hat noch eine andere Quelle."
            " Beenden Sie eine von beiden, oder bestellen Sie eine weitere Rufnummer."
        ),
        NoticeKind.RECLAIM_PROPOSED: (
            "{number} wurde seit {detail} nicht angerufen und kann zurückgefordert werden."
        ),
        NoticeKind.MISPLACED: (
            "{number} passt nicht mehr zum Sitz ({detail}), und dort ist keine Rufnummer frei."
        ),
        NoticeKind.SEAT_UNPROVED: (
            "Der Sitz ({detail}) wurde bis {until} nicht nachgewiesen; seine Rufnummern nehmen noch"
            " Anrufe an und können abgeschaltet werden."
        ),
        NoticeKind.UNREACHABLE: (
            "Die Rufnummer {number} ist nicht zu erreichen, wie unsere Prüfanrufe zeigen: {detail}."
            " Wir kümmern uns darum."
        ),
        NoticeKind.REACHABLE: "Die Rufnummer {number} ist wieder zu erreichen.",
    },
    "en": {
        NoticeKind.ACTIVATED: "The number {number} takes calls.",
        NoticeKind.ORDER_REFUSED: "The order of the number {number} has ended: {detail}.",
        NoticeKind.REPLACED: (
            "{other} has taken the place of {number}. Take the old number out of all offers."
        ),
        NoticeKind.DEACTIVATED: (
            "The number {number} is switched off ({detail}) and barred until {until}. Take it out"
            " of all offers."
        ),
        NoticeKind.DOCUMENTS_DEMANDED: "Please prove {proof} by {until}.",
        NoticeKind.DOCUMENT_REFUSED: "A document was not accepted: {detail}.",
        NoticeKind.DOCUMENTS_OVERDUE: "The time to prove {proof} ended on {until}.",
        NoticeKind.CONFIRM_DATA: "Please confirm your data; they were last confirmed on {detail}.",
        NoticeKind.REMOVE_FROM_OFFERS: (
            "The source {detail} has ended. Please confirm that {number} is out of all offers."
        ),
        NoticeKind.SOURCE_UNCOUNTED: (
            "No calls count for the source {detail}: {number} has another source. End one of them,"
            " or order another number."
        ),
        NoticeKind.RECLAIM_PROPOSED: (
            "{number} was not called since {detail} and may be taken back."
        ),
        NoticeKind.MISPLACED: (
            "{number} no longer fits the seat ({detail}), and no number is free there."
        ),
        NoticeKind.SEAT_UNPROVED: (
            "The seat ({detail}) was not proved by {until}; its numbers still take calls and may be"
            " switched off."
        ),
        NoticeKind.UNREACHABLE: (
            "The number {number} cannot be reached, as our test calls show: {detail}. We see to it."
        ),
        NoticeKind.REACHABLE: "The number {number} can be reached again.",
    },
}


_SINCE = frozenset({NoticeKind.CONFIRM_DATA, NoticeKind.RECLAIM_PROPOSED})
"""Notices whose detail is the day since which something is as it is."""


def reason_in(lang: str, reason: str) -> str:
    """A reason of the history in a language; what a person wrote stays as it is."""
    return _REASONS_DE.get(reason, reason) if lang == "de" else reason


_FAULTS_DE = Phrases(
    {
        r"^the first line must be (.+)": "die erste Zeile muss {} sein",
        r"^has (\d+) columns instead of (\d+)": "hat {} Spalten statt {}",
        r"^(\S+) is in the file twice": "{} steht zweimal in der Datei",
        r"^more than (\d+) numbers in one file": "mehr als {} Rufnummern in einer Datei",
        r"^(\S+) to (\S+) is no block of 1 to (\d+)": "{} bis {} ist kein Block von 1 bis {}",
        r"^nothing is no number": "die Rufnummer fehlt",
        r"^(.+) is no number in E.164": "{} ist keine Rufnummer in E.164",
        r"^(\S+) is for neither": "{} taugt weder für Calltracking noch für Weiterleitung",
        r"^(\S+) is of no area": "{} gehört zu keinem Ortsnetz",
        r"^(\S+) is not of area \(none\)": "{} gehört zu einem Ortsnetz; seine Vorwahl fehlt",
        r"^(\S+) is not of area (\S+)": "{} gehört nicht zum Ortsnetz {}",
    }
)


def fault_in(lang: str, fault: str) -> str:
    """A mistake in a file of blocks (`core.numbers.blocks`) in a language."""
    return (_FAULTS_DE.say(fault) if lang == "de" else "") or fault


def sentence(notice: Notice, lang: str) -> str:
    """What a notice says."""
    return _SENTENCES[lang][notice.kind].format(
        number=international(notice.e164) if notice.e164 else "",
        other=international(notice.detail) if notice.kind is NoticeKind.REPLACED else "",
        proof=_PROOFS[lang].get(notice.detail, ""),
        detail=_detail(notice, lang),
        until=_day(notice.until, lang) if notice.until is not None else "",
    )


def _detail(notice: Notice, lang: str) -> str:
    """What a notice is about; of some it is a day."""
    if notice.kind in _SINCE:
        return _day(date.fromisoformat(notice.detail), lang)
    return reason_in(lang, notice.detail)


def _day(day: date, lang: str) -> str:
    return day.strftime(_DAY_FORMS[lang])


def mails_of(notice: Notice, holder: Holder | None) -> tuple[Mail, ...]:
    """The mail that tells a holder of a notice; none where he wants none, or it is not his."""
    if holder is None or not holder.mail or notice.kind in TO_OPERATOR:
        return ()
    day = _day(notice.day, holder.lang)
    told = Mail(
        key=f"notice:{notice.key}",
        organisation=notice.organisation,
        recipient=holder.mail,
        subject=_SUBJECTS[holder.lang],
        text=f"{sentence(notice, holder.lang)}\n\n{holder.title}, {day}\n",
    )
    return (told,)
