"""An organisation's own numbers: ordered, listed, given back; its data, sources and notices.

What the operator decides (approval, documents, replacement) is not here.
"""

from typing import Any

from engine.core.money import format_shortest, parse_micros
from engine.core.numbers.due import Notice
from engine.core.numbers.holder import Holder
from engine.core.numbers.life import Refused as Denied
from engine.core.numbers.number import Number
from engine.core.numbers.source import Source
from engine.flows.numbers.allocation import Allocation, Wish
from engine.flows.numbers.holders import Entered, Entry, Holders
from engine.flows.numbers.sources import Channel, Sources
from engine.flows.numbers.words import sentence
from engine.ports.numbers import NumberFilter
from engine.ports.operators import Scope
from engine.web.api import dids, models
from engine.web.api.contract import (
    NOT_FOUND,
    Asked,
    NoBody,
    NoQuery,
    Refusal,
    Refused,
    Result,
    Route,
)

NOT_ALLOWED = Refusal(409, "number_rule", "A rule of numbers forbids it")
_NOT_THERE = Refused(NOT_FOUND, "There is no such number.")
_NO_HOLDER = Refused(NOT_FOUND, "Nothing is known of the organisation yet.")
_NO_SOURCE = Refused(NOT_FOUND, "There is no such source.")


async def list_catalogue(asked: Asked[NoQuery, NoBody]) -> Result:
    """What a number costs a month, by country and purpose. Numbers are entered in no directory."""
    found = await asked.site.numbering.numbers.offers()
    return dids.Catalogue(
        offers=[
            dids.Offered(
                country=offer.country,
                purpose=offer.purpose,
                price=format_shortest(offer.price_micros),
                currency=offer.currency,
            )
            for offer in found
        ]
    )


# --- numbers -------------------------------------------------------------------------------


async def list_numbers(asked: Asked[dids.NumbersQuery, NoBody]) -> Result:
    """A page of the organisation's numbers."""
    query = asked.query
    found = await asked.site.numbering.numbers.numbers(
        NumberFilter(
            organisation=asked.organisation,
            status=query.status,
            after=query.after or "",
            most=query.limit + 1,
        )
    )
    page = found[: query.limit]
    return dids.Dids(
        numbers=[_did(number) for number in page],
        next=page[-1].e164 if len(found) > query.limit else None,
    )


async def order_number(asked: Asked[NoQuery, dids.NewNumber]) -> Result:
    """Order a number at the price that was shown; the operator has yet to approve it."""
    body = asked.body
    wish = Wish(
        organisation=asked.organisation,
        key=asked.once,
        purpose=body.purpose,
        price_micros=parse_micros(body.price, field="price"),
        starts_on=body.starts_on,
        e164=body.number,
    )
    return _answer(await Allocation(asked.site.numbering).order(wish, asked.author))


async def show_number(asked: Asked[NoQuery, NoBody]) -> Result:
    """One of the organisation's numbers."""
    number = await _number(asked)
    return _NOT_THERE if number is None else _did(number)


async def show_history(asked: Asked[NoQuery, NoBody]) -> Result:
    """What was done to a number while it was the organisation's, newest first."""
    number = await _number(asked)
    if number is None:
        return _NOT_THERE
    events = await asked.site.numbering.numbers.history(number.e164, None, models.PAGE_MOST)
    return dids.DidHistory(
        events=[
            dids.DidEvent(
                at=models.write_time(event.at_ms),
                action=event.action,
                status=event.status,
                reason=event.reason,
                other=event.other,
            )
            for event in events
            if event.organisation == asked.organisation
        ]
    )


async def deactivate_number(asked: Asked[NoQuery, dids.Ending]) -> Result:
    """Give a number back for good: for six months nobody has it."""
    number = await _number(asked)
    if number is None:
        return _NOT_THERE
    return _answer(
        await Allocation(asked.site.numbering).deactivate(
            number.e164, asked.body.reason, asked.author, asked.organisation
        )
    )


async def _number(asked: Asked[models.Form, models.Form]) -> Number | None:
    """The number the path names (without its +), if the organisation has it."""
    found = await asked.site.numbering.numbers.number(f"+{asked.ids['number']}")
    return found if found is not None and found.organisation == asked.organisation else None


# --- the organisation's data ---------------------------------------------------------------


