"""Routes as they are typed, and as their forms show them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from engine.core.diversion.caps import Caps, Cost
from engine.core.diversion.route import (
    TARGETS_MOST as FORWARDED_MOST,
)
from engine.core.diversion.route import (
    CallerClass,
    Forwarding,
    Policy,
    Target,
    Tracking,
    Verdict,
)
from engine.core.money import format_shortest
from engine.errors import CallerError
from engine.flows.diversion import hours
from engine.tracking.rules import TARGETS_MOST
from engine.web.console.asked import Asked
from engine.web.console.forms.filters import amount_of, word_of

SPANS_CHARS_MOST = 2_000
WHOLE_DIGITS_MOST = 9
SPARE_ROWS = 2
COST = "caps.cost"


@dataclass(frozen=True, slots=True)
class Row:
    """A target's fields: its number and its times; without times always."""

    number: str = ""
    spans: str = ""


def version_of(asked: Asked) -> int:
    """The version that the page showed; 0: there was no route."""
    return _whole(asked, "version")


def forwarding_of(asked: Asked) -> Forwarding:
    """How a toll-free number is to be forwarded."""
    return Forwarding(
        targets=tuple(target_rows(asked)),
        ring_timeout_s=_whole(asked, "ring_timeout_s"),
        policy=Policy(**{who.value: _verdict(asked, who) for who in CallerClass}),
        caps=Caps(
            calls_at_once=_whole(asked, "caps.calls_at_once"),
            minutes_a_day=_whole(asked, "caps.minutes_a_day"),
            minutes_a_month=_whole(asked, "caps.minutes_a_month"),
            cost=_cost(asked),
        ),
        timezone=asked.typed("timezone"),
    )


def target_rows(asked: Asked) -> Sequence[str]:
    """The typed targets of a toll-free number, without gaps."""
    return [asked.typed(f"targets.{place}") for place in _target_places(asked)]


def _target_places(asked: Asked) -> Iterator[int]:
    """Which of the fields for targets are filled in."""
    return (place for place in range(FORWARDED_MOST) if asked.typed(f"targets.{place}"))


def _cost(asked: Asked) -> Cost | None:
    """What forwarding may cost; None where no amount was typed."""
    prices = [f"{COST}.minute_prices.{place}" for place in _target_places(asked)]
    amounts = [*prices, f"{COST}.a_day", f"{COST}.a_month"]
    if not any(map(asked.typed, amounts)):
        return None
    return Cost(
        currency=asked.typed(f"{COST}.currency"),
        minute_micros=tuple(amount_of(asked.typed(price), price) for price in prices),
        a_day_micros=amount_of(asked.typed(f"{COST}.a_day"), f"{COST}.a_day"),
        a_month_micros=amount_of(asked.typed(f"{COST}.a_month"), f"{COST}.a_month"),
    )


def cost_fields(cost: Cost | None) -> Mapping[str, str]:
    """The amounts of a cap as its fields show them, by their last names; empty where there is none
    and for the price of a target that is not there."""
    amounts: dict[str, int] = {}
    if cost is not None:
        prices = enumerate(cost.minute_micros)
        amounts = {f"minute_prices.{place}": micros for place, micros in prices}
        amounts |= {"a_day": cost.a_day_micros, "a_month": cost.a_month_micros}
    return {name: format_shortest(micros) for name, micros in amounts.items()}


def tracking_of(asked: Asked) -> Tracking:
    """To whom a tracked number is to lead."""
    return Tracking(
        targets=tuple(
            Target(e164=row.number, spans=hours.read(row.spans, f"targets.{place}.spans"))
            for place, row in enumerate(tracking_rows(asked))
        ),
        ring_timeout_s=_whole(asked, "ring_timeout_s"),
        whisper="whisper" in asked.form,
        lang=asked.typed("lang"),
        timezone=asked.typed("timezone"),
    )


def tracking_rows(asked: Asked) -> Sequence[Row]:
    """The typed targets of a tracked number, without gaps: a fault names the row that is shown."""
    typed = (
        Row(
            asked.typed(f"targets.{place}.number"),
            asked.typed(f"targets.{place}.spans", SPANS_CHARS_MOST),
        )
        for place in range(TARGETS_MOST)
    )
    return [row for row in typed if row.number or row.spans]


def rows_of(terms: Tracking | None) -> Sequence[Row]:
    """The targets of a route."""
    targets = terms.targets if terms is not None else ()
    return [Row(target.e164, hours.typed(target.spans)) for target in targets]


def with_spares(rows: Sequence[Row]) -> Sequence[Row]:
    """The rows, and some that are empty."""
    return [*rows, *[Row()] * SPARE_ROWS][:TARGETS_MOST]


def _verdict(asked: Asked, who: CallerClass) -> Verdict:
    field = f"policy.{who}"
    verdict = word_of(Verdict, asked.typed(field))
    if verdict is None:
        raise CallerError("must be through or ring_on", field)
    return verdict


def _whole(asked: Asked, field: str) -> int:
    typed = asked.typed(field, WHOLE_DIGITS_MOST)
    if not (typed.isascii() and typed.isdigit()):
        raise CallerError("must be a whole number", field)
    return int(typed)
