"""What a phone number is: its kind, its country, the line it is on, and whether it may be called.

Two ways in. `classify` reads what a person typed: emergency and short numbers are looked for in
the raw text first, because the parser makes +4911833 of `118 33`; a number that is formally
German but far likelier a mistyped one (`049 151 …`, `49151…` parse as a landline in Leer) is
answered with what was probably meant. `normalise` reads what a SIP trunk asserted: it never
guesses, since each trunk has said in which format its numbers come.

The numbering plans are libphonenumber's. Three of its answers are put right here: 032 (a national
subscriber number, § 112(5) TKG) counts as no landline; a number that no line calls from
(toll-free, premium, …) has no caller's country, though +1 800 is "US" to the library; and where
it cannot tell landline from mobile (+1), the line is `other`.

Not handled: the library takes very short landline numbers (`030 123`) for valid, and so do we;
which network serves a ported number is not known, but no porting crosses from landline to mobile.
"""

import re
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from enum import StrEnum
from urllib.parse import unquote

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
    ValidationResult,
)
from phonenumbers.shortnumberinfo import is_emergency_number, is_valid_short_number_for_region

from engine.core.tariff import Line
from engine.errors import CallerError

HOME_REGION = "DE"

VERIFIABLE_REGIONS: AbstractSet[str] = frozenset({HOME_REGION})
"""Where a verification call may go, unless a merchant's setting says otherwise."""

MAX_INPUT = 250
"""The most characters of a typed number; the parser's own limit."""

MAX_IDENTITY = 1024
"""The most characters of a SIP identity value, display name included."""


class NumberType(StrEnum):
    """libphonenumber's names, and three of our own for what is no ordinary number."""

    FIXED_LINE = "FIXED_LINE"
    MOBILE = "MOBILE"
    FIXED_LINE_OR_MOBILE = "FIXED_LINE_OR_MOBILE"
    TOLL_FREE = "TOLL_FREE"
    PREMIUM_RATE = "PREMIUM_RATE"
    SHARED_COST = "SHARED_COST"
    VOIP = "VOIP"
    PERSONAL_NUMBER = "PERSONAL_NUMBER"
    PAGER = "PAGER"
    UAN = "UAN"
    VOICEMAIL = "VOICEMAIL"
    SHORT_CODE = "SHORT_CODE"
    INVALID = "INVALID"
    NO_NUMBER = "NO_NUMBER"


class NumberFormat(StrEnum):
    """How a trunk writes numbers; a leading + is understood in each."""

    E164_PLUS = "e164_plus"
    ZERO_ZERO_CC = "00cc"
    CC = "cc"
    NATIONAL = "national"


@dataclass(frozen=True, slots=True)
class NumberInfo:
    """What the engine thinks of a number.

    `e164` is there for valid numbers only, so that nothing else can name an account or be dialled.
    `region` is the library's ("001" for numbers of no country); `line` is the price a caller with
    this number pays, None unless it is valid; `reason` says why a number may not be called for
    verification, None if it may.
    """

    e164: str | None
    region: str | None
    type: NumberType
    line: Line | None
    emergency: bool
    verifiable: bool
    reason: str | None


_ORDINARY = frozenset({NumberType.FIXED_LINE, NumberType.MOBILE, NumberType.FIXED_LINE_OR_MOBILE})
_CALLED_FROM = _ORDINARY | {NumberType.VOIP, NumberType.PERSONAL_NUMBER}

_SERVICE_NAMES = {
    NumberType.TOLL_FREE: "toll-free",
    NumberType.PREMIUM_RATE: "premium-rate",
    NumberType.SHARED_COST: "shared-cost",
    NumberType.VOIP: "VoIP",
    NumberType.PERSONAL_NUMBER: "personal",
    NumberType.PAGER: "pager",
    NumberType.UAN: "company-wide",
    NumberType.VOICEMAIL: "voicemail",
}

