"""Area codes of Germany and Austria: which area a number is of, and which one a seat is in.

A place names the area that bears its name. Most municipalities have no area of their own: they
lie in a neighbour's, and which one stands in the regulators' lists of places; whoever enters such
a seat gives the area code with it, and has to prove it with the seat (`holder.Seat`).
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.core.numbers.number import Area
from engine.errors import CallerError

CALLING_CODES = {"DE": "49", "AT": "43"}
CANDIDATES_MOST = 8

_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Place:
    """One row of the tables: an area code without its 0, and a place that names the area."""

    country: str
    code: str
    name: str


class Areas:
    """The tables, looked up both ways."""

    def __init__(self, places: Iterable[Place]) -> None:
        self._names: dict[Area, list[str]] = defaultdict(list)
        self._codes: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
        for place in places:
            self._names[Area(place.country, place.code)].append(place.name)
            self._codes[place.country, _words(place.name)].append(place.code)

    def __len__(self) -> int:
        return len(self._names)

    def names(self, area: Area) -> tuple[str, ...]:
        """The places that name an area; none for an area that is not in the tables."""
        return tuple(self._names.get(area, ()))

    def of_number(self, e164: str) -> Area | None:
        """The area of a German or Austrian number."""
        for country, calling in CALLING_CODES.items():
            if e164.startswith(f"+{calling}"):
                digits = e164[1 + len(calling) :]
                lengths = range(len(digits), 0, -1)
                found = (Area(country, digits[:length]) for length in lengths)
                return next((area for area in found if area in self._names), None)
        return None

    def of_place(self, country: str, place: str) -> str:
        """The area code that a place's name alone tells; empty where it tells none, or several."""
        codes = self._named(country, _words(place))
        return codes[0] if len(codes) == 1 else ""

    def of_seat(self, country: str, place: str, code: str = "") -> str:
        """The area code of a seat: that of the place's name, or the given one if it fits the place.

        Empty for countries we have no numbers of. Raises `CallerError` with `area_code` where the
        name tells nothing, several areas fit, or the given one is none of those that do.
        """
        if country not in CALLING_CODES:
            return ""
        if code:
            return self._given(country, place, code.removeprefix("0"))
        codes = self._named(country, _words(place))
        if not codes:
            raise CallerError(f"must be given: no area is named {place}", "area_code")
        if len(codes) > 1:
            shown = self._shown(country, codes)
            raise CallerError(f"must be given: {place} may be {shown}", "area_code")
        return codes[0]

    def _given(self, country: str, place: str, code: str) -> str:
        if Area(country, code) not in self._names:
            raise CallerError(f"there is no area {code} in {country}", "area_code")
        wanted = _words(place)
        fitting = {*self._named(country, wanted), *self._longer_names(country, wanted)}
        if fitting and code not in fitting:
            shown = self._shown(country, sorted(fitting))
            raise CallerError(
                f"is not that of {place}, which is {shown}; write another place of that name in"
                " full",
                "area_code",
            )
        return code

    def _shown(self, country: str, codes: Sequence[str]) -> str:
        return ", ".join(
            f"{code} ({self._names[Area(country, code)][0]})" for code in codes[:CANDIDATES_MOST]
        )

    def _named(self, country: str, wanted: tuple[str, ...]) -> list[str]:
        return self._codes.get((country, wanted)) or self._longer_names(country, wanted)

    def _longer_names(self, country: str, wanted: tuple[str, ...]) -> list[str]:
        """The codes of names that begin with these words: `Haan` is `Haan Rheinland`."""
        return [
            code
            for (other, words), codes in self._codes.items()
            if wanted and other == country and words[: len(wanted)] == wanted
            for code in codes
        ]


def _words(name: str) -> tuple[str, ...]:
    """A name's words in one spelling: `Preßbaum` and `pressbaum`, `St.` and `Sankt` are one."""
    words = _WORD.findall(name.casefold())
    return tuple("sankt" if word == "st" else word for word in words)
