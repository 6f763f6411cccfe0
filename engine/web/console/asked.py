"""One request to the console as its page sees it: who asks, about whom, with what, in which words.

The gate makes it, once all that could refuse the request has been asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from engine.core.masking import shown
from engine.core.roles import Right, may
from engine.errors import CallerError
from engine.flows.access import Visitor
from engine.ports.audit import Detail
from engine.ports.users import Session, User
from engine.web.console import cookies, look
from engine.web.console.menu import Group
from engine.web.console.wording import Texts
from engine.web.site import Site

T = TypeVar("T")

HOME = "/console"
FIELD_CHARS_MOST = 1_000
PAGE_ROWS = 50


class Belongs(Protocol):
    """A record that belongs to an organisation, or to the operator (None)."""

    @property
    def organisation(self) -> str | None: ...


@dataclass(slots=True, kw_only=True)
class Asked:
    """A request. `organisation` is whose records it is about; None: all of them (operator's staff).

    `fault` is what was wrong with a form that is shown again; `form` holds what was typed.
    """

    request: web.Request
    site: Site
    texts: Texts
    visitor: Visitor
    signed_in: tuple[Session, User] | None = None
    organisation: str | None = None
    token: str = ""
    menu: Sequence[Group] = ()
    form: Mapping[str, object] = field(default_factory=dict)
    fault: CallerError | None = None
    subject: Belongs | None = None
    detail: dict[str, str | int | bool | None] = field(default_factory=dict)

    @property
    def user(self) -> User:
        """Who asks; on a page that is open to all there may be nobody."""
        if self.signed_in is None:
            raise web.HTTPForbidden
        return self.signed_in[1]

    @property
    def session(self) -> Session:
        """The session he asks in."""
        if self.signed_in is None:
            raise web.HTTPForbidden
        return self.signed_in[0]

    @property
    def owner(self) -> str:
        """The organisation, where the route wants one."""
        if self.organisation is None:
            raise web.HTTPForbidden
        return self.organisation

    @property
    def is_operators(self) -> bool:
        """Whether one of the operator's staff asks."""
        return self.signed_in is not None and self.user.organisation is None

    @property
    def organisations(self) -> Mapping[str, str]:
        """The organisations that he may look at, by name, with their titles."""
        known = self.site.inventory().organisations
        return {o.name: o.title for o in known if self.is_operators or o.name == self.organisation}

    @property
    def path(self) -> str:
        """Where he is."""
        return self.request.path

    def may(self, right: str) -> bool:
        """Whether who asks has a right, as `users:write`."""
        return self.signed_in is not None and may(self.user.role, Right(right))

    @property
    def limit_micros(self) -> int | None:
        """The most money he may move by hand at a time; None: as much as he likes."""
        return None if self.may(Right.MONEY_WRITE) else self.site.manager_limit_micros

    def may_move(self, micros: int) -> bool:
        """Whether so much money is within what he may move by hand at a time."""
        return self.limit_micros is None or micros <= self.limit_micros

    def found(self, kind: type[T]) -> T:
        """The record that the address names, as the route has found it."""
        if not isinstance(self.subject, kind):
            raise web.HTTPNotFound
        return self.subject

    def typed(self, name: str, most: int = FIELD_CHARS_MOST) -> str:
        """What was typed into a field, without space around; `CallerError` if it is too long."""
        text = str(self.form.get(name, "")).strip()
        if len(text) > most or "\0" in text:
            raise CallerError(f"must have at most {most} characters", name)
        return text

    def secret(self, name: str) -> str:
        """As `typed`, with all its space: a password."""
        return str(self.form.get(name, ""))[:FIELD_CHARS_MOST]

    def file(self, name: str) -> bytes:
        """The content of a file that came with the form; `CallerError` if none did."""
        found = self.form.get(name)
        if not isinstance(found, bytes):
            raise CallerError("must be a file", name)
        return found

    def wanted(self, name: str, most: int = 100) -> str:
        """What the address says of a filter, cut to a length."""
        return self.request.query.get(name, "").replace("\0", "").strip()[:most]

    def note(self, **detail: str | int | bool | None) -> None:
        """Add to what the audit log says of this request; no secret, no number in full."""
        self.detail.update(detail)

    @property
    def noted(self) -> Detail:
        """What the audit log is to say."""
        return self.detail

    def next_path(self) -> str:
        """Where to go afterwards, as `next` says; the start page if that is no page of ours."""
        return _ours(str(self.form.get("next", "")) or self.request.query.get("next", ""))

    @property
    def came_from(self) -> str:
        """The page he was on, as his browser says."""
        return _ours(urlsplit(self.request.headers.get("Referer", "")[:FIELD_CHARS_MOST]).path)

    def number(self, e164: str | None, *, withheld: bool, revealed: bool = False) -> str:
        """A caller's number as this page may show it; a word where it may not, or there is none."""
        told = shown(e164, withheld=withheld, revealed=revealed)
        return told or self.texts("withheld" if withheld else "no_number")

    def link(self, **changed: object) -> str:
        """This page with other filters; an empty one is left out."""
        query = {**self.request.query, **{name: str(value) for name, value in changed.items()}}
        kept = {name: value for name, value in query.items() if value}
        return self.path + (f"?{urlencode(kept)}" if kept else "")

    def render(self, template: str, status: int = 200, **values: object) -> web.Response:
        """A page, from `<subject>/<file>.html`."""
        flash = cookies.read_flash(self.request, self.texts)
        context = {"asked": self, "t": self.texts, "flash": flash, **values}
        answer = look.page(template, context, status)
        if flash:
            cookies.drop_flash(answer)
        return answer

    def done(self, path: str, key: str, **values: object) -> web.Response:
        """Go on to a page that tells first what was done: the text `key` with its values."""
        answer = self.go(path)
        cookies.put_flash(answer, key, values, secure=cookies.is_secure(self.site.origin))
        return answer

    def go(self, path: str) -> web.Response:
        """Go on to a page (303: by GET)."""
        return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def _ours(wanted: str) -> str:
    """The address, with its query, if it is of a page of ours; else the start page."""
    path = wanted.partition("?")[0]
    is_ours = path == HOME or path.startswith(f"{HOME}/")
    is_plain = wanted.isascii() and wanted.isprintable() and not {"\\", "#"} & {*wanted}
    return wanted if is_ours and is_plain and len(wanted) <= FIELD_CHARS_MOST else HOME
