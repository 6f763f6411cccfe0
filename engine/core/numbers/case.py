"""An authority's request about a number: opened, then answered or referred to the holder.

Of such requests silence is kept: only the operator's owners see them, and nobody is told of one.
"""

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from engine.errors import CallerError, ConflictError

TEXT_MOST = 10_000


class CaseKind(StrEnum):
    """What is asked for (§§ 170, 174, 177 TKG): who has a number, its traffic, its surveillance."""

    SUBSCRIBER = "subscriber"
    TRAFFIC = "traffic"
    SURVEILLANCE = "surveillance"


class CaseStatus(StrEnum):
    """How a case stands."""

    OPEN = "open"
    ANSWERED = "answered"
    REFERRED = "referred"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One request. `reference` is the authority's own; `from_day` to `to_day` (included) is the
    time it asks about; `organisation` had the number on the last of these days, or nobody. Who had
    it on the others is in its history (`Holding`)."""

    case_id: str
    e164: str
    organisation: str | None
    kind: CaseKind
    authority: str
    reference: str
    from_day: date
    to_day: date
    due_on: date
    status: CaseStatus = CaseStatus.OPEN
    outcome: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """A time in which a number was an organisation's, from its order on, half-open (ms UTC);
    `until_ms` is None while it still is."""

    organisation: str
    from_ms: int
    until_ms: int | None


def check(case: Case) -> None:
    """Refuses a case whose form is wrong: raises `CallerError` with the field."""
    for field in ("authority", "reference"):
        text = getattr(case, field)
        if not 0 < len(text.strip()) <= 200 or not text.isprintable():
            raise CallerError("must be 1 to 200 printable characters", field)
    if case.to_day < case.from_day:
        raise CallerError("must not be before its begin", "to_day")


def ended(case: Case, status: CaseStatus, outcome: str) -> Case:
    """The case as it was answered or referred, with what was given or to whom.

    `ConflictError` if it is over, `CallerError` without a word on it.
    """
    if case.status is not CaseStatus.OPEN:
        raise ConflictError(f"the case was {case.status} before")
    if not 0 < len(outcome.strip()) <= TEXT_MOST or "\0" in outcome:
        raise CallerError(f"must be 1 to {TEXT_MOST} characters", "outcome")
    return replace(case, status=status, outcome=outcome)
