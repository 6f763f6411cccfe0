"""What anchors and aliases share in the operator's files: a change of one place stays there."""

import pytest

from engine.flows.config.problems import MistakesError
from engine.flows.config.tree import grow, plain
from engine.flows.versions.editing import Value, changed

SHARED = """\
tariffs:
  first: &whole
    landline: &price 1.99   # what a landline pays
    # the offer
    first_call: &offer
      price: 0.50   # a minute
      minutes: 10
    # and so on
    rounding: &cents {digits: 2}
  second:
    landline: *price
    first_call: *offer
    # spoken of above
    rounding: *cents
    connect_fee: 0
  third: *whole
  fourth: {landline: 3, first_call: *offer}
services:
  early:
    hours: &hours
      open: &days {mon-fri: 09:00-17:00}
      holidays: &off [2026-12-24]
  late:
    hours: *hours
  odd:
    hours: {open: *days, holidays: *off}
profiles:
  one:
    sites: &sites
      - https://one.example   # the first
      - &two https://two.example
    amounts: [&ten {pay: 10}, {pay: 20, bonus: 2}]
  two:
    sites: *sites
    amounts:
      - *ten
      - {pay: 50}
  three: {sites: [*two]}
"""
CHANGES: list[tuple[str, str, dict[str, Value]]] = [
    ("tariffs", "first", {"first_call.price": "1.90"}),
    ("tariffs", "second", {"first_call.price": "1.90"}),
    ("tariffs", "fourth", {"first_call.minutes": None}),
    ("tariffs", "first", {"landline": "2.19"}),
    ("tariffs", "second", {"landline": "2.19"}),
    ("tariffs", "third", {"landline": "2.19", "rounding.digits": "3"}),
    ("tariffs", "first", {"rounding.digits": "3", "rounding.mode": "up"}),
    ("tariffs", "second", {"rounding": None}),
    ("tariffs", "second", {"connect_fee": None}),
    ("tariffs", "second", {"currency": "EUR"}),
    ("tariffs", "third", {"first_call.price": None, "first_call.minutes": None}),
    ("services", "early", {"hours.open": {"sat": "10:00-12:00"}}),
    ("services", "late", {"hours.open": {"sat": "10:00-12:00"}}),
    ("services", "odd", {"hours.open.sun": "10:00-12:00"}),
    ("services", "early", {"hours.holidays": ["2026-12-31"]}),
    ("services", "late", {"hours.holidays": ["2026-12-24", "2026-12-31"]}),
    ("services", "odd", {"hours.holidays": None}),
    ("services", "early", {"hours": None, "title": "Early"}),
    ("profiles", "one", {"sites": ["https://three.example"]}),
    ("profiles", "two", {"sites": ["https://two.example", "https://three.example"]}),
    ("profiles", "three", {"sites": None, "title": "Three"}),
    ("profiles", "one", {"amounts": [{"pay": "11"}]}),
    ("profiles", "two", {"amounts": [{"pay": "10", "bonus": "1"}, {"pay": "50"}]}),
]


def _values(text: str) -> dict[str, dict[str, dict[str, object]]]:
    tree, problems = grow("all.yaml", text.encode())
    assert tree is not None
    assert not problems
    found = plain(tree)
    assert isinstance(found, dict)
    return found


def _set(values: dict[str, object], path: list[str], value: Value) -> None:
    """The same change in plain values; a parent that is left empty goes."""
    key, *rest = path
    if not rest:
        values.update({key: value})
    else:
        inner = values.setdefault(key, {})
        assert isinstance(inner, dict)
        _set(inner, rest, value)
    if values[key] in (None, {}):
        del values[key]


@pytest.mark.parametrize(("section", "name", "values"), CHANGES)
def test_what_is_shared_changes_in_the_one_place(
    section: str, name: str, values: dict[str, Value]
) -> None:
    wanted = _values(SHARED)
    for path, value in values.items():
        _set(wanted[section][name], path.split("."), value)
    after = changed({"all.yaml": SHARED}, section, name, values)["all.yaml"]
    assert _values(after) == wanted


def test_the_anchor_goes_on_to_the_next_place_and_its_remarks_stay() -> None:
    after = changed({"all.yaml": SHARED}, "tariffs", "first", {"first_call.price": "1.90"})
    first, _, others = after["all.yaml"].partition("  second:")
    assert "&offer" not in first
    assert "price: 1.90   # a minute" in first
    assert others.index("&offer") < others.index("*offer")
    assert after["all.yaml"].count("# a minute") == after["all.yaml"].count("# the offer") == 1
    assert "*price" in others
    assert "*cents" in others


def test_a_remark_before_what_is_taken_out_stays() -> None:
    for values in ({"rounding": None}, {"connect_fee": None, "rounding": None}):
        after = changed({"all.yaml": SHARED}, "tariffs", "second", values)["all.yaml"]
        assert after.count("# spoken of above") == 1


def test_a_value_that_is_so_already_stays_shared() -> None:
    same = changed({"all.yaml": SHARED}, "tariffs", "second", {})
    values: dict[str, Value] = {"first_call.price": "0.50", "rounding.mode": None}
    assert changed({"all.yaml": SHARED}, "tariffs", "second", values) == same


def test_an_anchor_that_is_named_twice_is_each_time_its_own() -> None:
    entries = "".join(
        f"  t{n}: {{first_call: {what}}}\n"
        for n, what in enumerate(("&offer {price: 1}", "*offer", "&offer {price: 2}", "*offer"))
    )
    text = f"tariffs:\n{entries}"
    for n in range(4):
        wanted = _values(text)
        wanted["tariffs"][f"t{n}"]["first_call"] = {"price": "9"}
        after = changed({"all.yaml": text}, "tariffs", f"t{n}", {"first_call.price": "9"})
        assert _values(after["all.yaml"]) == wanted


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # The names that anchors are given by the writer of the text meet one that is there.
        (
            "tariffs:\n  a: {f: &id002 {k: v}, t: &id001 text}\n  b: {f: *id002, t: *id001}\n",
            "all.yaml:3:3: tariffs.b cannot be changed without other values",
        ),
        ("tariffs:\n  a: &a {k: 1}\n  b: {<<: *a}\n", "all.yaml:3:7: tariffs.b holds a merge key"),
    ],
    ids=["names", "merge key"],
)
def test_what_cannot_be_changed_alone_is_refused_with_its_place(text: str, told: str) -> None:
    with pytest.raises(MistakesError) as refusal:
        changed({"all.yaml": text}, "tariffs", "b", {"landline": "2"})
    assert str(refusal.value).startswith(told)
    assert refusal.value.field == "files"
