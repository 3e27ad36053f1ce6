"""Routes as data: who may ask an endpoint, how it responds, and how paths map to routes."""

import functools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl, unquote

from zerodte.server.access import Access, Admission
from zerodte.server.metrics import Metrics
from zerodte.server.settings import ServerSettings
from zerodte.service.market_service import MarketService
from zerodte.wire.endpoint import Endpoint, Media
from zerodte.wire.query import Query

#: The name of the lowest plan that may ask; `open` needs no key.
RequiredPlan: TypeAlias = Literal["open", "free", "basic", "growth", "alpha"]
#: Whether clients may cache an answer: never, if they revalidate it on each use, or forever because
#: new content gets a new path.
CachePolicy: TypeAlias = Literal["none", "revalidate", "immutable"]

HTTP_METHODS = ("GET", "HEAD", "OPTIONS")
#: Parameters that let somebody in. They are neither cached nor logged.
SECRET_PARAMETERS = ("apiKey", "ticket")
MEDIA_TYPES: dict[Media, str] = {
    "json": "application/json",
    "html": "text/html",
    "css": "text/css",
    "javascript": "text/javascript",
    "svg": "image/svg+xml",
    "metrics": "text/plain",
    "events": "text/event-stream",
}
_UTF8 = "; charset=utf-8"
_PARAMETERS: dict[Media, str] = {
    "html": _UTF8,
    "css": _UTF8,
    "javascript": _UTF8,
    "metrics": f"; version=0.0.4{_UTF8}",
}
_OWN: dict[Media, dict[str, str]] = {
    "html": {"referrer-policy": "no-referrer"},
    # Asks a proxy not to buffer events.
    "events": {"x-accel-buffering": "no"},
}
_OF_STATUS: dict[int, dict[str, str]] = {
    401: {"www-authenticate": 'ApiKey realm="zerodte", header="X-Api-Key"'},
    405: {"allow": ", ".join(HTTP_METHODS)},
}
_CACHE: dict[CachePolicy, str] = {
    "none": "no-store",
    "revalidate": "private, no-cache",
    "immutable": "public, max-age=31536000, immutable",
}


_SECRET = re.compile("|".join(SECRET_PARAMETERS).encode())
_NO_SECRETS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class AppState:
    """What handlers need: the market, the settings, access, and documents that never change."""

    service: MarketService
    settings: ServerSettings
    metrics: Metrics
    access: Access
    openapi: bytes
    reference: bytes


@dataclass(frozen=True)
class Response:
    """A complete body and its HTTP status."""

    body: bytes
    status: int = 200


#: Makes the response to a query of the route's type.
Respond: TypeAlias = Callable[[AppState, Any], Response]
#: Makes the response to a caller about themselves, once it is counted.
RespondToCaller: TypeAlias = Callable[[AppState, Admission], Response]


def split_secrets(query_string: bytes) -> tuple[bytes, Mapping[str, str]]:
    """Take the secret parameters out of a query string.

    Returns:
        The query string without them, and the first value of each, by name.
    """
    if not query_string or not (b"%" in query_string or _SECRET.search(query_string)):
        return query_string, _NO_SECRETS
    rest: list[bytes] = []
    secrets: dict[str, str] = {}
    for part in query_string.split(b"&"):
        pairs = parse_qsl(part.decode("latin-1"), keep_blank_values=True)
        if pairs and pairs[0][0] in SECRET_PARAMETERS:
            secrets.setdefault(*pairs[0])
        else:
            rest.append(part)
    return b"&".join(rest), secrets


def ask_market(state: AppState, query: Query) -> Response:
    """The market's answer to a query."""
    return Response(state.service.answer(query))


@dataclass(frozen=True)
class Route:
    """A row of the route table.

    Attributes:
        endpoint: The query, its path and its answers.
        plan: The required plan.
        cache: Whether clients and this server cache the answer.
        respond: Makes the response.
        respond_to: Makes the response where it depends on the caller, in place of `respond`; it is
            never cached.
        in_thread: Whether `respond` may take long, and so runs in a worker thread.
        headers: Extra headers, such as a page's content security policy.
        is_documented: Whether the route appears in the reference.
    """

    endpoint: Endpoint
    plan: RequiredPlan
    cache: CachePolicy = "revalidate"
    respond: Respond = ask_market
    respond_to: RespondToCaller | None = None
    in_thread: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    is_documented: bool = True

    @property
    def path(self) -> str:
        """Where it is asked."""
        return self.endpoint.path

    @property
    def query(self) -> type[Query]:
        """The query's type."""
        return self.endpoint.query

    @property
    def media(self) -> Media:
        """The media type of the body."""
        return self.endpoint.media


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the name and raw text of its path parameter."""

    route: Route
    parameter: tuple[str, str] | None = None

    def texts(self, query_string: bytes) -> Mapping[str, str]:
        """The raw parameters by name; the first value of a repeated name counts."""
        return _texts(self.parameter, query_string)

    def query(self, query_string: bytes) -> Query:
        """What is asked; ApiError where a text is not of its field's form."""
        return _query(self.route.query, self.parameter, query_string)


# Clients ask the same questions again and again.
@functools.lru_cache(maxsize=1024)
def _texts(parameter: tuple[str, str] | None, query_string: bytes) -> Mapping[str, str]:
    texts: dict[str, str] = {}
    if query_string:
        pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
        texts = dict(reversed(pairs))
    if parameter is not None:
        name, text = parameter
        texts[name] = text
    return MappingProxyType(texts)


@functools.lru_cache(maxsize=1024)
def _query(query: type[Query], parameter: tuple[str, str] | None, query_string: bytes) -> Query:
    return query.parse(_texts(parameter, query_string))


class RouteMap:
    """Routes by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Index routes."""
        self._fixed = {route.path: route for route in routes if "{" not in route.path}
        self._with_parameter: dict[str, tuple[str, Route]] = {}
        for route in routes:
            before, brace, name = route.path.partition("/{")
            if brace:
                self._with_parameter[before] = (name.removesuffix("}"), route)

    def find(self, path: str) -> Match | None:
        """The route of a path as it came, still encoded; trailing slashes are ignored.

        An encoded slash is part of a segment, not a border between two.
        """
        path = path.rstrip("/") or "/"
        before, _, text = path.rpartition("/")
        if "%" in path:
            segments = [unquote(segment) for segment in before.split("/")]
            if any("/" in segment for segment in segments):
                return None
            before, text = "/".join(segments), unquote(text)
            path = f"{before}/{text}"
        if (route := self._fixed.get(path)) is not None and "/" not in text:
            return Match(route)
        if (entry := self._with_parameter.get(before)) is None:
            return None
        name, route = entry
        return Match(route, (name, text))


def headers_of(route: Route) -> dict[str, str]:
    """The headers that all answers of a route have."""
    return _headers(route.media, route.cache) | dict(route.headers)


def headers_of_errors(status: int) -> dict[str, str]:
    """The headers of an error."""
    return _headers("json", "none") | _OF_STATUS.get(status, {})


def _headers(media: Media, cache: CachePolicy) -> dict[str, str]:
    return {
        "content-type": MEDIA_TYPES[media] + _PARAMETERS.get(media, ""),
        **_OWN.get(media, {}),
        "x-content-type-options": "nosniff",
        "cache-control": _CACHE[cache],
    }
