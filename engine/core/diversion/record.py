"""What is kept of a forwarded call: the proof that the number could be reached."""

from dataclasses import dataclass
from enum import StrEnum

from engine.core.diversion.caps import Cap, cost_micros
from engine.core.diversion.route import CallerClass


class Outcome(StrEnum):
    """What became of a call that was, or was not, sent on.

    `ANSWERED`: caller and target were joined. `ABANDONED`: the caller hung up while a target rang.
    `BUSY`, `NO_ANSWER`, `FAILED`: no target took it. Never sent on, and so never answered:
    `NOT_LET_THROUGH` by the policy, `CAPPED`, `NO_ROUTE` (also one that leads back).
    """

    ANSWERED = "answered"
    ABANDONED = "abandoned"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    FAILED = "failed"
    NOT_LET_THROUGH = "not_let_through"
    CAPPED = "capped"
    NO_ROUTE = "no_route"


@dataclass(frozen=True, slots=True, kw_only=True)
class ForwardedCall:
    """A call to a forwarded number; times in milliseconds of Asterisk's wall clock.

    `caller` is cut by three digits, None if withheld or unknown: of a call that is over the whole
    number is kept nowhere.
    `target` is the number that answered, else the last that was rung. While the call goes on
    `outcome` and `ended_ms` are None. `cap` is the one that kept it from being put through, or that
    ended it. `minute_micros` of `currency` is what a minute costs, "" where that was not said: of
    the target that answered, until one does of the dearest.
    """

    call_id: str
    organisation: str
    number: str
    route_version: int
    caller: str | None
    caller_class: CallerClass
    target: str | None = None
    outcome: Outcome | None = None
    arrived_ms: int
    joined_ms: int | None = None
    ended_ms: int | None = None
    cap: Cap | None = None
    currency: str = ""
    minute_micros: int = 0

    @property
    def talk_ms(self) -> int:
        """How long the two talked."""
        if self.joined_ms is None or self.ended_ms is None:
            return 0
        return max(0, self.ended_ms - self.joined_ms)

    @property
    def cost_micros(self) -> int:
        """What that cost, in `currency`."""
        return cost_micros(self.minute_micros, self.talk_ms)
