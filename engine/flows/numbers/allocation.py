"""Numbers ordered, approved, taken back, replaced: each a decision on what was just read.

What a rule forbids is answered with `Refused`; a number that is not there, or another's, raises
`CallerError`. Others who are faster make a decision be made anew, so that two orders never get one
number, nor the hundred-and-first without its certificate.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from engine.core.numbers.due import Notice, NoticeKind, Work, asked_for, misplaced
from engine.core.numbers.holder import Holder, may_order, missing
from engine.core.numbers.life import (
    Approved,
    Deactivated,
    DocumentsCompleted,
    Event,
    Ordered,
    QuarantineEnded,
    Reason,
    Refused,
    Released,
    SwitchedOn,
    Withdrawn,
    step,
)
from engine.core.numbers.number import Area, Number, Purpose, Status
from engine.core.numbers.source import Source
from engine.flows.numbers.numbering import ATTEMPTS, PAGE, Numbering, decided
from engine.flows.numbers.replacing import replacement
from engine.ports.numbers import Commit, Move, NumberFilter, Offer

TOLL_FREE = Area("US", "")
ACTIONS: Mapping[type[Event], str] = {
    QuarantineEnded: "freed",
    DocumentsCompleted: "documents_completed",
    SwitchedOn: "switched_on",
    Deactivated: "reclaimed",
    Released: "lapsed",
}
"""What is written into the history for an event that was due."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """An order: the monthly price as it was shown, from when (None: today), and a key that tells
    it from its repeat. `e164` can be named only by who had it before: it took his calls."""

    organisation: str
    key: str
    purpose: Purpose = Purpose.TRACKING
    price_micros: int
    starts_on: date | None = None
    e164: str | None = None


class Allocation:
    """Gives numbers to organisations, and takes them back."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    async def order(self, wish: Wish, author: str) -> Number | Refused:
        """The number that an order gets; the operator has yet to approve it."""
        repeated = await self._numbering.numbers.numbers(
            NumberFilter(organisation=wish.organisation, order_key=wish.key, most=1)
        )
        if repeated:
            return repeated[0]
        return await decided(lambda attempt: self._order(wish, author, attempt))

    async def _order(self, wish: Wish, author: str, attempt: int) -> Number | Refused:
        at_ms, day = self._numbering.now()
        holder = await self._numbering.numbers.holder(wish.organisation)
        if holder is None:
            return Refused(Reason.NO_HOLDER, f"nothing is known of {wish.organisation} yet")
        refused = may_order(holder, wish.purpose, day)
        if refused is not None:
            return refused
        area = _area(holder, wish.purpose)
        offer = await self._offer(area, wish)
        if isinstance(offer, Refused):
            return offer
        free = await self._candidate(wish, area, attempt)
        if isinstance(free, Refused):
            return free
        event = Ordered(
            organisation=wish.organisation,
            purpose=wish.purpose,
            order_key=wish.key,
            price_micros=offer.price_micros,
            currency=offer.currency,
            starts_on=wish.starts_on or day,
        )
        after = step(free, event, day)
        if not isinstance(after, Refused):
            # The holder's version goes on too: his orders are decided one after the other.
            counted = replace(holder, version=holder.version + 1)
            await self._numbering.commit(
                Commit(
                    author=author,
                    at_ms=at_ms,
                    moves=(Move(free, after, "ordered"),),
                    holder=counted,
                    holder_action="ordered",
                )
            )
        return after

    async def _offer(self, area: Area, wish: Wish) -> Offer | Refused:
        for offer in await self._numbering.numbers.offers():
            if (offer.country, offer.purpose) == (area.country, wish.purpose):
                if offer.price_micros == wish.price_micros:
                    return offer
                return Refused(Reason.PRICE_CHANGED, "the price a month is another by now")
        return Refused(Reason.NOT_OFFERED, f"no {wish.purpose} numbers of {area.country} are sold")

    async def _candidate(self, wish: Wish, area: Area, attempt: int) -> Number | Refused:
        if wish.e164 is not None:
            number = await self._numbering.number(wish.e164)
            if number.is_held:
                await self._numbering.number(wish.e164, wish.organisation)
            if number.area != area:
                return Refused(Reason.OTHER_AREA, f"{wish.e164} is not of the seat's area")
            if not await self._had(wish.organisation, wish.e164):
                return Refused(
                    Reason.NEVER_HAD,
                    f"{wish.e164} was never a number of {wish.organisation}: only an old number can"
                    " be named",
                )
            return number
        free = await self._numbering.free(area, ATTEMPTS)
        if not free:
            return Refused(Reason.NONE_FREE, f"no number of {area.country} {area.code} is free")
        return free[attempt % len(free)]

    async def _had(self, organisation: str, e164: str) -> bool:
        """Whether a number took calls of an organisation at some time."""
        before: int | None = None
        while page := await self._numbering.numbers.history(e164, before, PAGE):
            if any(
                event.organisation == organisation and event.status is Status.ACTIVE
                for event in page
            ):
                return True
            before = page[-1].version
        return False

    async def approve(self, e164: str, author: str) -> Number | Refused:
        """Agree to an order; it is switched on if its day has come and no document is wanting,
        which is asked for otherwise."""
        return await decided(lambda _attempt: self._approve(e164, author))

    async def _approve(self, e164: str, author: str) -> Number | Refused:
        at_ms, day = self._numbering.now()
        number = await self._numbering.number(e164)
        if number.status is not Status.ORDERED:
            return step(number, Approved(complete=False), day)
        holder = await self._numbering.numbers.holder(number.organisation or "")
        if holder is None:
            return Refused(Reason.NO_HOLDER, f"nothing is known of {number.organisation}")
        if misplaced(number, holder):
            return Refused(Reason.OTHER_AREA, f"{e164} is not of the seat's area any more")
        held = await self._numbering.numbers.held(holder.organisation)
        asked, notices = asked_for(holder, held, self._numbering.policy, day)
        complete = not missing(asked, held, day, self._numbering.policy)
        after = step(number, Approved(complete=complete), day)
        if isinstance(after, Refused):
            return after
        moves = [Move(number, after, "approved")]
        on = step(after, SwitchedOn(), day)
        if not isinstance(on, Refused):
            moves.append(Move(after, on, "switched_on"))
            notices = (*notices, told(on, NoticeKind.ACTIVATED, day))
        await self._numbering.commit(
            Commit(
                author=author,
                at_ms=at_ms,
                moves=tuple(moves),
                holder=replace(asked, version=asked.version + 1),
                holder_action="approved",
                notices=notices,
            )
        )
        return moves[-1].after

    async def reject(self, e164: str, reason: str, author: str) -> Number | Refused:
        """Refuse an order; the number is free at once."""
        return await self._end(e164, None, Released(), "rejected", reason, author)

    async def deactivate(
        self, e164: str, reason: str, author: str, organisation: str | None = None
    ) -> Number | Refused:
        """Switch a number off for good, or take an order back."""
        number = await self._numbering.number(e164, organisation)
        event = Deactivated() if number.status is Status.ACTIVE else Released()
        return await self._end(e164, organisation, event, "deactivated", reason, author)

    async def withdraw(self, e164: str, reason: str, author: str) -> Number | Refused:
        """The carrier has a number no more, which nobody had any longer."""
        return await self._end(e164, None, Withdrawn(), "withdrawn", reason, author)

    async def _end(
        self,
        e164: str,
        organisation: str | None,
        event: Event,
        action: str,
        reason: str,
        author: str,
    ) -> Number | Refused:
        async def decide(_attempt: int) -> Number | Refused:
            at_ms, day = self._numbering.now()
            number = await self._numbering.number(e164, organisation)
            commit = await ending(self._numbering, number, event, action, reason, day)
            if isinstance(commit, Refused):
                return commit
            await self._numbering.commit(replace(commit, author=author, at_ms=at_ms))
            return commit.moves[0].after

        return await decided(decide)

    async def replace(
        self, e164: str, reason: str, author: str, new: str | None = None
    ) -> tuple[Number, Number] | Refused:
        """Give another number of the holder's area for this one; the old and the new."""

        async def decide(attempt: int) -> tuple[Number, Number] | Refused:
            at_ms, day = self._numbering.now()
            old = await self._numbering.number(e164)
            area = await self._area_now(old)
            if isinstance(area, Refused):
                return area
            free = await self._free_for(area, new, attempt)
            if isinstance(free, Refused):
                return free
            made = await replacement(self._numbering, old, free, reason, day)
            if isinstance(made, Refused):
                return made
            await self._numbering.commit(
                Commit(
                    author=author,
                    at_ms=at_ms,
                    moves=made.moves,
                    sources=made.sources,
                    notices=(made.notice,),
                )
            )
            return made.old, made.new

        return await decided(decide)

    async def _area_now(self, old: Number) -> Area | Refused:
        """The area a number's successor is of: that of the holder's seat as it is now."""
        holder = await self._numbering.numbers.holder(old.organisation or "")
        if holder is None or old.purpose is not Purpose.TRACKING:
            return old.area
        country = holder.seat.country
        abroad = Refused(Reason.FOREIGN_SEAT, f"the seat is in {country}, which has no numbers")
        return holder.seat.area or abroad

    async def _free_for(self, area: Area, new: str | None, attempt: int) -> Number | Refused:
        if new is not None:
            number = await self._numbering.number(new)
            other = Refused(Reason.OTHER_AREA, f"{new} is of another area")
            return number if number.area == area else other
        free: Sequence[Number] = await self._numbering.free(area, ATTEMPTS)
        if not free:
            return Refused(Reason.NONE_FREE, f"no number of {area.country} {area.code} is free")
        return free[attempt % len(free)]


