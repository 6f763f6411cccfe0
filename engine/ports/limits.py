"""Limits on calls that we place: counted in the store, by all engines together, in one step."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` calls within `window_ms` under a key; `name` says which limit it is."""

    name: str
    key: str
    most: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class Breaker:
    """No further call under a key once, of its last `window` outcomes within `window_ms`, fewer
    than `share_percent` were good; with fewer outcomes than that all is well."""

    name: str
    key: str
    window: int
    share_percent: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class LimitUse:
    """A limit and how many calls count under it now."""

    limit: Limit
    counted: int


@dataclass(frozen=True, slots=True)
class BreakerUse:
    """A breaker and the last outcomes it looks at now, `good` of them good."""

    breaker: Breaker
    outcomes: int
    good: int

    @property
    def forbids(self) -> bool:
        """Whether it lets no call through."""
        breaker = self.breaker
        is_full = self.outcomes >= breaker.window
        return is_full and self.good * 100 < breaker.share_percent * breaker.window


@dataclass(frozen=True, slots=True)
class Use:
    """How limits and breakers stand, in the order they were asked for."""

    limits: tuple[LimitUse, ...]
    breakers: tuple[BreakerUse, ...]


class Limits(Protocol):
    """Raises `RemoteError(retryable=True)` when the store does not answer: then do not call."""

    async def admit(
        self, call_id: str, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]
    ) -> str | None:
        """Count a call under every limit, or under none: then the name of what forbids it.

        The same call is counted once.
        """
        ...

    async def use(self, limits: tuple[Limit, ...], breakers: tuple[Breaker, ...]) -> Use:
        """How they stand; counts nothing."""
        ...

    async def note_outcome(
        self, subject_id: str, good: bool, breakers: tuple[Breaker, ...]
    ) -> None:
        """Keep for the breakers how something came out, once for each subject."""
        ...