async def show_holder(asked: Asked[NoQuery, NoBody]) -> Result:
    """The organisation's data, and what it was asked for."""
    found = await asked.site.numbering.numbers.holder(asked.organisation)
    return _NO_HOLDER if found is None else _holder(Entered(found))


async def enter_holder(asked: Asked[NoQuery, dids.SeatIn]) -> Result:
    """Change the organisation's data; numbers that no longer fit its seat are replaced at once."""
    entry = Entry(**asked.body.model_dump())
    return _holder(
        await Holders(asked.site.numbering).enter(asked.organisation, entry, asked.author)
    )


async def confirm_holder(asked: Asked[NoQuery, NoBody]) -> Result:
    """Confirm that the organisation's data are still right, as is asked for every year."""
    if await asked.site.numbering.numbers.holder(asked.organisation) is None:
        return _NO_HOLDER
    confirmed = await Holders(asked.site.numbering).confirm(asked.organisation, asked.author)
    return _holder(Entered(confirmed))


# --- sources and notices -------------------------------------------------------------------


async def list_sources(asked: Asked[dids.SourcesQuery, NoBody]) -> Result:
    """A page of the organisation's sources."""
    query = asked.query
    found = await Sources(asked.site.numbering).listed(
        asked.organisation, query.after or "", query.limit + 1
    )
    page = found[: query.limit]
    return dids.SourcePage(
        sources=[_source(source) for source in page],
        next=page[-1].source_id if len(found) > query.limit else None,
    )


async def add_source(asked: Asked[NoQuery, dids.NewSource]) -> Result:
    """Say where an active number is published."""
    body = asked.body
    channel = Channel(name=body.name, places=tuple(body.places), ends_on=body.ends_on)
    sources = Sources(asked.site.numbering, asked.site.routing)
    return _source(await sources.add(asked.organisation, body.number, channel, asked.author))


async def change_source(asked: Asked[NoQuery, dids.SourceChange]) -> Result:
    """Say anew where a source's number is published, and until when."""
    source_id, body = asked.ids["source_id"], asked.body
    known = await asked.site.numbering.numbers.source(asked.organisation, source_id)
    if known is None:
        return _NO_SOURCE
    channel = Channel(name=known.name, places=tuple(body.places), ends_on=body.ends_on)
    sources = Sources(asked.site.numbering, asked.site.routing)
    return _source(await sources.change(asked.organisation, source_id, channel, asked.author))


async def confirm_removed(asked: Asked[NoQuery, NoBody]) -> Result:
    """Confirm that the number is out of every offer of the source, which ends it."""
    source_id = asked.ids["source_id"]
    if await asked.site.numbering.numbers.source(asked.organisation, source_id) is None:
        return _NO_SOURCE
    sources = Sources(asked.site.numbering)
    return _source(await sources.confirm_removed(asked.organisation, source_id, asked.author))


async def list_notices(asked: Asked[dids.NoticesQuery, NoBody]) -> Result:
    """A page of what the organisation was told, oldest first."""
    query = asked.query
    found = await asked.site.numbering.numbers.notices(
        asked.organisation, query.after, query.limit + 1
    )
    page = found[: query.limit]
    return dids.NoticePage(
        notices=[_notice(notice) for _, notice in page],
        next=page[-1][0] if len(found) > query.limit else None,
    )


# --- how it is shown -----------------------------------------------------------------------


def _answer(answer: Number | Denied) -> Result:
    if isinstance(answer, Denied):
        return Refused(NOT_ALLOWED, f"{answer.sentence}.", more={"reason": answer.reason.value})
    return _did(answer)


def _did(number: Number) -> dids.Did:
    return dids.Did(
        number=number.e164,
        country=number.country,
        area_code=number.area_code,
        status=number.status,
        purpose=number.purpose,
        price=format_shortest(number.price_micros),
        currency=number.currency,
        starts_on=number.starts_on,
        active_since=number.active_since,
        last_call_on=number.last_call_on,
        quarantined_until=number.quarantined_until,
    )


def _holder(entered: Entered) -> dids.HolderData:
    holder: Holder = entered.holder
    seat = holder.seat
    return dids.HolderData(
        title=holder.title,
        street=seat.street,
        postal_code=seat.postal_code,
        place=seat.place,
        country=seat.country,
        area_code=seat.area_code,
        confirmed_on=holder.confirmed_on,
        mail=holder.mail,
        lang=holder.lang,
        demands=[dids.Demanded(proof=one.proof, by=one.by) for one in holder.demands],
        replaced={old.e164: new.e164 for old, new in entered.replaced},
        waiting=[number.e164 for number in entered.waiting],
    )


