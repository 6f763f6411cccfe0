"""Sales channels: where an organisation's numbers are published, and that they are no more."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.number import Status
from engine.core.numbers.source import Source
from engine.errors import CallerError
from engine.flows.numbers.numbering import Numbering, decided
from engine.ports.numbers import Commit

TEXT_MOST = 200
PLACES_MOST = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What is said of a source: its name, where its number is published, its planned last day."""

    name: str
    places: tuple[str, ...] = ()
    ends_on: date | None = None


class Sources:
    """Adds, changes and ends sources."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    async def add(self, organisation: str, e164: str, channel: Channel, author: str) -> Source:
        """A source on an active number, which may have several."""
        _check(channel)
        number = await self._numbering.number(e164, organisation)
        if number.status is not Status.ACTIVE:
            raise CallerError(f"{e164} is {number.status}", "number")
        source = Source(
            source_id=uuid.uuid4().hex,
            organisation=organisation,
            e164=e164,
            name=channel.name,
            places=channel.places,
            ends_on=channel.ends_on,
            version=1,
        )
        await self._put(source, author)
        return source

    async def change(
        self, organisation: str, source_id: str, channel: Channel, author: str
    ) -> Source:
        """Say something else of a source that was not confirmed to be over."""
        _check(channel)

        async def decide(_attempt: int) -> Source:
            source = await self._source(organisation, source_id)
            if source.removed_on is not None:
                raise CallerError("is over", "source_id")
            after = replace(
                source,
                name=channel.name,
                places=channel.places,
                ends_on=channel.ends_on,
                version=source.version + 1,
            )
            await self._put(after, author)
            return after

        return await decided(decide)

    async def confirm_removed(self, organisation: str, source_id: str, author: str) -> Source:
        """The organisation's word that the number is out of every offer; ends the source."""

        async def decide(_attempt: int) -> Source:
            source = await self._source(organisation, source_id)
            if source.removed_on is not None:
                return source
            _, day = self._numbering.now()
            ends_on = min(source.ends_on or day, day)
            after = replace(source, ends_on=ends_on, removed_on=day, version=source.version + 1)
            await self._put(after, author)
            return after

        return await decided(decide)

    async def listed(self, organisation: str, after: str, most: int) -> Sequence[Source]:
        """A page of an organisation's sources."""
        return await self._numbering.numbers.sources(organisation, None, after, most)

    async def _source(self, organisation: str, source_id: str) -> Source:
        found = await self._numbering.numbers.source(organisation, source_id)
        if found is None:
            raise CallerError(f"there is no source {source_id}", "source_id")
        return found

    async def _put(self, source: Source, author: str) -> None:
        at_ms, _ = self._numbering.now()
        await self._numbering.commit(Commit(author=author, at_ms=at_ms, sources=(source,)))


def _check(channel: Channel) -> None:
    texts = {"name": (channel.name,), "places": channel.places}
    for field, values in texts.items():
        for text in values:
            if not 0 < len(text.strip()) <= TEXT_MOST or not text.isprintable():
                raise CallerError(f"must be 1 to {TEXT_MOST} printable characters", field)
    if len(channel.places) > PLACES_MOST:
        raise CallerError(f"must be at most {PLACES_MOST}", "places")
