"""Requests to the interface: who asks, whether he may, what he means, and the answer's form.

In this order a request is refused: no key in use (401), too many requests (429), a scope that
lacks (403), a body or query that is none (400, 413, 415, 422); what comes after is the route's.

What changes something, or gives a file away, is written to the audit log before it is carried out,
and how it ended afterwards; without the log nothing is changed or given. So is what a key's scopes
do not allow. A repeat that is answered with what was kept is no second act, and what was not
understood is none.
"""

import json
import re
import secrets
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ValidationError

from engine.core.number import mask
from engine.errors import CallerError, ConflictError
from engine.ports.audit import Act, Detail, ended_by
from engine.ports.operators import Answer, ApiKey
from engine.web.api import once
from engine.web.api.accounts import ROUTES as ACCOUNTS
from engine.web.api.callers.routes import ROUTES as CALLERS
from engine.web.api.contract import (
    NO_IDEMPOTENCY_KEY,
    NO_KEY,
    NO_SCOPE,
    NOT_A_TYPE,
    NOT_ACCEPTABLE,
    NOT_FOUND,
    NOT_JSON,
    TOO_LARGE,
    TOO_MANY,
    Asked,
    NoBody,
    NoQuery,
    Paper,
    Refused,
    Result,
    Route,
    Sheet,
    author_of,
)
from engine.web.api.document import document
from engine.web.api.documents import ROUTES as DOCUMENTS
from engine.web.api.forwarding import ROUTES as FORWARDING
from engine.web.api.live import ROUTES as LIVE
from engine.web.api.models import NAMED_PATTERN, Form
from engine.web.api.numbers import ROUTES as NUMBERS
from engine.web.api.orders import ROUTES as ORDERS
from engine.web.api.probes import ROUTES as PROBES
from engine.web.api.statements import ROUTES as STATEMENTS
from engine.web.api.tracking import ROUTES as TRACKING
from engine.web.api.tracking.collectors import ROUTES as COLLECTORS
from engine.web.api.tracking.numbers import ROUTES as TRACKED_NUMBERS
from engine.web.api.verifications import ROUTES as VERIFICATIONS
from engine.web.api.webhooks.routes import ROUTES as WEBHOOKS
from engine.web.parts.exports import items_of, range_of, rows_of
from engine.web.problems import MEDIA_TYPE, Handler, of_error, problem, status_of
from engine.web.rates import Allowance
from engine.web.site import SITE

PREFIX = "/api/v1"
ROUTES: tuple[Route[Any, Any], ...] = (
    *ACCOUNTS,
    *ORDERS,
    *LIVE,
    *WEBHOOKS,
    *NUMBERS,
    *VERIFICATIONS,
    *CALLERS,
    *TRACKING,
    *FORWARDING,
    *TRACKED_NUMBERS,
    *STATEMENTS,
    *DOCUMENTS,
    *PROBES,
    *COLLECTORS,
)
FAULTS_MOST = 20
JSON = "application/json"
TARGET_CHARS_MOST = 200

_ID = re.compile(NAMED_PATTERN)
_NUMBER = re.compile(r"[0-9][0-9_-]{6,}", re.ASCII)
"""What may be a phone number, wherever in a path it stands."""

Answered = Answer | Paper | Refused

log = structlog.get_logger(__name__)


def routes() -> list[web.RouteDef]:
    """The routes of the interface, its document too."""
    text = json.dumps(document(ROUTES, PREFIX), ensure_ascii=False)

    async def tell(_request: web.Request) -> web.Response:
        return web.json_response(text=text)

    served = [web.route(route.method, PREFIX + route.path, _handler(route)) for route in ROUTES]
    return [web.get(f"{PREFIX}/openapi.json", tell), *served]


def _handler(route: Route[Any, Any]) -> Handler:
    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        key = await site.keys.recognise(_bearer(request))
        if key is None:
            return _refusal(Refused(NO_KEY))
        allowance = site.guard.spend(key.key_id)
        try:
            answer = await _answer(route, request, key) if allowance.granted else Refused(TOO_MANY)
        except Exception as error:
            response = of_error(error)
        else:
            response = _response(answer, route.media_type)
        _tell_allowance(response, allowance)
        return response

    return handle


