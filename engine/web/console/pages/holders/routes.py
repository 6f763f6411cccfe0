"""An organisation's data as its contract for numbers has them, confirmed and proved.

The organisation enters, confirms and hands in; the operator asks for proofs and checks them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from aiohttp import web

from engine.core.numbers.holder import (
    Document,
    DocumentKind,
    Holder,
    Proof,
    Verdict,
    missing,
    must_confirm,
    overdue,
)
from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.numbers.holders import FILE_BYTES_MOST, Entered, Entry, Holders, Paper, ending_of
from engine.flows.numbers.words import LANGS
from engine.web.console.asked import PAGE_ROWS, Asked, Belongs
from engine.web.console.forms.filters import day_of, today, word_of
from engine.web.console.menu import Item, Section
from engine.web.console.papers import attachment
from engine.web.console.route import Handler, Route, Subject, Whose

HOLDER = "/console/holder"
HOLDERS = "/console/holders"
ONE = f"{HOLDERS}/{{holder}}"
DOCUMENT = f"{ONE}/documents/{{document_id}}"
UPLOAD_BYTES_MOST = FILE_BYTES_MOST + 64 * 1024
TEXT_CHARS_MOST = 200


@dataclass(frozen=True, slots=True)
class HolderFile:
    """What is known of an organisation; nothing yet, or a document of its."""

    organisation: str
    holder: Holder | None
    document: Document | None = None


async def find(asked: Asked) -> Belongs | None:
    """The organisation that the address names, if there is one, and what is known of it."""
    name = asked.request.match_info["holder"]
    if name not in {one.name for one in asked.site.inventory().organisations}:
        return None
    return HolderFile(name, await asked.site.numbering.numbers.holder(name))


async def find_document(asked: Asked) -> Belongs | None:
    """The document that the address names."""
    found = await find(asked)
    if not isinstance(found, HolderFile) or found.holder is None:
        return None
    wanted = asked.request.match_info["document_id"]
    documents = [one for one in found.holder.documents if one.document_id == wanted]
    return HolderFile(found.organisation, found.holder, documents[0]) if documents else None


async def show_own(asked: Asked) -> web.StreamResponse:
    """On to the page of the organisation that is looked at."""
    return asked.go(f"{HOLDERS}/{asked.owner}")


async def show_all(asked: Asked) -> web.StreamResponse:
    """Every holder, with what waits for him or for the operator."""
    after = asked.wanted("after")
    found = await asked.site.numbering.numbers.holders(after, PAGE_ROWS + 1)
    more = found[PAGE_ROWS - 1].organisation if len(found) > PAGE_ROWS else ""
    day = today(asked)
    rows = [(holder, unchecked(holder), overdue(holder, day)) for holder in found[:PAGE_ROWS]]
    return asked.render(
        "holders/list.html", rows=rows, more=more, day=day, must_confirm=must_confirm
    )


def unchecked(holder: Holder) -> Sequence[Document]:
    """The documents that nobody has looked at yet."""
    return [one for one in holder.documents if one.verdict is Verdict.UNCHECKED]


async def show(asked: Asked) -> web.StreamResponse:
    """An organisation's data, what is wanting, its documents."""
    return await _show(asked)


async def _show(asked: Asked, entered: Entered | None = None) -> web.Response:
    file = asked.found(HolderFile)
    numbering, day = asked.site.numbering, today(asked)
    holder = entered.holder if entered is not None else file.holder
    held = await numbering.numbers.held(file.organisation)
    wanting = missing(holder, held, day, numbering.policy) if holder is not None else ()
    return asked.render(
        "holders/holder.html",
        organisation=file.organisation,
        path=f"{HOLDERS}/{file.organisation}",
        holder=holder,
        entered=entered,
        wanting=sorted(wanting),
        must_confirm=holder is not None and must_confirm(holder, day),
        late={demand.proof for demand in overdue(holder, day)} if holder is not None else (),
        kinds=tuple(DocumentKind),
        proofs=tuple(Proof),
        day=day,
        langs=LANGS,
    )


async def enter(asked: Asked) -> web.StreamResponse:
    """Write the data down; numbers that no longer fit the seat are replaced, and named."""
    entry = Entry(
        title=asked.typed("title"),
        street=asked.typed("street"),
        postal_code=asked.typed("postal_code"),
        place=asked.typed("place"),
        country=asked.typed("country").upper(),
        area_code=asked.typed("area_code"),
        mail=asked.typed("mail"),
        lang=asked.typed("lang") or None,
    )
    organisation = asked.found(HolderFile).organisation
    entered = await _holders(asked).enter(organisation, entry, asked.user.name)
    asked.note(replaced=len(entered.replaced), waiting=len(entered.waiting))
    if entered.replaced or entered.waiting:
        return await _show(asked, entered)
    return _done(asked, "holders.entered_now")


async def confirm(asked: Asked) -> web.StreamResponse:
    """The yearly word that the data are right."""
    await _holders(asked).confirm(asked.found(HolderFile).organisation, asked.user.name)
    return _done(asked, "holders.confirmed_now")