_PARSE_FAULTS = {
    NumberParseException.INVALID_COUNTRY_CODE: "no country code that exists",
    NumberParseException.TOO_SHORT_AFTER_IDD: "too short",
    NumberParseException.TOO_SHORT_NSN: "too short",
    NumberParseException.TOO_LONG: "too long",
}

_SEPARATORS = re.compile(r"[\s().\-/]+")
_LEAD_IN = re.compile(r"[^\d+＋]*")
_EXTENSION = re.compile(r"(?:;ext=|\bext\.?|\bx)\s*[0-9]+\s*$", re.IGNORECASE)
_LETTER = re.compile(r"[^\W\d_]")
_NAME_ADDR = re.compile(r'(?:"(?:[^"\\]|\\.)*"\s*|[^<"]*)<([^<>]*)>')
_URI = re.compile(r"(?:(sips?|tel):)?(.*)", re.IGNORECASE | re.DOTALL)
_HOST_END = re.compile(r"[;:?]")
_SIP_NUMBER = re.compile(r"\+?[0-9]+", re.ASCII)
_WITHHELD = frozenset({"anonymous", "restricted", "private", "unavailable", "unknown"})
_ANONYMOUS_HOST = "anonymous.invalid"

_DOUBT = re.compile(r"did you mean (.+)\?")

_LONGEST_SHORT_NUMBER = 10

_LONGEST_GERMAN = 11
"""Digits after +49 beyond which a number is more likely mistyped than in service."""


def check_region(text: str, *, field: str) -> str | None:
    """The two-letter region as the library knows it, None for "". Raises `CallerError`."""
    region = text.upper()
    if region and region not in phonenumbers.SUPPORTED_REGIONS:
        raise CallerError('must be a country such as "DE"', field)
    return region or None


def classify(
    raw: str, region: str | None, *, verify_in: AbstractSet[str] = VERIFIABLE_REGIONS
) -> NumberInfo:
    """What the engine thinks of a number as typed by a person in `region`.

    `region` reads national numbers and makes other countries' lines foreign (None: only numbers
    with + can be read, and `HOME_REGION` is home). `verify_in`: where verification may call.
    """
    if len(raw) > MAX_INPUT:
        return _unusable(NumberType.NO_NUMBER, "too long")
    dialled = _EXTENSION.sub("", _LEAD_IN.sub("", raw, count=1))
    if region is not None and (short := _short_number(dialled, region)):
        return short
    parsed = _parse(raw, region)
    if isinstance(parsed, str):
        return _unusable(NumberType.NO_NUMBER, parsed)
    info = _judge(parsed, region or HOME_REGION, verify_in)
    if region is not None and (meant := _probably_meant(dialled, parsed, region)):
        return replace(info, verifiable=False, reason=f"did you mean {meant}?")
    if info.verifiable and _LETTER.search(dialled):
        return replace(info, verifiable=False, reason="letters in the number")
    return info


def normalise(
    raw: str,
    number_format: NumberFormat,
    region: str,
    *,
    verify_in: AbstractSet[str] = VERIFIABLE_REGIONS,
) -> NumberInfo:
    """The caller in one SIP identity value: name-addr, sip:, sips: or tel: URI, or bare digits.

    `region` is the trunk's country. What is withheld, is no number, or comes in another format
    than the trunk's is answered with the reason and no `e164` (RFC 3261 19.1, 3323, 3325, 3966).
    """
    if len(raw) > MAX_IDENTITY:
        return _unusable(NumberType.NO_NUMBER, "too long")
    user, _host, context = _identity_parts(raw)
    if is_anonymous(raw):
        return _unusable(NumberType.NO_NUMBER, "withheld")
    digits = _SEPARATORS.sub("", user)
    if not _SIP_NUMBER.fullmatch(digits):
        return _unusable(NumberType.NO_NUMBER, "not a number")
    written = _in_trunk_format(digits, number_format, region, context)
    if written is None:
        return _unusable(NumberType.INVALID, f"not in the trunk's format {number_format}")
    parsed = _parse(written, region)
    if isinstance(parsed, str):
        return _unusable(NumberType.INVALID, parsed)
    if meant := _probably_meant(written, parsed, region):
        return _unusable(NumberType.INVALID, f"did you mean {meant}?")
    return _judge(parsed, region, verify_in)


