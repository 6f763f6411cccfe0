"""An account as a running call sees it: the balance and everything held on it."""

from dataclasses import dataclass, field

from engine.core.quota import Meter


@dataclass(frozen=True, slots=True)
class Hold:
    """Money held: R(n) of a live call's granted increments, or a fixed amount (no meter)."""

    hold_id: str
    micros: int
    meter: Meter | None = None


@dataclass(frozen=True, slots=True)
class AccountView:
    """Balance (micro-units) at journal sequence `seq`, and the holds of all live calls."""

    account_id: str
    currency: str
    balance_micros: int
    seq: int
    holds: tuple[Hold, ...] = field(default=())

    @property
    def held_micros(self) -> int:
        """All that is held, by whomever."""
        return sum(hold.micros for hold in self.holds)

    @property
    def available_micros(self) -> int:
        """What can still be held or spent; below zero after a reversal."""
        return self.balance_micros - self.held_micros

    @property
    def blocked(self) -> bool:
        """Below zero after a reversal: no new call until it is paid."""
        return self.balance_micros < 0

    def others(self, call_id: str) -> tuple[Hold, ...]:
        """The holds of everyone but this call."""
        return tuple(hold for hold in self.holds if hold.hold_id != call_id)
