"""Which live calls a page shows, and how it sums them up. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from engine.flows.live import LiveCall
from engine.flows.machines.seen import Warned
from engine.premium.call import State

ROWS_MOST = 200
"""More calls than these are counted, and not shown: filters find one among them."""

_AT_THE_END = (State.CLOSING, State.HOLDING, State.LEAVING, State.SETTLING, State.FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The filters; an empty one lets every call through. `phase` is one of `PHASES`."""

    service: str = ""
    phase: str = ""
    agent: str = ""

    @property
    def is_any(self) -> bool:
        """Whether something is filtered at all."""
        return bool(self.service or self.phase or self.agent)


@dataclass(frozen=True, slots=True)
class Shown:
    """The calls of a page, and of all that there are how many, talking and warned."""

    calls: Sequence[LiveCall]
    found: int
    all: int
    talking: int
    warned: int


PHASES = ("waiting", "talking", "ending")


def phase(call: LiveCall) -> str:
    """What a call is at, in one of three words: `waiting`, `talking` or `ending`."""
    if call.state == State.TALKING:
        return "talking"
    return "ending" if call.state in _AT_THE_END else "waiting"


def told(call: LiveCall) -> Sequence[Warned]:
    """The warnings of a call, each once, though both were told."""
    found: list[Warned] = []
    for warned in call.warned:
        if not found or warned.at_ms - found[-1].at_ms > SAME_MS:
            found.append(warned)
    return found


SAME_MS = 1_000
"""Caller and agent are told of one warning within this time."""


def shown(calls: Iterable[LiveCall], wanted: Wanted) -> Shown:
    """The calls that a page shows, oldest first."""
    there = list(calls)
    found = [call for call in there if _fits(call, wanted)]
    talking = [call for call in there if phase(call) == "talking"]
    return Shown(
        calls=found[:ROWS_MOST],
        found=len(found),
        all=len(there),
        talking=len(talking),
        warned=sum(bool(call.warned) for call in talking),
    )


def _fits(call: LiveCall, wanted: Wanted) -> bool:
    return (
        wanted.service in ("", call.service)
        and wanted.agent in ("", call.agent)
        and wanted.phase in ("", phase(call))
    )
