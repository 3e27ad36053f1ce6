"""The OpenAPI document, derived from the route table and the wire's Structs alone."""

import functools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from importlib.resources import files
from inspect import cleandoc
from typing import Any, TypeAlias

import msgspec

import zerodte
from zerodte.server.route import MEDIA_TYPES, Route
from zerodte.wire.errors import OWN_SHAPES, STATUS, ErrorBody
from zerodte.wire.flat import FlatBody
from zerodte.wire.query import fields_of

Json: TypeAlias = dict[str, Any]

#: What any request may meet before its route.
_COMMON_CODES = (
    "bad_request",
    "request_timeout",
    "uri_too_long",
    "misdirected_request",
    "headers_too_large",
    "internal_error",
)
#: What a route that needs a key may meet besides.
_KEY_CODES = ("unauthorized", "tier_restricted", "quota_exceeded", "keys_unavailable")
#: The ways to send a key, and none, because a server may need none.
_KEYS: Json = {
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "key_parameter": {"type": "apiKey", "in": "query", "name": "apiKey"},
}
_SECURITY: list[Json] = [*({name: []} for name in _KEYS), {}]
#: What opens a stream besides, for a browser, which can send no header with it.
_TICKET: Json = {"ticket": {"type": "apiKey", "in": "query", "name": "ticket"}}
#: Headers of answers: those of a key's plan, and the others.
_LIMITS: Json = {
    "X-RateLimit-Limit": "Answers of the plan per UTC day, or `unlimited`.",
    "X-RateLimit-Remaining": "Those that are left, or `unlimited`.",
    "X-RateLimit-Reset": "When they begin anew, unix seconds.",
}
_TAG: Json = {"ETag": "Sent back in `If-None-Match`, it gets a 304 while the answer holds."}
_WAITING = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_WAIT: Json = {"Retry-After": "Whole seconds after which to ask again."}
_REFERENCE = "#/components/schemas/{name}"
_INTRODUCTION = (
    "Live analytics of options that expire today. Unknown numbers are null. "
    "Times are UTC, dates are US/Eastern market dates. Lists in examples are shortened."
)


def document(routes: Sequence[Route], base_url: str) -> bytes:
    """The OpenAPI 3.1 document of `routes`, as JSON."""
    routes = [route for route in routes if route.is_documented]
    shapes = [shape for route in routes for shape in route.endpoint.answers]
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {
                "title": "zerodte",
                "version": zerodte.__version__,
                "description": _INTRODUCTION,
            },
            "servers": [{"url": base_url}],
            "paths": {route.path: {"get": _operation(route)} for route in routes},
            "components": {
                "schemas": _components(shapes),
                "securitySchemes": _KEYS | _TICKET,
                "headers": {
                    name: {"description": meaning, "schema": {"type": "string"}}
                    for name, meaning in (_LIMITS | _TAG | _WAIT).items()
                },
            },
        }
    )


def _components(shapes: Iterable[type | FlatBody]) -> Json:
    flats = [shape for shape in shapes if isinstance(shape, FlatBody)]
    structs = [shape for shape in shapes if not isinstance(shape, FlatBody)]
    structs += [half for flat in flats for half in (flat.head, flat.blocks)]
    errors = [ErrorBody, *OWN_SHAPES.values()]
    _, schemas = msgspec.json.schema_components([*structs, *errors], ref_template=_REFERENCE)
    for schema in schemas.values():
        schema["description"] = cleandoc(schema["description"])
    _describe_tuples(schemas)
    return {flat.name: _flat(flat) for flat in flats} | schemas


def _describe_tuples(node: Any) -> None:
    """Describe tuples by their bounds: generators of clients reject `items: false`."""
    if isinstance(node, dict) and node.get("items") is False:
        del node["items"]
        kinds = node["prefixItems"]
        if all(kind == kinds[0] for kind in kinds):
            node["items"] = node.pop("prefixItems")[0]
    for inner in node.values() if isinstance(node, dict) else node:
        if isinstance(inner, dict | list):
            _describe_tuples(inner)


