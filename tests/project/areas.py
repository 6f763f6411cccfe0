"""The tables of area codes, made from libphonenumber's names of places (Apache-2.0).

`python -m tests.project.areas` writes them down, with `--check` it only says whether they are
what they would be. The library holds the names by prefix: Vienna's eight are one area code, and
the four within Mannheim's that are Ludwigshafen's give that area a second name.
"""

import csv
import io
import sys
from pathlib import Path

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA

TABLES = Path(__file__).resolve().parents[2] / "engine/flows/numbers/areas.csv"
COUNTRIES = {"49": "DE", "43": "AT"}
WITHIN = {"DE": ("621",), "AT": ("1",)}
"""Area codes that the library tells apart by the digits that follow."""


def rows() -> list[tuple[str, str, str]]:
    """Country, area code, place, in order; each once."""
    found = set()
    for prefix, names in GEOCODE_DATA.items():
        country = COUNTRIES.get(prefix[:2])
        if country is not None:
            found.add((country, code_of(country, prefix[2:]), names["de"]))
    return sorted(found, key=lambda row: (row[0] != "DE", row[1], row[2]))


def code_of(country: str, prefix: str) -> str:
    """The area code that a prefix of the library lies in."""
    return next((code for code in WITHIN[country] if prefix.startswith(code)), prefix)


def text() -> str:
    """The file."""
    out = io.StringIO()
    out.write(f"# Names of areas from libphonenumber {phonenumbers.__version__} (Apache-2.0)\n")
    csv.writer(out, lineterminator="\n").writerows(rows())
    return out.getvalue()


def main() -> int:
    if "--check" in sys.argv:
        kept = TABLES.read_text(encoding="utf-8").partition("\n")[2]
        return int(kept != text().partition("\n")[2])
    TABLES.write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
