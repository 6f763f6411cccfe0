"""What a replay found, as lines of text and as plain data for programs."""

from collections.abc import Iterator
from typing import Any

from engine.core.money import format_shortest
from engine.flows.papers.columns import aligned
from engine.flows.replay.replay import Change, Example, Replay, ServiceTotal, Tally
from engine.flows.replay.rules import Difference, Outcome

TITLES = {
    Difference.NOT_ROUTED: "reach no service",
    Difference.OTHER_SERVICE: "reach another service",
    Difference.REFUSED: "are refused",
    Difference.LET_IN: "are let in; what they would cost nobody knows",
    Difference.ENDS_EARLIER: "end earlier",
    Difference.PRICE_CLASS: "have another price class",
    Difference.RATE: "have another rate",
    Difference.CHARGE: "cost another sum",
}
UNKNOWN = (
    "Not known: who would have hung up, called or talked longer at another price, how far each "
    "balance goes, and who would be new to a new first-call offer."
)
_NO_SERVICE = "(none)"
_COLUMNS = ("service", "calls", "", "talked", "", "seconds", "", "charged", "", "difference")


def text(found: Replay) -> str:
    """The table, the sum, each kind of difference with its examples, and what is not known."""
    rows = [_COLUMNS, *(_row(total) for total in found.services)]
    lines = [f"Calls: {found.calls}, of which {found.changed} would be different."]
    if found.calls:
        lines += ["", *aligned(rows, right=range(1, len(_COLUMNS)))]
    for currency, micros in found.difference_micros().items():
        lines.append(f"Sum of differences: {_signed(micros)} {currency}")
    for change in found.changes:
        lines += ["", f"{change.calls} {TITLES[change.difference]}, such as:"]
        lines += [f"  {line}" for line in _examples(change)]
    return "\n".join([*lines, "", UNKNOWN])


def plain(found: Replay) -> dict[str, Any]:
    """The same as plain data; money is decimal text, times are milliseconds."""
    return {
        "calls": found.calls,
        "changed": found.changed,
        "difference": {
            currency: format_shortest(micros)
            for currency, micros in found.difference_micros().items()
        },
        "services": [
            {
                "service": total.service,
                "currency": total.currency,
                "before": _tally(total.before),
                "after": _tally(total.after),
            }
            for total in found.services
        ],
        "changes": [
            {
                "difference": change.difference,
                "calls": change.calls,
                "examples": [_example(example) for example in change.examples],
            }
            for change in found.changes
        ],
        "not_known": UNKNOWN,
    }


def _row(total: ServiceTotal) -> tuple[str, ...]:
    before, after = total.before, total.after
    return (
        total.service or _NO_SERVICE,
        *_pair(str(before.calls), str(after.calls)),
        *_pair(str(before.talked), str(after.talked)),
        *_pair(str(before.charged_s), str(after.charged_s)),
        *_pair(format_shortest(before.charge_micros), format_shortest(after.charge_micros)),
        f"{_signed(after.charge_micros - before.charge_micros)} {total.currency}",
    )


def _pair(before: str, after: str) -> tuple[str, str]:
    return before, f"→ {after}"


def _signed(micros: int) -> str:
    return f"{'+' if micros > 0 else ''}{format_shortest(micros)}"


def _examples(change: Change) -> Iterator[str]:
    rows = [
        (example.call_id, _told(example.before), "→", _told(example.after))
        for example in change.examples
    ]
    yield from aligned(rows)


def _told(outcome: Outcome) -> str:
    if outcome.service is None:
        return _NO_SERVICE
    how = outcome.refusal or outcome.disposition or "let in"
    sum_ = f"{format_shortest(outcome.charge_micros)} {outcome.currency}"
    return ", ".join(filter(None, (outcome.service, outcome.line, how, sum_)))


def _tally(tally: Tally) -> dict[str, Any]:
    return {
        "calls": tally.calls,
        "talked": tally.talked,
        "charged_seconds": tally.charged_s,
        "charged": format_shortest(tally.charge_micros),
    }


def _example(example: Example) -> dict[str, Any]:
    return {
        "call": example.call_id,
        "arrived_ms": example.arrived_ms,
        "before": _outcome(example.before),
        "after": _outcome(example.after),
    }


def _outcome(outcome: Outcome) -> dict[str, Any]:
    rate = outcome.rate
    return {
        "service": outcome.service,
        "line": outcome.line,
        "price": None if rate is None else format_shortest(rate.price_micros),
        "charged_seconds": outcome.charged_s,
        "charge": format_shortest(outcome.charge_micros),
        "currency": outcome.currency,
        "disposition": outcome.disposition,
        "refusal": outcome.refusal,
    }
