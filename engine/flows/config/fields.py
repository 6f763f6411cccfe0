"""How single values of a configuration file are read: text in, checked value out.

Every reader takes what stands in the file as text (`tree.Unquoted` or a quoted string) or what a
form or an API sends (numbers, booleans), and refuses with a rule code and a sentence that is to be
read after the field's name. Money is read from the very characters, never through a float.
"""

import ipaddress
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar
from zoneinfo import available_timezones

import phonenumbers
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, WithJsonSchema
from pydantic_core import PydanticCustomError

from engine.core.law import GUARDS
from engine.core.money import MICROS, parse_micros
from engine.core.number import classify, meant_number
from engine.core.rating import Increment
from engine.core.spoken import CURRENCIES, SPEAKERS
from engine.errors import CallerError
from engine.flows.config.problems import closest, quoted
from engine.flows.config.tree import Unquoted

HOME_REGION = "DE"

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,39}$"

_NAME = re.compile(NAME_PATTERN)
_WHOLE = re.compile(r"[+-]?[0-9]{1,9}", re.ASCII)
_INCREMENT = re.compile(r"([0-9]{1,5})/([0-9]{1,5})", re.ASCII)
_HOST = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*"
)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_PREFIX = re.compile(r"(\+|00|0)?([0-9]{1,14})\*", re.ASCII)
_SEPARATORS = re.compile(r"[\s().\-/]+")
_TEXT_MOST = 80
_OPTION_MOST = 300
_ORIGIN_PORT = re.compile(r":[0-9]{1,5}\Z", re.ASCII)
_MOST_LISTED = 12
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

Chosen = TypeVar("Chosen", bound=StrEnum)


class Strict(BaseModel):
    """A part of a file; an unknown key is a mistake, never ignored."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        arbitrary_types_allowed=True,
        populate_by_name=True,
    )


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks a field that names a record of another section."""

    section: str


def refuse(rule: str, message: str, suggestion: str = "", **values: str) -> PydanticCustomError:
    """The refusal of a value, to be raised by its reader; `values` as in `Problem`."""
    told = {"message": message, "suggestion": suggestion, "values": values}
    return PydanticCustomError(rule, "{message}", told)


def _text_of(value: object, rule: str, message: str) -> str:
    """The characters of a scalar; booleans are none, numbers from an API are."""
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        return str(value)
    raise refuse(rule, message)


def read_name(value: object) -> str:
    message = "must be a name of a-z, 0-9, - and _ (at most 40), such as abendtarif"
    text = _text_of(value, "bad_name", message)
    if not _NAME.match(text):
        meant = re.sub(r"[^a-z0-9_-]+", "-", text.lower().translate(_UMLAUTS)).strip("-_")[:40]
        raise refuse("bad_name", f"{message}, not {quoted(text)}", meant)
    return text


def read_text(value: object) -> str:
    message = f"must be text of at most {_TEXT_MOST} characters"
    text = _text_of(value, "not_text", message).strip()
    if not text or len(text) > _TEXT_MOST or not text.isprintable():
        most = str(_TEXT_MOST)
        raise refuse("not_text", f"{message}, in one line and not empty", most=most)
    return text


def read_option(value: object) -> str:
    """A value for another system: an id, an address, a name, `secret:NAME`."""
    message = f"must be text of at most {_OPTION_MOST} characters, in one line"
    text = _text_of(value, "not_text", message).strip()
    if not text or len(text) > _OPTION_MOST or not text.isprintable():
        raise refuse("not_text", message, most=str(_OPTION_MOST))
    return text


def read_origin(value: object) -> str:
    """A web origin: scheme and host, perhaps a port; plain http on this machine alone."""
    message = "must be a web site such as https://www.example.org, without a path"
    text = _text_of(value, "bad_origin", message).removesuffix("/")
    scheme, _, host = text.partition("://")
    name = host.rpartition(":")[0] if _ORIGIN_PORT.search(host) else host
    try:
        read_host(name)
    except PydanticCustomError:
        raise refuse("bad_origin", f"{message}, not {quoted(text)}") from None
    if scheme != "https" and not (scheme == "http" and name in ("127.0.0.1", "localhost")):
        raise refuse("bad_origin", message, f"https://{host}")
    return text


