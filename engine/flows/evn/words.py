"""The itemised bill's words in German and English."""

from dataclasses import dataclass
from datetime import datetime

from engine.core.cdr import Disposition, Refusal
from engine.core.money import format_shortest
from engine.core.tariff import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a bill says in one language; `columns` are the headings of `sheet.cells`."""

    title: str
    account: str
    month: str
    total: str
    sum_of_lines: str
    booked: str
    complete_until: str
    nothing: str
    columns: tuple[str, ...]
    lines: dict[str, str]
    outcomes: dict[str, str]
    at_first: str
    decimal_point: str

    def until(self, at: datetime) -> str:
        """That what was booked by then is there, and later bookings may not be."""
        return self.complete_until.format(at=f"{at:%Y-%m-%d %H:%M:%S}")

    def money(self, micros: int, at_least: int = 2) -> str:
        """The exact amount, with no fewer decimals than `at_least`."""
        return format_shortest(micros, at_least).replace(".", self.decimal_point)


GERMAN = Words(
    title="Einzelverbindungsnachweis",
    account="Guthabenkonto",
    month="Monat",
    total="Summe",
    sum_of_lines="Summe der Zeilen",
    booked="Anrufbuchungen des Monats",
    complete_until="vollständig bis {at}; was später gebucht wird, kann fehlen",
    nothing="Keine Verbindungen.",
    columns=(
        "Beginn",
        "Rufnummer",
        "Dienst",
        "aus",
        "Dauer",
        "berechnet",
        "Preis/min",
        "Betrag",
        "",
    ),
    lines={Line.LANDLINE: "Festnetz", Line.MOBILE: "Mobilfunk", Line.OTHER: "sonst."},
    outcomes={
        Disposition.CALLER_HUNG_UP: "vom Anrufer beendet",
        Disposition.AGENT_HUNG_UP: "vom Berater beendet",
        Disposition.MONEY_ENDED: "Guthaben verbraucht",
        Disposition.LIMIT_REACHED: "Höchstdauer erreicht",
        Disposition.NO_AGENT: "kein Berater frei",
        Disposition.REFUSED: "abgewiesen",
        Disposition.ABANDONED: "vor der Verbindung aufgelegt",
        Disposition.ENDED_BY_OPERATOR: "vom Betreiber beendet",
        Disposition.FAULT: "Störung",
        Refusal.NOT_IDENTIFIED: "abgewiesen: Rufnummer unbestätigt",
        Refusal.CALLER_BLOCKED: "abgewiesen: Rufnummer gesperrt",
        Refusal.ACCOUNT_BLOCKED: "abgewiesen: Konto gesperrt",
        Refusal.CLOSED: "abgewiesen: geschlossen",
        Refusal.HOLIDAY: "abgewiesen: Feiertag",
        Refusal.BALANCE_TOO_LOW: "abgewiesen: Guthaben zu gering",
        Refusal.PIN_WRONG: "abgewiesen: PIN falsch",
    },
    at_first="{price} für {seconds} s, dann ",
    decimal_point=",",
)

ENGLISH = Words(
    title="Itemised bill",
    account="Prepaid account",
    month="Month",
    total="Total",
    sum_of_lines="sum of the lines",
    booked="call postings of the month",
    complete_until="complete until {at}; what is booked later may be missing",
    nothing="No calls.",
    columns=("Begin", "Number", "Service", "from", "Length", "Charged", "Price/min", "Amount", ""),
    lines={Line.LANDLINE: "landline", Line.MOBILE: "mobile", Line.OTHER: "other"},
    outcomes={
        Disposition.CALLER_HUNG_UP: "ended by the caller",
        Disposition.AGENT_HUNG_UP: "ended by the adviser",
        Disposition.MONEY_ENDED: "balance used up",
        Disposition.LIMIT_REACHED: "longest duration reached",
        Disposition.NO_AGENT: "no adviser free",
        Disposition.REFUSED: "refused",
        Disposition.ABANDONED: "hung up before the connection",
        Disposition.ENDED_BY_OPERATOR: "ended by the operator",
        Disposition.FAULT: "fault",
        Refusal.NOT_IDENTIFIED: "refused: number not verified",
        Refusal.CALLER_BLOCKED: "refused: number blocked",
        Refusal.ACCOUNT_BLOCKED: "refused: account blocked",
        Refusal.CLOSED: "refused: closed",
        Refusal.HOLIDAY: "refused: holiday",
        Refusal.BALANCE_TOO_LOW: "refused: balance too low",
        Refusal.PIN_WRONG: "refused: wrong PIN",
    },
    at_first="{price} for {seconds} s, then ",
    decimal_point=".",
)

LANGUAGES = {"de": GERMAN, "en": ENGLISH}
