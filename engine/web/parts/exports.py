"""What the audit log says of a file that was given away: of which days, how many rows."""

import csv
import io
import re
from collections.abc import Mapping

from pydantic import BaseModel

from engine.ports.audit import Detail

RANGE = ("from", "to", "month", "form", "by", "profile", "service", "source", "outcome")
"""What a request names that may be written down; numbers and names of people may not."""
VALUE_CHARS_MOST = 100

_TIME = re.compile(r"\d{4}-\d\d(-\d\d([T ][\d:.]+(Z|[+-]\d\d:?\d\d)?)?)?", re.ASCII)
_DIGITS_MOST = 6
"""With more, what is no time may be somebody's number, whatever it was typed as."""


def range_of(query: Mapping[str, str]) -> Detail:
    """The part of a query that says what was exported, apart from whom."""
    named = {name: query[name][:VALUE_CHARS_MOST] for name in RANGE if query.get(name)}
    return {name: value for name, value in named.items() if _may_be_kept(value)}


def _may_be_kept(value: str) -> bool:
    return bool(_TIME.fullmatch(value)) or sum(map(str.isdigit, value)) <= _DIGITS_MOST


def rows_of(text: str) -> int:
    """The lines of a CSV file (RFC 4180) below its heading."""
    return max(0, sum(1 for _ in csv.reader(io.StringIO(text, newline=""))) - 1)


def items_of(answer: BaseModel) -> int:
    """The entries in the lists of an answer."""
    return sum(len(value) for _, value in answer if isinstance(value, list))