def _source(source: Source) -> dids.SourceData:
    return dids.SourceData(
        source_id=source.source_id,
        number=source.e164,
        name=source.name,
        places=list(source.places),
        ends_on=source.ends_on,
        removed_on=source.removed_on,
    )


def _notice(notice: Notice) -> dids.NoticeData:
    return dids.NoticeData(
        day=notice.day,
        kind=notice.kind,
        number=notice.e164 or None,
        until=notice.until,
        de=sentence(notice, "de"),
        en=sentence(notice, "en"),
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/catalogue",
        name="showCatalogue",
        summary="Show what numbers cost a month",
        scope=Scope.DIDS_READ,
        query=NoQuery,
        body=NoBody,
        answer=dids.Catalogue,
        run=list_catalogue,
    ),
    Route(
        method="GET",
        path="/numbers",
        name="listNumbers",
        summary="List the organisation's numbers",
        scope=Scope.DIDS_READ,
        query=dids.NumbersQuery,
        body=NoBody,
        answer=dids.Dids,
        run=list_numbers,
    ),
    Route(
        method="POST",
        path="/numbers",
        name="orderNumber",
        summary="Order a number",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=dids.NewNumber,
        answer=dids.Did,
        run=order_number,
        status=201,
        refusals=(NOT_ALLOWED,),
    ),
    Route(
        method="GET",
        path="/numbers/{number}",
        name="showNumber",
        summary="Show a number",
        scope=Scope.DIDS_READ,
        query=NoQuery,
        body=NoBody,
        answer=dids.Did,
        run=show_number,
    ),
    Route(
        method="GET",
        path="/numbers/{number}/history",
        name="showNumberHistory",
        summary="Show what was done to a number",
        scope=Scope.DIDS_READ,
        query=NoQuery,
        body=NoBody,
        answer=dids.DidHistory,
        run=show_history,
    ),
    Route(
        method="POST",
        path="/numbers/{number}/deactivate",
        name="deactivateNumber",
        summary="Give a number back for good",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=dids.Ending,
        answer=dids.Did,
        run=deactivate_number,
        refusals=(NOT_ALLOWED,),
    ),
    Route(
        method="GET",
        path="/holder",
        name="showHolder",
        summary="Show the organisation's data",
        scope=Scope.DIDS_READ,
        query=NoQuery,
        body=NoBody,
        answer=dids.HolderData,
        run=show_holder,
        refusals=(NOT_FOUND,),
    ),
    Route(
        method="PUT",
        path="/holder",
        name="enterHolder",
        summary="Change the organisation's data",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=dids.SeatIn,
        answer=dids.HolderData,
        run=enter_holder,
    ),
    Route(
        method="POST",
        path="/holder/confirm",
        name="confirmHolder",
        summary="Confirm the organisation's data",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=dids.HolderData,
        run=confirm_holder,
        refusals=(NOT_FOUND,),
    ),
    Route(
        method="GET",
        path="/sources",
        name="listSources",
        summary="List where numbers are published",
        scope=Scope.DIDS_READ,
        query=dids.SourcesQuery,
        body=NoBody,
        answer=dids.SourcePage,
        run=list_sources,
    ),
    Route(
        method="POST",
        path="/sources",
        name="addSource",
        summary="Say where a number is published",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=dids.NewSource,
        answer=dids.SourceData,
        run=add_source,
        status=201,
    ),
    Route(
        method="PUT",
        path="/sources/{source_id}",
        name="changeSource",
        summary="Say anew where a number is published",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=dids.SourceChange,
        answer=dids.SourceData,
        run=change_source,
    ),
    Route(
        method="POST",
        path="/sources/{source_id}/removed",
        name="confirmRemoved",
        summary="Confirm that a number is out of all offers",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=NoBody,
        answer=dids.SourceData,
        run=confirm_removed,
    ),
    Route(
        method="GET",
        path="/notices",
        name="listNotices",
        summary="List what the organisation was told",
        scope=Scope.DIDS_READ,
        query=dids.NoticesQuery,
        body=NoBody,
        answer=dids.NoticePage,
        run=list_notices,
    ),
)
