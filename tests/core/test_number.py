import csv
from pathlib import Path

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.number import (
    NumberFormat,
    NumberType,
    caller_region,
    check_region,
    classify,
    mask,
    normalise,
)
from engine.core.tariff import Line
from engine.errors import CallerError

with (Path(__file__).parent / "vectors" / "numbers.csv").open(newline="") as file:
    VECTORS = list(csv.DictReader(file))


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['input']} {row['default_region']}")
def test_agrees_with_the_vectors(row: dict[str, str]) -> None:
    info = classify(row["input"], row["default_region"] or None)
    assert info.type == row["suggested_class"]
    assert info.emergency == (row["emergency"] == "True")
    assert info.e164 == (row["e164"] if row["valid"] == "True" else None)
    if info.e164:
        assert info.region == row["region_for_number"]


@pytest.mark.parametrize("row", VECTORS, ids=lambda row: f"{row['input']} {row['default_region']}")
def test_only_german_mobile_and_landline_numbers_may_be_called(row: dict[str, str]) -> None:
    info = classify(row["input"], row["default_region"] or None)
    german = row["valid"] == "True" and row["region_for_number"] == "DE"
    doubted = row["input"] == "049 151 12345678"
    callable_ = german and row["type"] in ("FIXED_LINE", "MOBILE") and not doubted
    assert info.verifiable == callable_
    assert (info.reason is None) == callable_


@pytest.mark.parametrize(
    ("raw", "region", "line"),
    [
        ("030 23125 000", "DE", Line.LANDLINE),
        ("0152 28817386", "DE", Line.MOBILE),
        ("+43 664 1234567", "DE", Line.OTHER),
        ("0664 1234567", "AT", Line.MOBILE),
        ("01 5123456", "AT", Line.LANDLINE),
        ("0720 123456", "AT", Line.OTHER),
        ("079 123 45 67", "CH", Line.MOBILE),
        ("+49 30 23125000", "AT", Line.OTHER),
        ("+49 30 23125000", None, Line.LANDLINE),
        ("032 221234567", "DE", Line.OTHER),
        ("0700 12345678", "DE", Line.OTHER),
        ("+1 212 555 2368", "US", Line.OTHER),
        ("118 33", "DE", None),
        ("0190 123456", "DE", None),
        ("anonymous", "DE", None),
    ],
)
def test_the_line_decides_the_price(raw: str, region: str | None, line: Line | None) -> None:
    assert classify(raw, region).line is line


@pytest.mark.parametrize(
    ("raw", "region", "meant"),
    [
        ("4915112345678", "DE", "+49 1511 2345678"),
        ("49151 12345678", "DE", "+49 1511 2345678"),
        ("049 151 12345678", "DE", "+49 1511 2345678"),
        ("0491511/2345678", "DE", "+49 1511 2345678"),
        ("04930 12345678", "DE", "+49 30 12345678"),
        ("494311234567", "DE", "+49 431 1234567"),
        ("12125552368", "DE", "+1 212-555-2368"),
    ],
)
def test_says_what_was_probably_meant(raw: str, region: str, meant: str) -> None:
    info = classify(raw, region)
    assert info.reason == f"did you mean {meant}?"
    assert not info.verifiable


@pytest.mark.parametrize("raw", ["0491 12345", "0491 5112345", "04931 123456", "15112345678"])
def test_doubts_no_number_that_may_well_be_meant(raw: str) -> None:
    assert classify(raw, "DE").verifiable


@pytest.mark.parametrize("raw", ["0154 12345678", "0161 1234567", "0190 123456"])
def test_takes_no_wrong_german_number_for_a_foreign_one(raw: str) -> None:
    assert classify(raw, "DE").reason == "no such number"


@pytest.mark.parametrize(
    ("raw", "e164"), [("4930 12345678", "+493012345678"), ("15112345678", "+4915112345678")]
)
def test_what_the_parser_reads_right_stays(raw: str, e164: str) -> None:
    assert classify(raw, "DE").e164 == e164


