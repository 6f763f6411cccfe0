"""The stock of numbers in memory."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import zip_longest

from engine.core.mail import Mail
from engine.core.numbers.due import TO_OPERATOR, Notice
from engine.core.numbers.holder import Holder
from engine.core.numbers.number import Area, Number, Purpose, Status
from engine.core.numbers.rental import Tenure
from engine.core.numbers.source import Source
from engine.core.posting import Entry, EntryKind, holder
from engine.errors import CallerError, ConflictError
from engine.ports.numbers import (
    Commit,
    Count,
    HolderEvent,
    Move,
    NumberEvent,
    NumberFilter,
    Offer,
)


class MemoryNumbers:
    """`ports.numbers.Numbers` in memory; routes of these numbers `follow` every commit."""

    def __init__(self) -> None:
        self._numbers: dict[str, Number] = {}
        self._events: dict[str, list[NumberEvent]] = {}
        self._holders: dict[str, list[HolderEvent]] = {}
        self._files: dict[tuple[str, str], bytes] = {}
        self._sources: dict[str, Source] = {}
        self._notices: dict[str, Notice] = {}
        self._offers: dict[tuple[str, Purpose], Offer] = {}
        self._prices: dict[tuple[str, int], tuple[int, str]] = {}
        self._entries: dict[str, Entry] = {}
        self.mails: dict[str, Mail] = {}
        self.follow: Callable[[Commit], None] = lambda _commit: None

    async def stock(self, numbers: Sequence[Number], author: str, at_ms: int) -> int:
        for number in numbers:
            there = self._numbers.get(number.e164, number)
            if there.area != number.area:
                raise CallerError(f"{number.e164} is in the stock for another area", "e164")
        new = [number for number in numbers if number.e164 not in self._numbers]
        for number in new:
            self._write(Move(number, number, "stocked"), author, at_ms)
        return len(new)

    async def number(self, e164: str) -> Number | None:
        return self._numbers.get(e164)

    async def numbers(self, wanted: NumberFilter) -> Sequence[Number]:
        return [
            number
            for e164, number in sorted(self._numbers.items())
            if e164 > wanted.after
            and wanted.organisation in (None, number.organisation)
            and wanted.status in (None, number.status)
            and wanted.order_key in (None, number.order_key)
            and wanted.purpose in (None, number.purpose)
            and wanted.digits in e164
            and (wanted.only is None or e164 in wanted.only)
        ][: wanted.most]

    async def unused(self, since: date, after: str, most: int) -> Sequence[Number]:
        active = await self.numbers(NumberFilter(status=Status.ACTIVE, after=after, most=9**9))
        return [
            number
            for number in active
            if number.active_since is not None
            and max(number.active_since, number.last_call_on or number.active_since) < since
        ][:most]

    async def counts(self) -> Sequence[Count]:
        alike = Counter((n.country, n.area_code, n.status) for n in self._numbers.values())
        return [
            Count(country=country, area_code=area, status=status, count=count)
            for (country, area, status), count in sorted(alike.items())
        ]

    async def free(self, area: Area, most: int) -> Sequence[Number]:
        free = await self.numbers(NumberFilter(status=Status.FREE, most=len(self._numbers)))
        return [number for number in free if number.area == area][:most]

    async def held(self, organisation: str) -> Mapping[str, int]:
        return Counter(
            number.country
            for number in self._numbers.values()
            if number.is_held and number.organisation == organisation
        )

    async def commit(self, commit: Commit) -> None:
        standing = dict(self._numbers)
        for move in commit.moves:
            if standing.get(move.before.e164) != move.before:
                raise ConflictError(f"{move.before.e164} has changed meanwhile")
            standing[move.after.e164] = move.after
        for source in commit.sources:
            there = self._sources.get(source.source_id)
            if (there.version if there else 0) + 1 != source.version:
                raise ConflictError(f"the source {source.source_id} has changed meanwhile")
        self._check_sources(commit, standing)
        if commit.holder is not None:
            self._put_holder(commit.holder, commit)
        for move in commit.moves:
            self._write(move, commit.author, commit.at_ms)
        self.follow(commit)
        self._sources |= {source.source_id: source for source in commit.sources}
        for notice in commit.notices:
            self._notices.setdefault(notice.key, notice)
        for mail in commit.mails:
            self.mails.setdefault(mail.key, mail)

    def _check_sources(self, commit: Commit, standing: Mapping[str, Number]) -> None:
        moved = {move.before.e164 for move in commit.moves}
        for source in commit.sources:
            number = standing.get(source.e164)
            is_theirs = number is not None and number.organisation == source.organisation
            is_on = is_theirs and number is not None and number.status is Status.ACTIVE
            if source.e164 in moved or is_on:
                continue
            if source.lasts_longer(self._sources.get(source.source_id)):
                raise ConflictError(f"{source.e164} has left {source.organisation} meanwhile")
        after = self._sources | {source.source_id: source for source in commit.sources}
        endless = {
            (one.e164, one.organisation)
            for one in after.values()
            if one.ends_on is None and one.removed_on is None
        }
        for move in commit.moves:
            if move.changes_hands and (move.before.e164, move.before.organisation) in endless:
                raise ConflictError(f"{move.before.e164} has another source meanwhile")

    def _put_holder(self, holder: Holder, commit: Commit) -> None:
        versions = self._holders.setdefault(holder.organisation, [])
        if len(versions) + 1 != holder.version:
            raise ConflictError(f"the data of {holder.organisation} have changed meanwhile")
        versions.append(
            HolderEvent(
                holder=holder,
                at_ms=commit.at_ms,
                author=commit.author,
                action=commit.holder_action,
            )
        )

    def _write(self, move: Move, author: str, at_ms: int) -> None:
        after = move.after
        self._numbers[after.e164] = after
        self._prices[after.e164, after.version] = (after.price_micros, after.currency)
        self._events.setdefault(after.e164, []).append(
            NumberEvent(
                e164=after.e164,
                version=after.version,
                organisation=after.organisation or move.before.organisation,
                at_ms=at_ms,
                author=author,
                action=move.action,
                status=after.status,
                reason=move.reason,
                other=move.other,
            )
        )

    async def called(self, e164: str, day: date) -> None:
        number = self._numbers.get(e164)
        if number is not None and number.status is Status.ACTIVE:
            later = max(day, number.last_call_on or day)
            self._numbers[e164] = replace(number, last_call_on=later)

    async def history(self, e164: str, before: int | None, most: int) -> Sequence[NumberEvent]:
        events = reversed(self._events.get(e164, []))
        return [event for event in events if before is None or event.version < before][:most]

    async def holder(self, organisation: str) -> Holder | None:
        versions = self._holders.get(organisation)
        return versions[-1].holder if versions else None

    async def holders(self, after: str, most: int) -> Sequence[Holder]:
        later = sorted(name for name in self._holders if name > after)
        return [self._holders[name][-1].holder for name in later[:most]]

    async def holder_history(self, organisation: str, most: int) -> Sequence[HolderEvent]:
        return self._holders.get(organisation, [])[::-1][:most]

    async def keep_file(self, organisation: str, document_id: str, content: bytes) -> None:
        self._files.setdefault((organisation, document_id), content)

    async def file(self, organisation: str, document_id: str) -> bytes | None:
        return self._files.get((organisation, document_id))

    async def source(self, organisation: str | None, source_id: str) -> Source | None:
        found = self._sources.get(source_id)
        if found is None or organisation not in (None, found.organisation):
            return None
        return found

    async def sources(
        self, organisation: str | None, e164: str | None, after: str, most: int
    ) -> Sequence[Source]:
        return [
            source
            for source_id, source in sorted(self._sources.items())
            if source_id > after
            and organisation in (None, source.organisation)
            and e164 in (None, source.e164)
        ][:most]

    async def notices(
        self, organisation: str | None, after: int, most: int
    ) -> Sequence[tuple[int, Notice]]:
        return [
            (place, notice)
            for place, notice in enumerate(self._notices.values(), 1)
            if place > after
            and (
                organisation is None
                or (organisation == notice.organisation and notice.kind not in TO_OPERATOR)
            )
        ][:most]

    async def latest(
        self, organisation: str | None, before: int | None, most: int
    ) -> Sequence[tuple[int, Notice]]:
        told = await self.notices(organisation, 0, len(self._notices))
        return [one for one in reversed(told) if before is None or one[0] < before][:most]

    async def told(self, keys: Sequence[str]) -> frozenset[str]:
        return frozenset(keys) & self._notices.keys()

    async def offers(self) -> Sequence[Offer]:
        return [self._offers[key] for key in sorted(self._offers)]

    async def put_offer(self, offer: Offer, author: str, at_ms: int) -> None:
        self._offers[offer.country, offer.purpose] = offer

    async def tenures(
        self, from_ms: int, to_ms: int, organisation: str | None, after: str, most: int
    ) -> Sequence[Tenure]:
        found = []
        for e164 in sorted(name for name in self._events if name > after):
            for on, then in zip_longest(self._events[e164], self._events[e164][1:]):
                price_micros, currency = self._prices[e164, on.version]
                tenure = Tenure(
                    e164=e164,
                    organisation=on.organisation or "",
                    price_micros=price_micros,
                    currency=currency,
                    from_ms=on.at_ms,
                    to_ms=then.at_ms if then is not None else None,
                )
                lasted = tenure.from_ms < to_ms and (tenure.to_ms or to_ms) > from_ms
                is_wanted = organisation in (None, tenure.organisation)
                if on.status is Status.ACTIVE and lasted and is_wanted:
                    found.append(tenure)
        return found[:most]

    async def booked(self, keys: Sequence[str]) -> frozenset[str]:
        return frozenset(keys) & self._entries.keys()

    async def book(self, due: Sequence[Entry]) -> None:
        for entry in due:
            there = self._entries.get(entry.key, entry)
            if there.postings != entry.postings:
                raise ConflictError(f"the key {entry.key} was used for another entry")
        self._entries |= {entry.key: self._entries.get(entry.key, entry) for entry in due}

    async def owed(self, organisation: str, from_ms: int, to_ms: int) -> Mapping[str, int]:
        found = Counter[str]()
        for entry in self._entries.values():
            is_theirs = entry.organisation == organisation and entry.kind is EntryKind.RENTAL
            if is_theirs and from_ms <= entry.at_ms < to_ms:
                owed = [p.micros for p in entry.postings if p.account == holder(organisation)]
                found[entry.currency] -= sum(owed)
        return found
