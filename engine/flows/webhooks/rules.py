"""When a webhook is tried again, given up, and its endpoint told nothing any more: pure rules.

2xx is taken, 410 is an endpoint's own farewell; all else is tried again, ten times in three days.
An endpoint that takes nothing for five days is given up too, whatever was sent there meanwhile.
"""

from dataclasses import dataclass

from engine.ports.webhooks.deliveries import TRIES, DeliveryState
from engine.ports.webhooks.endpoints import Endpoint, EndpointState
from engine.ports.webhooks.post import Reply

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS

WAITS_MS = (
    5_000,
    5 * _MINUTE_MS,
    30 * _MINUTE_MS,
    2 * _HOUR_MS,
    5 * _HOUR_MS,
    10 * _HOUR_MS,
    14 * _HOUR_MS,
    20 * _HOUR_MS,
    20 * _HOUR_MS,
)
"""Between one try and the next: three days less half an hour in all."""

JITTER_PERMILLE = 100
"""Each wait is longer or shorter by up to a tenth, so that not all come back at once."""

FAILING_MOST_MS = 5 * 24 * _HOUR_MS
GONE = 410

FAILURES_MOST = 5
PAUSE_LEAST_MS = 30_000
PAUSE_MOST_MS = 10 * _MINUTE_MS


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from a try: how its delivery stands, when it is tried again (None: not), and
    what its endpoint becomes (None: it stays)."""

    state: DeliveryState
    next_ms: int | None = None
    endpoint_state: EndpointState | None = None


def rule(reply: Reply, left: int, endpoint: Endpoint, now_ms: int, chance_permille: int) -> Ruling:
    """What follows from a try with `left` tries left, itself counted.

    `chance_permille` is drawn evenly from 0 to 1000.
    """
    if reply.is_taken:
        return Ruling(DeliveryState.DELIVERED)
    if reply.status == GONE:
        return Ruling(DeliveryState.GIVEN_UP, endpoint_state=EndpointState.GONE)
    since_ms = endpoint.failing_since_ms
    if since_ms is not None and now_ms - since_ms >= FAILING_MOST_MS:
        return Ruling(DeliveryState.GIVEN_UP, endpoint_state=EndpointState.FAILING)
    if left <= 1:
        return Ruling(DeliveryState.GIVEN_UP)
    wait_ms = WAITS_MS[TRIES - left]
    swing_ms = wait_ms * JITTER_PERMILLE * (2 * chance_permille - 1000) // 1_000_000
    return Ruling(DeliveryState.PENDING, now_ms + wait_ms + swing_ms)


@dataclass(frozen=True, slots=True)
class Breaker:
    """How an endpoint has lately answered this engine (monotonic ms).

    After `FAILURES_MOST` failures in a row nothing is sent to it until `until_ms`, then one alone,
    and the pause doubles with each further failure: who takes nothing is not knocked at in vain
    once for every event that waits for him.
    """

    failures: int = 0
    until_ms: int = 0

    def after(self, is_taken: bool, now_ms: int) -> "Breaker":
        """The breaker after one more try."""
        if is_taken:
            return Breaker()
        failures = self.failures + 1
        if failures < FAILURES_MOST:
            return Breaker(failures)
        doublings = min(failures - FAILURES_MOST, 10)
        return Breaker(failures, now_ms + min(PAUSE_LEAST_MS << doublings, PAUSE_MOST_MS))

    def room(self, concurrency: int, now_ms: int) -> int:
        """How many may be sent at once now."""
        if self.failures < FAILURES_MOST:
            return concurrency
        return 1 if now_ms >= self.until_ms else 0