@pytest.mark.parametrize("raw", ["004915112345678", "0080012345678", "030 12345678", "110"])
def test_without_a_region_only_international_numbers_are_read(raw: str) -> None:
    assert classify(raw, None).type is NumberType.NO_NUMBER


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        ("0137 1 123456", "SHARED_COST"),
        ("0137 6 123456", "SHARED_COST"),
        ("0137 7 123456", "PREMIUM_RATE"),
        ("0137 8 123456", "PREMIUM_RATE"),
        ("0137 9 123456", "PREMIUM_RATE"),
        ("0138 1234", "SHARED_COST"),
        ("0900 1 123456", "PREMIUM_RATE"),
        ("0900 3 123456", "PREMIUM_RATE"),
        ("0900 5 123456", "PREMIUM_RATE"),
        ("0190 123456", "INVALID"),
        ("0185 1234567", "INVALID"),
        ("01888 12345678", "INVALID"),
        ("01033 030 1234567", "INVALID"),
        ("0191 012345", "INVALID"),
        ("0193 12345", "INVALID"),
        ("032 221234567", "FIXED_LINE"),
        ("0700 12345678", "PERSONAL_NUMBER"),
        ("0181 1234567", "UAN"),
        ("01681 123456", "PAGER"),
        ("0800 1234567", "TOLL_FREE"),
        ("00800 12345678", "TOLL_FREE"),
        ("+979 1 2345 6789", "PREMIUM_RATE"),
        ("+882 16 1234567", "VOIP"),
        ("+4911833", "INVALID"),
        ("+49110", "INVALID"),
        ("sip:+493012345678@example.org;user=phone", "NO_NUMBER"),
        ("anonymous@anonymous.invalid", "NO_NUMBER"),
        ("unavailable", "NO_NUMBER"),
        ("0", "NO_NUMBER"),
        ("1" * 300, "NO_NUMBER"),
        ("1" * 20, "NO_NUMBER"),
    ],
)
def test_german_services_and_oddities_are_never_called(raw: str, kind: str) -> None:
    info = classify(raw, "DE")
    assert info.type == kind
    assert not info.verifiable
    assert info.reason


@pytest.mark.parametrize(
    ("raw", "region", "emergency"),
    [
        ("110", "DE", True),
        ("112", "DE", True),
        ("1 1-0", "DE", True),
        ("Notruf: 110", "DE", True),
        ("tel:112", "DE", True),
        ("110;ext=5", "DE", True),
        ("１１０", "DE", True),
        ("133", "AT", True),
        ("911", "US", True),
        ("112", "US", True),
        ("115", "DE", False),
        ("116 117", "DE", False),
        ("116116", "DE", False),
        ("118 33", "DE", False),
        ("118000", "DE", False),
        ("411", "US", False),
    ],
)
def test_short_and_emergency_numbers_are_seen_in_the_raw_text(
    raw: str, region: str, emergency: bool
) -> None:
    info = classify(raw, region)
    assert (info.type, info.emergency, info.region) == (NumberType.SHORT_CODE, emergency, region)
    assert info.e164 is None
    assert not info.verifiable


@pytest.mark.parametrize("raw", ["+49 30 abc12345", "030 FLOWERS", "030 12345678 def"])
def test_letters_are_dialled_for_nobody(raw: str) -> None:
    assert not classify(raw, "DE").verifiable


@pytest.mark.parametrize("raw", ["Tel. 030 23125000", "+49 30 23125000 ext. 5", "tel:03023125000"])
def test_words_around_a_number_do_no_harm(raw: str) -> None:
    info = classify(raw, "DE")
    assert (info.e164, info.verifiable) == ("+493023125000", True)


def test_verification_goes_where_the_merchant_allows() -> None:
    allowed = frozenset({"DE", "AT"})
    assert classify("+43 664 1234567", "DE", verify_in=allowed).verifiable
    assert classify("+43 664 1234567", "DE").reason == "foreign number (AT)"
    assert not classify("+43 720 123456", "DE", verify_in=allowed).verifiable


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("+1 212 555 2368", "US"),
        ("+1 416 555 1234", "CA"),
        ("+1 942 555 1234", "CA"),
        ("+1 600 700 2000", "CA"),
        ("+1 622 201 2345", "CA"),
        ("+1 787 721 1234", "PR"),
        ("+1 876 922 1234", "JM"),
        ("+1 800 234 5678", None),
        ("+1 833 234 5678", None),
        ("+1 900 234 5678", None),
        ("+1 822 234 5678", None),
        ("+1 710 234 5678", None),
        ("+882 16 1234567", None),
        ("+39 06 698 12345", "VA"),
        ("+44 7911 123456", "GG"),
        ("+7 701 234 5678", "KZ"),
    ],
)
def test_a_toll_free_caller_is_from_nowhere(raw: str, region: str | None) -> None:
    assert caller_region(classify(raw, "CA")) == region


E164 = "+4915228817386"


