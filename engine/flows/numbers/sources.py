"""Sales channels: where an organisation's numbers are published, and that they are no more.

One number, one source: a second one would count no calls, nor be told to whoever answers.
"""

import contextlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.number import Status
from engine.core.numbers.source import Source
from engine.errors import CallerError, RemoteError
from engine.flows.diversion.routing import Routing
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
    """Adds, changes and ends sources.

    With `routing` the words by which targets are told of a source are made at once; without it
    after the first call.
    """

    def __init__(self, numbering: Numbering, routing: Routing | None = None) -> None:
        self._numbering = numbering
        self._routing = routing

    async def add(self, organisation: str, e164: str, channel: Channel, author: str) -> Source:
        """A source on an active number that has no other one running."""
        _check(channel)
        source = Source(
            source_id=uuid.uuid4().hex,
            organisation=organisation,
            e164=e164,
            name=channel.name,
            places=channel.places,
            ends_on=channel.ends_on,
            version=1,
        )

        async def decide(_attempt: int) -> Source:
            await self._check_active(source, "number")
            await self._put(source, author, alone="number")
            return source

        return await self._named(await decided(decide))

    async def change(
        self, organisation: str, source_id: str, channel: Channel, author: str
    ) -> Source:
        """Say something else of a source that was not confirmed to be over; its name stays.

        It lasts no longer once its number has left.
        """
        _check(channel)

        async def decide(_attempt: int) -> Source:
            source = await self._source(organisation, source_id)
            if source.removed_on is not None:
                raise CallerError("is over", "source_id")
            if channel.name != source.name:
                raise CallerError(
                    "cannot be changed, for calls are counted by it: end this source, and add one"
                    " of the new name",
                    "name",
                )
            after = replace(
                source,
                places=channel.places,
                ends_on=channel.ends_on,
                version=source.version + 1,
            )
            if after.lasts_longer(source):
                await self._check_active(source, "ends_on")
            _, day = self._numbering.now()
            was_running = source.is_running(day)
            await self._put(after, author, alone="" if was_running else "ends_on")
            return after

        return await self._named(await decided(decide))

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

    async def _put(self, source: Source, author: str, *, alone: str = "") -> None:
        """Write a source down; `alone` names the field at fault if its number has one already.

        The holder's version goes on then: his sources are decided one after the other.
        """
        at_ms, day = self._numbering.now()
        commit = Commit(author=author, at_ms=at_ms, sources=(source,))
        if alone and source.is_running(day):
            holder = await self._numbering.numbers.holder(source.organisation)
            await self._check_alone(source, day, alone)
            if holder is not None:
                counted = replace(holder, version=holder.version + 1)
                commit = replace(commit, holder=counted, holder_action="published")
        await self._numbering.commit(commit)

    async def _check_active(self, source: Source, field: str) -> None:
        number = await self._numbering.numbers.number(source.e164)
        if number is None or number.organisation != source.organisation:
            raise CallerError(f"there is no number {source.e164}", field)
        if number.status is not Status.ACTIVE:
            raise CallerError(f"{source.e164} is {number.status}", field)

    async def _check_alone(self, source: Source, day: date, field: str) -> None:
        async for other in self._numbering.all_sources(source.organisation, source.e164):
            if other.is_running(day) and other.source_id != source.source_id:
                raise CallerError(
                    f"{source.e164} has the source {other.name} already: end that one first, or"
                    " take another number",
                    field,
                )

    async def _named(self, source: Source) -> Source:
        if self._routing is not None:
            with contextlib.suppress(RemoteError):
                await self._routing.make_words(source.organisation, source.e164)
        return source


def _check(channel: Channel) -> None:
    texts = {"name": (channel.name,), "places": channel.places}
    for field, values in texts.items():
        for text in values:
            if not 0 < len(text.strip()) <= TEXT_MOST or not text.isprintable():
                raise CallerError(f"must be 1 to {TEXT_MOST} printable characters", field)
    if len(channel.places) > PLACES_MOST:
        raise CallerError(f"must be at most {PLACES_MOST}", "places")
