"""The sender: brings mails to the server; one in each engine.

Who claims has the mails for longer than a batch can take; of an engine that dies, another takes
them up when the lease is over.
"""

import asyncio

import structlog

from engine.errors import EngineError
from engine.flows.mails.rules import rule
from engine.ports.clock import Clock
from engine.ports.mails import ClaimedMail, Mails, MailState, Postman
from engine.ports.metrics import UNMEASURED, Delivery, Metrics

LOOK_EVERY_MS = 1_000
LEASE_MS = 120_000
"""Far longer than the half minute that a try may take."""

BATCH = 5
"""How many are sent at once."""

log = structlog.get_logger(__name__)


class MailSender:
    """The loop that sends."""

    def __init__(
        self,
        mails: Mails,
        postman: Postman,
        clock: Clock,
        look_every_ms: int = LOOK_EVERY_MS,
        metrics: Metrics = UNMEASURED,
    ) -> None:
        self._mails = mails
        self._postman = postman
        self._clock = clock
        self._look_every_ms = look_every_ms
        self._metrics = metrics

    async def run(self) -> None:
        """Send for ever; what goes wrong is logged and tried again."""
        while True:
            try:
                while await self.look() == BATCH:
                    pass
            except EngineError as error:
                log.warning("mails.wait", error=str(error))
            await self._clock.sleep(self._look_every_ms)

    async def look(self) -> int:
        """Send some of what is due; how many were tried."""
        now_ms = self._clock.now().wall_ms
        claimed = await self._mails.claim(now_ms, LEASE_MS, BATCH)
        await asyncio.gather(*map(self._try, claimed))
        return len(claimed)

    async def _try(self, claimed: ClaimedMail) -> None:
        reply = await self._postman.send(claimed.mail)
        tried = rule(reply, claimed, self._clock.now().wall_ms)
        told = {"key": claimed.mail.name, "organisation": claimed.mail.organisation}
        if tried.state is MailState.GIVEN_UP:
            self._metrics.given_up(Delivery.MAIL)
            log.error("mail.given_up", **told, problem=reply.problem)
        elif tried.state is MailState.PENDING:
            log.warning("mail.later", **told, tries=tried.number, problem=reply.problem)
        try:
            await self._mails.finish(tried)
        except EngineError as error:
            # Nobody knows of it now: it is sent once more when the lease is over.
            log.warning("mail.unnoted", **told, error=str(error))