def _bearer(request: web.Request) -> str:
    """The text of the request's key, empty if it has none."""
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""


async def _answer(route: Route[Any, Any], request: web.Request, key: ApiKey) -> Answered:
    """What the request is answered."""
    if route.scope not in key.scopes:
        return await _not_allowed(route, request, key)
    if not all(_ID.fullmatch(named) for named in request.match_info.values()):
        return Refused(NOT_FOUND)
    query = _read_query(route.query, request)
    if isinstance(query, Refused):
        return query
    if not route.is_write:
        asked = Asked(
            site=request.app[SITE], key=key, ids=request.match_info, query=query, body=NoBody()
        )
        result = await _carried_out(route, request, asked)
        return result if isinstance(result, Paper) else _rendered(route, result)
    body = await _read_body(route, request)
    if isinstance(body, Refused):
        return body
    return await _written(route, request, key, body)


async def _not_allowed(route: Route[Any, Any], request: web.Request, key: ApiKey) -> Refused:
    """The refusal for a scope that lacks; of an act the audit log knows it."""
    refused = Refused(NO_SCOPE, f"It needs {route.scope}.")
    if route.is_noted:
        site = request.app[SITE]
        act = await _begin(route, request, key)
        await site.audit.end(act.act_id, "refused", _came_of(route, refused))
    return refused


async def _carried_out(
    route: Route[Any, Any], request: web.Request, asked: Asked[Any, Any]
) -> Result:
    """What a route gives; of an act between two lines of the audit log, and not without it."""
    if not route.is_noted:
        plain: Result = await route.run(asked)
        return plain
    audit, detail = asked.site.audit, range_of(request.query) if route.is_export else {}
    act = await _begin(route, request, asked.key)
    try:
        result: Result = await route.run(asked)
    except Exception as error:
        outcome, fault = ended_by(error)
        await audit.end(act.act_id, outcome, {**detail, "status": status_of(error), "fault": fault})
        raise
    outcome = "refused" if isinstance(result, Refused) else "done"
    await audit.end(act.act_id, outcome, {**detail, **_came_of(route, result)})
    return result


async def _begin(route: Route[Any, Any], request: web.Request, key: ApiKey) -> Act:
    """Write down what a program is about to do."""
    site = request.app[SITE]
    ids = {name: _without_number(name, named) for name, named in request.match_info.items()}
    if route.is_export:
        action, target = "api.export", "/".join((route.name, *ids.values()))
    else:
        action, target = f"api.{route.name}", route.path.format_map(ids).lstrip("/")
    act = Act(
        act_id=secrets.token_hex(12),
        at_ms=site.clock.now().wall_ms,
        organisation=key.organisation,
        author=author_of(key),
        address=site.guard.address(request),
        action=action,
        target=target[:TARGET_CHARS_MOST],
    )
    await site.audit.begin(act)
    return act


def _without_number(name: str, named: str) -> str:
    """What a path names, as it may be written down: no number in full, nothing that is no id."""
    if not _ID.fullmatch(named):
        return "-"
    return mask(named) if name == "number" or _NUMBER.fullmatch(named) else named


def _came_of(route: Route[Any, Any], result: Result) -> Detail:
    """What the audit log says of a result: its status and fault, of an export how many rows."""
    if isinstance(result, Refused):
        return {"status": result.refusal.status, "fault": result.refusal.code}
    return _amount(result) if route.is_export else {"status": route.status}


def _amount(result: BaseModel) -> Detail:
    """How many rows were given away; a document of a month has none."""
    if isinstance(result, Paper):
        return {}
    return {"rows": rows_of(result.text) if isinstance(result, Sheet) else items_of(result)}


