"""Values changed in the operator's files: what was meant changes, and nothing else."""

from difflib import unified_diff
from pathlib import Path

import pytest

from engine.errors import CallerError
from engine.flows.config import Inventory, parse
from engine.flows.versions.editing import Value, changed, entry

FILES = {path.name: path.read_text() for path in sorted(Path("config").glob("*.yaml"))}
NOTE = "# foreign callers"
ALL_FIELDS = f"""\
tariffs:
  plain:
    landline: 1.990
    # {NOTE}
    increment: 60/60
  other: {{currency: EUR}}
"""


def _lines(before: dict[str, str], after: dict[str, str]) -> list[str]:
    """The lines that differ, taken out (-) and put in (+)."""
    return [
        line
        for name in before
        for line in unified_diff(before[name].splitlines(), after[name].splitlines(), n=0)
        if not line.startswith(("---", "+++", "@@"))
    ]


def _inventory(files: dict[str, str]) -> Inventory:
    read = parse({name: text.encode() for name, text in files.items()})
    assert isinstance(read, Inventory), str(read)
    return read


@pytest.mark.parametrize("section", ["organisations", "agents", "profiles", "tariffs", "services"])
def test_a_value_that_is_so_already_changes_no_byte(section: str) -> None:
    for name in ("sternlicht", "standard", "anna"):
        written = entry(FILES, section, name)
        for key, value in (written or {}).items():
            assert changed(FILES, section, name, {key: value}) == FILES


def test_a_file_in_which_something_changes_keeps_every_other_byte() -> None:
    after = changed(FILES, "tariffs", "standard", {"landline": "2.19"})
    taken, put = _lines(FILES, after)
    assert taken.startswith("-    landline: 1.99 ")
    assert put == taken.replace("-", "+", 1).replace("1.99", "2.19")
    service = _inventory(after).services[0]
    assert service.tariff.landline_micros == 2_190_000


def test_every_value_of_a_form_can_be_set_and_taken_out() -> None:
    values: dict[str, Value] = {
        "numbers": ["030 23125 100", "030 23125 105"],
        "thresholds_s": ["120", "60"],
        "hours.open": {"mon-fri": ["09:00-12:30", "14:00-18:00"], "sat": "10:00-12:00"},
        "hours.holidays": ["2026-12-24"],
        "title": "null",
        "forced_end_min": "30",
        "on_agent_lost": None,
    }
    service = _inventory(changed(FILES, "services", "sternlicht", values)).services[0]
    assert service.dids == ("+493023125100", "+493023125105")
    assert service.thresholds_s == (120, 60)
    assert len(service.hours.spans) == 11
    assert service.title == "null"
    assert service.on_agent_lost == "end"


def test_a_new_key_stands_in_its_place_and_remarks_stay_with_what_they_tell_of() -> None:
    after = changed({"a.yaml": ALL_FIELDS}, "tariffs", "plain", {"mobile": "2.99"})
    assert _lines({"a.yaml": ALL_FIELDS}, after) == ["+    mobile: 2.99"]
    assert after["a.yaml"].index("mobile") < after["a.yaml"].index(NOTE)


def test_what_is_taken_out_leaves_the_remarks_below_it() -> None:
    after = changed(FILES, "profiles", "sternlicht", {"sites": None})
    assert "    # providers:                        # your own accounts;" in after["profiles.yaml"]
    taken = [line for line in _lines(FILES, after) if line.startswith("-")]
    assert all("sites" in line or "snippet" in line or "https" in line for line in taken)
    assert _inventory(after).profiles[0].sites == ()


def test_the_last_of_its_kind_takes_its_parent_out() -> None:
    values: dict[str, Value] = {"first_call.price": None, "first_call.minutes": None}
    after = changed(FILES, "tariffs", "standard", values)
    assert "first_call" not in (entry(after, "tariffs", "standard") or {})
    assert _inventory(after).services[0].tariff.first_call is None


def test_an_entry_there_is_not_is_refused() -> None:
    with pytest.raises(CallerError, match="there is no gone"):
        changed(FILES, "tariffs", "gone", {"landline": "1"})
    assert entry(FILES, "tariffs", "gone") is None
