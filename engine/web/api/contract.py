"""What a route is: what it takes, what it answers, what it refuses.

A refusal is a value: a `Refusal` says what kind it is and stands in the document, `Refused` is one
of that kind with its particulars.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

from pydantic import BaseModel

from engine.ports.operators import ApiKey, Scope
from engine.web.api.models import Form
from engine.web.guard import BODY_BYTES_MOST
from engine.web.site import Site

Q = TypeVar("Q", bound=Form)
B = TypeVar("B", bound=Form)
Query = TypeVar("Query", bound=Form, covariant=True)
Body = TypeVar("Body", bound=Form, covariant=True)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A kind of refusal; `code` is stable for programs. `again_s`: when to try again."""

    status: int
    code: str
    title: str
    again_s: int | None = None


NOT_JSON = Refusal(400, "not_json", "Not JSON")
NO_IDEMPOTENCY_KEY = Refusal(400, "idempotency_key", "The Idempotency-Key is missing or none")
NO_KEY = Refusal(401, "no_key", "An API key in use is needed")
NO_SCOPE = Refusal(403, "no_scope", "The key lacks the scope")
NOT_FOUND = Refusal(404, "not_found", "Not Found")
KEY_REUSED = Refusal(409, "key_reused", "The Idempotency-Key was used for another request")
UNDER_WAY = Refusal(409, "under_way", "The same request is being carried out", again_s=2)
CONFLICT = Refusal(409, "conflict", "Conflict")
NOT_AVAILABLE = Refusal(409, "not_available", "Not enough is available")
NUMBER_TAKEN = Refusal(409, "number_taken", "The number has an account")
MONEY_IS_HELD = Refusal(409, "money_is_held", "Calls hold money on the account")
NOT_TALKING = Refusal(409, "not_talking", "Nobody talks in the call")
CALL_BUSY = Refusal(409, "call_busy", "The call could not be reached in time")
TOLD_LATELY = Refusal(409, "told_lately", "Both were told a moment ago", again_s=30)
NOT_NOW = Refusal(409, "not_now", "Not as the verification stands")
TOKEN_USED = Refusal(409, "token_used", "The token was used before")
TOO_LARGE = Refusal(413, "too_large", "The body is too large")
NOT_A_TYPE = Refusal(415, "media_type", "The body must be application/json")
NOT_ACCEPTABLE = Refusal(422, "caller", "Not acceptable")
INVALID_NUMBER = Refusal(422, "invalid_number", "The number cannot be right")
NO_TOKEN = Refusal(422, "no_token", "The token is none, or has expired")
TOO_MANY = Refusal(429, "too_many", "Too many requests", again_s=1)
UNAVAILABLE = Refusal(503, "remote", "Try again in a moment", again_s=5)


@dataclass(frozen=True, slots=True)
class Refused:
    """One refusal; `field` names the dotted path of the fault, `more` are further members."""

    refusal: Refusal
    detail: str = ""
    field: str = ""
    more: Mapping[str, object] | None = None


def author_of(key: ApiKey) -> str:
    """Who did what was done with a key, for journal and audit log."""
    return f"api:{key.key_id}"


class Sheet(BaseModel):
    """Lines of CSV (RFC 4180), the first with the columns' names."""

    text: str


class Paper(BaseModel):
    """A document to be printed (PDF)."""

    content: bytes


class NoQuery(Form):
    """A route without query parameters."""


class NoBody(Form):
    """A route without a body."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[Query, Body]):
    """A request that may be carried out.

    `ids` has the path's ids by name. `once` is what the journal knows a write by, the same for
    each repeat; empty for a reading.
    """

    site: Site
    key: ApiKey
    ids: Mapping[str, str]
    query: Query
    body: Body
    once: str = ""

    @property
    def organisation(self) -> str:
        """Whose accounts and orders can be seen."""
        return self.key.organisation

    @property
    def author(self) -> str:
        """Who did it."""
        return author_of(self.key)


Result = BaseModel | Refused

_MEDIA_TYPES: Mapping[type[BaseModel], str] = {Sheet: "text/csv", Paper: "application/pdf"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route(Generic[Q, B]):
    """One method on one path, below `/api/v1`; `refusals` are those of its own.

    `untold` are members of its answer that are told once: a repeat of the request finds them null,
    and they are not kept. A reading whose `answer` is a `Sheet` is answered in CSV, one whose is a
    `Paper` in PDF; these are exports, and so is what `exports` the same in JSON. A writing that
    `is_traffic` is a step of the program's own customers, by the hundred, and stands in a record of
    its own: no act.
    """

    method: str
    path: str
    name: str
    summary: str
    scope: Scope
    query: type[Q]
    body: type[B]
    answer: type[BaseModel]
    run: Callable[[Asked[Q, B]], Awaitable[Result]]
    status: int = 200
    refusals: tuple[Refusal, ...] = ()
    untold: tuple[str, ...] = ()
    body_bytes_most: int = BODY_BYTES_MOST
    exports: bool = False
    is_traffic: bool = False

    @property
    def is_export(self) -> bool:
        """Whether it gives a file away, or what is in one."""
        return self.exports or self.answer in _MEDIA_TYPES

    @property
    def is_noted(self) -> bool:
        """Whether it is an act for the audit log: it changes something, or gives a file away."""
        return self.is_export or (self.is_write and not self.is_traffic)

    @property
    def is_write(self) -> bool:
        """Whether it needs an idempotency key."""
        return self.method != "GET"

    @property
    def media_type(self) -> str:
        """What its answer is in."""
        return _MEDIA_TYPES.get(self.answer, "application/json")

    @property
    def has_body(self) -> bool:
        """Whether it takes a body."""
        return self.body is not NoBody