def read_whole(value: object) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Unquoted) and _WHOLE.fullmatch(value):
        return int(value)
    shown = f", not {quoted(value)}" if isinstance(value, str) else ""
    raise refuse("not_whole", f"must be a whole number, without quotes{shown}")


def read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, Unquoted) and value in ("true", "false"):
        return value == "true"
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}
    suggestion = meant.get(str(value).lower(), "") if isinstance(value, str) else ""
    raise refuse("not_boolean", "must be true or false", suggestion)


def read_micros(value: object) -> int:
    """Money as written, in micro-units; at most 6 decimals."""
    text = _text_of(value, "bad_money", 'must be a decimal number such as "1.99"')
    try:
        return parse_micros(text, field="")
    except CallerError as error:
        swapped = text.replace(",", ".")
        meant = swapped if swapped != text and _is_money(swapped) else ""
        raise refuse("bad_money", f"{error}, not {quoted(text)}", meant) from None


def read_percent(value: object) -> int:
    """A share in percent, as basis points (hundredths of a percent); at most 2 decimals."""
    text = _text_of(value, "bad_percent", 'must be a percentage such as "12.5"')
    try:
        micros = parse_micros(text, field="", max_decimals=2)
    except CallerError as error:
        raise refuse("bad_percent", f"{error}, not {quoted(text)}") from None
    if micros > 100 * MICROS:
        raise refuse("bad_percent", f"must be at most 100, not {quoted(text)}")
    return micros * 100 // MICROS


def _is_money(text: str) -> bool:
    try:
        parse_micros(text, field="")
    except CallerError:
        return False
    return True


def read_increment(value: object) -> Increment:
    message = 'must be first/next in whole seconds from 1, such as "60/60"'
    text = _text_of(value, "bad_increment", message)
    match = _INCREMENT.fullmatch(text)
    if match is None or min(int(match[1]), int(match[2])) < 1:
        raise refuse("bad_increment", f"{message}, not {quoted(text)}")
    return Increment(int(match[1]), int(match[2]))


def read_date(value: object) -> date:
    message = "must be a date such as 2026-12-24"
    text = _text_of(value, "bad_date", message)
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise refuse("bad_date", f"{message}, not {quoted(text)}") from None


def read_host(value: object) -> str:
    """An IP address or a host name."""
    message = "must be an IP address or a host name"
    text = _text_of(value, "bad_host", message)
    with suppress(ValueError):
        if "%" not in text:
            return str(ipaddress.ip_address(text))
    if not _HOST.fullmatch(text) or text.rsplit(".", 1)[-1].isdecimal():
        raise refuse("bad_host", f"{message}, not {quoted(text)}")
    return text


def read_contact(value: object) -> str:
    """host:port of a SIP phone; an IPv6 address stands in brackets."""
    message = "must be host:port of a SIP phone"
    text = _text_of(value, "bad_host", message)
    host, _, port = text.rpartition(":")
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    if not _PORT.fullmatch(port) or not 0 < int(port) < 65536 or (":" in bare and bare == host):
        raise refuse("bad_host", f"{message}, not {quoted(text)}")
    try:
        read_host(bare)
    except PydanticCustomError:
        raise refuse("bad_host", f"{message}, not {quoted(text)}") from None
    return text


def read_number(value: object, info: ValidationInfo) -> str:
    """A full number as people write it in the record's `region`, in E.164."""
    message = "must be a full number, such as +49 30 23125001"
    text = _text_of(value, "bad_number", message)
    region = info.data.get("region", HOME_REGION) if info.data else HOME_REGION
    return full_number(text, region)


def full_number(text: str, region: str) -> str:
    """The E.164 form of a number written in `region`, or a refusal."""
    found = classify(text, region)
    meant = meant_number(found)
    if found.e164 is None or meant:
        why = f" ({found.reason})" if found.reason and not meant else ""
        raise refuse("bad_number", f"must be a full number, not {quoted(text)}{why}", meant)
    return found.e164


