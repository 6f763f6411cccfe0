"""A call's timeline from its record, its entry and what moved the balance meanwhile; pure.

Slices of held money are not in it: they live in the store and end with the call.
"""

from dataclasses import dataclass
from enum import StrEnum

from engine.ports.reading.records import CallFile


class Happened(StrEnum):
    """What a moment of a call is."""

    ARRIVED = "arrived"
    ANSWERED = "answered"
    HEARD = "heard"
    JOINED = "joined"
    BALANCE = "balance"
    ENDED = "ended"
    CHARGED = "charged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One moment, in milliseconds of the wall clock.

    `who` heard it (caller or agent) or was joined; `detail` is the prompt's name, the entry's kind
    or the disposition; money is micro-units, there for movements of the account alone.
    """

    at_ms: int
    happened: Happened
    who: str = ""
    detail: str = ""
    micros: int | None = None
    balance_micros: int | None = None


def timeline(file: CallFile) -> tuple[Moment, ...]:
    """All moments in their order; what happened at once is in the order of `Happened`."""
    record = file.record
    found = [Moment(at_ms=record.arrived_ms, happened=Happened.ARRIVED, detail=record.service)]
    if record.answered_ms is not None:
        found.append(Moment(at_ms=record.answered_ms, happened=Happened.ANSWERED))
    for at_ms, who, prompt in record.prompts:
        found.append(Moment(at_ms=at_ms, happened=Happened.HEARD, who=who, detail=prompt))
    if record.joined_ms is not None:
        who = ", ".join(record.agents)
        found.append(Moment(at_ms=record.joined_ms, happened=Happened.JOINED, who=who))
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
