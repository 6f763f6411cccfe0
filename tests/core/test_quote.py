import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.form import parse_object
from engine.core.quote import quote
from engine.errors import CallerError
from tests.core import naive

VECTORS = Path(__file__).parent / "vectors" / "rating.jsonl"

REQUEST: dict[str, Any] = {
    "tariff": {
        "currency": "EUR",
        "landline": "1.99",
        "mobile": "2.99",
        "increment": "60/60",
        "billing_starts": {"from": "conversation", "after_seconds": 10},
        "connect_fee": "0",
        "first_call": {"price": "0", "minutes": 10},
        "max_call_minutes": 60,
        "rounding": {"digits": 2, "mode": "half_up"},
    },
    "line": "landline",
    "first_call": False,
    "wait_seconds": 12.5,
    "talk_seconds": 75.2,
    "balance": "5.00",
}
GONE = object()


def changed(path: str, value: object) -> str:
    """The request as JSON with one field replaced, added or (GONE) left out."""
    request = json.loads(json.dumps(REQUEST))
    *parents, key = path.split(".")
    place = request
    for parent in parents:
        place = place[parent]
    if value is GONE:
        del place[key]
    else:
        place[key] = value
    return json.dumps(request)


def with_raw(key: str, raw: str) -> str:
    """The request as JSON with one top-level value replaced by raw text."""
    return json.dumps(REQUEST | {key: "@@"}).replace('"@@"', raw)


@pytest.mark.parametrize("line", VECTORS.read_text().splitlines())
def test_answers_the_vectors_exactly(line: str) -> None:
    vector = json.loads(line, parse_float=Decimal)
    asked = line[line.index(":") + 1 : line.rindex(', "out"')]
    assert quote(parse_object(asked)) == vector["out"]
    assert naive.quote(vector["in"]) == vector["out"]


def test_answers_the_example() -> None:
    assert quote(parse_object(json.dumps(REQUEST))) == {
        "charged_seconds": 120,
        "charge": "3.98",
        "affordable_seconds": 120,
    }


def test_other_lines_pay_the_dearer_price_unless_they_have_their_own() -> None:
    assert quote(parse_object(changed("line", "other")))["charge"] == "5.98"
    own = changed("tariff.other", "1").replace('"line": "landline"', '"line": "other"')
    assert quote(parse_object(own))["charge"] == "2.00"


@pytest.mark.parametrize(
    ("talk_seconds", "charged_seconds"),
    [
        ("10", 0),
        ("10.0000000000000000000000000000000000001", 60),
        ("70.9999999999999999999999999999999999999", 60),
        ("71", 120),
        ("7.1e1", 120),
        ("0", 0),
        ("-0", 0),
    ],
)
def test_times_are_read_exactly(talk_seconds: str, charged_seconds: int) -> None:
    asked = with_raw("talk_seconds", talk_seconds)
    assert quote(parse_object(asked))["charged_seconds"] == charged_seconds


FAULTS = [
    ("tariff", GONE),
    ("tariff", None),
    ("tariff", []),
    ("tariff.currency", GONE),
    ("tariff.currency", "euro"),
    ("tariff.currency", 978),
    ("tariff.landline", GONE),
    ("tariff.landline", 1.99),
    ("tariff.landline", True),
    ("tariff.landline", None),
    ("tariff.landline", "-1.99"),
    ("tariff.landline", "1,99"),
    ("tariff.landline", "1.9900000"),
    ("tariff.landline", "NaN"),
    ("tariff.landline", "1e3"),
    ("tariff.landline", "1000000001"),
    ("tariff.mobile", GONE),
    ("tariff.other", None),
    ("tariff.other", "-0.01"),
    ("tariff.increment", GONE),
    ("tariff.increment", 60),
    ("tariff.increment", "60"),
    ("tariff.increment", "0/60"),
    ("tariff.increment", "60/0"),
    ("tariff.increment", "60/-1"),
    ("tariff.increment", "60/1.5"),
    ("tariff.increment", "999999/1"),
    ("tariff.billing_starts", GONE),
    ("tariff.billing_starts", "conversation"),
    ("tariff.billing_starts.from", GONE),
    ("tariff.billing_starts.from", "answer"),
    ("tariff.billing_starts.from", 1),
    ("tariff.billing_starts.after_seconds", GONE),
    ("tariff.billing_starts.after_seconds", -1),
    ("tariff.billing_starts.after_seconds", 1.5),
    ("tariff.billing_starts.after_seconds", "10"),
    ("tariff.billing_starts.after_seconds", False),
    ("tariff.billing_starts.before_seconds", 1),
    ("tariff.connect_fee", GONE),
    ("tariff.connect_fee", 0),
    ("tariff.first_call", GONE),
    ("tariff.first_call", False),
    ("tariff.first_call.price", GONE),
    ("tariff.first_call.price", "-1"),
    ("tariff.first_call.minutes", GONE),
    ("tariff.first_call.minutes", None),
    ("tariff.first_call.minutes", 0),
    ("tariff.first_call.minutes", 2.5),
    ("tariff.first_call.days", 3),
    ("tariff.max_call_minutes", GONE),
    ("tariff.max_call_minutes", 0),
    ("tariff.max_call_minutes", -60),
    ("tariff.max_call_minutes", True),
    ("tariff.max_call_minutes", 10**9),
    ("tariff.rounding", GONE),
    ("tariff.rounding.digits", GONE),
    ("tariff.rounding.digits", 7),
    ("tariff.rounding.digits", -1),
    ("tariff.rounding.digits", "2"),
    ("tariff.rounding.mode", GONE),
    ("tariff.rounding.mode", "nearest"),
    ("tariff.rounding.mode", None),
    ("tariff.conect_fee", "0"),
    ("line", GONE),
    ("line", "voip"),
    ("line", []),
    ("first_call", GONE),
    ("first_call", 0),
    ("first_call", "false"),
    ("first_call", None),
    ("wait_seconds", GONE),
    ("wait_seconds", -0.001),
    ("talk_seconds", GONE),
    ("talk_seconds", "75.2"),
    ("talk_seconds", True),
    ("talk_seconds", None),
    ("talk_seconds", 10**10),
    ("balance", GONE),
    ("balance", 5),
    ("balance", "five"),
    ("balance", "5.0000001"),
    ("note", "x"),
]


