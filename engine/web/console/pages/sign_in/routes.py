"""Signing in by password and, where there is one, second factor; signing out.

The answer to whoever is refused is always the same, whatever was wrong, and it is given at a full
step of `ANSWER_STEP_S` after the request came: its time does not tell whether there is such a user.
"""

import asyncio
from urllib.parse import urlencode

from aiohttp import web

from engine.core.roles import Right
from engine.errors import CallerError
from engine.flows.access import Begun
from engine.web.console import cookies
from engine.web.console.asked import HOME, Asked
from engine.web.console.route import Route, Subject
from engine.web.rates import MINUTE_S, Limit
from engine.web.steps import full_step

SIGN_IN = f"{HOME}/sign-in"
SECOND_STEP = f"{SIGN_IN}/code"
ANSWER_STEP_S = 0.5
TRIES_OF_ADDRESS = Limit(30, 15 * MINUTE_S)


async def show(asked: Asked) -> web.StreamResponse:
    """The form for name and password."""
    if asked.signed_in is not None and asked.session.proved and asked.fault is None:
        return asked.go(HOME)
    return asked.render("sign_in/password.html", next=asked.next_path())


async def enter(asked: Asked) -> web.StreamResponse:
    """Take name and password."""
    came_s = asyncio.get_running_loop().time()
    _count(asked)
    name = asked.typed("name")
    begun = await asked.site.signing_in.by_password(name, asked.secret("password"), asked.visitor)
    if begun is None:
        await _note_refused(asked, name)
        await full_step(came_s, ANSWER_STEP_S)
        raise CallerError("Name or password is wrong, or there were too many tries.", "refused")
    if asked.signed_in is not None:
        await asked.site.signing_in.leave(asked.session)
    return _in(asked, begun)


async def show_code(asked: Asked) -> web.StreamResponse:
    """The form for the second factor."""
    if asked.signed_in is None:
        return asked.go(SIGN_IN)
    if asked.session.proved and asked.fault is None:
        return asked.go(HOME)
    return asked.render("sign_in/code.html", next=asked.next_path())


async def enter_code(asked: Asked) -> web.StreamResponse:
    """Take the second factor."""
    _count(asked)
    if asked.signed_in is None or asked.session.proved:
        return asked.go(SIGN_IN)
    asked.organisation = asked.user.organisation
    begun = await asked.site.signing_in.by_code(
        asked.session, asked.user, asked.typed("code"), asked.visitor
    )
    if begun is None:
        raise CallerError("The code does not fit, or there were too many tries.", "code")
    return _in(asked, begun)


async def leave(asked: Asked) -> web.StreamResponse:
    """End the session."""
    await asked.site.signing_in.leave(asked.session)
    answer = asked.go(SIGN_IN)
    cookies.drop_session(answer, secure=cookies.is_secure(asked.site.origin))
    return answer


def _count(asked: Asked) -> None:
    if not asked.site.guard.allows(TRIES_OF_ADDRESS, "sign-in", asked.visitor.address):
        raise web.HTTPTooManyRequests


def _in(asked: Asked, begun: Begun) -> web.Response:
    """Give the browser its session, and go where it wanted to."""
    wanted = asked.next_path()
    asked.signed_in = begun.session, begun.user
    asked.organisation = begun.user.organisation
    asked.note(proved=begun.session.proved)
    further = f"{SECOND_STEP}?{urlencode({'next': wanted})}"
    answer = asked.go(wanted if begun.session.proved else further)
    secure = cookies.is_secure(asked.site.origin)
    cookies.put_session(answer, begun.secret, secure=secure)
    if begun.known:
        cookies.put_known(answer, begun.known, secure=secure)
    return answer


async def _note_refused(asked: Asked, name: str) -> None:
    """Tell the log whom the try was about, if there is such a one; else nothing was typed there."""
    found = await asked.site.people.users.by_name(name.lower())
    if found is not None:
        asked.organisation = found.organisation
        asked.note(user=found.name)


SUBJECT = Subject(
    routes=(
        Route("GET", SIGN_IN, None, show),
        Route("POST", SIGN_IN, None, enter, action="sign_in.password", again=show),
        Route("GET", SECOND_STEP, None, show_code),
        Route("POST", SECOND_STEP, None, enter_code, action="sign_in.code", again=show_code),
        Route("POST", f"{HOME}/sign-out", Right.OWN, leave, action="sign_in.leave", while_new=True),
    ),
)
