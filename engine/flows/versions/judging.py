"""Files as somebody wants them in force: read, and judged by all that is known beside them.

The stock changes every day: whose a number is, is asked of what is to be in force, never again of
what is.
"""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from engine.core.inventory import Inventory
from engine.core.numbers.number import Status
from engine.flows.config import (
    NO_STOCK,
    Asker,
    Holders,
    Problems,
    entries,
    parse,
    shown_and_not_held,
)
from engine.flows.config.providers import Forms
from engine.flows.config.words.wording import Texts
from engine.flows.numbers.numbering import every_number
from engine.ports.numbers import NumberFilter, Numbers


@dataclass(frozen=True, slots=True)
class Judge:
    """Reads files by the payment providers that there are (`forms`), the stock, and the `texts` of
    announcements.

    Raises `RemoteError` if the stock does not answer, `CallerError` for texts that cannot be used.
    """

    forms: Forms
    numbers: Numbers
    texts: Texts

    async def read(self, files: Mapping[str, str], number: int) -> Inventory | Problems:
        """What files say that are in force, were, or were judged before."""
        return await asyncio.to_thread(parse, as_bytes(files), number, self.forms)

    async def wanted_again(self, files: Mapping[str, str], number: int) -> Inventory | Problems:
        """What files say that were in force and are to be again, judged by the texts as engines do.

        Whose the numbers are that people called are shown is not asked: going back is for
        emergencies.
        """
        return await self._parsed(as_bytes(files), number, None, None)

    async def judged(
        self, sources: Mapping[str, bytes], number: int, asker: Asker | None
    ) -> Inventory | Problems:
        """What files say that `asker` wants in force, None being the operator.

        He alone answers for the numbers that people called are shown. The stock is asked of those
        that no service has.
        """
        if asker is not None:
            return await self._parsed(sources, number, asker, None)
        outcome = await self._parsed(sources, number, None, NO_STOCK)
        unknown = shown_and_not_held(outcome)
        stocked = await self._stocked(unknown) if unknown else None
        return await self._parsed(sources, number, None, stocked) if stocked else outcome

    async def asker(
        self, organisation: str | None, base: Inventory, files: Mapping[str, str]
    ) -> Asker | None:
        """Who wants a change of what is in force, `base` as `files` say it, and what he may."""
        if organisation is None:
            return None
        in_force = await asyncio.to_thread(entries, as_bytes(files))
        services = [one for one in base.services if one.organisation == organisation]
        active = NumberFilter(organisation=organisation, status=Status.ACTIVE)
        stocked = {number.e164 async for number in every_number(self.numbers, active)}
        held = frozenset(stocked.union(*(one.dids for one in services)))
        return Asker(organisation, held, in_force)

    async def _parsed(
        self,
        sources: Mapping[str, bytes],
        number: int,
        asker: Asker | None,
        stocked: Holders | None,
    ) -> Inventory | Problems:
        def read() -> Inventory | Problems:
            return parse(sources, number, self.forms, asker, stocked, self.texts())

        return await asyncio.to_thread(read)

    async def _stocked(self, numbers: Collection[str]) -> Holders:
        """Who has which of these numbers, as far as they take calls."""
        wanted = NumberFilter(status=Status.ACTIVE, only=numbers)
        return {
            one.e164: frozenset({one.organisation})
            async for one in every_number(self.numbers, wanted)
            if one.organisation is not None
        }


def as_bytes(files: Mapping[str, str]) -> Mapping[str, bytes]:
    """A version's files as they were read."""
    return {name: text.encode() for name, text in files.items()}
