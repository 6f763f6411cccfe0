"""Before a version is put in force: every engine that lives has made what it says.

Whoever wants files in force proposes them in the books. Each engine looks there four times a
second, says that it is at it, has the new sentences made and says what it cannot say. So what is
put in force was made before, a swap is as quick as a look, and a price that one engine could not
tell is refused while the old one still holds for all.
"""

import structlog

from engine.core.inventory import Inventory
from engine.errors import RemoteError
from engine.flows import hearing
from engine.flows.config import Problems
from engine.flows.versions.configuration import Configuration
from engine.flows.versions.view import View
from engine.flows.versions.watching import LOOK_EVERY_MS, UNSAID_MOST
from engine.ports.clock import Clock
from engine.ports.speech import Sounds
from engine.ports.versions import Answer, Unsaid

log = structlog.get_logger(__name__)


class Preparer:
    """An engine's answers to what is proposed."""

    def __init__(
        self, configuration: Configuration, view: View, sounds: Sounds, clock: Clock, engine: str
    ) -> None:
        self._configuration = configuration
        self._view = view
        self._sounds = sounds
        self._clock = clock
        self._engine = engine
        self._answered: frozenset[int] = frozenset()
        self._failed: frozenset[int] = frozenset()

    async def run(self) -> None:
        """Answer for ever, whatever one look meets; that the books are away, the watcher says."""
        while True:
            try:
                await self.look()
            except RemoteError:
                pass
            except Exception:
                log.exception("config.not_prepared")
            await self._clock.sleep(LOOK_EVERY_MS)

    async def look(self) -> None:
        """Answer what is proposed and not answered yet; one that fails holds up no other, and is
        tried again with the next look; why it fails is logged once."""
        open_now = frozenset(await self._configuration.proposals())
        self._answered &= open_now
        self._failed &= open_now
        for proposal in sorted(open_now - self._answered):
            try:
                await self._answer(proposal)
            except RemoteError:
                continue
            except Exception:
                if proposal not in self._failed:
                    log.exception("config.not_prepared", proposal=proposal)
                self._failed |= {proposal}
                continue
            self._answered |= {proposal}

    async def _answer(self, proposal: int) -> None:
        await self._say(proposal, is_done=False)
        inventory = await self._configuration.proposed(proposal)
        if isinstance(inventory, Inventory):
            unsaid = await hearing.added(self._view.inventory(), inventory, self._sounds)
            await self._say(proposal, unsaid=unsaid)
        elif isinstance(inventory, Problems):
            # An engine of another release: what it cannot read, it says when it is in force.
            await self._say(proposal)

    async def _say(
        self, proposal: int, *, is_done: bool = True, unsaid: list[Unsaid] | None = None
    ) -> None:
        told = tuple(unsaid or ())[:UNSAID_MOST]
        await self._configuration.answer(
            Answer(proposal=proposal, engine=self._engine, is_done=is_done, unsaid=told)
        )
