"""What pages say, in German and English: files of texts, read strictly, and how money is written.

Every language has the same keys, and in each the same values to be filled in; a file that differs
is refused when the program starts, not when a reader meets the gap.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from ruamel.yaml import YAML

from engine.core.money import MICROS, format_shortest
from engine.errors import EngineError

HOME_LANGUAGE = "de"
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}

Words = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Wording:
    """One language's words, and how it writes money."""

    lang: str
    words: Words

    def __call__(self, key: str, **values: object) -> str:
        """The text with its values filled in."""
        return self.words[key].format(**values)

    def money(self, micros: int, currency: str, at_least: int = 2) -> str:
        """An exact amount with so many decimals or more: `7,50 €`, `€7.50`."""
        sign = "−" if micros < 0 else ""
        whole, _, decimals = format_shortest(abs(micros), at_least).partition(".")
        amount = self.count(int(whole))
        if decimals:
            amount += self.words["decimal_point"] + decimals
        key = "money" if currency in SYMBOLS else "money_code"
        return sign + self(key, amount=amount, symbol=SYMBOLS.get(currency, currency))

    def round_money(self, micros: int, currency: str) -> str:
        """As `money`, without decimals where they are nought: `20 €`."""
        return self.money(micros, currency, 2 if micros % MICROS else 0)

    def count(self, number: int) -> str:
        """A whole number: `12.345`, `12,345`."""
        return f"{number:,}".replace(",", self.words["thousands"])


def read_words(folder: Path) -> dict[str, Words]:
    """The texts of a folder by language; `EngineError` if one differs from the others."""
    read = {file.stem: _read(file) for file in sorted(folder.glob("*.yaml"))}
    home = _form(read[HOME_LANGUAGE])
    for lang, words in read.items():
        if different := sorted(home.items() ^ _form(words).items()):
            raise EngineError(f"the texts in {lang} differ in {different[0][0]}")
    return dict(read)


def accepted(header: str) -> list[str]:
    """The languages of a header, the dearest first (RFC 9110, 12.5.4), without their countries."""
    weighed = []
    for part in header[:500].split(","):
        tag, _, weight = part.strip().partition(";q=")
        lang = tag.partition("-")[0].lower()
        weighed.append((_thousandths(weight), lang))
    return [lang for weight, lang in sorted(weighed, key=lambda w: -w[0]) if weight]


def _read(file: Path) -> dict[str, str]:
    words = YAML(typ="safe").load(file)
    if not all(isinstance(text, str) and text for text in words.values()):
        raise EngineError(f"{file.name} must hold texts alone")
    return dict(words)


def _form(words: Words) -> dict[str, frozenset[str | None]]:
    """Every key with the names of the values that its text wants."""
    return {
        key: frozenset(name for _, name, _, _ in Formatter().parse(text) if name is not None)
        for key, text in words.items()
    }


def _thousandths(weight: str) -> int:
    """A weight such as `0.8` in thousandths; what is none counts as 1."""
    whole, _, decimals = weight.partition(".")
    digits = whole + decimals[:3].ljust(3, "0")
    return int(digits) if digits.isdecimal() and whole else 1000
