"""What a route is, as data: the query it takes, what it answers with, and how it is found."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import parse_qsl

from zerodte.server.metrics import Metrics
from zerodte.server.settings import ServerSettings
from zerodte.service.market_service import MarketService
from zerodte.wire.query import Query, fields_of

Plan: TypeAlias = Literal["open", "growth", "alpha"]
Media: TypeAlias = Literal["json", "html", "css", "javascript", "metrics", "events"]
#: Whether a client may keep an answer: never; as long as it asks each time if it still holds; for
#: good, because its path changes with it.
CachePolicy: TypeAlias = Literal["none", "revalidate", "immutable"]

HTTP_METHODS = ("GET", "HEAD")
MEDIA_TYPES: dict[Media, str] = {
    "json": "application/json",
    "html": "text/html",
    "css": "text/css",
    "javascript": "text/javascript",
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
    # Asks a proxy to pass events on as they come.
    "events": {"x-accel-buffering": "no"},
}
_CACHE: dict[CachePolicy, str] = {
    "none": "no-store",
    "revalidate": "private, no-cache",
    "immutable": "public, max-age=31536000, immutable",
}


@dataclass(frozen=True)
class AppState:
    """What answers may draw on: the market, the settings, and what never changes after start."""

    service: MarketService
    settings: ServerSettings
    metrics: Metrics
    openapi: bytes
    reference: bytes


@dataclass(frozen=True)
class Response:
    """A finished body and its HTTP status."""

    body: bytes
    status: int = 200


#: Makes the response to a query of the route's type.
Respond: TypeAlias = Callable[[AppState, Any], Response]


@dataclass(frozen=True)
class FlatBody:
    """The shape of an answer whose blocks stand beside its head and again under `body`."""

    name: str
    head: type
    blocks: type


def ask_market(state: AppState, query: Query) -> Response:
    """The market's own answer."""
    return Response(state.service.answer(query))


@dataclass(frozen=True)
class Route:
    """A row of the route table.

    Attributes:
        path: With at most one parameter in braces, at its end: a field of the query.
        plan: The plan it needs.
        query: What is asked; its type names the operation and its `varies_with` says how long an
            answer is kept.
        summary: One line for the documentation.
        answers: The shapes of a 200 body, one of which it has.
        also: Other statuses that come with such a body.
        media: What its body is.
        cache: Whether clients, and this server, keep it.
        respond: Makes the response.
        in_thread: Whether that may take long, and so runs on a worker thread.
        headers: Of its own, as the content security policy of a page.
        is_documented: Whether it stands in the reference.
    """

    path: str
    plan: Plan
    query: type[Query]
    summary: str
    answers: tuple[type | FlatBody, ...] = ()
    also: tuple[int, ...] = ()
    media: Media = "json"
    cache: CachePolicy = "revalidate"
    respond: Respond = ask_market
    in_thread: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)
    is_documented: bool = True

    @property
    def codes(self) -> tuple[str, ...]:
        """The errors that it may answer with."""
        return (*(field.code for field in fields_of(self.query)), *self.query.codes)


@dataclass(frozen=True, slots=True)
class Match:
    """A route, and the parameter in the path that led there, as it was written."""

    route: Route
    parameter: tuple[str, str] | None = None

    def texts(self, query_string: bytes) -> dict[str, str]:
        """What is asked, as text by name. Of a name given twice the first counts."""
        texts: dict[str, str] = {}
        if query_string:
            pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
            texts = dict(reversed(pairs))
        if self.parameter is not None:
            name, text = self.parameter
            texts[name] = text
        return texts


class RouteMap:
    """Routes by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Index them."""
        self._fixed = {route.path: route for route in routes if "{" not in route.path}
        self._with_parameter: dict[str, tuple[str, Route]] = {}
        for route in routes:
            before, brace, name = route.path.partition("/{")
            if brace:
                self._with_parameter[before] = (name.removesuffix("}"), route)

    def find(self, path: str) -> Match | None:
        """Where a decoded path leads; slashes at its end do not count."""
        path = path.rstrip("/") or "/"
        if (route := self._fixed.get(path)) is not None:
            return Match(route)
        before, _, text = path.rpartition("/")
        if (known := self._with_parameter.get(before)) is None:
            return None
        name, route = known
        return Match(route, (name, text))


def headers_of(route: Route) -> dict[str, str]:
    """The headers of a route's answers, whatever they say."""
    return _headers(route.media, route.cache) | dict(route.headers)


def headers_of_errors(status: int) -> dict[str, str]:
    """The headers of an error."""
    allow = {"allow": ", ".join(HTTP_METHODS)} if status == 405 else {}
    return _headers("json", "none") | allow


def _headers(media: Media, cache: CachePolicy) -> dict[str, str]:
    return {
        "content-type": MEDIA_TYPES[media] + _PARAMETERS.get(media, ""),
        **_OWN.get(media, {}),
        "x-content-type-options": "nosniff",
        "cache-control": _CACHE[cache],
    }
