"""What holds for a premium call before it is anything: identity, hours, block list, words of time.

Pure. Sources: RFC 3323 and 3325 for identity under privacy, PRODUCT's premium section for the
rest; the seed's "Unser System kann den Anrufer trotz Rufnummernunterdrückung korrekt erkennen".
"""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from engine.core.calling import called, is_withheld, read_number, vouched
from engine.core.cdr import Refusal
from engine.core.events import CallArrived
from engine.core.identity import SignalledIdentity
from engine.core.inventory import Hours, Service, Trunk
from engine.core.number import NumberInfo
from engine.core.tariff import Line
from engine.premium.call import Caller

SPOKEN_STEP_S = 5


def judge(event: CallArrived, trunk: Trunk, service: Service) -> Caller:
    """Who the caller is, as far as the trunk's network vouches for it."""
    identity = event.identity
    infos = vouched(identity, trunk)
    verified = len(infos) == 1
    known = infos[0] if infos else None
    fallback = known or read_number(identity.from_user, trunk)
    return Caller(
        leg=event.leg,
        did=called(event, trunk),
        received=_received(identity),
        e164=fallback.e164 if fallback else None,
        verified=verified,
        withheld=is_withheld(identity),
        line=price_class(known, service) if verified else Line.OTHER,
        arrived_ms=event.at_ms,
    )


def price_class(info: NumberInfo | None, service: Service) -> Line:
    """The price class: landline and mobile of the service's country, everyone else is `other`."""
    if info is None or info.region != service.region or info.line is None:
        return Line.OTHER
    return info.line


def _received(identity: SignalledIdentity) -> str:
    return ", ".join(identity.asserted) or identity.from_user


def is_blocked(number: str | None, patterns: tuple[str, ...]) -> bool:
    """Whether a number is on a block list of E.164 numbers and prefixes ending in `*`."""
    if number is None:
        return False
    return any(
        number.startswith(pattern[:-1]) if pattern.endswith("*") else number == pattern
        for pattern in patterns
    )


def closed_because(hours: Hours, at_ms: int) -> Refusal | None:
    """HOLIDAY or CLOSED if the line is shut at this instant, None if it is open."""
    local = datetime.fromtimestamp(at_ms // 1000, UTC).astimezone(ZoneInfo(hours.timezone))
    if local.date() in hours.holidays:
        return Refusal.HOLIDAY
    minute = local.hour * 60 + local.minute
    is_open = not hours.spans or any(
        span.weekday == local.weekday() and span.opens_min <= minute < span.closes_min
        for span in hours.spans
    )
    return None if is_open else Refusal.CLOSED


def spoken_seconds(seconds: int) -> int:
    """A remaining time as it is said: whole minutes, below one minute steps of five seconds.

    Rounded down, so that nobody is promised more than there is; 0 means too little to be said.
    """
    if seconds >= 60:
        return seconds - seconds % 60
    return max(0, seconds - seconds % SPOKEN_STEP_S)
