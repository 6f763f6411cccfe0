"""One number in the place of another: new on and old off in the same step, and who is told; and
all those that a seat which moved leaves misplaced."""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.due import SEAT_MOVED, Notice, NoticeKind, asked_for, misplaced
from engine.core.numbers.holder import Holder
from engine.core.numbers.life import Refused, replaced
from engine.core.numbers.number import Number
from engine.core.numbers.source import Source
from engine.flows.numbers.numbering import Numbering
from engine.ports.numbers import Commit, Move, NumberFilter

REPLACED_MOST = 200
"""How many numbers one transaction replaces; more of them are several transactions."""


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


@dataclass(frozen=True, slots=True)
class Moving:
    """One step of a move: its commit (author, instant and the holder's action yet to come), what
    it replaces, and what fits the seat no longer after it."""

    commit: Commit
    made: tuple[Replacement, ...]
    waiting: tuple[Number, ...]

    @property
    def pairs(self) -> tuple[tuple[Number, Number], ...]:
        """The numbers that are replaced, with those that replace them."""
        return tuple((one.old, one.new) for one in self.made)


async def moving(numbering: Numbering, holder: Holder, day: date, attempt: int = 0) -> Moving:
    """What replaces the numbers of a holder (as he is to be) that fit his seat no longer, at most
    `REPLACED_MOST` at a time, and what he has to prove then.

    Only where nothing is free, or there is no area, is nothing replaced while some wait.
    """
    wanted = NumberFilter(organisation=holder.organisation)
    strayed = [n async for n in numbering.all_numbers(wanted) if misplaced(n, holder)]
    free: Sequence[Number] = ()
    if strayed and holder.seat.area is not None:
        free = await numbering.free(holder.seat.area, REPLACED_MOST + attempt)
    # Another attempt looks further on: who was faster has taken the first.
    free = [*free[attempt:], *free[:attempt]]
    made: list[Replacement] = []
    for old, new in zip(strayed[:REPLACED_MOST], free, strict=False):
        one = await replacement(numbering, old, new, SEAT_MOVED, day)
        if isinstance(one, Replacement):
            made.append(one)
    held = Counter(await numbering.held(holder.organisation))
    held.update(one.new.country for one in made)
    held.subtract(one.old.country for one in made)
    asked, notices = asked_for(holder, held, numbering.policy, day)
    commit = Commit(
        author="",
        at_ms=0,
        moves=tuple(move for one in made for move in one.moves),
        holder=asked,
        sources=tuple(source for one in made for source in one.sources),
        notices=(*(one.notice for one in made), *notices),
    )
    gone = {one.old.e164 for one in made}
    return Moving(commit, tuple(made), tuple(n for n in strayed if n.e164 not in gone))


def _passed_on(source: Source, e164: str, day: date) -> Sequence[Source]:
    left = replace(source, source_id=uuid.uuid4().hex, ends_on=day, version=1)
    return (replace(source, e164=e164, version=source.version + 1), left)
