"""What a replay found, as lines of text and as plain data for programs."""

from collections.abc import Iterator
from typing import Any

from engine.core.money import format_shortest
from engine.flows.papers.columns import aligned
from engine.flows.replay.replay import Change, Example, Replay, ServiceTotal, Tally
from engine.flows.replay.rules import Outcome
from engine.flows.replay.words import ENGLISH, Words


def text(found: Replay, words: Words = ENGLISH) -> str:
    """The table, the sum, each kind of difference with its examples, and what is not known."""
    service, *counted, difference = words.columns
    heads = (service, *(cell for head in counted for cell in (head, "")), difference)
    rows = [heads, *(_row(total, words) for total in found.services)]
    lines = [words.summary.format(calls=found.calls, changed=found.changed)]
    if found.calls:
        lines += ["", *aligned(rows, right=range(1, len(heads)))]
    for currency, micros in found.difference_micros().items():
        lines.append(words.total.format(amount=_signed(micros), currency=currency))
    for change in found.changes:
        kind = words.differences[change.difference]
        lines += ["", words.such_as.format(calls=change.calls, kind=kind)]
        lines += [f"  {line}" for line in _examples(change, words)]
    return "\n".join([*lines, "", words.unknown])


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
        "not_known": ENGLISH.unknown,
    }


def _row(total: ServiceTotal, words: Words) -> tuple[str, ...]:
    before, after = total.before, total.after
    return (
        total.service or words.no_service,
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


def _examples(change: Change, words: Words) -> Iterator[str]:
    rows = [
        (example.call_id, _told(example.before, words), "→", _told(example.after, words))
        for example in change.examples
    ]
    yield from aligned(rows)


def _told(outcome: Outcome, words: Words) -> str:
    if outcome.service is None:
        return words.no_service
    how = outcome.refusal or outcome.disposition or words.let_in
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