@pytest.mark.parametrize(("path", "value"), FAULTS)
def test_names_the_fault_by_its_path(path: str, value: object) -> None:
    with pytest.raises(CallerError) as fault:
        quote(parse_object(changed(path, value)))
    assert fault.value.field == path


def test_names_the_first_of_many_faults() -> None:
    text = changed("tariff.mobile", "x").replace('"first_call": false', '"first_call": 1')
    with pytest.raises(CallerError) as fault:
        quote(parse_object(text))
    assert fault.value.field == "tariff.mobile"


@pytest.mark.parametrize(
    ("raw", "field"),
    [
        ("1e999999999", "talk_seconds"),
        ("1e-999999999", "talk_seconds"),
        ("9" * 6000, "talk_seconds"),
        ("1e99999999999999999999999999", ""),
        ("NaN", ""),
        ("Infinity", ""),
        ("-Infinity", ""),
        ("1.", ""),
        ("01", ""),
        ("[" * 60_000, ""),
        ("1} {", ""),
    ],
)
def test_numbers_that_are_none_or_too_much_cost_no_time(raw: str, field: str) -> None:
    with pytest.raises(CallerError) as fault:
        quote(parse_object(with_raw("talk_seconds", raw)))
    assert fault.value.field == field


@pytest.mark.parametrize("text", ["", "null", "[]", '"x"', "1", "{", "{'a': 1}", "\ufeff{}"])
def test_what_is_no_json_object_has_no_field(text: str) -> None:
    with pytest.raises(CallerError) as fault:
        quote(parse_object(text))
    assert fault.value.field == ""


def test_a_key_given_twice_is_a_fault() -> None:
    text = json.dumps(REQUEST).replace('"mobile"', '"landline": "0.01", "mobile"')
    with pytest.raises(CallerError) as fault:
        quote(parse_object(text))
    assert fault.value.field == "tariff.landline"


amounts = st.one_of(
    st.sampled_from(["0", "0.01", "0.333333", "0.49", "1.99", "2.99"]),
    st.integers(0, 3_000_000).map(lambda micros: f"{Decimal(micros).scaleb(-6):f}"),
)
seconds = st.one_of(
    st.sampled_from(["0", "0.999", "9.999", "10.001", "59.9", "60", "61", "599", "3600"]),
    st.decimals(0, 900, places=3).map(str),
    st.decimals(0, 90, places=12).map(str),
)
tariffs = st.fixed_dictionaries(
    {
        "currency": st.just("EUR"),
        "landline": amounts,
        "mobile": amounts,
        "increment": st.one_of(
            st.sampled_from(["60/60", "1/1", "60/1", "30/6", "20/10", "120/30"]),
            st.builds("{}/{}".format, st.integers(1, 130), st.integers(1, 130)),
        ),
        "billing_starts": st.fixed_dictionaries(
            {
                "from": st.sampled_from(["announcement", "conversation"]),
                "after_seconds": st.sampled_from([0, 10, 20, 30, 7]),
            }
        ),
        "connect_fee": amounts,
        "first_call": st.one_of(
            st.none(),
            st.fixed_dictionaries({"price": amounts, "minutes": st.integers(1, 12)}),
        ),
        "max_call_minutes": st.integers(1, 30),
        "rounding": st.fixed_dictionaries(
            {"digits": st.integers(0, 6), "mode": st.sampled_from(list(naive.MODES))}
        ),
    },
    optional={"other": amounts},
)


@settings(deadline=None)
@given(
    tariffs,
    st.sampled_from(["landline", "mobile", "other"]),
    st.booleans(),
    seconds,
    seconds,
    st.one_of(amounts, st.decimals(-5, 90, places=2).map(lambda value: f"{value:f}")),
)
def test_agrees_with_the_naive_rater(
    tariff: dict[str, Any], line: str, first_call: bool, wait: str, talk: str, balance: str
) -> None:
    request = {"tariff": tariff, "line": line, "first_call": first_call, "balance": balance}
    text = json.dumps(request)[:-1] + f', "wait_seconds": {wait}, "talk_seconds": {talk}}}'
    expected = naive.quote(request | {"wait_seconds": Decimal(wait), "talk_seconds": Decimal(talk)})
    assert quote(parse_object(text)) == expected
