"""A route as plain values for programs, and as lines of text."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict

from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import CallerClass, Forwarding, Route, Tracking
from engine.core.instant import write_time
from engine.core.money import format_shortest
from engine.core.number import international
from engine.flows.dialplan.diverted import CODES
from engine.flows.diversion.hours import clock, typed

_WORDS = {
    "de": {
        "nowhere": "führt nirgendwohin",
        "then": "dann",
        "leads_to": "Führt zu: {targets}, je {ring_timeout_s} s",
        "policy": "{caller_class}: {verdict}",
        "caps": "Grenzen: {calls_at_once} Gespräche zugleich, {minutes_a_day} min am Tag, "
        "{minutes_a_month} im Monat ({timezone})",
        "cost": "Kosten: höchstens {a_day} {currency} am Tag, {a_month} im Monat; "
        "eine Minute kostet, je Ziel: {minutes}",
        "target": "{target}: {spans} ({timezone})",
        "always": "immer",
        "whisper": "Wer abnimmt, hört die Quelle ({lang})",
        "changed": "Fassung {version}, gesetzt {changed} von {author}",
    },
    "en": {
        "nowhere": "leads nowhere",
        "then": "then",
        "leads_to": "Leads to: {targets}, for {ring_timeout_s} s each",
        "policy": "{caller_class}: {verdict}",
        "caps": "Caps: {calls_at_once} conversations at once, {minutes_a_day} min a day, "
        "{minutes_a_month} a month ({timezone})",
        "cost": "Costs: {a_day} {currency} a day at most, {a_month} a month; "
        "a minute costs, by target: {minutes}",
        "target": "{target}: {spans} ({timezone})",
        "always": "always",
        "whisper": "Who answers hears the source ({lang})",
        "changed": "Version {version}, set {changed} by {author}",
    },
}
LANGS = tuple(_WORDS)


def values(route: Route) -> Mapping[str, object]:
    """A route that was not deleted: targets and terms, the time in RFC 3339, UTC."""
    match route.terms:
        case Forwarding() as terms:
            told: Mapping[str, object] = {
                "targets": list(terms.targets),
                "ring_timeout_s": terms.ring_timeout_s,
                "policy": {who.value: terms.policy.verdict(who).value for who in CallerClass},
                "caps": {**asdict(terms.caps), "cost": _cost_values(terms.caps.cost)},
            }
        case Tracking() as terms:
            told = {
                "targets": _targets(terms),
                "ring_timeout_s": terms.ring_timeout_s,
                "whisper": terms.whisper,
                "lang": terms.lang,
            }
        case None:
            raise AssertionError("a deleted route has no terms")
    return {
        "number": route.number,
        "version": route.version,
        **told,
        "timezone": terms.timezone,
        "changed": write_time(route.at_ms),
        "author": route.author,
    }


def _cost_values(cost: Cost | None) -> Mapping[str, object] | None:
    if cost is None:
        return None
    return {
        "currency": cost.currency,
        "minute_prices": list(map(format_shortest, cost.minute_micros)),
        "a_day": format_shortest(cost.a_day_micros),
        "a_month": format_shortest(cost.a_month_micros),
    }


def version_values(route: Route) -> Mapping[str, object]:
    """A version of a route for its holder, also one without terms; who gave or took the number is
    the operator's own matter."""
    return {
        "version": route.version,
        "changed": write_time(route.at_ms),
        "author": route.author if route.is_edit else "",
        "reason": route.reason,
        "other": route.other,
        "route": values(route) if route.terms is not None else None,
    }


def _targets(terms: Tracking) -> list[Mapping[str, object]]:
    return [
        {
            "number": target.e164,
            "spans": [
                {
                    "weekday": span.weekday,
                    "opens": clock(span.opens_min),
                    "closes": clock(span.closes_min),
                }
                for span in target.spans
            ],
        }
        for target in terms.targets
    ]


def brief(route: Route | None, lang: str) -> str:
    """Where a number leads, in one line."""
    if route is None:
        return _WORDS[lang]["nowhere"]
    return f" {_WORDS[lang]['then']} ".join(map(international, route.targets))


def text(route: Route, lang: str) -> str:
    """A route that was not deleted, as lines of text."""
    return "\n".join(_lines(route, lang))


def _lines(route: Route, lang: str) -> Iterator[str]:
    words, terms = _WORDS[lang], route.terms
    assert terms is not None, "a deleted route has no terms"
    yield words["leads_to"].format(targets=brief(route, lang), ring_timeout_s=terms.ring_timeout_s)
    if isinstance(terms, Forwarding):
        yield from _policy(terms, lang)
        yield _caps(terms.caps, terms.timezone, lang)
        if terms.caps.cost is not None:
            yield _cost(terms.caps.cost, lang)
    else:
        for target in terms.targets:
            spans = "; ".join(typed(target.spans).splitlines()) or words["always"]
            yield words["target"].format(
                target=international(target.e164), spans=spans, timezone=terms.timezone
            )
        if terms.whisper:
            yield words["whisper"].format(lang=terms.lang)
    yield words["changed"].format(
        version=route.version, changed=write_time(route.at_ms), author=route.author
    )


def _policy(terms: Forwarding, lang: str) -> Iterator[str]:
    codes = CODES[lang]
    for who in CallerClass:
        caller_class, verdict = codes[f"class_{who}"], codes[f"verdict_{terms.policy.verdict(who)}"]
        yield _WORDS[lang]["policy"].format(
            caller_class=caller_class[0].upper() + caller_class[1:], verdict=verdict
        )


def _caps(caps: Caps, timezone: str, lang: str) -> str:
    return _WORDS[lang]["caps"].format(**asdict(caps), timezone=timezone)


def _cost(cost: Cost, lang: str) -> str:
    return _WORDS[lang]["cost"].format(
        a_day=format_shortest(cost.a_day_micros),
        a_month=format_shortest(cost.a_month_micros),
        currency=cost.currency,
        minutes=", ".join(map(format_shortest, cost.minute_micros)),
    )
