"""The sender: tells collectors of calls; one in each engine.

A collector is told by one engine at a time, in the order of its calls. Some are told at once, and
one that fails rests, so that none holds up the others for long.
"""

import asyncio

import structlog

from engine.core.analytics.collector import Collector, Hit
from engine.core.analytics.telling import GA4_URL, Answer, Heard, Telling, heard, tellings
from engine.errors import EngineError
from engine.flows.analytics.rules import fresh, rule
from engine.flows.payments.seals import Purpose, Seal
from engine.ports.analytics import Collectors
from engine.ports.clock import Clock
from engine.ports.webhooks.post import Post

LOOK_EVERY_MS = 5_000
LEASE_MS = 60_000
"""Far longer than the ten seconds that requests, sent at once, may take."""

BATCH = 20
BESIDE = 4
"""How many collectors are told at once, once there is anything to tell."""

UNREADABLE = "the secret cannot be read: set it up again"

log = structlog.get_logger(__name__)


class HitSender:
    """The loop that tells; `ga4_url` is where Google Analytics is reached."""

    def __init__(
        self,
        collectors: Collectors,
        post: Post,
        seal: Seal,
        clock: Clock,
        ga4_url: str = GA4_URL,
    ) -> None:
        self._collectors = collectors
        self._post = post
        self._seal = seal
        self._clock = clock
        self._ga4_url = ga4_url

    async def run(self) -> None:
        """Tell for ever; what goes wrong is logged and tried again."""
        while True:
            try:
                while await self.look():
                    await asyncio.gather(*(self.look() for _ in range(BESIDE)))
            except EngineError as error:
                log.warning("analytics.wait", error=str(error))
            except Exception:  # one collector's fault must not end what all are told by
                log.exception("analytics.fault")
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> bool:
        """Tell one collector some of what is due; whether there was any."""
        now_ms = self._clock.now().wall_ms
        claim = await self._collectors.claim(now_ms, LEASE_MS, BATCH)
        if claim is None:
            return False
        answers = await self._tell(claim.collector, fresh(claim.hits, now_ms))
        done = rule(claim, answers, self._clock.now().wall_ms)
        if done.problem:
            told = {"collector": done.collector_id, "organisation": claim.collector.organisation}
            log.warning("analytics.problem", **told, problem=done.problem, failures=done.failures)
        await self._collectors.finish(done)
        return True

    async def _tell(self, collector: Collector, hits: list[Hit]) -> list[Answer]:
        secret = self._secret(collector)
        if secret is None:
            return [(hits, Heard.REFUSED, UNREADABLE)]
        requests = tellings(collector, secret, hits, self._ga4_url)
        answers = await asyncio.gather(*(self._ask(collector, one) for one in requests))
        return [one for of_request in answers for one in of_request]

    async def _ask(self, collector: Collector, telling: Telling) -> tuple[Answer, ...]:
        reply = await self._post.send(telling.url, {}, telling.body)
        return heard(collector.program, telling.hits, reply.status, reply.answer)

    def _secret(self, collector: Collector) -> str | None:
        if not collector.secret:
            return ""
        return self._seal.show(Purpose.COLLECTOR, collector.collector_id, collector.secret)
