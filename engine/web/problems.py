"""Every refusal over HTTP is a problem document (RFC 9457), whatever raised it.

Here, and nowhere else, errors become status codes. Every request has an id, which stands in each
log line about it, in the answer's `X-Request-Id` and in a problem's `request`. A fault of ours is
told without its cause, which is in the log under that id.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from uuid import uuid4

import structlog
from aiohttp import web

from engine.errors import CallerError, ConflictError, RemoteError

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 5
REQUEST_ID = "X-Request-Id"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

log = structlog.get_logger(__name__)


def problem(
    status: int,
    title: str,
    *,
    detail: str = "",
    field: str = "",
    code: str = "",
    more: Mapping[str, object] | None = None,
) -> web.Response:
    """A problem document; `field` is the dotted path of the fault, `code` stable for programs.

    `more` are further members of it.
    """
    content = {
        "type": f"urn:groschen:problem:{code}" if code else "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "field": field,
        "request": structlog.contextvars.get_contextvars().get("request"),
        **(more or {}),
    }
    body = json.dumps({key: value for key, value in content.items() if value})
    headers = {"Cache-Control": "no-store"}
    if status in (429, 503):
        headers["Retry-After"] = str(RETRY_AFTER_S)
    return web.Response(status=status, text=body, content_type=MEDIA_TYPE, headers=headers)


def status_of(error: Exception) -> int:
    """The status code of what a handler raised."""
    match error:
        case CallerError():
            return 422
        case ConflictError():
            return 409
        case RemoteError():
            return 503
        case web.HTTPException():
            return error.status
    return 500


def of_error(error: Exception) -> web.Response:
    """The problem document for what a handler raised."""
    status = status_of(error)
    match error:
        case CallerError():
            return problem(
                status, "Not acceptable", detail=str(error), field=error.field, code=error.code
            )
        case ConflictError():
            return problem(status, "Conflict", detail=str(error), code=error.code)
        case RemoteError():
            log.warning("web.unavailable", error=str(error))
            return problem(status, "Try again in a moment", code=error.code)
        case web.HTTPException():
            return _of_status(error)
    log.error("web.fault", exc_info=error)
    detail = "It is logged under the request's id."
    return problem(status, "A fault of ours", detail=detail, code="fault")


def _of_status(error: web.HTTPException) -> web.Response:
    answer = problem(error.status, error.reason)
    if isinstance(error, web.HTTPMethodNotAllowed):
        answer.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
    return answer


@web.middleware
async def name_request(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every request an id of ours; one that is brought along is not believed."""
    request_id = uuid4().hex[:16]
    with structlog.contextvars.bound_contextvars(request=request_id):
        try:
            answer = await handler(request)
        except web.HTTPException as redirect:
            redirect.headers[REQUEST_ID] = request_id
            raise
    if not answer.prepared:
        answer.headers[REQUEST_ID] = request_id
    return answer


@web.middleware
async def tell_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what a handler raises into a problem document; redirects pass."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return of_error(error)
    except Exception as error:
        return of_error(error)
