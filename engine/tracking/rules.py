"""Which targets a tracked number has, and whose time it is. Pure.

Targets are German or Austrian numbers that cost what a call costs: lines and mobiles, nothing with
a tariff of its own. Times of day are local ones: in the night the clocks change an hour is there
twice, or not at all, and a span holds for as long as the clocks show it.
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.diversion.route import Found, Target, Tracking
from engine.core.inventory import Span
from engine.core.number import NumberType, classify
from engine.core.numbers.number import TRACKED_COUNTRIES, Purpose, purpose_of
from engine.core.prompt import Prompt
from engine.errors import CallerError

TARGETS_MOST = 10
SPANS_MOST = 50
RING_S = range(5, 121)
DAY_MIN = 24 * 60
TALK_MOST_MS = 4 * 3_600_000
LANGUAGES = ("de", "en")

_ORDINARY = frozenset({NumberType.FIXED_LINE, NumberType.MOBILE, NumberType.VOIP})


def check_number(number: str) -> str:
    """The E.164 form of a number that can be tracked. Raises `CallerError`."""
    info = classify(number, None)
    if info.e164 is None or purpose_of(info) is not Purpose.TRACKING:
        raise CallerError("must be a German or Austrian landline number", "number")
    return info.e164


def checked(number: str, terms: Tracking) -> Tracking:
    """The terms with their targets in E.164. Raises `CallerError` with the field."""
    if not 1 <= len(terms.targets) <= TARGETS_MOST:
        raise CallerError(f"must be 1 to {TARGETS_MOST}", "targets")
    targets = tuple(_checked(one, number, f"targets.{n}") for n, one in enumerate(terms.targets))
    if terms.ring_timeout_s not in RING_S:
        raise CallerError(f"must be {RING_S[0]} to {RING_S[-1]}", "ring_timeout_s")
    if terms.lang not in LANGUAGES:
        raise CallerError(f"must be one of {', '.join(LANGUAGES)}", "lang")
    try:
        ZoneInfo(terms.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CallerError("must be a time zone such as Europe/Berlin", "timezone") from None
    return Tracking(
        targets=targets,
        ring_timeout_s=terms.ring_timeout_s,
        whisper=terms.whisper,
        lang=terms.lang,
        timezone=terms.timezone,
    )


def _checked(target: Target, number: str, field: str) -> Target:
    info = classify(target.e164, "DE")
    if info.e164 is None:
        raise CallerError(f"is no number: {info.reason}", f"{field}.number")
    if info.region not in TRACKED_COUNTRIES or info.type not in _ORDINARY:
        raise CallerError("must be a German or Austrian line or mobile", f"{field}.number")
    if info.e164 == number:
        raise CallerError("must not be the number itself", f"{field}.number")
    if len(target.spans) > SPANS_MOST or not all(map(_is_span, target.spans)):
        raise CallerError(f"must be at most {SPANS_MOST} times of a day", f"{field}.spans")
    return Target(e164=info.e164, spans=target.spans)


def _is_span(span: Span) -> bool:
    return 0 <= span.weekday <= 6 and 0 <= span.opens_min < span.closes_min <= DAY_MIN


def whisper(source: str) -> Prompt:
    """What a target is told before it is joined: the sales channel, if it has a name."""
    return Prompt.of("whisper_source", service=source or None)


def whispers(found: Found) -> tuple[tuple[Prompt, str], ...]:
    """What the targets of a number are told, and in which language."""
    terms = found.route.terms if found.route is not None else None
    if not isinstance(terms, Tracking) or not terms.whisper:
        return ()
    return ((whisper(found.source), terms.lang),)


def on_duty(terms: Tracking, at_ms: int) -> tuple[int, ...]:
    """The places of those targets whose time it is, in their order."""
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(terms.timezone))
    minute = local.hour * 60 + local.minute
    return tuple(
        place
        for place, target in enumerate(terms.targets)
        if not target.spans
        or any(
            span.weekday == local.weekday() and span.opens_min <= minute < span.closes_min
            for span in target.spans
        )
    )
