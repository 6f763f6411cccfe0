"""What may be forwarded, where to, and for whom. Pure.

The number must be a US toll-free one, every target a valid US number. Refused as targets are what
costs extra (900, the exchanges 976, directory assistance 555-1212), short codes, the number itself,
and whatever leads back to it over numbers of ours. Puerto Rico and the other territories have
numbering plans of their own in libphonenumber's tables and are no targets.

A caller's country is that of his area code, as his network vouches for it: the North American plan
(+1) is the United States, Canada, some twenty countries of the Caribbean, and territories. To
libphonenumber toll-free numbers are "US", but nobody calls from one (`core.number.caller_region`).
"""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from engine.core.diversion.caps import MINUTE_MS, TALK_MOST_MINUTES, Caps, Cost
from engine.core.diversion.route import TARGETS_MOST, CallerClass, Forwarding
from engine.core.money import MAX_MICROS, MICROS
from engine.core.number import NumberInfo, NumberType, caller_region, classify
from engine.core.numbers.number import Purpose, purpose_of
from engine.core.spoken import CURRENCIES
from engine.errors import CallerError

US = "US"
TERRITORIES = frozenset({"PR", "VI", "GU", "AS", "MP"})
RING_S = range(5, 61)
CALLS_AT_ONCE = range(1, 1_001)
MINUTES = range(1, 10_000_001)
TALK_MOST_MS = TALK_MOST_MINUTES * MINUTE_MS
MINUTE_MICROS = range(100 * MICROS + 1)

_ORDINARY = frozenset(
    {
        NumberType.FIXED_LINE,
        NumberType.MOBILE,
        NumberType.FIXED_LINE_OR_MOBILE,
        NumberType.VOIP,
        NumberType.TOLL_FREE,
        NumberType.PERSONAL_NUMBER,
    }
)
_PREMIUM_EXCHANGE = "976"
_DIRECTORY = "5551212"


def class_of(info: NumberInfo | None, *, withheld: bool) -> CallerClass:
    """The row of the policy for a caller whose network vouches for `info`, or for nothing."""
    if info is None or info.e164 is None:
        return CallerClass.UNIDENTIFIED
    region = caller_region(info)
    match region:
        case "US":
            return CallerClass.US_WITHHELD if withheld else CallerClass.US
        case "CA":
            return CallerClass.CANADA
        case _ if region in TERRITORIES:
            return CallerClass.US_TERRITORY
        case None:
            return CallerClass.SERVICE
    return CallerClass.CARIBBEAN if info.e164.startswith("+1") else CallerClass.FOREIGN


def check_number(number: str) -> str:
    """The E.164 form of a US toll-free number. Raises `CallerError`."""
    info = classify(number, US)
    if info.e164 is None or purpose_of(info) is not Purpose.FORWARDING:
        raise CallerError("must be a US toll-free number", "number")
    return info.e164


def check_target(target: str, field: str) -> str:
    """The E.164 form of a number that calls may be sent to. Raises `CallerError`."""
    info = classify(target, US)
    if info.e164 is None:
        raise CallerError(f"is no US number: {info.reason}", field)
    if info.region != US:
        raise CallerError("must be a US number", field)
    national = info.e164.removeprefix("+1")
    is_dear = national[3:6] == _PREMIUM_EXCHANGE or national[3:] == _DIRECTORY
    if info.type not in _ORDINARY or is_dear:
        raise CallerError("is a number that costs extra", field)
    return info.e164


def checked(number: str, terms: Forwarding) -> Forwarding:
    """The terms with their targets in E.164. Raises `CallerError` with the field."""
    if not 1 <= len(terms.targets) <= TARGETS_MOST:
        raise CallerError(f"must be 1 to {TARGETS_MOST} numbers", "targets")
    targets = tuple(check_target(one, f"targets.{n}") for n, one in enumerate(terms.targets))
    if number in targets:
        raise CallerError("must not be the number itself", f"targets.{targets.index(number)}")
    if len(set(targets)) < len(targets):
        raise CallerError("must be another number than the first", "targets.1")
    if terms.ring_timeout_s not in RING_S:
        raise CallerError(f"must be {RING_S[0]} to {RING_S[-1]}", "ring_timeout_s")
    _check_caps(terms.caps)
    if terms.caps.cost is not None:
        _check_cost(terms.caps.cost, len(targets))
    _check_timezone(terms.timezone)
    return Forwarding(
        targets=targets,
        ring_timeout_s=terms.ring_timeout_s,
        policy=terms.policy,
        caps=terms.caps,
        timezone=terms.timezone,
    )


def _check_caps(caps: Caps) -> None:
    for field, value, allowed in (
        ("calls_at_once", caps.calls_at_once, CALLS_AT_ONCE),
        ("minutes_a_day", caps.minutes_a_day, MINUTES),
        ("minutes_a_month", caps.minutes_a_month, MINUTES),
    ):
        if value not in allowed:
            raise CallerError(f"must be {allowed[0]} to {allowed[-1]}", f"caps.{field}")


def _check_cost(cost: Cost, targets: int) -> None:
    """A price for every target, and money for a minute of the dearest at least."""
    if cost.currency not in CURRENCIES:
        raise CallerError("must be a currency such as USD", "caps.cost.currency")
    if len(cost.minute_micros) != targets:
        raise CallerError("must be a price for each target", "caps.cost.minute_prices")
    for place, price in enumerate(cost.minute_micros):
        if price not in MINUTE_MICROS:
            most = MINUTE_MICROS[-1] // MICROS
            raise CallerError(f"must be 0 to {most}", f"caps.cost.minute_prices.{place}")
    for field, micros in (("a_day", cost.a_day_micros), ("a_month", cost.a_month_micros)):
        if not max(1, *cost.minute_micros) <= micros <= MAX_MICROS:
            raise CallerError("must be the price of a minute at least", f"caps.cost.{field}")


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise CallerError("must be a time zone such as America/New_York", "timezone") from None


def talk_most_ms(wanted_ms: int) -> int:
    """How long a call may ask to talk in all."""
    return min(wanted_ms, TALK_MOST_MS)


def leads_back(number: str, routes: Mapping[str, Sequence[str]]) -> bool:
    """Whether a number is reached again from its own targets, over the routes of ours."""
    seen: set[str] = set()
    waiting = list(routes.get(number, ()))
    while waiting:
        target = waiting.pop()
        if target == number:
            return True
        if target not in seen:
            seen.add(target)
            waiting += routes.get(target, ())
    return False
