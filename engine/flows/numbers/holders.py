"""Holders' data: written down, confirmed every year, proved by documents, moved with the seat.

A change of address that no longer fits replaces every number, the first in the same transaction
and the others right after it, as far as the new area has free ones; the rest as soon as blocks of
that area are taken in, or by the day's work. What the new seat has to prove is asked for in the
same transaction. The last document that is accepted switches on what waited for it, in the same
transaction.
"""

import hashlib
import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from engine.core.mail import check_address
from engine.core.number import check_region
from engine.core.numbers.due import (
    Notice,
    NoticeKind,
    Work,
    demand_notice,
    due_of_number,
)
from engine.core.numbers.holder import (
    Document,
    DocumentKind,
    Holder,
    Proof,
    Seat,
    Verdict,
    checked,
    demanded,
    missing,
    settled,
)
from engine.core.numbers.life import Refused
from engine.core.numbers.number import Area, Number, Status
from engine.errors import CallerError
from engine.flows.numbers.allocation import going_on
from engine.flows.numbers.numbering import PAGE, Numbering, decided
from engine.flows.numbers.replacing import Moving, moving
from engine.flows.numbers.words import LANGS
from engine.ports.numbers import Commit, NumberFilter

TEXT_MOST = 200
FILE_BYTES_MOST = 5 * 1024 * 1024
DOCUMENTS_MOST = 100
ENDINGS = {b"%PDF-": "pdf", b"\x89PNG\r\n\x1a\n": "png", b"\xff\xd8\xff": "jpg"}
"""What documents may be where a customer hands them in, by their first bytes, and how their files
end."""

BROUGHT_ON_MOST = 200
"""How many numbers one transaction switches on; more of them are several transactions."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A holder's data as entered; `area_code` only where the place's name does not tell it.

    `mail` is where notices go, in the language `lang`; empty: they are not mailed. What is None
    stays as it was.
    """

    title: str
    street: str
    postal_code: str
    place: str
    country: str
    area_code: str = ""
    mail: str | None = None
    lang: str | None = None


@dataclass(frozen=True, slots=True)
class Entered:
    """What came of it: numbers that were replaced (old, new), and those that wait to be."""

    holder: Holder
    replaced: tuple[tuple[Number, Number], ...] = ()
    waiting: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """A document as it is handed in; `dated` by whoever made it."""

    kind: DocumentKind
    file_name: str
    content: bytes
    dated: date
    expires_on: date | None = None


Change = Callable[[Holder, date], tuple[Holder, tuple[Notice, ...]]]