async def _written(
    route: Route[Any, Any], request: web.Request, key: ApiKey, body: Form
) -> Answer | Refused:
    """What a write is answered, carried out once."""
    named = once.read_key(request)
    if named is None:
        detail = "A write needs one: 1 to 200 printable characters of ASCII."
        return Refused(NO_IDEMPOTENCY_KEY, detail, once.HEADER)
    site = request.app[SITE]
    now_ms = site.clock.now().wall_ms
    claim = once.claim_of(request, key.organisation, named, body.model_dump_json(), now_ms)
    asked = Asked(
        site=site,
        key=key,
        ids=request.match_info,
        query=NoQuery(),
        body=body,
        once=once.journal_key(claim),
    )

    async def run() -> Answer:
        """Refusals are answers too: a repeat gets the same, and is no further act."""
        try:
            answer = _rendered(route, await _carried_out(route, request, asked))
        except (CallerError, ConflictError) as error:
            answer = _kept(of_error(error))
        log.info("api.written", route=route.name, key=key.key_id, status=answer.status)
        return answer

    return await once.carry_out(site.answers, claim, run, route.untold)


# --- reading -------------------------------------------------------------------------------


def _read_query(form: type[Form], request: web.Request) -> Form | Refused:
    given = request.query
    twice = next((name for name in given if len(given.getall(name)) > 1), None)
    if twice is not None:
        return Refused(NOT_ACCEPTABLE, "must be given once", twice)
    try:
        return form.model_validate_strings(dict(given))
    except ValidationError as error:
        return _faults(error)


async def _read_body(route: Route[Any, Any], request: web.Request) -> Form | Refused:
    try:
        raw = await request.clone(client_max_size=route.body_bytes_most).read()
    except web.HTTPRequestEntityTooLarge:
        return Refused(TOO_LARGE, f"It may have {route.body_bytes_most} bytes.")
    if not route.has_body:
        return Refused(NOT_ACCEPTABLE, "The request takes no body.") if raw else NoBody()
    if request.content_type != JSON:
        return Refused(NOT_A_TYPE)
    form: type[Form] = route.body
    try:
        return form.model_validate_json(raw)
    except ValidationError as error:
        return _faults(error)


def _faults(error: ValidationError) -> Refused:
    """Every fault by its dotted path; what was sent is not repeated."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return Refused(NOT_JSON, found[0]["msg"])
    faults = [
        {"field": ".".join(map(str, fault["loc"])), "message": fault["msg"]}
        for fault in found[:FAULTS_MOST]
    ]
    first = faults[0]
    return Refused(NOT_ACCEPTABLE, first["message"], first["field"], {"errors": faults})


# --- answering -----------------------------------------------------------------------------


def _rendered(route: Route[Any, Any], result: Result) -> Answer:
    """What a route gave, as it goes over the wire."""
    if isinstance(result, Refused):
        return _kept(_refusal(result))
    if isinstance(result, Sheet):
        return Answer(route.status, result.text)
    return Answer(route.status, result.model_dump_json())


def _kept(response: web.Response) -> Answer:
    return Answer(response.status, response.text or "")


def _refusal(refused: Refused) -> web.Response:
    kind = refused.refusal
    response = problem(
        kind.status,
        kind.title,
        detail=refused.detail,
        field=refused.field,
        code=kind.code,
        more=refused.more,
    )
    if kind.again_s is not None:
        response.headers["Retry-After"] = str(kind.again_s)
    if kind in (NO_KEY, NO_SCOPE):
        response.headers["WWW-Authenticate"] = 'Bearer realm="groschen"'
    return response


def _response(answer: Answered, media_type: str) -> web.Response:
    if isinstance(answer, Refused):
        return _refusal(answer)
    headers = {"Cache-Control": "no-store"}
    if isinstance(answer, Paper):
        return web.Response(body=answer.content, content_type=media_type, headers=headers)
    return web.Response(
        status=answer.status,
        text=answer.body,
        content_type=media_type if answer.status < 400 else MEDIA_TYPE,
        headers=headers,
    )


def _tell_allowance(response: web.Response, allowance: Allowance) -> None:
    """How much the key may still ask for (the IETF's RateLimit fields)."""
    response.headers["RateLimit-Policy"] = f'"key";q={allowance.limit};w=60'
    response.headers["RateLimit"] = f'"key";r={allowance.left};t={allowance.reset_s}'
    if not allowance.granted:
        response.headers["Retry-After"] = str(allowance.reset_s)