def caller_region(info: NumberInfo) -> str | None:
    """The country a caller with this number calls from; None if no line has such a number.

    A toll-free caller id (+1 800 …) is not a caller from the United States.
    """
    return info.region if info.type in _CALLED_FROM and info.region != "001" else None


def international(e164: str) -> str:
    """A valid number as people read it anywhere: `+49 30 23125000`."""
    parsed = phonenumbers.parse(e164, None)
    return phonenumbers.format_number(parsed, PhoneNumberFormat.INTERNATIONAL)


def meant_number(info: NumberInfo) -> str:
    """The number that was probably meant, written internationally; "" if there is no doubt."""
    found = _DOUBT.fullmatch(info.reason or "")
    return found[1] if found else ""


def written(e164: str, number_format: NumberFormat, region: str) -> str:
    """A valid number as a trunk of `region` writes it; `normalise` reads it back."""
    if number_format is NumberFormat.E164_PLUS:
        return e164
    if number_format is NumberFormat.ZERO_ZERO_CC:
        return f"00{e164[1:]}"
    parsed = phonenumbers.parse(e164, None)
    home = phonenumbers.country_code_for_region(region)
    if number_format is NumberFormat.NATIONAL and parsed.country_code == home:
        national = phonenumbers.format_number(parsed, PhoneNumberFormat.NATIONAL)
        return _SEPARATORS.sub("", national)
    return e164[1:] if number_format is NumberFormat.CC else e164


def mask(number: str) -> str:
    """The number without its last three digits, as § 11 TDDDG has it shown to who is called."""
    return f"{number[:-3]}xxx"


def _parse(text: str, region: str | None) -> PhoneNumber | str:
    """The number libphonenumber reads, or why it reads none."""
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        return _PARSE_FAULTS.get(error.error_type, "not a number")


def _short_number(dialled: str, region: str) -> NumberInfo | None:
    """An emergency or short number, found in what would be dialled; else None."""
    digits = _SEPARATORS.sub("", dialled)
    if not digits.isdecimal() or len(digits) > _LONGEST_SHORT_NUMBER:
        return None
    if is_emergency_number(digits, region):
        short = _unusable(NumberType.SHORT_CODE, "emergency number")
        return replace(short, region=region, emergency=True)
    parsed = _parse(digits, region)
    if isinstance(parsed, str) or not is_valid_short_number_for_region(parsed, region):
        return None
    return replace(_unusable(NumberType.SHORT_CODE, "short code"), region=region)


def _judge(parsed: PhoneNumber, home: str, verify_in: AbstractSet[str]) -> NumberInfo:
    """What the numbering plans say, without any doubt about what was typed."""
    region = phonenumbers.region_code_for_number(parsed)
    if not phonenumbers.is_valid_number(parsed):
        return replace(_unusable(NumberType.INVALID, _why_invalid(parsed)), region=region)
    kind = NumberType(PhoneNumberType.to_string(phonenumbers.number_type(parsed)))
    reason = _why_not_called(parsed, kind, region, verify_in)
    return NumberInfo(
        e164=phonenumbers.format_number(parsed, PhoneNumberFormat.E164),
        region=region,
        type=kind,
        line=_line(parsed, kind, region, home),
        emergency=False,
        verifiable=reason is None,
        reason=reason,
    )


def _line(parsed: PhoneNumber, kind: NumberType, region: str | None, home: str) -> Line:
    if region != home or _is_german_032(parsed):
        return Line.OTHER
    if kind is NumberType.MOBILE:
        return Line.MOBILE
    return Line.LANDLINE if kind is NumberType.FIXED_LINE else Line.OTHER


