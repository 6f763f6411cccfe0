"""What becomes of hits by the answers to what told of them: a pure rule.

What is taken or refused for good is over, and so is what has grown old; the rest waits, and its
collector rests the longer, the oftener it failed. So a hit is tried less than twenty times.
"""

from collections.abc import Iterable, Sequence

from engine.core.analytics.collector import OLD_MS, Hit
from engine.core.analytics.telling import Answer, Heard
from engine.ports.analytics import Claim, Done

MINUTE_MS = 60_000
PAUSES_MS = (
    MINUTE_MS // 4,
    MINUTE_MS,
    5 * MINUTE_MS,
    15 * MINUTE_MS,
    60 * MINUTE_MS,
    2 * 60 * MINUTE_MS,
)
"""Between failures; the last one again and again."""

OLD = "older than a day"


def fresh(hits: Iterable[Hit], now_ms: int) -> list[Hit]:
    """The hits that may still be told."""
    return [hit for hit in hits if now_ms - hit.at_ms < OLD_MS]


def rule(claim: Claim, answers: Sequence[Answer], now_ms: int) -> Done:
    """What came of a claim by the answers that came now."""
    told = {heard: _ids(answers, heard) for heard in Heard}
    young = {hit.call_id for hit in fresh(claim.hits, now_ms)}
    untold = {hit.call_id for hit in claim.hits} - {one for ids in told.values() for one in ids}
    old = tuple(sorted(untold - young))
    problems = [problem for _, _, problem in answers if problem] or ([OLD] if old else [])
    failures = claim.failures + 1 if told[Heard.LATER] else 0 if answers else claim.failures
    pause_ms = PAUSES_MS[min(failures, len(PAUSES_MS)) - 1] if failures else 0
    return Done(
        collector_id=claim.collector.collector_id,
        number=claim.number,
        sent=told[Heard.TAKEN],
        given_up=(*told[Heard.REFUSED], *old),
        failures=failures,
        next_ms=now_ms + pause_ms,
        problem=problems[-1] if problems else "",
        at_ms=now_ms,
    )


def _ids(answers: Sequence[Answer], wanted: Heard) -> tuple[str, ...]:
    return tuple(hit.call_id for hits, heard, _ in answers if heard is wanted for hit in hits)
