"""Endpoints: where an organisation's programs are told what happens.

Every method is one transaction, with the errors of `ports.ledger`. What another organisation has
is not there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from engine.core.webhook import EventType

ENDPOINTS_MOST = 20
"""That an organisation may have at a time."""

OVERLAP_MS = 24 * 3_600_000
"""For how long after a rotation the secrets before the present one sign too."""

OVERLAP_SECRETS = 3
"""How many secrets sign then; a rotation done twice by mistake cuts nobody off."""


class EndpointState(StrEnum):
    """Whether an endpoint is told anything; `disabled` by its owner, `gone` by its own word,
    `failing` for days."""

    ACTIVE = "active"
    DISABLED = "disabled"
    GONE = "gone"
    FAILING = "failing"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where to send which events, `concurrency` at once by each engine.

    `generation` counts its secrets from 1; `rotated_ms` is when the present one began.
    `state_ms` is since when it is in its state, `failing_since_ms` since when nothing that was
    sent there was taken.
    """

    endpoint_id: str
    organisation: str
    url: str
    events: tuple[EventType, ...]
    concurrency: int
    created_ms: int
    generation: int = 1
    rotated_ms: int | None = None
    state: EndpointState = EndpointState.ACTIVE
    state_ms: int
    failing_since_ms: int | None = None

    def generations(self, now_ms: int) -> tuple[int, ...]:
        """The secrets that sign at an instant, the present one first."""
        if self.rotated_ms is None or now_ms >= self.rotated_ms + OVERLAP_MS:
            return (self.generation,)
        oldest = max(1, self.generation - OVERLAP_SECRETS + 1)
        return tuple(range(self.generation, oldest - 1, -1))


class Endpoints(Protocol):
    """The endpoints of all organisations; deleted ones are not there."""

    async def add(self, endpoint: Endpoint) -> Endpoint:
        """Write a new endpoint down; the very same one again is the one that is there.

        `ConflictError` if the id is another's, `CallerError` if there are `ENDPOINTS_MOST`.
        """
        ...

    async def endpoint(self, organisation: str | None, endpoint_id: str) -> Endpoint | None:
        """The endpoint with this id, if it is the organisation's; whosever it is, for None."""
        ...

    async def endpoints(self, organisation: str | None) -> Sequence[Endpoint]:
        """All, or an organisation's, oldest first."""
        ...

    async def rotate(self, organisation: str, endpoint_id: str, at_ms: int) -> Endpoint | None:
        """Let a new secret sign, and those before it for `OVERLAP_MS` yet."""
        ...

    async def set_state(
        self, organisation: str, endpoint_id: str, state: EndpointState, at_ms: int
    ) -> Endpoint | None:
        """Bring an endpoint into a state; unless that is `active`, what waits is given up."""
        ...
