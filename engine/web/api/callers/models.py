"""What goes over the wire of callers, who are named by their accounts and by no number."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from engine.ports.people.callers import NOTE_CHARS_MOST, NoteKind
from engine.web.api.models import Form, Id, Page, Reason, Time

ACCOUNT = "9f1c3a5be0d24c7f8a6b1d2e3f405162"
Text = Annotated[
    str,
    StringConstraints(pattern=r"^[^\x00]*[^\x00\s][^\x00]*$", max_length=NOTE_CHARS_MOST),
]


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [values]})


class NewNote(Form):
    """What is to be kept of a caller."""

    model_config = _example(text="Calls in the evening", kind="note")

    text: Text
    # JSON knows no members of an enumeration.
    kind: NoteKind = Field(NoteKind.NOTE, strict=False, description="A report is for supervisors.")


class Note(BaseModel):
    """What was noted or reported of a caller."""

    model_config = _example(
        note_id="0c5b7b0a4a5e4f4c9c9f3e0d7a6b5c4d",
        account_id=ACCOUNT,
        kind="note",
        author="api:3f9c2a71be04d856",
        text="Calls in the evening",
        at="2026-11-03T16:20:00.000Z",
        seen_by=None,
        seen_at=None,
    )

    note_id: str
    account_id: Id
    kind: NoteKind
    author: str
    text: str
    at: Time
    seen_by: str | None = Field(description="The supervisor who took note of a report.")
    seen_at: Time | None


class Notes(BaseModel):
    """The newest of them, newest first."""

    notes: list[Note]


class Blocking(Form):
    """Why a caller is let in no more."""

    model_config = _example(reason="Insults")

    reason: Reason


class Blocked(BaseModel):
    """Whether a caller is blocked, as it was ordered."""

    model_config = _example(account_id=ACCOUNT, blocked=True)

    account_id: Id
    blocked: bool


class BlocksQuery(Page):
    """Which blocks."""

    after: Id | None = Field(None, description="The `next` of the page before.")


class Block(BaseModel):
    """A caller who is let in no more, with all accounts that have his number."""

    model_config = _example(
        account_id=ACCOUNT,
        author="mia",
        reason="Insults",
        at="2026-11-03T16:20:00.000Z",
    )

    account_id: Id
    author: str
    reason: str
    at: Time


class Blocks(BaseModel):
    """A page of blocks, by account."""

    blocks: list[Block]
    next: str | None = Field(description="Give it as `after` for the next page; null at the end.")