def _why_not_called(
    parsed: PhoneNumber, kind: NumberType, region: str | None, verify_in: AbstractSet[str]
) -> str | None:
    if kind not in _ORDINARY:
        return f"{_SERVICE_NAMES[kind]} number"
    if _is_german_032(parsed):
        return "national subscriber number (032)"
    if region not in verify_in:
        return f"foreign number ({region})"
    return None


def _why_invalid(parsed: PhoneNumber) -> str:
    match phonenumbers.is_possible_number_with_reason(parsed):
        case ValidationResult.TOO_SHORT:
            return "too short"
        case ValidationResult.TOO_LONG:
            return "too long"
        case _:
            return "no such number"


def _is_german_032(parsed: PhoneNumber) -> bool:
    return parsed.country_code == 49 and str(parsed.national_number).startswith("32")


def _probably_meant(dialled: str, parsed: PhoneNumber, region: str) -> str | None:
    """What a number was probably meant to be, written internationally; None if what it is.

    Doubted is a number without + or 00 that begins with its own country code, and an invalid one
    that becomes valid with a + in front.
    """
    digits = _SEPARATORS.sub("", dialled)
    if not digits.isdecimal() or digits.startswith("00"):
        return None
    bare = digits.removeprefix("0")
    invalid = not phonenumbers.is_valid_number(parsed)
    if bare.startswith(str(phonenumbers.country_code_for_region(region))):
        if bare != digits and not invalid and not _too_long_for_germany(parsed):
            return None
    elif not invalid or bare != digits:
        return None
    meant = _parse(f"+{bare}", None)
    if isinstance(meant, str) or meant == parsed:
        return None
    if PhoneNumberType.to_string(phonenumbers.number_type(meant)) not in _ORDINARY:
        return None
    return phonenumbers.format_number(meant, PhoneNumberFormat.INTERNATIONAL)


def _too_long_for_germany(parsed: PhoneNumber) -> bool:
    return parsed.country_code == 49 and len(str(parsed.national_number)) > _LONGEST_GERMAN


def is_anonymous(raw: str) -> bool:
    """Whether one SIP identity value says that its owner is not to be known (RFC 3323, 4.1.1.3)."""
    user, host, _context = _identity_parts(raw[:MAX_IDENTITY])
    return user.lower() in _WITHHELD or host == _ANONYMOUS_HOST


def _identity_parts(raw: str) -> tuple[str, str, str]:
    """User part, host (lower case) and phone-context of an identity, "" where it has none."""
    named = _NAME_ADDR.match(raw)
    uri = _URI.fullmatch((named[1] if named else raw).strip())
    scheme, rest = (uri[1] or "", uri[2]) if uri else ("", "")
    subscriber, host = rest, ""
    if scheme.lower().startswith("sip") or "@" in rest:
        userinfo, _, hostport = rest.rpartition("@")
        subscriber, host = userinfo.partition(":")[0], _HOST_END.split(hostport)[0]
    user, *parameters = [unquote(part).strip() for part in subscriber.split(";")]
    contexts = [p.partition("=")[2] for p in parameters if p.lower().startswith("phone-context=")]
    return user, host.lower(), contexts[0] if contexts else ""


def _in_trunk_format(
    digits: str, number_format: NumberFormat, region: str, context: str
) -> str | None:
    """The number as the parser reads it without guessing; None if it is in another format."""
    if digits.startswith("+"):
        return digits
    if context.startswith("+"):
        return context + digits
    match number_format:
        case NumberFormat.E164_PLUS:
            return None
        case NumberFormat.ZERO_ZERO_CC:
            return f"+{digits[2:]}" if digits.startswith("00") else None
        case NumberFormat.CC:
            return None if digits.startswith("0") else f"+{digits}"
        case NumberFormat.NATIONAL:
            needs_zero = phonenumbers.ndd_prefix_for_region(region, True) == "0"
            return None if needs_zero and not digits.startswith("0") else digits


def _unusable(kind: NumberType, reason: str) -> NumberInfo:
    """A number that names nobody and is never dialled."""
    return NumberInfo(None, None, kind, None, False, False, reason)
