"""The OpenAPI 3.1 document, made from the routes and models that serve the requests."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from engine.ports.operators import Scope
from engine.web.api import contract, models
from engine.web.api.contract import Refusal, Route
from engine.web.api.once import HEADER, KEY_PATTERN
from engine.web.problems import MEDIA_TYPE

VERSION = "1.0.0"
REF = "#/components/schemas/{model}"
ABOUT = """Accounts, money, numbers, payment orders, live calls, agents, callers, webhooks,
verifications, tracking calls and monthly statements of one organisation, which the API key names.

Amounts are decimal strings with at most 6 decimals, times RFC 3339 in UTC, numbers E.164. A number
that a caller has withheld is null. Every refusal is a problem document (RFC 9457). A write needs an
`Idempotency-Key`: the same key with the same request gives the same answer for 7 days, and books
nothing twice ever after. Lists come in pages: give the `next` of one as `after` for the following.
"""
MEANINGS = {
    Scope.ACCOUNTS_READ: "Look up accounts, customers, balances and transactions.",
    Scope.MONEY_WRITE: "Give and take money, confirm payment orders by hand.",
    Scope.NUMBERS_WRITE: "Change accounts' numbers.",
    Scope.ORDERS_READ: "Look up payment orders.",
    Scope.ORDERS_WRITE: "Begin payment orders.",
    Scope.CALLS_READ: "Look at live calls and agents.",
    Scope.CALLS_WRITE: "Warn and end live calls.",
    Scope.AGENTS_WRITE: "Pause agents and let them work again.",
    Scope.WEBHOOKS_READ: "Look up webhook endpoints and deliveries.",
    Scope.WEBHOOKS_WRITE: "Add and change webhook endpoints, send webhooks again.",
    Scope.DIDS_READ: "Look at the organisation's numbers, its data, sources, notices and probes.",
    Scope.DIDS_WRITE: "Order and end numbers, change the data, hand in documents, keep sources.",
    Scope.VERIFICATIONS_WRITE: "Have phone numbers verified, and look at verifications.",
    Scope.CALLERS_READ: "Look at notes and reports on callers, and at who is blocked.",
    Scope.CALLERS_WRITE: "Note and report callers, block them and let them in again.",
    Scope.TRACKING_READ: "Read reports of tracking calls, how they count, where numbers lead.",
    Scope.TRACKING_WRITE: "Change how tracking calls count and are told, where their numbers lead.",
    Scope.FORWARDING_READ: "Look at where toll-free numbers are forwarded, and at their calls.",
    Scope.FORWARDING_WRITE: "Set, change and delete where toll-free numbers are forwarded.",
    Scope.STATEMENTS_READ: "Read the monthly statements of billing profiles and merchants.",
}

Json = dict[str, Any]


def document(routes: Sequence[Route[Any, Any]], prefix: str) -> Json:
    """The document of these routes, served below `prefix`."""
    paths: dict[str, Json] = {}
    for route in routes:
        path = paths.setdefault(route.path, {})
        path[route.method.lower()] = _operation(route)
    paths["/openapi.json"] = {"get": _of_itself()}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Groschen", "version": VERSION, "description": ABOUT},
        "servers": [{"url": prefix}],
        "paths": paths,
        "components": {
            "schemas": _schemas(routes),
            "securitySchemes": {"key": _security()},
        },
    }


def _security() -> Json:
    scopes = "\n".join(f"- `{scope}`: {meaning}" for scope, meaning in MEANINGS.items())
    return {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "gk_<id>_<secret>",
        "description": f"A key made with `groschen apikey create`. Its scopes:\n\n{scopes}",
    }


# --- schemas -------------------------------------------------------------------------------


def _modes(routes: Iterable[Route[Any, Any]]) -> list[tuple[type[BaseModel], JsonSchemaMode]]:
    wanted: dict[type[BaseModel], JsonSchemaMode] = {models.Problem: "validation"}
    for route in routes:
        if route.answer not in (contract.Sheet, contract.Paper):
            wanted[route.answer] = "serialization"
        wanted[route.query] = "validation"
        if route.has_body:
            wanted[route.body] = "validation"
    return list(wanted.items())


def _definitions(routes: Iterable[Route[Any, Any]]) -> Json:
    _, schema = models_json_schema(_modes(routes), ref_template=REF)
    found: Json = schema["$defs"]
    return found


def _schemas(routes: Sequence[Route[Any, Any]]) -> Json:
    queries = {route.query.__name__ for route in routes}
    return {name: held for name, held in _definitions(routes).items() if name not in queries}


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": REF.format(model=model.__name__)}


def _example(model: type[BaseModel]) -> Json:
    """The model's own example; of a page, one with its item's."""
    schema = model.model_json_schema()
    if "examples" in schema:
        example: Json = schema["examples"][0]
        return example
    items, field = next(iter(model.model_fields.items()))
    (item,) = get_args(field.annotation)
    further = {"next": None} if "next" in model.model_fields else {}
    return {items: [_example(item)], **further}


# --- operations ----------------------------------------------------------------------------


def _operation(route: Route[Any, Any]) -> Json:
    operation: Json = {
        "operationId": route.name,
        "summary": route.summary,
        "description": (route.run.__doc__ or "").strip(),
        "tags": [route.path.split("/")[1]],
        "security": [{"key": [route.scope.value]}],
        "parameters": _parameters(route),
        "responses": {
            str(route.status): {
                "description": _title(route.answer),
                "headers": _RATE_HEADERS,
                "content": {route.media_type: _content(route.answer)},
            },
            **_refusals(route),
        },
    }
    if route.has_body:
        content = {"schema": _ref(route.body), "example": _example(route.body)}
        operation["requestBody"] = {"required": True, "content": {"application/json": content}}
    return operation


def _content(model: type[BaseModel]) -> Json:
    if model is contract.Sheet:
        return {"schema": {"type": "string"}, "example": "source,calls\r\nwebsite,120\r\n"}
    if model is contract.Paper:
        return {}
    return {"schema": _ref(model), "example": _example(model)}


def _title(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").strip()


def _of_itself() -> Json:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": "showDocument",
        "summary": "This document",
        "tags": ["document"],
        "security": [],
        "responses": {"200": {"description": "The OpenAPI document.", "content": content}},
    }


def _parameters(route: Route[Any, Any]) -> list[Json]:
    found = [
        {
            "name": part[1:-1],
            "in": "path",
            "required": True,
            "schema": {"type": "string", "pattern": models.NAMED_PATTERN},
        }
        for part in route.path.split("/")
        if part.startswith("{")
    ]
    properties = _definitions([route])[route.query.__name__].get("properties", {})
    found += [_query_parameter(name, schema) for name, schema in properties.items()]
    if route.is_write:
        found.append(
            {
                "name": HEADER,
                "in": "header",
                "required": True,
                "description": "What makes a repeat of this request the same request.",
                "schema": {"type": "string", "pattern": KEY_PATTERN, "examples": ["invoice-4711"]},
            }
        )
    return found


def _query_parameter(name: str, schema: Mapping[str, Any]) -> Json:
    """A parameter may be left out, but cannot be null."""
    given = {key: value for key, value in schema.items() if key not in ("title", "description")}
    if "anyOf" in given:
        options = [option for option in given["anyOf"] if option != {"type": "null"}]
        given = {**options[0], **given}
        del given["anyOf"], given["default"]
    return {"name": name, "in": "query", "description": schema["description"], "schema": given}


# --- refusals ------------------------------------------------------------------------------


def _header(description: str) -> Json:
    return {"description": description, "schema": {"type": "string"}}


_RATE_HEADERS = {
    "RateLimit": _header('What is left of the minute, such as `"key";r=299;t=60`.'),
    "RateLimit-Policy": _header('The limit of this key, such as `"key";q=300;w=60`.'),
}
_RETRY_HEADER = {"Retry-After": _header("When to try again, in seconds.")}


def _possible(route: Route[Any, Any]) -> list[Refusal]:
    """Every refusal that the route's requests can meet."""
    found = [contract.NO_KEY, contract.NO_SCOPE, contract.NOT_ACCEPTABLE, contract.TOO_MANY]
    if "{" in route.path:
        found.append(contract.NOT_FOUND)
    if route.is_write:
        found += [contract.NO_IDEMPOTENCY_KEY, contract.KEY_REUSED, contract.UNDER_WAY]
        found += [contract.CONFLICT, contract.TOO_LARGE]
    if route.has_body:
        found += [contract.NOT_JSON, contract.NOT_A_TYPE]
    return [*found, contract.UNAVAILABLE, *route.refusals]


def _refusals(route: Route[Any, Any]) -> Json:
    by_status: dict[int, list[Refusal]] = {}
    for refusal in _possible(route):
        by_status.setdefault(refusal.status, []).append(refusal)
    return {str(status): _refusal(kinds) for status, kinds in sorted(by_status.items())}


def _refusal(kinds: Sequence[Refusal]) -> Json:
    examples = {kind.code: {"value": _problem(kind)} for kind in kinds}
    may_repeat = any(kind.again_s is not None for kind in kinds)
    return {
        "description": "; ".join(f"{kind.title} (`{kind.code}`)" for kind in kinds),
        **({"headers": _RETRY_HEADER} if may_repeat else {}),
        "content": {MEDIA_TYPE: {"schema": _ref(models.Problem), "examples": examples}},
    }


def _problem(kind: Refusal) -> Json:
    return {
        "type": f"urn:groschen:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
    }