class Holders:
    """Who has numbers, and what is known and proved of them."""

    def __init__(self, numbering: Numbering) -> None:
        self._numbering = numbering

    async def holder(self, organisation: str) -> Holder:
        """An organisation's data; `CallerError` if there are none."""
        return await self._numbering.holder(organisation)

    async def enter(self, organisation: str, entry: Entry, author: str) -> Entered:
        """Write the data down, which confirms them; numbers that no longer fit are replaced."""
        seat = self._seat(entry)
        if entry.mail:
            check_address(entry.mail, field="mail")
        if entry.lang not in (None, *LANGS):
            raise CallerError(f"must be one of {', '.join(LANGS)}", "lang")

        async def decide(attempt: int) -> tuple[Holder, Moving]:
            at_ms, day = self._numbering.now()
            before = await self._numbering.numbers.holder(organisation)
            blank = Holder(
                organisation=organisation, title=entry.title, seat=seat, confirmed_on=day
            )
            known = settled(before or blank, day)
            after = replace(
                known,
                title=entry.title,
                seat=seat,
                confirmed_on=day,
                mail=known.mail if entry.mail is None else entry.mail,
                lang=entry.lang or known.lang,
                version=known.version + 1,
            )
            action = "entered" if before is None else "changed"
            moved = await moving(self._numbering, after, day, attempt)
            commit = replace(moved.commit, author=author, at_ms=at_ms, holder_action=action)
            await self._numbering.commit(commit)
            return commit.holder or after, moved

        holder, first = await decided(decide)
        if not first.waiting:
            return Entered(holder, first.pairs)
        pairs, waiting = await self._replace_rest(organisation, author)
        return Entered(await self.holder(organisation), (*first.pairs, *pairs), waiting)

    async def confirm(self, organisation: str, author: str) -> Holder:
        """The yearly word that the data are as they are known."""

        def change(holder: Holder, day: date) -> tuple[Holder, tuple[Notice, ...]]:
            return replace(holder, confirmed_on=day), ()

        return await self._change(organisation, "confirmed", author, change)

    async def demand(self, organisation: str, proof: Proof, by: date | None, author: str) -> Holder:
        """Ask for a proof, anew if there is one, to come by a day."""

        def change(holder: Holder, day: date) -> tuple[Holder, tuple[Notice, ...]]:
            due = by or day + timedelta(days=self._numbering.policy.deadline_days)
            if due < day:
                raise CallerError("must not be over", "by")
            after = demanded(holder, proof, due, day, anew=True)
            return after, (demand_notice(after, after.demands[-1]),)

        return await self._change(organisation, "demanded", author, change)

    async def hand_in(self, organisation: str, paper: Paper, author: str) -> Document:
        """Keep a document until somebody checks it."""
        _, today = self._numbering.now()
        _check_text(paper.file_name, "file_name")
        if not 0 < len(paper.content) <= FILE_BYTES_MOST:
            raise CallerError(f"must have 1 to {FILE_BYTES_MOST} bytes", "content")
        if paper.dated > today:
            raise CallerError("must not be to come", "dated")
        holder = await self.holder(organisation)
        document = Document(
            document_id=uuid.uuid4().hex,
            kind=paper.kind,
            file_name=paper.file_name,
            sha256=hashlib.sha256(paper.content).hexdigest(),
            address=holder.seat.to_prove,
            uploaded_on=today,
            dated=paper.dated,
            expires_on=paper.expires_on,
        )

        def change(holder: Holder, _day: date) -> tuple[Holder, tuple[Notice, ...]]:
            if len(holder.documents) >= DOCUMENTS_MOST:
                raise CallerError(f"there are {DOCUMENTS_MOST} documents already", "content")
            return replace(holder, documents=(*holder.documents, document)), ()

        await self._numbering.numbers.keep_file(organisation, document.document_id, paper.content)
        await self._change(organisation, "handed_in", author, change)
        return document

    async def check(
        self, organisation: str, document_id: str, verdict: Verdict, note: str, author: str
    ) -> Holder:
        """Say what came of looking at a document; who handed in a bad one is told why.

        Numbers that waited for it are switched on, if nothing else is wanting and their day has
        come.
        """

        def change(holder: Holder, day: date) -> tuple[Holder, tuple[Notice, ...]]:
            known = [d for d in holder.documents if d.document_id == document_id]
            if not known:
                raise CallerError(f"there is no document {document_id}", "document_id")
            document = replace(
                known[0], verdict=verdict, checked_on=day, checked_by=author, note=note
            )
            return checked(holder, document, day), _refusal(holder, document, day)

        holder, count = await self._complete(organisation, "checked", author, change)
        while count == BROUGHT_ON_MOST:
            holder, count = await self._complete(organisation, "completed", author, _as_it_is)
        return holder

    async def replace_waiting(self, areas: Collection[Area], author: str) -> None:
        """Replace what waited for free numbers of these areas, as far as there are some now."""
        after = ""
        while page := await self._numbering.numbers.holders(after, PAGE):
            for holder in page:
                if holder.seat.area in areas:
                    await self._replace_rest(holder.organisation, author)
            after = page[-1].organisation

    async def _replace_rest(
        self, organisation: str, author: str
    ) -> tuple[Sequence[tuple[Number, Number]], tuple[Number, ...]]:
        """Replace what fits the seat no longer, step by step, until nothing is free: the numbers
        with those that replace them, and those that wait."""

        async def decide(attempt: int) -> Moving:
            at_ms, day = self._numbering.now()
            holder = await self.holder(organisation)
            after = replace(holder, version=holder.version + 1)
            moved = await moving(self._numbering, after, day, attempt)
            if moved.made:
                await self._numbering.commit(
                    replace(moved.commit, author=author, at_ms=at_ms, holder_action="replaced")
                )
            return moved

        pairs: list[tuple[Number, Number]] = []
        while (moved := await decided(decide)).made:
            pairs += moved.pairs
        return pairs, moved.waiting

    async def _change(self, organisation: str, action: str, author: str, change: Change) -> Holder:
        async def decide(_attempt: int) -> Holder:
            at_ms, day = self._numbering.now()
            changed, notices = change(await self.holder(organisation), day)
            after = replace(changed, version=changed.version + 1)
            commit = Commit(author=author, at_ms=at_ms, notices=notices)
            await self._numbering.commit(replace(commit, holder=after, holder_action=action))
            return after

        return await decided(decide)

    async def _complete(
        self, organisation: str, action: str, author: str, change: Change
    ) -> tuple[Holder, int]:
        """As `_change`, and what waited for documents goes on; how many numbers."""

        async def decide(_attempt: int) -> tuple[Holder, int]:
            at_ms, day = self._numbering.now()
            changed, notices = change(await self.holder(organisation), day)
            after = replace(changed, version=changed.version + 1)
            brought = await brought_on(self._numbering, after, day)
            commit = replace(brought, author=author, at_ms=at_ms, holder_action=action)
            await self._numbering.commit(replace(commit, notices=(*notices, *brought.notices)))
            return after, count_of(commit)

        return await decided(decide)

    def _seat(self, entry: Entry) -> Seat:
        for field in ("title", "street", "postal_code", "place"):
            _check_text(getattr(entry, field), field)
        country = check_region(entry.country, field="country")
        if country is None:
            raise CallerError('must be a country such as "DE"', "country")
        areas = self._numbering.areas
        code = areas.of_seat(country, entry.place, entry.area_code)
        return Seat(
            street=entry.street,
            postal_code=entry.postal_code,
            place=entry.place,
            country=country,
            area_code=code,
            area_given=code != areas.of_place(country, entry.place),
        )


