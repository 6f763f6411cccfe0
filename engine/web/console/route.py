"""A console route: what is asked for, the right it needs, and whose the record is that it names."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from engine.core.roles import Right
from engine.web.console.asked import Asked, Belongs
from engine.web.console.menu import Item

Handler = Callable[[Asked], Awaitable[web.StreamResponse]]
Finder = Callable[[Asked], Awaitable[Belongs | None]]

SAFE_METHODS = ("GET",)


class Whose(StrEnum):
    """Whose records a route is about.

    `ANY`: the user's own organisation's; the operator's staff may look at all at once.
    `ONE`: an organisation's; the operator's staff choose one first.
    `OPERATOR`: for the operator's staff alone.
    """

    ANY = "any"
    ONE = "one"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Route:
    """One route. `right` is None where nobody need have signed in.

    A path that names a record (`/console/users/{user_id}`) has `finds`, which looks it up; one
    that belongs to another organisation is not there. A route that changes something has an
    `action` for the audit log, `<subject>.<verb>`, and so has a GET that gives a file away. What
    `asks_first` is confirmed by the text `<action>_confirm` (`users.lock_confirm`); `again` shows
    the form once more with what was wrong. `is_page`: a person looks at it. `while_new`: open to
    users who must first choose a password. `upload_bytes_most`: its form brings files, and is no
    bigger than that.
    """

    method: str
    path: str
    right: Right | None
    handler: Handler
    whose: Whose = Whose.ANY
    finds: Finder | None = None
    action: str = ""
    asks_first: bool = False
    again: Handler | None = None
    is_page: bool = True
    while_new: bool = False
    upload_bytes_most: int = 0

    def __post_init__(self) -> None:
        """Refuse a route with a hole in it, when the program starts."""
        names_record = "{" in self.path
        if names_record and self.finds is None and self.right is not None:
            raise ValueError(f"{self.path} names a record and does not say how it is found")
        if not self.is_safe and "." not in self.action:
            raise ValueError(f"{self.method} {self.path} changes something and has no action")
        if self.is_page and self.is_safe and self.action:
            raise ValueError(f"{self.path} is looked at, and has an action of files")
        if self.upload_bytes_most and self.asks_first:
            raise ValueError(f"{self.path} brings files, which a question would lose")

    @property
    def is_safe(self) -> bool:
        """Whether it changes nothing (RFC 9110, 9.2.1)."""
        return self.method in SAFE_METHODS

    @property
    def is_noted(self) -> bool:
        """Whether it is an act for the audit log: it changes something, or gives a file away."""
        return bool(self.action)


@dataclass(frozen=True, slots=True)
class Subject:
    """A room of pages: its routes, and where they are in the menu."""

    routes: Sequence[Route]
    menu: Sequence[Item] = ()
