"""The one gate of the console: every route passes it, and nothing else decides who may.

In this order a request is refused: plain http from another machine (403), a form from another site
(403), nobody signed in (to the sign-in page, 401 for programs), a right that lacks (403), a form
without its session's token (403) or made while another organisation was looked at (409), a record
that is not there or is another organisation's (404), an organisation not yet chosen, an act not yet
confirmed. What is left is the page's.

What changes something, or gives a file away, is written to the audit log before it is carried out,
and how it ended afterwards; without the log nothing is changed or given. What nobody signed in does
(signing in) is written down afterwards: only then it is known of whose users he is.
"""

import hmac
import secrets
from ipaddress import ip_address
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from engine.core.roles import may
from engine.errors import CallerError, ConflictError
from engine.flows.access import Visitor
from engine.flows.access.signing_in import form_token
from engine.ports.audit import Act, ended_by
from engine.ports.users import Session, User
from engine.web.console import cookies
from engine.web.console.asked import HOME, Asked
from engine.web.console.menu import Item, menu_for
from engine.web.console.route import Route, Whose
from engine.web.console.wording import texts_for
from engine.web.parts.exports import range_of
from engine.web.problems import of_error
from engine.web.site import SITE

SIGN_IN = f"{HOME}/sign-in"
SECOND_STEP = f"{SIGN_IN}/code"
NEW_PASSWORD = f"{HOME}/settings/password"
FORM_TOKEN = "_token"  # noqa: S105 - the name of a field
CONFIRMED = "_confirmed"
FORM = "application/x-www-form-urlencoded"
UPLOAD = "multipart/form-data"
TARGET_CHARS_MOST = 200
FIELDS_MOST = 200

log = structlog.get_logger(__name__)


class Gate:
    """Carries requests to their routes; `items` are the menu's."""

    def __init__(self, items: tuple[Item, ...]) -> None:
        self._items = items

    async def pass_through(self, route: Route, request: web.Request) -> web.StreamResponse:
        """The answer to a request, refusals as pages for people and problems for programs."""
        site = request.app[SITE]
        asked = Asked(
            request=request,
            site=site,
            texts=texts_for(request),
            visitor=Visitor(
                site.guard.address(request),
                request.headers.get("User-Agent", ""),
                cookies.read_known(request, secure=cookies.is_secure(site.origin)),
            ),
        )
        try:
            return await self._answer(route, asked)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            return refusal(asked, error)
        except Exception as error:
            return refusal(asked, error)

    async def _answer(self, route: Route, asked: Asked) -> web.StreamResponse:
        _check_transport(asked)
        if not route.is_safe:
            _check_origin(asked)
        await self._recognise(asked)
        if not route.is_safe:
            await _read_form(route, asked)
        if route.right is None:
            return await (_carry_out if route.is_safe else _noted_afterwards)(route, asked)
        if elsewhere := _first(route, asked):
            return elsewhere
        if route.is_safe:
            return await self._permitted(route, asked)
        _check_token(asked)
        return await self._permitted(route, asked)

    async def _permitted(self, route: Route, asked: Asked) -> web.StreamResponse:
        try:
            await _check_right(route, asked)
        except web.HTTPException as error:
            if route.is_noted:
                asked.note(status=error.status)
                act = await _begin(route, asked)
                await asked.site.audit.end(act.act_id, "refused", asked.noted)
            raise
        if route.whose is Whose.ONE and asked.organisation is None:
            return asked.render("choose.html")
        if not route.is_noted:
            return await _carry_out(route, asked)
        if route.asks_first and CONFIRMED not in asked.form:
            question = f"{route.action}_confirm"
            return asked.render("confirm.html", question=question, back=asked.came_from)
        return await _noted(route, asked)

    async def _recognise(self, asked: Asked) -> None:
        """Find out who asks, and what belongs to him on every page."""
        secure = cookies.is_secure(asked.site.origin)
        secret = cookies.read_session(asked.request, secure=secure)
        found = await asked.site.signing_in.recognise(secret)
        if found is None:
            return
        session, user = found
        asked.texts = texts_for(asked.request, user.lang)
        asked.signed_in = found
        asked.organisation = _looked_at(asked, session, user)
        asked.token = form_token(secret, asked.organisation)
        if session.proved:
            asked.menu = menu_for(self._items, user.role, is_operators=user.organisation is None)


