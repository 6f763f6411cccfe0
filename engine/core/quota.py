"""The meter of a call and the time its account has left. All times are milliseconds.

A `Meter` counts what is charged (RFC 8506 calls it used service units): it stands still or runs
since an instant, it knows the free seconds before charging begins, and how many increments have
been granted, which is to say held in the store. `paid_until_ms` is where the grants end;
`cut_off_ms` where they will end if everyone on the account goes on talking.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.core.rating import Rate, charge, increments_begun, max_increments, seconds_of

if TYPE_CHECKING:
    from engine.core.account import Hold


@dataclass(frozen=True, slots=True)
class Meter:
    """Charged time of a call: `counted_ms` in closed stretches, then since `running_since_ms`."""

    rate: Rate
    free_ms: int
    granted_n: int = 0
    counted_ms: int = 0
    running_since_ms: int | None = None

    @property
    def running(self) -> bool:
        return self.running_since_ms is not None

    def elapsed_ms(self, at_ms: int) -> int:
        """Time charged for by `at_ms`; zero or less while the free seconds last."""
        since = self.running_since_ms
        running_ms = max(0, at_ms - since) if since is not None else 0
        return self.counted_ms + running_ms - self.free_ms

    def at_elapsed_ms(self, elapsed_ms: int) -> int:
        """The instant at which a running meter reaches `elapsed_ms`."""
        if self.running_since_ms is None:
            raise ValueError("a standing meter reaches nothing")
        return self.running_since_ms + elapsed_ms + self.free_ms - self.counted_ms

    def paid_until_ms(self) -> int:
        """The instant at which the grants of a running meter are used up."""
        return self.at_elapsed_ms(seconds_of(self.rate, self.granted_n) * 1000)

    def started(self, at_ms: int) -> "Meter":
        """The meter running from `at_ms`; one that runs already is left as it is."""
        return self if self.running else replace(self, running_since_ms=at_ms)

    def stopped(self, at_ms: int) -> "Meter":
        """The meter standing since `at_ms`, but never later than the end of its grants."""
        if self.running_since_ms is None:
            return self
        until_ms = min(at_ms, max(self.paid_until_ms(), self.running_since_ms))
        counted_ms = self.counted_ms + max(0, until_ms - self.running_since_ms)
        return replace(self, counted_ms=counted_ms, running_since_ms=None)

    def granted(self, granted_n: int) -> "Meter":
        """The meter with `granted_n` increments held."""
        return replace(self, granted_n=granted_n)

    def begun_n(self, at_ms: int) -> int:
        """Increments begun by `at_ms`, the charged ones if it were stopped then."""
        return increments_begun(self.rate, self.elapsed_ms(at_ms))


def committed_micros(meter: Meter, at_ms: int) -> int:
    """What a call will have cost by `at_ms` if it goes on: at least what is granted to it."""
    return charge(meter.rate, max(meter.granted_n, meter.begun_n(at_ms)))


def cut_off_ms(mine: Meter, others: Sequence["Hold"], balance_micros: int) -> int:
    """The instant at which the money ends my running call if every call on the account goes on.

    Each call goes on buying its increments at its own price; mine ends where its next one no
    longer fits beside what all of them will have used by then. The largest call duration caps it.
    """
    low, high = mine.granted_n, max_increments(mine.rate)
    if high < low:
        high = low
    while low < high:
        n = (low + high + 1) // 2
        begins_ms = mine.at_elapsed_ms(seconds_of(mine.rate, n - 1) * 1000)
        spent = sum(_others_spend(hold, begins_ms) for hold in others)
        if charge(mine.rate, n) + spent <= balance_micros:
            low = n
        else:
            high = n - 1
    return mine.at_elapsed_ms(seconds_of(mine.rate, low) * 1000)


def _others_spend(hold: "Hold", at_ms: int) -> int:
    if hold.meter is None:
        return hold.micros
    return max(hold.micros, committed_micros(hold.meter, at_ms))
