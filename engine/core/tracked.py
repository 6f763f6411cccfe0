"""What is known of a finished tracking call, and what may be made of many of them.

A call is counted in the local time of its organisation; its *source* is the sales channel in which
the number was published. Of the caller stays what names nobody: the country, the area code of a
landline, the kind of line. Whether he called before is known by a keyed hash for as long as its
key lives, which is one *key period*.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from phonenumbers import length_of_geographical_area_code, national_significant_number, parse

from engine.core.mail import check_address
from engine.core.number import NumberType, caller_region, classify
from engine.core.tariff import Line
from engine.errors import CallerError

KEY_BYTES = 32


class Outcome(StrEnum):
    """What became of a tracking call; all but `answered` are missed.

    `abandoned`: the caller hung up while the target rang. `busy`: every target was. `failed`: no
    target could be reached or answered in time.
    """

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    BUSY = "busy"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedCall:
    """A finished tracking call, without its caller.

    Times are milliseconds since 1970; `answered_ms` is when caller and target were joined, which
    alone makes a call answered. `number` (E.164) is ours, `timezone` (IANA) that of the
    organisation. `target` is the index of the one that answered, else of the last that was rung;
    None if none was.
    """

    call_id: str
    organisation: str
    number: str
    source: str
    arrived_ms: int
    answered_ms: int | None
    ended_ms: int
    outcome: Outcome
    target: int | None
    timezone: str = "Europe/Berlin"

    def __post_init__(self) -> None:
        if (self.answered_ms is None) is (self.outcome is Outcome.ANSWERED):
            raise ValueError(f"the call {self.call_id} is {self.outcome}, and was answered or not")
        if not self.arrived_ms <= (self.answered_ms or self.arrived_ms) <= self.ended_ms:
            raise ValueError(f"the times of the call {self.call_id} are not in order")

    @property
    def ring_ms(self) -> int:
        """How long the caller waited: until he was joined, or gave up, or was given up."""
        until_ms = self.ended_ms if self.answered_ms is None else self.answered_ms
        return until_ms - self.arrived_ms

    @property
    def talk_ms(self) -> int:
        """How long the conversation was."""
        return 0 if self.answered_ms is None else self.ended_ms - self.answered_ms


@dataclass(frozen=True, slots=True)
class Place:
    """The local day and hour (0 to 23) of an arrival. In autumn one hour is there twice."""

    day: date
    hour: int


def place_of(call: TrackedCall) -> Place:
    """When the call arrived by the clocks of its organisation."""
    arrived = datetime.fromtimestamp(call.arrived_ms // 1000, UTC)
    local = arrived.astimezone(ZoneInfo(call.timezone))
    return Place(local.date(), local.hour)


_LINES = {NumberType.FIXED_LINE: Line.LANDLINE, NumberType.MOBILE: Line.MOBILE}


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a caller called from: "" is unknown. `area` is the code of an area: no mobile has one.

    `line` is told by his own country's numbering plan, `other` where it does not tell."""

    country: str = ""
    area: str = ""
    line: str = ""


def origin_of(caller: str | None) -> Origin:
    """What is kept of a caller's number (E.164); nothing of none, and of what is no caller's."""
    if caller is None:
        return Origin()
    info = classify(caller, None)
    country = caller_region(info)
    if info.e164 is None or country is None:
        return Origin()
    parsed = parse(info.e164, None)
    line = _LINES.get(info.type, Line.OTHER)
    length = 0 if line is Line.MOBILE else length_of_geographical_area_code(parsed)
    return Origin(country, national_significant_number(parsed)[:length], line)


def caller_hash(key: bytes, caller: str) -> bytes:
    """What a caller is told from others by within a key period: HMAC-SHA-256 of his E.164."""
    return hmac.digest(key, caller.encode(), hashlib.sha256)


class Seen(StrEnum):
    """Whether a caller has called before in the key period; unknown without number or key."""

    FIRST = "first"
    REPEAT = "repeat"
    UNKNOWN = ""


@dataclass(frozen=True, slots=True)
class KeyPeriod:
    """The days for which one key holds: from the first, before the last."""

    first: date
    after: date


def key_period(day: date, months: int = 1) -> KeyPeriod:
    """The key period of a day: so many calendar months, counted from January."""
    place = (day.year * 12 + day.month - 1) // months * months
    return KeyPeriod(_month(place), _month(place + months))


