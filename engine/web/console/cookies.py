"""Cookies: the session's secret, what the browser is known by, and what the next page is to tell.

Over https they are bound to the very host (`__Host-`, RFC 6265bis 4.1.3.2). Plain http is for this
machine alone; there the names have no prefix.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from aiohttp import web

from engine.flows.access.rules import BROWSER_MS
from engine.web.console.wording import Texts

SESSION = "groschen-session"
KNOWN = "groschen-known"
FLASH = "groschen-told"
FLASH_S = 60
FLASH_CHARS_MOST = 1_000
_PREFIX = "__Host-"


def is_secure(origin: str) -> bool:
    """Whether the world reaches us over TLS."""
    return origin.startswith("https://")


def read_session(request: web.Request, *, secure: bool) -> str:
    """The secret of the request's session, empty if it has none."""
    return request.cookies.get(_name(secure), "")


def put_session(answer: web.Response, secret: str, *, secure: bool) -> None:
    """Give the browser a session; it is gone when the browser is closed."""
    answer.set_cookie(_name(secure), secret, path="/", httponly=True, samesite="Lax", secure=secure)


def drop_session(answer: web.Response, *, secure: bool) -> None:
    """Take the browser's session away."""
    answer.del_cookie(_name(secure), path="/", httponly=True, samesite="Lax", secure=secure)


def read_known(request: web.Request, *, secure: bool) -> str:
    """What the browser is known by, whoever is signed in; empty if nobody has been."""
    return request.cookies.get(_name(secure, KNOWN), "")


def put_known(answer: web.Response, known: str, *, secure: bool) -> None:
    """Let the browser be known; it keeps that when it is closed."""
    answer.set_cookie(
        _name(secure, KNOWN),
        known,
        path="/",
        max_age=BROWSER_MS // 1000,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def put_flash(
    answer: web.Response, key: str, values: Mapping[str, object], *, secure: bool
) -> None:
    """Let the next page tell something."""
    told = urlencode({"": key, **values})[:FLASH_CHARS_MOST]
    answer.set_cookie(
        FLASH,
        told,
        path="/console",
        max_age=FLASH_S,
        httponly=True,
        samesite="Lax",
        secure=secure,
    )


def read_flash(request: web.Request, texts: Texts) -> str:
    """What is to be told, empty if nothing is; a text of ours, whatever the cookie says."""
    values = dict(parse_qsl(request.cookies.get(FLASH, "")[:FLASH_CHARS_MOST], True))
    key = values.pop("", "")
    try:
        return texts(key, **values)
    except (KeyError, IndexError, ValueError, AttributeError, TypeError):
        return ""


def drop_flash(answer: web.Response) -> None:
    """It has been told."""
    answer.del_cookie(FLASH, path="/console")


def _name(secure: bool, name: str = SESSION) -> str:
    return (_PREFIX if secure else "") + name
