"""What goes over the wire of documents."""

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.core.numbers.holder import DocumentKind, Verdict
from engine.flows.numbers.holders import FILE_BYTES_MOST
from engine.web.api.models import Form, Id

BASE64_CHARS_MOST = -(-FILE_BYTES_MOST // 3) * 4
FORM_BYTES_MOST = BASE64_CHARS_MOST + 4096
Base64 = Annotated[
    str,
    StringConstraints(pattern="^[A-Za-z0-9+/]+={0,2}$", min_length=4, max_length=BASE64_CHARS_MOST),
]


class NewDocument(Form):
    """A document of the organisation's, for the operator to check."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"kind": "trade_licence", "content": "JVBERi0xLjc=", "dated": "2026-11-02"}
            ]
        }
    )

    # JSON knows no members of an enumeration.
    kind: DocumentKind = Field(strict=False)
    content: Base64 = Field(description="A PDF, PNG or JPEG file of 5 MiB at most, in base64.")
    dated: date = Field(description="The day it bears.")
    expires_on: date | None = Field(None, description="The last day on which it holds.")


class DocumentSheet(BaseModel):
    """A document as it stands; the file itself is not told."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "document_id": "9f1c3a5be0d24c7f8a6b1d2e3f405162",
                    "kind": "trade_licence",
                    "proves": "Weg 1, 10115 Berlin, DE",
                    "handed_in_on": "2026-11-22",
                    "dated": "2026-11-02",
                    "expires_on": None,
                    "verdict": "unchecked",
                    "note": "",
                }
            ]
        }
    )

    document_id: Id
    kind: DocumentKind
    proves: str = Field(description="The seat as it was known when the document was handed in.")
    handed_in_on: date
    dated: date
    expires_on: date | None
    verdict: Verdict
    note: str = Field(description="Why it was refused.")


class DocumentList(BaseModel):
    """The organisation's documents, newest first."""

    documents: list[DocumentSheet]
