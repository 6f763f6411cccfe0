"""The statement's words in German and English."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from engine.core.money import format_shortest
from engine.flows.statement.statement import FeeKind, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a statement says in one language; `columns` are the headings of `sheet` rows.

    `point` stands between units and decimals, `group` between thousands.
    """

    title: str
    preliminary: str
    owner: str
    profile: str
    period: str
    date_format: str
    months: tuple[str, ...]
    columns: tuple[str, str, str, str]
    opening: str
    closing: str
    sections: dict[Section, str]
    other_reasons: str
    set_aside: str
    fees: dict[FeeKind, str]
    fees_title: str
    fees_total: str
    notes: tuple[str, ...]
    point: str
    group: str

    def money(self, micros: int, at_least: int = 2) -> str:
        """The exact amount, with no fewer decimals than `at_least`."""
        return self._grouped(f"{Decimal(format_shortest(micros, at_least)):,}")

    def count(self, number: int) -> str:
        """How many."""
        return self._grouped(f"{number:,}")

    def _grouped(self, number: str) -> str:
        return number.translate(str.maketrans(",.", self.group + self.point))

    def day(self, day: date) -> str:
        """A day as it is written."""
        return day.strftime(self.date_format)


GERMAN = Words(
    title="Abrechnung {month} {year}",
    preliminary="vorläufig, der Monat ist noch nicht vorbei",
    owner="Für",
    profile="Abrechnungsprofil",
    period="Zeitraum",
    date_format="%d.%m.%Y",
    months=(
        "Januar",
        "Februar",
        "März",
        "April",
        "Mai",
        "Juni",
        "Juli",
        "August",
        "September",
        "Oktober",
        "November",
        "Dezember",
    ),
    columns=("Posten", "Anzahl", "berechnet", "Betrag in {currency}"),
    opening="Guthaben aller Kunden zu Beginn",
    closing="Guthaben aller Kunden am Ende",
    sections={
        Section.TOP_UPS: "Aufladungen",
        Section.BONUSES: "Boni",
        Section.CALLS: "Gespräche",
        Section.TAKEN_BACK: "Erstattungen und Rückbuchungen",
        Section.RETURNED: "Zurückgekommen aus Rückbuchungen",
        Section.BONUSES_TAKEN_BACK: "Zurückgenommene Boni",
        Section.BONUSES_RETURNED: "Wieder gewährte Boni",
        Section.CREDITS: "Gutschriften von Hand",
        Section.DEBITS: "Andere Leistungen und Abzüge von Hand",
        Section.MOVED_IN: "Umbuchungen zwischen Konten, Eingang",
        Section.MOVED_OUT: "Umbuchungen zwischen Konten, Ausgang",
    },
    other_reasons="übrige",
    set_aside="Zurückgestellt: Zahlungen, die zu keinem Auftrag passen",
    fees={
        FeeKind.PER_MONTH: "Grundgebühr",
        FeeKind.PER_CALL: "{basis} Gespräche zu je {rate}",
        FeeKind.PERCENT_OF_CALLS: "{rate} % der Gesprächsentgelte von {basis}",
    },
    fees_title="Vereinbarte Gebühren der Plattform",
    fees_total="Summe der Gebühren",
    notes=(
        "Jede Buchung zählt im Monat ihrer Buchung, ein Gespräch in dem, in dem es endete.",
        "Gezählt sind Gespräche, von denen mindestens eine Sekunde berechnet wurde.",
        "Zurückgestelltes Geld und Gebühren sind auf keinem Kundenkonto gebucht.",
    ),
    point=",",
    group=".",
)

ENGLISH = Words(
    title="Statement {month} {year}",
    preliminary="preliminary, the month is not over",
    owner="For",
    profile="Billing profile",
    period="Period",
    date_format="%Y-%m-%d",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    columns=("Item", "Count", "Charged", "Amount in {currency}"),
    opening="Balance of all customers at the beginning",
    closing="Balance of all customers at the end",
    sections={
        Section.TOP_UPS: "Top-ups",
        Section.BONUSES: "Bonuses",
        Section.CALLS: "Calls",
        Section.TAKEN_BACK: "Refunds and reversals",
        Section.RETURNED: "Returned from reversals",
        Section.BONUSES_TAKEN_BACK: "Bonuses taken back",
        Section.BONUSES_RETURNED: "Bonuses given again",
        Section.CREDITS: "Credits by hand",
        Section.DEBITS: "Other services and debits by hand",
        Section.MOVED_IN: "Moves between accounts, in",
        Section.MOVED_OUT: "Moves between accounts, out",
    },
    other_reasons="others",
    set_aside="Set aside: payments that fit no order",
    fees={
        FeeKind.PER_MONTH: "Monthly fee",
        FeeKind.PER_CALL: "{basis} calls at {rate}",
        FeeKind.PERCENT_OF_CALLS: "{rate} % of call charges of {basis}",
    },
    fees_title="Agreed platform fees",
    fees_total="Total of fees",
    notes=(
        "Each entry counts in the month of its booking, a call in the month in which it ended.",
        "Counted are calls of which at least a second was charged.",
        "Money set aside and fees are booked on no customer's account.",
    ),
    point=".",
    group=",",
)

LANGUAGES = {"de": GERMAN, "en": ENGLISH}
