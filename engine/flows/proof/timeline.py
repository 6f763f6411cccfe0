"""A call's timeline from its record, its entry and what moved the balance meanwhile; pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from engine.core.cdr import CallRecord
from engine.core.course import HEARD_MOST, SLICES_MOST, STAYS_MOST, Fate, Heard, bounded
from engine.ports.reading.records import CallFile


class Happened(StrEnum):
    """What a moment of a call is; `TOLD` is a prompt of which nobody saw that it was heard."""

    ARRIVED = "arrived"
    ANSWERED = "answered"
    TOLD = "told"
    HEARD = "heard"
    UNHEARD = "unheard"
    JOINED = "joined"
    HELD = "held"
    BALANCE = "balance"
    LEFT = "left"
    ENDED = "ended"
    CHARGED = "charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment, in milliseconds of the wall clock; `until_ms` is the end of what lasts: of what
    was heard, of what was paid with the money that is held.

    `who` heard it (caller or agent) or was joined; `detail` is the prompt's key, the entry's kind
    or the disposition. A prompt has its `fate` and language. Money is micro-units: what is held in
    all, or what moved the account, with its balance.
    """

    at_ms: int
    happened: Happened
    until_ms: int | None = None
    who: str = ""
    detail: str = ""
    fate: Fate | None = None
    lang: str = ""
    micros: int | None = None
    balance_micros: int | None = None


_FATES = {Fate.ORDERED: Happened.TOLD, Fate.UNHEARD: Happened.UNHEARD}


def timeline(file: CallFile) -> tuple[Moment, ...]:
    """All moments in their order; what happened at once is in the order of `Happened`."""
    record = file.record
    found = [Moment(at_ms=record.arrived_ms, happened=Happened.ARRIVED, detail=record.service)]
    if record.answered_ms is not None:
        found.append(Moment(at_ms=record.answered_ms, happened=Happened.ANSWERED))
    found += (_prompt(row) for row in bounded(record.prompts, HEARD_MOST))
    found += _stays(record)
    for row in bounded(record.slices, SLICES_MOST):
        until_ms, micros = row.paid_until_ms, row.held_micros
        held = Moment(at_ms=row.at_ms, happened=Happened.HELD, until_ms=until_ms, micros=micros)
        found.append(held)
    outcome = record.refusal or record.disposition
    found.append(Moment(at_ms=record.ended_ms, happened=Happened.ENDED, detail=outcome))
    lines = [(Happened.BALANCE, line) for line in file.meanwhile]
    if file.booked is not None:
        lines.append((Happened.CHARGED, file.booked))
    for happened, line in lines:
        found.append(
            Moment(
                at_ms=line.at_ms,
                happened=happened,
                detail=line.kind,
                micros=line.micros,
                balance_micros=line.balance_micros,
            )
        )
    order = list(Happened)
    return tuple(sorted(found, key=lambda moment: (moment.at_ms, order.index(moment.happened))))


def _prompt(row: Heard) -> Moment:
    return Moment(
        at_ms=row.ordered_ms if row.begun_ms is None else row.begun_ms,
        happened=_FATES.get(row.fate, Happened.HEARD),
        until_ms=row.ended_ms,
        who=row.who,
        detail=row.prompt,
        fate=row.fate,
        lang=row.lang,
    )


def _stays(record: CallRecord) -> Iterator[Moment]:
    """Each joining and leaving; of older calls the first joining is known, and who answered."""
    for stay in bounded(record.stays, STAYS_MOST):
        yield Moment(at_ms=stay.joined_ms, happened=Happened.JOINED, who=stay.agent)
        if stay.left_ms is not None:
            yield Moment(at_ms=stay.left_ms, happened=Happened.LEFT, who=stay.agent)
    if not record.stays and record.joined_ms is not None:
        who = ", ".join(record.agents)
        yield Moment(at_ms=record.joined_ms, happened=Happened.JOINED, who=who)


# --- stretches of time ---------------------------------------------------------------------


Stretch = tuple[int, int]
"""From when to when, in milliseconds of the wall clock."""


def talks(record: CallRecord) -> tuple[Stretch, ...]:
    """When both sides talked; of older calls as if it had been without a break."""
    if record.stays:
        return tuple((stay.joined_ms, stay.left_ms or record.ended_ms) for stay in record.stays)
    if record.joined_ms is None:
        return ()
    return ((record.joined_ms, record.joined_ms + record.talk_ms),)