# --- what refuses a request ----------------------------------------------------------------


def _check_transport(asked: Asked) -> None:
    """Plain http is for this machine alone, by its own name (else a foreign name may lead here)."""
    if cookies.is_secure(asked.site.origin):
        return
    host = urlsplit(f"//{asked.request.host}").hostname or ""
    if not (_is_here(asked.request.remote or "") and (host == "localhost" or _is_here(host))):
        raise web.HTTPUpgradeRequired(headers={"Upgrade": "TLS/1.2"})


def _is_here(address: str) -> bool:
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def _check_origin(asked: Asked) -> None:
    """A form must come from a page of ours; the browser says so (Fetch Metadata, else Origin)."""
    headers = asked.request.headers
    fetched = headers.get("Sec-Fetch-Site")
    if fetched is not None:
        is_ours = fetched == "same-origin"
    else:
        origin = headers.get("Origin", "")
        here = urlsplit(asked.site.origin)
        is_ours = origin in (asked.site.origin, f"{here.scheme}://{asked.request.host}")
    if not is_ours:
        raise web.HTTPForbidden


async def _read_form(route: Route, asked: Asked) -> None:
    """What was typed; with files, up to a size, where the route takes such and somebody is there.

    What a stranger sends in files is not read: he is sent to sign in all the same.
    """
    request = asked.request
    if route.upload_bytes_most:
        if asked.signed_in is None or not asked.session.proved:
            return
        request = request.clone(client_max_size=route.upload_bytes_most)
    wanted = UPLOAD if route.upload_bytes_most else FORM
    if request.can_read_body and request.content_type != wanted:
        raise web.HTTPUnsupportedMediaType
    asked.form = {name: _content(value) for name, value in (await request.post()).items()}
    if len(asked.form) > FIELDS_MOST:
        raise web.HTTPBadRequest


def _content(value: object) -> object:
    """What was typed, or the content of a file, which is closed."""
    if not isinstance(value, web.FileField):
        return value
    with value.file:
        return value.file.read()


def _check_token(asked: Asked) -> None:
    given = str(asked.form.get(FORM_TOKEN, "")).encode()
    if hmac.compare_digest(given, asked.token.encode()):
        return
    secret = cookies.read_session(asked.request, secure=cookies.is_secure(asked.site.origin))
    others = [form_token(secret, name) for name in (None, *asked.organisations)]
    if any(hmac.compare_digest(given, other.encode()) for other in others):
        raise web.HTTPConflict
    raise web.HTTPForbidden


def _first(route: Route, asked: Asked) -> web.Response | None:
    """Where somebody has to go before he may have what he asks for."""
    if asked.signed_in is None or not asked.session.proved:
        if not _is_person(asked.request):
            raise web.HTTPUnauthorized
        wanted = {"next": asked.request.path_qs} if route.is_safe else {"next": HOME}
        step = SIGN_IN if asked.signed_in is None else SECOND_STEP
        return asked.go(f"{step}?{urlencode(wanted)}")
    if asked.user.must_change and not route.while_new:
        return asked.go(NEW_PASSWORD)
    return None


async def _check_right(route: Route, asked: Asked) -> None:
    """Whether he may, and whether what he names is there for him."""
    if route.right is None or not may(asked.user.role, route.right):
        raise web.HTTPForbidden
    if route.whose is Whose.OPERATOR and not asked.is_operators:
        raise web.HTTPForbidden
    if route.finds is None:
        return
    found = await route.finds(asked)
    if found is None or not (asked.is_operators or found.organisation == asked.user.organisation):
        raise web.HTTPNotFound
    asked.subject = found
    if asked.is_operators and found.organisation is not None:
        asked.organisation = found.organisation


