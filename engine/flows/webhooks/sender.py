"""The sender: brings events to the endpoints that want them; one in each engine.

Each endpoint that something is due for has a lane, a task that claims and sends until nothing is
due, so one that is slow holds up nobody else. Who claims has the delivery for longer than a try
can take; of an engine that dies, another takes it up when the lease is over.
"""

import asyncio
import secrets
from collections.abc import Callable

import structlog

from engine.errors import EngineError
from engine.flows.webhooks.rules import PAUSE_MOST_MS, Breaker, rule
from engine.flows.webhooks.signing import Signer
from engine.ports.audit import Act, Audit
from engine.ports.clock import Clock
from engine.ports.metrics import UNMEASURED, Delivery, Metrics
from engine.ports.webhooks.deliveries import Claimed, Deliveries, DeliveryState, Tried
from engine.ports.webhooks.endpoints import Endpoint, EndpointState
from engine.ports.webhooks.post import Post

LOOK_EVERY_MS = 1_000
LEASE_MS = 60_000
"""Far longer than the ten seconds that a try may take."""

LANES_MOST = 200

log = structlog.get_logger(__name__)


def _even_permille() -> int:
    return secrets.randbelow(1001)


class Sender:
    """The loop that sends; `chance` draws evenly from 0 to 1000."""

    def __init__(
        self,
        deliveries: Deliveries,
        post: Post,
        signer: Signer,
        audit: Audit,
        clock: Clock,
        chance: Callable[[], int] = _even_permille,
        look_every_ms: int = LOOK_EVERY_MS,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._deliveries = deliveries
        self._post = post
        self._signer = signer
        self._audit = audit
        self._clock = clock
        self._chance = chance
        self._look_every_ms = look_every_ms
        self._metrics = metrics
        self._lanes: dict[str, asyncio.Task[None]] = {}
        self._breakers: dict[str, Breaker] = {}

    async def run(self) -> None:
        """Send for ever; what goes wrong is logged and tried again."""
        try:
            while True:
                try:
                    await self.look()
                except EngineError as error:
                    log.warning("webhooks.wait", error=str(error))
                await self._clock.sleep(self._look_every_ms)
        finally:
            lanes = tuple(self._lanes.values())
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def look(self) -> None:
        """Open a lane for each endpoint that something is due for."""
        now = self._clock.now()
        self._forget_old(now.mono_ms)
        shut = {name for name, held in self._breakers.items() if not held.room(1, now.mono_ms)}
        free = LANES_MOST - len(self._lanes)
        if free <= 0:
            return
        without = shut | self._lanes.keys()
        for endpoint_id in await self._deliveries.due_endpoints(now.wall_ms, without, free):
            self._lanes[endpoint_id] = asyncio.create_task(self._serve(endpoint_id))

    def _forget_old(self, now_ms: int) -> None:
        """Forget how endpoints answered that nothing was sent to for long; deleted ones too."""
        for name, held in tuple(self._breakers.items()):
            if held.until_ms and now_ms > held.until_ms + 2 * PAUSE_MOST_MS:
                del self._breakers[name]

    async def _serve(self, endpoint_id: str) -> None:
        """Send one endpoint what is due, until nothing is or it takes nothing."""
        try:
            most = 1
            while most:
                now_ms = self._clock.now().wall_ms
                batch = await self._deliveries.claim(endpoint_id, now_ms, LEASE_MS, most)
                if batch is None:
                    return
                await asyncio.gather(*(self._try(batch.endpoint, one) for one in batch.claimed))
                breaker = self._breakers.get(endpoint_id, Breaker())
                most = breaker.room(batch.endpoint.concurrency, self._clock.now().mono_ms)
        except EngineError as error:
            log.warning("webhooks.wait", endpoint=endpoint_id, error=str(error))
        except Exception as error:
            log.error("webhooks.fault", endpoint=endpoint_id, exc_info=error)
        finally:
            del self._lanes[endpoint_id]

    async def _try(self, endpoint: Endpoint, claimed: Claimed) -> None:
        """Send once, and note what came of it."""
        began, body = self._clock.now(), claimed.body.encode()
        headers = self._signer.headers(
            endpoint.endpoint_id,
            endpoint.generations(began.wall_ms),
            claimed.event_id,
            began.wall_ms // 1000,
            body,
        )
        reply = await self._post.send(endpoint.url, headers, body)
        now = self._clock.now()
        ruling = rule(reply, claimed.left, endpoint, now.wall_ms, self._chance())
        breaker = self._breakers.pop(endpoint.endpoint_id, Breaker())
        breaker = breaker.after(reply.is_taken, now.mono_ms)
        if breaker.failures:
            self._breakers[endpoint.endpoint_id] = breaker
        tried = Tried(
            delivery_id=claimed.delivery_id,
            endpoint_id=endpoint.endpoint_id,
            number=claimed.number,
            state=ruling.state,
            next_ms=ruling.next_ms,
            tried_ms=now.wall_ms,
            status=reply.status,
            latency_ms=now.mono_ms - began.mono_ms,
            answer=reply.answer,
            endpoint_state=ruling.endpoint_state,
        )
        if ruling.state is DeliveryState.GIVEN_UP:
            self._metrics.given_up(Delivery.WEBHOOK)
            log.warning("webhook.given_up", delivery=claimed.delivery_id, status=reply.status)
        try:
            if await self._deliveries.finish(tried) and ruling.endpoint_state is not None:
                await self._tell_stopped(endpoint, ruling.endpoint_state, now.wall_ms)
        except EngineError as error:
            # Nobody knows of it now: it is sent once more when the lease is over.
            log.warning("webhooks.unnoted", delivery=claimed.delivery_id, error=str(error))

    async def _tell_stopped(self, endpoint: Endpoint, state: EndpointState, at_ms: int) -> None:
        """Write to the audit log and the log that an endpoint is told nothing more."""
        self._metrics.endpoint_stopped()
        log.error(
            "webhook.endpoint_stopped",
            endpoint=endpoint.endpoint_id,
            organisation=endpoint.organisation,
            state=state,
        )
        act = Act(
            act_id=secrets.token_hex(12),
            at_ms=at_ms,
            organisation=endpoint.organisation,
            author="engine",
            address="",
            action="webhooks.stop",
            target=f"webhooks/{endpoint.endpoint_id}",
        )
        await self._audit.begin(act)
        await self._audit.end(act.act_id, "done", {"state": state})
