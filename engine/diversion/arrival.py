"""Who calls a number of ours, and what the target may be shown of him. Pure.

Shown is the number that the caller's network vouches for, unless he withholds it, or no line calls
from it (§ 120(3) TKG forbids to show 0900, 0137, 118 and short numbers; a toll-free one names
nobody). Then it is the number that was called: its holder's own, which he may use (§ 120(2) TKG;
47 U.S.C. 227(e), 47 CFR 64.1604).
"""

from dataclasses import dataclass

from engine.core.calling import called, is_withheld, vouched
from engine.core.events import CallArrived
from engine.core.inventory import Trunk
from engine.core.number import NumberInfo, caller_region


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A call as it arrived; `info` is None unless the network vouches for one number."""

    number: str
    info: NumberInfo | None
    withheld: bool

    @property
    def caller(self) -> str | None:
        """The caller's number (E.164); None too if he withholds it: nothing here needs it then."""
        return self.info.e164 if self.info is not None and not self.withheld else None

    @property
    def show_number(self) -> str:
        """What the target is shown."""
        if self.info is None or caller_region(self.info) is None:
            return self.number
        return self.caller or self.number


def arrival_of(event: CallArrived, trunk: Trunk) -> Arrival:
    """What is known of a call as it arrives."""
    infos = vouched(event.identity, trunk)
    return Arrival(
        number=called(event, trunk),
        info=infos[0] if len(infos) == 1 else None,
        withheld=is_withheld(event.identity),
    )
