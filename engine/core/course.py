"""The course of a call, for its record: what each side heard and when, what was held of the money,
when who was joined; pure.

Named tuples, so that a live call's snapshot and the books hold them as short rows; those of before
beginnings and ends were kept read as `ORDERED`. Times are the switch's wall clock in milliseconds.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, TypeVar

Row = TypeVar("Row")

HEARD_MOST = 200
SLICES_MOST = 200
STAYS_MOST = 100
"""So many rows of a call are shown: of more, the first half and the last (`bounded`). One
row more is kept, so that whoever shows them knows that there were more."""


class Fate(StrEnum):
    """What became of a prompt that was ordered.

    `ORDERED` and `BEGUN` are for what nobody lived to see: whether it began, or where it ended.
    """

    ORDERED = "ordered"
    BEGUN = "begun"
    WHOLE = "whole"
    CUT = "cut"
    UNHEARD = "unheard"


class Heard(NamedTuple):
    """A prompt (its key) for `who`, caller or agent, in `lang`.

    `begun_ms` and `ended_ms` are None where they are not known, or there was nothing to hear. An
    end counts the silence that belongs to a prompt's audio (§ 110 TKG: 3 s after a price).
    """

    ordered_ms: int
    who: str
    prompt: str
    fate: Fate = Fate.ORDERED
    begun_ms: int | None = None
    ended_ms: int | None = None
    lang: str = ""


class Slice(NamedTuple):
    """What is held in all for a call from `at_ms` on, and until when that pays for the conversation
    (None as long as the meter stood)."""

    at_ms: int
    held_micros: int
    paid_until_ms: int | None = None


class Stay(NamedTuple):
    """An agent's time in conversation with the caller; it may not be over yet."""

    agent: str
    joined_ms: int
    left_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Playing:
    """Prompts that were ordered for one leg in one playback, until its end is told.

    `begun_ms` has a place for each prompt. `stopped_ms` is when we stopped it or its leg was gone.
    `doubtful`: there was a gap since, in which it may have begun or ended.
    """

    playback: str
    leg: str
    who: str
    lang: str
    ordered_ms: int
    prompts: tuple[str, ...]
    begun_ms: tuple[int | None, ...]
    stopped_ms: int | None = None
    doubtful: bool = False

    def begun(self, nth: int, at_ms: int) -> "Playing":
        """Once its `nth` prompt has begun."""
        if nth >= len(self.prompts):
            return self
        begun_ms = (*self.begun_ms[:nth], at_ms, *self.begun_ms[nth + 1 :])
        return replace(self, begun_ms=begun_ms)

    def stopped(self, at_ms: int) -> "Playing":
        """Stopped; whatever stops it once more comes too late."""
        return self if self.stopped_ms is not None else replace(self, stopped_ms=at_ms)

    def ended(self, at_ms: int, *, complete: bool) -> tuple[Heard, ...]:
        """What was heard of it, by the end that was told: each prompt until the next began."""
        if self.doubtful and not complete and self.begun_ms[-1] is None:
            return self.given_up(at_ms)
        return self._heard(at_ms, Fate.WHOLE if complete else Fate.CUT, Fate.UNHEARD)

    def given_up(self, at_ms: int) -> tuple[Heard, ...]:
        """What was heard of it if its end is told by nobody: until it was stopped, or now."""
        if self.doubtful:
            return self._heard(None, Fate.BEGUN, Fate.ORDERED)
        return self._heard(self.stopped_ms or at_ms, Fate.CUT, Fate.UNHEARD)

    def _heard(self, end_ms: int | None, last: Fate, unbegun: Fate) -> tuple[Heard, ...]:
        begun = [nth for nth, at_ms in enumerate(self.begun_ms) if at_ms is not None]
        reached = len(self.prompts) - 1 if last is Fate.WHOLE else max(begun, default=-1)
        rows = []
        for nth, (prompt, begun_ms) in enumerate(zip(self.prompts, self.begun_ms, strict=True)):
            row = Heard(self.ordered_ms, self.who, prompt, unbegun, begun_ms, lang=self.lang)
            if nth < reached:
                row = row._replace(fate=Fate.WHOLE, ended_ms=self.begun_ms[nth + 1])
            elif nth == reached:
                row = row._replace(fate=last, ended_ms=end_ms and max(end_ms, begun_ms or 0))
            rows.append(row)
        return tuple(rows)


def bounded(rows: Iterable[Row], most: int) -> tuple[Row, ...]:
    """The rows; of more than `most` the first half and the last, for a call is asked about for how
    it began and how it ended."""
    kept = tuple(rows)
    if len(kept) <= most:
        return kept
    half = most // 2
    return kept[:half] + kept[half - most :]
