"""Where an organisation wants its tracking calls told, and what is told of one.

A *hit* is one call as an analytics program is told of it: its source, that it was a call, what
became of it, a class of its length, and its minute. Nothing in it is made of the caller's number,
hashed or not, nor is the number that he called.
"""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from engine.core.address import check_url
from engine.core.tracked import TrackedCall
from engine.errors import CallerError

COLLECTORS_MOST = 10
"""That an organisation may have at a time."""

OLD_MS = 24 * 3_600_000
"""A hit as old as this is told no more: Matomo would take it with a token alone, and Google takes
none after 72 hours."""

SOURCE_CHARS_MOST = 100
CHANNEL = "phone"
MISSED = "0"
_CLASSES_S = ((30, "1-29 s"), (120, "30-119 s"), (300, "2-4 min"), (900, "5-14 min"))
LONGEST = "15 min or more"
_MINUTE_MS = 60_000

_PROPERTY = re.compile(r"G-[A-Z0-9]{4,20}", re.ASCII)
_SITE = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
_SECRET = re.compile(r"[!-~]{8,200}", re.ASCII)


class Program(StrEnum):
    """Google Analytics 4, told by its Measurement Protocol, or Matomo, by its tracking API."""

    GA4 = "ga4"
    MATOMO = "matomo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collector:
    """A property of Google Analytics 4 (`G-…`), or a site of a Matomo: its number, at `url`.

    Told are the calls to `number` (E.164), to all of the organisation's with "". `secret` is hidden
    as the books keep it: the API secret of GA4, the `token_auth` of Matomo, where "" is none.
    """

    collector_id: str
    organisation: str
    program: Program
    place: str
    url: str
    number: str
    secret: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A call as it is told; `at_ms` is the start of the minute in which it came.

    `visitor` is made of the call's id: a call told twice is one visitor, and every call another.
    """

    call_id: str
    at_ms: int
    source: str
    outcome: str
    length: str

    @property
    def visitor(self) -> bytes:
        """Eight bytes, the same each time the call is told."""
        return hashlib.sha256(f"hit:{self.call_id}".encode()).digest()[:8]


def hit_of(call: TrackedCall) -> Hit:
    """What is told of a call."""
    return Hit(
        call_id=call.call_id,
        at_ms=call.arrived_ms // _MINUTE_MS * _MINUTE_MS,
        source=" ".join(call.source.split())[:SOURCE_CHARS_MOST],
        outcome=call.outcome.value,
        length=_length(call),
    )


def _length(call: TrackedCall) -> str:
    if call.answered_ms is None:
        return MISSED
    return next((name for below_s, name in _CLASSES_S if call.talk_ms < below_s * 1000), LONGEST)


def check_collector(collector: Collector, secret: str, *, loopback: bool) -> None:
    """Raises `CallerError` with the field; `secret` is the one in `collector`, not hidden."""
    is_ga4 = collector.program is Program.GA4
    if not (_PROPERTY if is_ga4 else _SITE).fullmatch(collector.place):
        what = "a measurement ID such as G-AB12CD34EF" if is_ga4 else "a site's number such as 1"
        raise CallerError(f"must be {what}", "place")
    if (is_ga4 or secret) and not _SECRET.fullmatch(secret):
        raise CallerError("must be the secret as the program shows it", "secret")
    if is_ga4 and collector.url:
        raise CallerError("is known of Google Analytics", "url")
    if not is_ga4:
        check_url(collector.url, loopback=loopback)
        if not collector.url.endswith((".php", "/")) or "?" in collector.url:
            raise CallerError("must be a URL such as https://matomo.example.org/matomo.php", "url")