def read_pattern(value: object, info: ValidationInfo) -> str:
    """A number, or the beginning of numbers with a * at its end, in E.164."""
    text = _text_of(value, "bad_number", "must be a number, or its beginning with a * at the end")
    if not text.endswith("*"):
        return read_number(value, info)
    match = _PREFIX.fullmatch(_SEPARATORS.sub("", text))
    if match is None or match[1] is None:
        raise refuse("bad_number", "must begin with + or 0 and have a digit before its *")
    if match[1] in ("+", "00"):
        return f"+{match[2]}*"
    region = info.data.get("region", HOME_REGION) if info.data else HOME_REGION
    return f"+{phonenumbers.country_code_for_region(region)}{match[2]}*"


def choice(enum: type[Chosen]) -> Callable[[object], Chosen]:
    """The reader of a field that has a few possible values."""

    def read(value: object) -> Chosen:
        return enum(_one_of(value, [member.value for member in enum]))

    return read


def _one_of(value: object, choices: Iterable[str]) -> str:
    known = list(choices)
    text = str(value) if isinstance(value, str) else ""
    if text in known:
        return text
    few = len(known) <= _MOST_LISTED
    rule = f"must be one of {', '.join(known)}" if few else "must be a known name"
    values = {"choices": ", ".join(known)} if few else {}
    raise refuse("not_a_choice", f"{rule}, not {quoted(text)}", closest(text, known), **values)


def one_of(choices: Callable[[], Iterable[str]]) -> Callable[[object], str]:
    """The reader of a field whose choices are listed elsewhere."""

    def read(value: object) -> str:
        return _one_of(value, choices())

    return read


@cache
def _timezones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema)


Name = Annotated[str, BeforeValidator(read_name), _schema(type="string", pattern=NAME_PATTERN)]
Text = Annotated[str, BeforeValidator(read_text), _schema(type="string", maxLength=_TEXT_MOST)]
Option = Annotated[
    str, BeforeValidator(read_option), _schema(type=["string", "integer"], maxLength=_OPTION_MOST)
]
Origin = Annotated[str, BeforeValidator(read_origin), _schema(type="string", format="uri")]
Whole = Annotated[int, BeforeValidator(read_whole)]
Flag = Annotated[bool, BeforeValidator(read_flag)]
Micros = Annotated[
    int,
    BeforeValidator(read_micros),
    _schema(type=["string", "number"], pattern=r"^[0-9]+(\.[0-9]{1,6})?$"),
]
Percent = Annotated[
    int,
    BeforeValidator(read_percent),
    _schema(type=["string", "number"], pattern=r"^[0-9]+(\.[0-9]{1,2})?$"),
]
IncrementText = Annotated[
    Increment,
    BeforeValidator(read_increment),
    _schema(type="string", pattern="^[0-9]{1,5}/[0-9]{1,5}$"),
]
Day = Annotated[date, BeforeValidator(read_date), _schema(type="string", format="date")]
Host = Annotated[str, BeforeValidator(read_host), _schema(type="string")]
PhoneNumber = Annotated[str, BeforeValidator(read_number), _schema(type=["string", "integer"])]
NumberPattern = Annotated[str, BeforeValidator(read_pattern), _schema(type=["string", "integer"])]
Region = Annotated[
    str,
    BeforeValidator(one_of(lambda: sorted(phonenumbers.SUPPORTED_REGIONS))),
    _schema(type="string", pattern="^[A-Z]{2}$"),
]
Language = Annotated[str, BeforeValidator(one_of(lambda: SPEAKERS)), _schema(enum=sorted(SPEAKERS))]
Currency = Annotated[
    str, BeforeValidator(one_of(lambda: CURRENCIES)), _schema(enum=sorted(CURRENCIES))
]
GuardName = Annotated[str, BeforeValidator(one_of(lambda: GUARDS)), _schema(enum=list(GUARDS))]
Timezone = Annotated[str, BeforeValidator(one_of(_timezones)), _schema(type="string")]