def _flat(flat: FlatBody) -> Json:
    body = {
        "description": "The blocks once more.",
        "allOf": [_reference(flat.blocks)],
    }
    return {
        "title": flat.name,
        "description": "The head, the blocks beside it, and the same blocks under `body`.",
        "allOf": [
            _reference(flat.head),
            _reference(flat.blocks),
            {"type": "object", "properties": {"body": body}, "required": ["body"]},
        ],
    }


def _reference(shape: type | FlatBody) -> Json:
    name = shape.name if isinstance(shape, FlatBody) else shape.__name__
    return {"$ref": _REFERENCE.format(name=name)}


def _operation(route: Route) -> Json:
    parameters = [
        {
            "name": field.name,
            "in": "path" if field.in_path else "query",
            **({"required": True} if field.in_path else {}),
            "description": field.meaning,
            "schema": field.schema,
        }
        for field in fields_of(route.query)
    ]
    return {
        "operationId": _operation_id(route),
        "summary": route.endpoint.summary,
        "x-access": route.plan,
        "parameters": parameters,
        **_security(route),
        "responses": _failures((*route.endpoint.codes, *_always(route)))
        | {str(status): _success(route) for status in (200, *route.endpoint.also)},
    }


def _security(route: Route) -> Json:
    """The ways to be let in; none where everybody is."""
    if route.plan == "open":
        return {}
    is_stream = route.media == "events"
    return {"security": [*_SECURITY, *({name: []} for name in _TICKET if is_stream)]}


def _headers(names: Iterable[str]) -> Json:
    """Headers by name; nothing without any."""
    found = {name: {"$ref": f"#/components/headers/{name}"} for name in names}
    return {"headers": found} if found else {}


def _operation_id(route: Route) -> str:
    """The operation's name: get_hedge_flow for HedgeFlowQuery.

    Generators of clients name the types of parameters after it, so it begins with a verb, which no
    shape does: HedgeFlowBar is a bar of an answer, GetHedgeFlowBar the parameter `bar`.
    """
    name = route.query.__name__.removesuffix("Query")
    return "get" + re.sub(r"(?=[A-Z])", "_", name).lower()


def _always(route: Route) -> tuple[str, ...]:
    """The error codes that do not depend on the query."""
    keyed = () if route.plan == "open" else _KEY_CODES
    return (*_COMMON_CODES, *keyed, *(() if route.cache == "none" else ("not_acceptable",)))


def _success(route: Route) -> Json:
    schemas = [_reference(shape) for shape in route.endpoint.answers]
    content: Json = {"schema": {"type": "string"}}
    if route.media == "json":
        content = {"schema": {"anyOf": schemas} if schemas else {}}
    examples = _examples()
    if known := examples["answers"].get(route.path):
        content["examples"] = {name: {"value": body} for name, body in known.items()}
    elif (text := examples["texts"].get(route.path)) is not None:
        content["example"] = text
    limits = () if route.plan == "open" else _LIMITS
    tag = () if route.cache == "none" else _TAG
    return {
        "description": route.endpoint.summary,
        **_headers([*limits, *tag]),
        "content": {MEDIA_TYPES[route.media]: content},
    }


def _failures(codes: Iterable[str]) -> Json:
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for code in codes:
        by_status[STATUS[code]].append(code)
    return {
        str(status): {
            "description": f"{HTTPStatus(status).phrase}: {', '.join(named)}",
            **_headers(_WAIT if status in _WAITING else ()),
            "content": {"application/json": _failure(named)},
        }
        for status, named in sorted(by_status.items())
    }


def _failure(codes: Sequence[str]) -> Json:
    known = _examples()["errors"]
    examples = {code: {"value": known[code]} for code in codes if code in known}
    shape = OWN_SHAPES.get(codes[0], ErrorBody)
    return {"schema": _reference(shape), "examples": examples}


@functools.cache
def _examples() -> Json:
    """Recorded answers by path and shape, texts by path, errors by code; lists are shortened."""
    text = files("zerodte.server").joinpath("examples.json").read_bytes()
    examples: Json = msgspec.json.decode(text)
    return examples
