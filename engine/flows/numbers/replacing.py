"""One number in the place of another: new on and old off in the same step, and who is told."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.due import Notice, NoticeKind
from engine.core.numbers.life import Refused, replaced
from engine.core.numbers.number import Number
from engine.core.numbers.source import Source
from engine.flows.numbers.numbering import Numbering
from engine.ports.numbers import Move


@dataclass(frozen=True, slots=True)
class Replacement:
    """What one replacement is made of, for a commit."""

    old: Number
    new: Number
    moves: tuple[Move, ...]
    sources: tuple[Source, ...]
    notice: Notice


async def replacement(
    numbering: Numbering, old: Number, new: Number, reason: str, day: date
) -> Replacement | Refused:
    """`new` for `old`, or why not.

    The sources go over to the new number; for the old one a source stays behind, until it is
    confirmed to be out of all offers.
    """
    both = replaced(old, new, day)
    if isinstance(both, Refused):
        return both
    off, on = both
    moves = (
        Move(old, off, "replaced", reason, on.e164),
        Move(new, on, "took_over", reason, off.e164),
    )
    sources: list[Source] = []
    async for source in numbering.all_sources(old.organisation, old.e164):
        if source.removed_on is None and not source.has_ended(day):
            sources += _passed_on(source, on.e164, day)
    notice = Notice(
        key=f"replaced:{old.e164}:{off.version}",
        organisation=old.organisation or "",
        kind=NoticeKind.REPLACED,
        day=day,
        e164=old.e164,
        detail=on.e164,
    )
    return Replacement(off, on, moves, tuple(sources), notice)


def _passed_on(source: Source, e164: str, day: date) -> Sequence[Source]:
    left = replace(source, source_id=uuid.uuid4().hex, ends_on=day, version=1)
    return (replace(source, e164=e164, version=source.version + 1), left)