def _refusal(holder: Holder, document: Document, day: date) -> tuple[Notice, ...]:
    if document.verdict is not Verdict.REFUSED:
        return ()
    notice = Notice(
        key=f"document:{document.document_id}",
        organisation=holder.organisation,
        kind=NoticeKind.DOCUMENT_REFUSED,
        day=day,
        detail=document.note or document.file_name,
    )
    return (notice,)


def ending_of(content: bytes) -> str:
    """How a document's file ends. `CallerError` with `content` for what is none of `ENDINGS`."""
    for begin, ending in ENDINGS.items():
        if content.startswith(begin):
            return ending
    raise CallerError("must be a PDF, PNG or JPEG file", "content")


def _check_text(text: str, field: str) -> None:
    if not 0 < len(text.strip()) <= TEXT_MOST or not text.isprintable():
        raise CallerError(f"must be 1 to {TEXT_MOST} printable characters", field)


def _as_it_is(holder: Holder, _day: date) -> tuple[Holder, tuple[Notice, ...]]:
    return holder, ()


async def brought_on(numbering: Numbering, holder: Holder, day: date) -> Commit:
    """What the numbers of a holder (as he is to be) that wait for documents become, event by event;
    nothing while something is wanting. Author, instant and the holder's action are yet to come.

    At most `BROUGHT_ON_MOST` numbers at a time. The holder's version is part of it: nothing is
    switched on by what was proved before.
    """
    none = Commit(author="", at_ms=0, holder=holder)
    held = await numbering.held(holder.organisation)
    if missing(holder, held, day, numbering.policy):
        return none
    wanted = NumberFilter(organisation=holder.organisation, status=Status.DOCUMENTS_PENDING)
    parts: list[Commit] = []
    count = 0
    async for waiting in numbering.all_numbers(wanted):
        number = waiting
        while isinstance(
            work := due_of_number(number, holder, False, numbering.policy, day), Work
        ) and not isinstance(part := going_on(work, day), Refused):
            parts.append(part)
            number = part.moves[-1].after
        count += 1
        if count == BROUGHT_ON_MOST:
            break
    return replace(
        none,
        moves=tuple(move for part in parts for move in part.moves),
        notices=tuple(notice for part in parts for notice in part.notices),
    )


def count_of(commit: Commit) -> int:
    """How many numbers a commit moves."""
    return len({move.before.e164 for move in commit.moves})