def _looked_at(asked: Asked, session: Session, user: User) -> str | None:
    """Whose records he looks at: his own organisation's, or what the staff have chosen."""
    if user.organisation is not None:
        return user.organisation
    known = {organisation.name for organisation in asked.site.inventory().organisations}
    return session.organisation if session.organisation in known else None


# --- carrying out, and writing down --------------------------------------------------------


async def _carry_out(route: Route, asked: Asked) -> web.StreamResponse:
    """The page's answer; a form with a fault is shown again."""
    try:
        return await route.handler(asked)
    except (CallerError, ConflictError) as error:
        if route.again is None:
            raise
        fault = error if isinstance(error, CallerError) else CallerError(str(error), error.code)
        asked.fault = fault
        asked.note(fault=fault.field or fault.code)
        answer = await route.again(asked)
        answer.set_status(422)
        return answer


async def _noted(route: Route, asked: Asked) -> web.StreamResponse:
    """Carry out what changes something or gives a file away, between two lines of the audit log."""
    if route.is_safe:
        asked.note(**range_of(asked.request.query))
    act = await _begin(route, asked)
    try:
        answer = await _carry_out(route, asked)
    except Exception as error:
        outcome, fault = ended_by(error)
        asked.note(fault=fault)
        outcome = "refused" if isinstance(error, web.HTTPException) else outcome
        await asked.site.audit.end(act.act_id, outcome, asked.noted)
        raise
    outcome = "done" if answer.status < 400 else "refused"
    await asked.site.audit.end(act.act_id, outcome, asked.noted)
    return answer


async def _noted_afterwards(route: Route, asked: Asked) -> web.StreamResponse:
    """Carry out what is open to all; who it was is known only then."""
    answer = await _carry_out(route, asked)
    act = await _begin(route, asked)
    outcome = "done" if answer.status < 400 else "refused"
    await asked.site.audit.end(act.act_id, outcome, asked.noted)
    return answer


async def _begin(route: Route, asked: Asked) -> Act:
    user = asked.signed_in[1] if asked.signed_in is not None else None
    named = "/".join(asked.request.match_info.values())
    subject = route.action.partition(".")[0]
    act = Act(
        act_id=secrets.token_hex(12),
        at_ms=asked.site.clock.now().wall_ms,
        organisation=_concerned(route, asked),
        author=user.name if user is not None else "",
        address=asked.visitor.address,
        action=route.action,
        target=f"{subject}/{named}"[:TARGET_CHARS_MOST] if named else "",
    )
    await asked.site.audit.begin(act)
    return act


def _concerned(route: Route, asked: Asked) -> str | None:
    """In whose log an act stands: what staff do for the operator alone is in no organisation's,
    whichever they happen to look at."""
    if route.whose is not Whose.OPERATOR or not asked.is_operators:
        return asked.organisation
    return asked.subject.organisation if asked.subject is not None else None


# --- refusals ------------------------------------------------------------------------------


def refusal(asked: Asked, error: Exception) -> web.Response:
    """What went wrong: a page for people, a problem document for programs (RFC 9457)."""
    told = of_error(error)
    if not _is_person(asked.request):
        return told
    kind = told.status if asked.texts.has(f"error_{told.status}") else 500
    detail = asked.texts.detail(error) if isinstance(error, CallerError | ConflictError) else ""
    number = structlog.contextvars.get_contextvars().get("request", "") if kind == 500 else ""
    answer = asked.render("error.html", told.status, kind=kind, detail=detail, number=number)
    if "Retry-After" in told.headers:
        answer.headers["Retry-After"] = told.headers["Retry-After"]
    return answer


def _is_person(request: web.Request) -> bool:
    """Whether the answer is for a person's eyes (a browser says so)."""
    return "text/html" in request.headers.get("Accept", "")
