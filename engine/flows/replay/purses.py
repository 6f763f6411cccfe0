"""What accounts have for their calls under a draft: what they had, less what it took before.

An account had for a call what was on it once the call was booked, and the call's charge. What other
calls held meanwhile was there too: whoever ends first is served first, here as in the journal.
"""

from engine.core.cdr import CallRecord
from engine.core.rating import charge
from engine.flows.replay.rules import Outcome

ACCOUNTS_KEPT = 100_000
"""Of so many accounts is kept what the draft took from them: those that it took it from last.

One that is pushed out has all its money again, so its later calls may come out too dear.
"""


class Purses:
    """The accounts of calls that are replayed in the order of their ends."""

    def __init__(self, most: int = ACCOUNTS_KEPT) -> None:
        self._most = most
        self._more_micros: dict[str, int] = {}

    def money_micros(self, record: CallRecord, balance_after_micros: int | None) -> int | None:
        """What the call could cost, at least 0; None if the books do not know its account.

        It was never less than what was charged, nor than the first increment of who was let in.
        """
        if balance_after_micros is None or record.account_id is None:
            return None
        first_micros = 0 if record.rate is None else charge(record.rate, 1)
        had_micros = max(0, balance_after_micros) + record.charge_micros
        more_micros = self._more_micros.get(record.account_id, 0)
        return max(0, max(had_micros, first_micros) - more_micros)

    def take(self, record: CallRecord, after: Outcome) -> None:
        """Note what the draft took more from the call's account, or (negative) less."""
        if record.account_id is None or after.currency != record.currency:
            return
        more_micros = self._more_micros.pop(record.account_id, 0)
        more_micros += after.charge_micros - record.charge_micros
        if more_micros:
            self._more_micros[record.account_id] = more_micros
        if len(self._more_micros) > self._most:
            del self._more_micros[next(iter(self._more_micros))]
