"""What an agent is shown of a call: who calls, the warning that stands, money that came in. Pure.

He sees a number cut by three digits, or none at all; never one that is withheld.
"""

import re
from dataclasses import dataclass, field

from engine.core.cdr import CallRecord
from engine.core.masking import shown
from engine.flows.live import LiveCall
from engine.flows.machines.seen import Warned

TOLD_SHOWN_MS = 20_000
TOP_UP_SHOWN_MS = 12_000
STILL_SOON_S = 5
_SECONDS = re.compile(r"-s(\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskCall:
    """A call of the agent's own, live or over."""

    call_id: str
    organisation: str
    account_id: str | None
    service: str
    caller: str | None
    withheld: bool
    arrived_ms: int
    talk_ms: int | None = None

    @classmethod
    def of_live(cls, call: LiveCall) -> "DeskCall":
        """A call that goes on."""
        return cls(
            call_id=call.call_id,
            organisation=call.organisation,
            account_id=call.account_id,
            service=call.service,
            caller=call.caller,
            withheld=call.withheld,
            arrived_ms=call.arrived_ms,
        )

    @classmethod
    def of_record(cls, record: CallRecord, title: str) -> "DeskCall":
        """A call that is over; `title` is its service's."""
        return cls(
            call_id=record.call_id,
            organisation=record.organisation,
            account_id=record.account_id,
            service=title,
            caller=shown(record.e164, withheld=record.withheld),
            withheld=record.withheld,
            arrived_ms=record.arrived_ms,
            talk_ms=record.talk_ms,
        )


def warning(call: LiveCall | None, now_ms: int) -> Warned | None:
    """The warning that stands: told a moment ago, or told and still true.

    It is none any more when money has come in and the time left is longer than it said.
    """
    if call is None or not call.warned:
        return None
    last = call.warned[-1]
    if now_ms < last.at_ms + TOLD_SHOWN_MS:
        return last
    said = _SECONDS.search(last.prompt)
    if said is None or call.left_ms is None:
        return None
    left_ms = call.left_ms - max(0, now_ms - call.at_ms)
    return last if left_ms <= (int(said[1]) + STILL_SOON_S) * 1000 else None


@dataclass(slots=True)
class TopUps:
    """Notices money that comes in while one call goes on: its balance only ever grows by that."""

    call_id: str = ""
    balance_micros: int | None = None
    came_micros: int = 0
    came_ms: int | None = field(default=None)

    def notice(self, call: LiveCall | None, now_ms: int) -> int:
        """Micro-units that came in within the last seconds, 0 if none did."""
        if call is None or call.call_id != self.call_id:
            self.call_id, self.came_ms = call.call_id if call else "", None
            self.balance_micros = call.balance_micros if call else None
            return 0
        before, self.balance_micros = self.balance_micros, call.balance_micros
        if before is not None and call.balance_micros is not None and call.balance_micros > before:
            self.came_micros, self.came_ms = call.balance_micros - before, now_ms
        if self.came_ms is None or now_ms >= self.came_ms + TOP_UP_SHOWN_MS:
            return 0
        return self.came_micros
