"""Documents handed in, and listed; the operator checks them in the console."""

import base64
import binascii
from typing import Any

from engine.core.numbers.holder import Document
from engine.errors import CallerError
from engine.flows.numbers.holders import Holders, Paper, ending_of
from engine.ports.operators import Scope
from engine.web.api.contract import NOT_FOUND, Asked, NoBody, NoQuery, Refused, Result, Route
from engine.web.api.documents import models

_NO_HOLDER = Refused(NOT_FOUND, "Nothing is known of the organisation yet.")


async def list_documents(asked: Asked[NoQuery, NoBody]) -> Result:
    """What the organisation handed in, newest first, and what came of it."""
    holder = await asked.site.numbering.numbers.holder(asked.organisation)
    if holder is None:
        return _NO_HOLDER
    return models.DocumentList(documents=[_sheet(one) for one in reversed(holder.documents)])


async def hand_in(asked: Asked[NoQuery, models.NewDocument]) -> Result:
    """Hand a document in: it is good for the seat as it is known now.

    Once the operator has accepted what is wanting, numbers that waited for it take calls.
    """
    if await asked.site.numbering.numbers.holder(asked.organisation) is None:
        return _NO_HOLDER
    body = asked.body
    content = _decoded(body.content)
    paper = Paper(
        kind=body.kind,
        file_name=f"{body.kind}-{body.dated}.{ending_of(content)}",
        content=content,
        dated=body.dated,
        expires_on=body.expires_on,
    )
    holders = Holders(asked.site.numbering)
    return _sheet(await holders.hand_in(asked.organisation, paper, asked.author))


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise CallerError("must be base64", "content") from error


def _sheet(document: Document) -> models.DocumentSheet:
    return models.DocumentSheet(
        document_id=document.document_id,
        kind=document.kind,
        proves=document.address,
        handed_in_on=document.uploaded_on,
        dated=document.dated,
        expires_on=document.expires_on,
        verdict=document.verdict,
        note=document.note,
    )


ROUTES: tuple[Route[Any, Any], ...] = (
    Route(
        method="GET",
        path="/holder/documents",
        name="listDocuments",
        summary="List what the organisation handed in",
        scope=Scope.DIDS_READ,
        query=NoQuery,
        body=NoBody,
        answer=models.DocumentList,
        run=list_documents,
        refusals=(NOT_FOUND,),
    ),
    Route(
        method="POST",
        path="/holder/documents",
        name="handInDocument",
        summary="Hand a document in",
        scope=Scope.DIDS_WRITE,
        query=NoQuery,
        body=models.NewDocument,
        answer=models.DocumentSheet,
        run=hand_in,
        status=201,
        refusals=(NOT_FOUND,),
        body_bytes_most=models.FORM_BYTES_MOST,
    ),
)