async def hand_in(asked: Asked) -> web.StreamResponse:
    """Keep a document for the operator to check."""
    kind = word_of(DocumentKind, asked.typed("kind"))
    if kind is None:
        raise CallerError("must be one of the list", "kind")
    content = asked.file("content")
    ending = ending_of(content)
    dated = _day(asked, "dated")
    if dated is None:
        raise CallerError("must be given", "dated")
    paper = Paper(
        kind=kind,
        file_name=f"{kind}-{dated}.{ending}",
        content=content,
        dated=dated,
        expires_on=_day(asked, "expires_on"),
    )
    organisation = asked.found(HolderFile).organisation
    document = await _holders(asked).hand_in(organisation, paper, asked.user.name)
    asked.note(document=document.document_id, kind=kind)
    return _done(asked, "holders.handed_in_now")


async def demand(asked: Asked) -> web.StreamResponse:
    """Ask for a proof, to come by a day."""
    proof = word_of(Proof, asked.typed("proof"))
    if proof is None:
        raise CallerError("must be one of the list", "proof")
    asked.note(proof=proof)
    organisation = asked.found(HolderFile).organisation
    await _holders(asked).demand(organisation, proof, _day(asked, "by"), asked.user.name)
    return _done(asked, "holders.demanded_now")


async def read(asked: Asked) -> web.StreamResponse:
    """A document's file, to keep: nothing in it runs here."""
    document = _document(asked)
    organisation = asked.found(HolderFile).organisation
    content = await asked.site.numbering.numbers.file(organisation, document.document_id)
    if content is None:
        raise web.HTTPNotFound
    ending = document.file_name.rpartition(".")[2] if document.file_name.isascii() else "bin"
    name = f"{document.kind}-{document.dated}.{ending if ending.isalnum() else 'bin'}"
    return attachment(asked, content, "application/octet-stream", name)


async def check(asked: Asked) -> web.StreamResponse:
    """Say what came of looking at a document."""
    verdict = word_of(Verdict, asked.typed("verdict"))
    if verdict is None or verdict is Verdict.UNCHECKED:
        raise CallerError("must be accepted or refused", "verdict")
    note = asked.typed("note", TEXT_CHARS_MOST)
    if verdict is Verdict.REFUSED and not note:
        raise CallerError("must be given", "note")
    document, organisation = _document(asked), asked.found(HolderFile).organisation
    asked.note(document=document.document_id, verdict=verdict)
    await _holders(asked).check(organisation, document.document_id, verdict, note, asked.user.name)
    is_good = verdict is Verdict.ACCEPTED
    return _done(asked, "holders.checked_accepted" if is_good else "holders.checked_refused")


def _document(asked: Asked) -> Document:
    document = asked.found(HolderFile).document
    if document is None:
        raise web.HTTPNotFound
    return document


def _day(asked: Asked, field: str) -> date | None:
    typed = asked.typed(field)
    day = day_of(typed)
    if typed and day is None:
        raise CallerError("must be a day", field)
    return day


def _holders(asked: Asked) -> Holders:
    return Holders(asked.site.numbering)


def _done(asked: Asked, key: str) -> web.Response:
    return asked.done(f"{HOLDERS}/{asked.found(HolderFile).organisation}", key)


def _act(
    path: str,
    handler: Handler,
    verb: str,
    whose: Whose = Whose.ANY,
    *,
    asks_first: bool = False,
    upload_bytes_most: int = 0,
) -> Route:
    return Route(
        "POST",
        path,
        Right.NUMBERS_WRITE,
        handler,
        whose=whose,
        finds=find_document if path.startswith(DOCUMENT) else find,
        action=f"holders.{verb}",
        asks_first=asks_first,
        again=show,
        upload_bytes_most=upload_bytes_most,
    )


SUBJECT = Subject(
    routes=(
        Route("GET", HOLDER, Right.NUMBERS_READ, show_own, whose=Whose.ONE),
        Route("GET", HOLDERS, Right.NUMBERS_READ, show_all, whose=Whose.OPERATOR),
        Route("GET", ONE, Right.NUMBERS_READ, show, finds=find),
        _act(f"{ONE}/data", enter, "enter", asks_first=True),
        _act(f"{ONE}/confirm", confirm, "confirm"),
        _act(f"{ONE}/documents", hand_in, "hand_in", upload_bytes_most=UPLOAD_BYTES_MOST),
        _act(f"{ONE}/demand", demand, "demand", Whose.OPERATOR),
        Route(
            "GET",
            DOCUMENT,
            Right.NUMBERS_READ,
            read,
            finds=find_document,
            action="holders.export",
            is_page=False,
        ),
        _act(f"{DOCUMENT}/check", check, "check", Whose.OPERATOR),
    ),
    menu=(
        Item(Section.LINES, HOLDER, Right.NUMBERS_READ, "holders.title", place=61),
        Item(
            Section.LINES,
            HOLDERS,
            Right.NUMBERS_READ,
            "holders.all",
            place=66,
            operator_alone=True,
        ),
    ),
)
