"""Area codes: numbers and seats find theirs; files of blocks are read whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.core.numbers.areas import Areas
from engine.core.numbers.blocks import BLOCK_MOST, Faults, read_blocks
from engine.core.numbers.number import Area
from engine.errors import CallerError
from engine.flows.numbers.numbering import read_areas

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def areas() -> Areas:
    return read_areas()


def test_the_tables_are_what_their_source_makes_of_them() -> None:
    """In a process of its own: the source is the names of the whole world."""
    command = [sys.executable, "-m", "tests.project.areas", "--check"]
    made = subprocess.run(command, cwd=ROOT, check=False)
    assert made.returncode == 0, "write them anew: python -m tests.project.areas"


def test_the_tables_hold_the_areas_of_both_countries(areas: Areas) -> None:
    assert len(areas) > 6_000
    assert areas.names(Area("DE", "621")) == ("Ludwigshafen", "Mannheim")
    assert areas.names(Area("AT", "1")) == ("Wien",)
    assert areas.names(Area("DE", "1")) == ()


@pytest.mark.parametrize(
    ("e164", "area"),
    [
        ("+493023125000", Area("DE", "30")),
        ("+49212900000", Area("DE", "2129")),
        ("+49212800000", Area("DE", "212")),
        ("+4315123456", Area("AT", "1")),
        ("+43662123456", Area("AT", "662")),
        ("+4915228817386", None),
        ("+18002345678", None),
    ],
)
def test_a_number_has_an_area(areas: Areas, e164: str, area: Area | None) -> None:
    assert areas.of_number(e164) == area


@pytest.mark.parametrize(
    ("country", "place", "given", "code"),
    [
        ("DE", "Berlin", "", "30"),
        ("DE", "münchen", "", "89"),
        ("DE", "Haan", "", "2129"),
        ("DE", "Ludwigshafen", "", "621"),
        ("AT", "Wien", "", "1"),
        ("AT", "St. Pölten", "", "2742"),
        ("DE", "Kleinstdorf", "030", "30"),
        ("DE", "Berlin", "030", "30"),
        ("DE", "Velbert", "2052", "2052"),
        ("CH", "Zürich", "", ""),
    ],
)
def test_a_seat_has_an_area(areas: Areas, country: str, place: str, given: str, code: str) -> None:
    assert areas.of_seat(country, place, given) == code


@pytest.mark.parametrize(
    ("place", "given", "says"),
    [
        ("Kleinstdorf", "", "no area is named"),
        ("Neustadt", "", "may be"),
        ("Berlin", "31", "no area 31"),
        ("", "", "no area is named"),
        ("München", "030", r"is not that of München, which is 89 \(München\)"),
        ("Haan", "30", "which is 2129"),
        ("Neustadt", "30", "Neustadt an der"),
    ],
)
def test_a_seat_that_names_no_area_must_give_one_that_fits(
    areas: Areas, place: str, given: str, says: str
) -> None:
    with pytest.raises(CallerError, match=says) as caught:
        areas.of_seat("DE", place, given)
    assert caught.value.field == "area_code"


@pytest.mark.parametrize(
    ("country", "place", "code"),
    [
        ("DE", "Berlin", "30"),
        ("DE", "Velbert", "2051"),
        ("DE", "Neustadt", ""),
        ("DE", "Kleinstdorf", ""),
        ("CH", "Zürich", ""),
    ],
)
def test_what_a_places_name_tells(areas: Areas, country: str, place: str, code: str) -> None:
    assert areas.of_place(country, place) == code


def test_blocks_are_read_to_their_last_number(areas: Areas) -> None:
    text = "area_code,first,last\n030,+493023125098,+493023125101\n\n1,+4315123456,\n"
    numbers = read_blocks(text + ",+18002345678,+18002345679\n", areas)
    assert not isinstance(numbers, Faults)
    assert [(n.e164, n.country, n.area_code) for n in numbers] == [
        ("+493023125098", "DE", "30"),
        ("+493023125099", "DE", "30"),
        ("+493023125100", "DE", "30"),
        ("+493023125101", "DE", "30"),
        ("+4315123456", "AT", "1"),
        ("+18002345678", "US", ""),
        ("+18002345679", "US", ""),
    ]


BAD = {
    "89,+493023125000,": "not of area 89",
    ",+493023125000,": "not of area (none)",
    "30,030 23125000,": "no number in E.164",
    "30,,": "nothing is no number",
    ",+4915228817386,": "mobile",
    "32,+4932221234567,": "of no area",
    "30,+493023125000,+493023124000": "no block",
    f"30,+4930231250000,+493023126{BLOCK_MOST:05}": "no block",
    "30,+493023125000": "2 columns",
    "30,+493023125000,+4930231250000": "no block",
    "44,+41446681800,": "neither tracking nor forwarding",
}
TWICE = "area_code,first,last\n30,+493023125000,\n30,+493023125000,\n"
BAD_FILE = "\n".join(["area_code,first,last", *BAD])


def test_every_mistake_is_told_with_its_line(areas: Areas) -> None:
    found = read_blocks(BAD_FILE, areas)
    assert isinstance(found, Faults)
    assert [fault.line for fault in found.faults] == list(range(2, len(BAD) + 2))
    for fault, says in zip(found.faults, BAD.values(), strict=True):
        assert says in fault.sentence


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "first line"),
        ("first,last\n", "first line"),
        (TWICE, "twice"),
    ],
)
def test_a_file_that_is_none(areas: Areas, text: str, says: str) -> None:
    found = read_blocks(text, areas)
    assert isinstance(found, Faults)
    assert says in found.faults[0].sentence
