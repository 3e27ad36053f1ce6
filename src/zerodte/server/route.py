"""What a route is, as data, and how one becomes an endpoint."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from litestar import HttpMethod, Response
from litestar import Request as HttpRequest
from litestar.handlers import HTTPRouteHandler
from litestar.types import Guard

from zerodte.server.page import SCRIPT_SOURCE
from zerodte.server.parameters import Parameter, read_query
from zerodte.server.settings import ServerSettings
from zerodte.server.source import SnapshotSource

Access: TypeAlias = Literal["open", "growth", "alpha"]
Media: TypeAlias = Literal["json", "html"]

METHODS = (HttpMethod.GET, HttpMethod.HEAD)
_COMMON = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_PAGE = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    f"script-src {SCRIPT_SOURCE}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
#: The headers of an answer, whatever it says.
HEADERS: dict[Media, dict[str, str]] = {
    "json": _COMMON | {"content-type": "application/json"},
    "html": _COMMON | _PAGE,
}


@dataclass(frozen=True)
class Site:
    """What handlers may draw on: the market, the settings, and what never changes after start."""

    source: SnapshotSource
    settings: ServerSettings
    openapi: bytes
    reference: bytes


@dataclass(frozen=True)
class Request:
    """A request as handlers see it: the path's parameters and the query, as text by name."""

    path: Mapping[str, str]
    query: Mapping[str, str]


@dataclass(frozen=True)
class Answer:
    """A finished body and its HTTP status."""

    body: bytes
    status: int = 200


Handler: TypeAlias = Callable[[Site, Request], Answer]


@dataclass(frozen=True)
class Flat:
    """The shape of an answer whose blocks stand beside its head and again under `body`."""

    name: str
    head: type
    blocks: type


@dataclass(frozen=True)
class Route:
    """A row of the route table.

    Attributes:
        path: With parameters in braces.
        access: The plan it needs.
        handler: Makes the answer; pure but for what the source does.
        summary: One line for the documentation.
        answers: The shapes of a 200 body, one of which it has.
        also: Other statuses that come with such a body.
        query: The query parameters it knows.
        errors: The codes it may answer with.
        media: What its body is.
        off_loop: Whether the handler may take long, and so runs on a worker thread.
    """

    path: str
    access: Access
    handler: Handler
    summary: str
    answers: tuple[type | Flat, ...] = ()
    also: tuple[int, ...] = ()
    query: tuple[Parameter[Any], ...] = ()
    errors: tuple[str, ...] = ()
    media: Media = "json"
    off_loop: bool = False


def endpoint(route: Route, site: Site, guards: list[Guard]) -> HTTPRouteHandler:
    """The endpoint of a route. `guards` pass or refuse a request before its handler runs."""

    def answer(request: HttpRequest[Any, Any, Any]) -> Response[bytes]:
        asked = Request(request.path_params, read_query(request.scope["query_string"]))
        made = route.handler(site, asked)
        return Response(made.body, status_code=made.status, headers=HEADERS[route.media])

    path = re.sub(r"{(\w+)}", r"{\1:str}", route.path)
    registered = HTTPRouteHandler(
        path,
        http_method=METHODS,
        guards=guards,
        opt={"access": route.access},
        sync_to_thread=route.off_loop,
    )
    return registered(answer)