def _month(place: int) -> date:
    return date(place // 12, place % 12 + 1, 1)


def keys_due(now_ms: int) -> date:
    """Key periods that end by this day are over everywhere: calls of theirs have ended, too."""
    return datetime.fromtimestamp(now_ms // 1000, UTC).date() - timedelta(days=2)


CALLERS_FLOOR = 5
"""No group of callers smaller than this is told of."""

CALLERS_LEAST_MOST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How an organisation's calls are counted and told.

    What is told of callers is not told of fewer than `callers_least`, whoever asks for less than
    `CALLERS_FLOOR`; a key holds for `key_months`, and where that is changed, for as long as it was
    to hold. Missed calls are mailed to `mails`, in `lang`.
    """

    organisation: str
    callers_least: int = CALLERS_FLOOR
    key_months: int = 1
    mails: tuple[str, ...] = ()
    lang: str = "de"


KEY_MONTHS = (1, 2, 3, 4, 6, 12)
MAILS_MOST = 5
LANGS = ("de", "en")


def check_terms(terms: Terms) -> None:
    """Raises `CallerError` for terms that are none, with the field."""
    if not CALLERS_FLOOR <= terms.callers_least <= CALLERS_LEAST_MOST:
        raise CallerError(f"must be {CALLERS_FLOOR} to {CALLERS_LEAST_MOST}", "callers_least")
    if terms.key_months not in KEY_MONTHS:
        raise CallerError(f"must be one of {', '.join(map(str, KEY_MONTHS))}", "key_months")
    if terms.lang not in LANGS:
        raise CallerError(f"must be one of {', '.join(LANGS)}", "lang")
    if len(terms.mails) > MAILS_MOST:
        raise CallerError(f"must be at most {MAILS_MOST}", "mails")
    for address in terms.mails:
        check_address(address, field="mails")


def in_force(terms: Terms, floor: int = CALLERS_FLOOR) -> Terms:
    """Terms as they count: a smallest group below the floor, said before there was one, is it."""
    return replace(terms, callers_least=max(terms.callers_least, floor))


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Calls counted and times summed up (milliseconds).

    `firsts` are callers' first calls to the organisation within a key period, `repeats` their
    later ones; of the rest nothing is known: the number was withheld, or the key is gone.
    """

    calls: int = 0
    answered: int = 0
    abandoned: int = 0
    busy: int = 0
    failed: int = 0
    ring_ms: int = 0
    talk_ms: int = 0
    firsts: int = 0
    repeats: int = 0

    @property
    def missed(self) -> int:
        """Calls that reached nobody."""
        return self.calls - self.answered


class Measure(StrEnum):
    """A time of a call whose median is told: how long it rang, and how long was talked."""

    RING = "ring"
    TALK = "talk"


def seconds_of(call: TrackedCall) -> dict[Measure, int]:
    """A call's times in whole seconds, rounded half up: what it adds to the histograms."""
    times = {Measure.RING: (call.ring_ms + 500) // 1000}
    if call.answered_ms is not None:
        times[Measure.TALK] = (call.talk_ms + 500) // 1000
    return times


_STEPS = 16
"""Steps of a histogram within which a time doubles."""


def step_of(seconds: int) -> int:
    """The step of a histogram that a time is counted in: each second up to 31 is one, and from
    there on each is at most a sixteenth as long as its time."""
    halvings = max(0, seconds.bit_length() - (2 * _STEPS - 1).bit_length())
    return halvings * _STEPS + (seconds >> halvings)


def seconds_at(step: int) -> int:
    """The middle of a step: within 4 % of every time in it, and exact up to 31 seconds."""
    halvings = max(0, step // _STEPS - 1)
    return (step - halvings * _STEPS << halvings) + (1 << halvings >> 1)


def median_s(histogram: Mapping[int, int]) -> int:
    """The median of times counted by their steps: the least that half of them do not exceed."""
    upto, calls = 0, sum(histogram.values())
    for step in sorted(histogram):
        upto += histogram[step]
        if 2 * upto >= calls:
            return seconds_at(step)
    raise ValueError("there is no median of nothing")


def counted(call: TrackedCall, seen: Seen) -> Counts:
    """One call as it is counted."""
    alone = {call.outcome.value: 1}
    return Counts(
        calls=1,
        ring_ms=call.ring_ms,
        talk_ms=call.talk_ms,
        firsts=int(seen is Seen.FIRST),
        repeats=int(seen is Seen.REPEAT),
        **alone,
    )


def total(counts: Sequence[Counts]) -> Counts:
    """The sum of counts."""
    return Counts(
        **{each.name: sum(getattr(one, each.name) for one in counts) for each in fields(Counts)}
    )
