"""Numbers, times and money in words, as a German and an English speaker says them.

`SPEAKERS[lang]` is a `Speaker`: money is integer micro-units of a currency, times are integer
minutes or seconds. German forms are nominative, so templates are written in sentences that take
it ("Ihr Guthaben: ein Euro fünfzig"). Pure and deterministic; `ValueError` for a currency that
has no names here or a time below zero.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from num2words import num2words

MICROS_PER_UNIT = 1_000_000
MICROS_PER_CENT = 10_000
MINUTES_SPOKEN_MAX = 120


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing that is counted; `feminine` matters to German alone ("eine Minute", "ein Euro")."""

    one: str
    many: str
    feminine: bool = False


@dataclass(frozen=True, slots=True)
class Coins:
    """A currency's unit and its hundredth."""

    unit: Noun
    cent: Noun


class Speaker(ABC):
    """The grammar of one language."""

    lang: ClassVar[str]
    point: ClassVar[str]
    conjunction: ClassVar[str]
    more_than: ClassVar[str]
    minute: ClassVar[Noun]
    second: ClassVar[Noun]
    day: ClassVar[Noun]
    coins: ClassVar[Mapping[str, Coins]]

    def minutes(self, count: int) -> str:
        """Whole minutes; above `MINUTES_SPOKEN_MAX` only that it is more than that."""
        if count > MINUTES_SPOKEN_MAX:
            return f"{self.more_than} {self.counted(MINUTES_SPOKEN_MAX, self.minute)}"
        return self.counted(count, self.minute)

    def duration(self, seconds: int) -> str:
        """Minutes and seconds, exactly: "eine Minute und dreißig Sekunden"."""
        minutes, rest = divmod(seconds, 60)
        parts = [self.counted(minutes, self.minute)] if minutes else []
        if rest or not minutes:
            parts.append(self.counted(rest, self.second))
        return f" {self.conjunction} ".join(parts)

    def money(self, micros: int, currency: str) -> str:
        """An amount, exactly, to the last of its six decimals: "ein Euro neunundneunzig"."""
        if currency not in self.coins:
            raise ValueError(f"no spoken form of {currency!r}, only of {', '.join(CURRENCIES)}")
        words = self._exactly(abs(micros), self.coins[currency])
        return f"minus {words}" if micros < 0 else words

    def _exactly(self, micros: int, coins: Coins) -> str:
        units, below = divmod(micros, MICROS_PER_UNIT)
        cents, fraction = divmod(below, MICROS_PER_CENT)
        if fraction and units:
            return f"{self.decimal(units, f'{below:06d}')} {coins.unit.many}"
        if fraction:
            return f"{self.decimal(cents, f'{fraction:04d}')} {coins.cent.many}"
        if cents and units:
            return self.units_and_cents(units, cents, coins)
        return self.counted(cents, coins.cent) if cents else self.counted(units, coins.unit)

    def decimal(self, whole: int, decimals: str) -> str:
        """Each digit after the point by itself, zeros at the end dropped: "null Komma drei"."""
        digits = " ".join(self.number(int(digit)) for digit in decimals.rstrip("0"))
        return f"{self.number(whole)} {self.point} {digits}"

    def number(self, number: int) -> str:
        """A number standing alone: "eins", "einundzwanzig"."""
        if number < 0:
            raise ValueError(f"what is counted cannot be below zero: {number}")
        return str(num2words(number, lang=self.lang)).replace(",", "")

    @abstractmethod
    def counted(self, count: int, noun: Noun) -> str:
        """A number with what it counts."""

    @abstractmethod
    def units_and_cents(self, units: int, cents: int, coins: Coins) -> str:
        """An amount that has both, neither being 0."""


class German(Speaker):
    """German, as in "eine Minute", "ein Euro neunundneunzig", "neunundneunzig Cent"."""

    lang = "de"
    point = "Komma"
    conjunction = "und"
    more_than = "mehr als"
    minute = Noun("Minute", "Minuten", feminine=True)
    second = Noun("Sekunde", "Sekunden", feminine=True)
    day = Noun("Tag", "Tage")
    coins: ClassVar[Mapping[str, Coins]] = {
        "CHF": Coins(Noun("Franken", "Franken"), Noun("Rappen", "Rappen")),
        "EUR": Coins(Noun("Euro", "Euro"), Noun("Cent", "Cent")),
        "GBP": Coins(Noun("Pfund", "Pfund"), Noun("Penny", "Pence")),
        "USD": Coins(Noun("US-Dollar", "US-Dollar"), Noun("Cent", "Cent")),
    }

    def counted(self, count: int, noun: Noun) -> str:
        words = self.number(count)
        if words.endswith("eins"):
            words = words.removesuffix("s") + ("e" if noun.feminine else "")
        return f"{words} {noun.one if count == 1 else noun.many}"

    def units_and_cents(self, units: int, cents: int, coins: Coins) -> str:
        return f"{self.counted(units, coins.unit)} {self.number(cents)}"


class English(Speaker):
    """English, as in "one minute", "one euro ninety-nine", "one euro and five cents"."""

    lang = "en"
    point = "point"
    conjunction = "and"
    more_than = "more than"
    minute = Noun("minute", "minutes")
    second = Noun("second", "seconds")
    day = Noun("day", "days")
    coins: ClassVar[Mapping[str, Coins]] = {
        "CHF": Coins(Noun("franc", "francs"), Noun("centime", "centimes")),
        "EUR": Coins(Noun("euro", "euros"), Noun("cent", "cents")),
        "GBP": Coins(Noun("pound", "pounds"), Noun("penny", "pence")),
        "USD": Coins(Noun("dollar", "dollars"), Noun("cent", "cents")),
    }

    def counted(self, count: int, noun: Noun) -> str:
        return f"{self.number(count)} {noun.one if count == 1 else noun.many}"

    def units_and_cents(self, units: int, cents: int, coins: Coins) -> str:
        spoken_units = self.counted(units, coins.unit)
        if cents < 10:
            return f"{spoken_units} and {self.counted(cents, coins.cent)}"
        return f"{spoken_units} {self.number(cents)}"


SPEAKERS: Mapping[str, Speaker] = {"de": German(), "en": English()}
CURRENCIES = tuple(German.coins)