async def ending(
    numbering: Numbering, number: Number, event: Event, action: str, reason: str, day: date
) -> Commit | Refused:
    """The commit (author and instant yet to come) by which a number leaves its holder.

    Its sources end with it, and wait to be confirmed to be out of all offers.
    """
    after = step(number, event, day)
    if isinstance(after, Refused):
        return after
    sources: list[Source] = []
    notices: tuple[Notice, ...] = ()
    if number.organisation is not None:
        was_active = number.status is Status.ACTIVE
        kind = NoticeKind.DEACTIVATED if was_active else NoticeKind.ORDER_REFUSED
        notice = told(number, kind, day)
        until = after.quarantined_until
        notices = (replace(notice, detail=reason, until=until),)
        sources = [
            replace(source, ends_on=day, version=source.version + 1)
            async for source in numbering.all_sources(number.organisation, number.e164)
            if source.ends_on is None or source.ends_on > day
        ]
    return Commit(
        author="",
        at_ms=0,
        moves=(Move(number, after, action, reason),),
        sources=tuple(sources),
        notices=notices,
    )


def going_on(work: Work, day: date) -> Commit | Refused:
    """The commit (author and instant yet to come) by which a number goes on without leaving
    anybody."""
    after = step(work.number, work.event, day)
    if isinstance(after, Refused):
        return after
    is_on = after.status is Status.ACTIVE
    return Commit(
        author="",
        at_ms=0,
        moves=(Move(work.number, after, ACTIONS[type(work.event)], work.reason),),
        notices=(told(after, NoticeKind.ACTIVATED, day),) if is_on else (),
    )


def told(number: Number, kind: NoticeKind, day: date) -> Notice:
    """What a number's holder is told of it."""
    return Notice(
        key=f"{kind}:{number.e164}:{number.version}",
        organisation=number.organisation or "",
        kind=kind,
        day=day,
        e164=number.e164,
    )


def _area(holder: Holder, purpose: Purpose) -> Area:
    seat = holder.seat.area if purpose is Purpose.TRACKING else None
    return seat or TOLL_FREE