@pytest.mark.parametrize(
    ("identity", "number_format"),
    [
        ("sip:+4915228817386@carrier.example;user=phone", "e164_plus"),
        ("<sip:+4915228817386@carrier.example:5060;user=phone>;screened=yes", "e164_plus"),
        ('"Anna; \\"<A>\\" @ home" <sip:+4915228817386@carrier.example>', "e164_plus"),
        ('"Anonymous" <sips:+4915228817386@carrier.example>', "e164_plus"),
        ("tel:+49-152-28817386", "e164_plus"),
        ("<TEL:+49(152)28817386>", "e164_plus"),
        ("sip:%2B4915228817386@carrier.example", "e164_plus"),
        ("sip:+4915228817386;npdi:pw@carrier.example", "e164_plus"),
        ("+4915228817386", "national"),
        ("sip:004915228817386@carrier.example", "00cc"),
        ("004915228817386", "national"),
        ("sip:4915228817386@carrier.example", "cc"),
        ("4915228817386", "cc"),
        ("sip:015228817386@carrier.example", "national"),
        ("sip:015228817386;phone-context=+49@carrier.example", "e164_plus"),
        ("tel:15228817386;phone-context=+49", "cc"),
        ("tel:015228817386;phone-context=carrier.example", "national"),
    ],
)
def test_reads_what_trunks_assert(identity: str, number_format: str) -> None:
    info = normalise(identity, NumberFormat(number_format), "DE")
    assert (info.e164, info.line) == (E164, Line.MOBILE)


@pytest.mark.parametrize(
    ("identity", "number_format", "region"),
    [
        ("sip:4915228817386@x", "e164_plus", "DE"),
        ("sip:015228817386@x", "e164_plus", "DE"),
        ("sip:015228817386@x", "00cc", "DE"),
        ("sip:4915228817386@x", "00cc", "DE"),
        ("sip:015228817386@x", "cc", "DE"),
        ("sip:004915228817386@x", "cc", "DE"),
        ("sip:4915228817386@x", "national", "DE"),
        ("sip:15228817386@x", "national", "DE"),
        ("sip:04915112345678@x", "national", "DE"),
        ("sip:110@x", "national", "DE"),
        ("sip:110@x", "cc", "DE"),
        ("sip:+49@x", "e164_plus", "DE"),
        ("sip:911@x", "national", "US"),
    ],
)
def test_never_guesses_another_format(identity: str, number_format: str, region: str) -> None:
    info = normalise(identity, NumberFormat(number_format), region)
    assert (info.type, info.e164, info.line) == (NumberType.INVALID, None, None)
    assert info.reason


def test_a_carrier_of_ten_digits_is_read_in_its_country() -> None:
    assert normalise("sip:2125552368@x", NumberFormat.NATIONAL, "US").e164 == "+12125552368"
    assert normalise("sip:12125552368@x", NumberFormat.CC, "DE").e164 == "+12125552368"


@pytest.mark.parametrize(
    "identity",
    [
        '"Anonymous" <sip:anonymous@anonymous.invalid>',
        "sip:anonymous@anonymous.invalid:5060",
        "anonymous@anonymous.invalid",
        "sip:+4915228817386@anonymous.invalid",
        "sip:Restricted@carrier.example",
        "sip:unavailable@carrier.example",
        "sip:Unknown@carrier.example",
        "anonymous",
    ],
)
def test_withheld_is_no_number(identity: str) -> None:
    info = normalise(identity, NumberFormat.E164_PLUS, "DE")
    assert (info.type, info.reason) == (NumberType.NO_NUMBER, "withheld")


@pytest.mark.parametrize(
    "identity",
    [
        "",
        "sip:carrier.example",
        "sip:alice@carrier.example",
        "sip:0800FLOWERS@carrier.example",
        "sip:*31#015228817386@carrier.example",
        "sip:+49٣٤٥٦@carrier.example",
        "<>",
        "mailto:a@b.example",
        f'"{"x" * 5000}" <sip:+4915228817386@carrier.example>',
    ],
)
def test_anything_else_is_no_number(identity: str) -> None:
    assert normalise(identity, NumberFormat.NATIONAL, "DE").type is NumberType.NO_NUMBER


@given(st.text(max_size=300), st.sampled_from(["DE", "AT", "US", None]))
def test_no_text_breaks_it_and_only_valid_numbers_have_an_e164(
    raw: str, region: str | None
) -> None:
    info = classify(raw, region)
    assert (info.e164 is None) == (info.line is None)
    assert info.verifiable == (info.reason is None)
    if info.e164 is not None:
        assert phonenumbers.is_valid_number(phonenumbers.parse(info.e164))


@given(st.text(max_size=60), st.sampled_from(NumberFormat))
def test_no_identity_breaks_it(raw: str, number_format: NumberFormat) -> None:
    info = normalise(raw, number_format, "DE")
    assert (info.e164 is None) == (info.line is None)


def test_masks_the_last_three_digits() -> None:
    assert mask("+4915228817386") == "+4915228817xxx"


def test_regions_are_checked() -> None:
    assert check_region("de", field="region") == "DE"
    assert check_region("", field="region") is None
    with pytest.raises(CallerError, match="country") as fault:
        check_region("XX", field="region")
    assert fault.value.field == "region"
