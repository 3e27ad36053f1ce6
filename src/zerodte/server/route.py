"""What a route is, as data: what it needs, what it answers with, and how it is found."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from zerodte.server.asgi import Scope
from zerodte.server.metrics import Metrics
from zerodte.server.page import SCRIPT_SOURCE
from zerodte.server.parameters import Parameter, read_query, read_symbol
from zerodte.server.settings import ServerSettings
from zerodte.server.source import Changes, MarketSource

Access: TypeAlias = Literal["open", "growth", "alpha"]
Media: TypeAlias = Literal["json", "html", "metrics", "events"]

METHODS = ("GET", "HEAD")
_COMMON = {"x-content-type-options": "nosniff"}
_PAGE = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    f"script-src {SCRIPT_SOURCE}; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
}
MEDIA_TYPES: dict[Media, str] = {
    "json": "application/json",
    "html": "text/html",
    "metrics": "text/plain",
    "events": "text/event-stream",
}
_MEDIA: dict[Media, dict[str, str]] = {
    "json": {"content-type": MEDIA_TYPES["json"]},
    "html": _PAGE | {"content-type": f"{MEDIA_TYPES['html']}; charset=utf-8"},
    "metrics": {"content-type": f"{MEDIA_TYPES['metrics']}; version=0.0.4; charset=utf-8"},
    # The last line asks a proxy to pass events on as they come.
    "events": {"content-type": MEDIA_TYPES["events"], "x-accel-buffering": "no"},
}
#: Whether a client may keep an answer: never, or as long as it asks each time if it still holds.
_STORED = {False: {"cache-control": "no-store"}, True: {"cache-control": "private, no-cache"}}


@dataclass(frozen=True)
class Site:
    """What handlers may draw on: the market, the settings, and what never changes after start."""

    source: MarketSource
    settings: ServerSettings
    metrics: Metrics
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


@dataclass(frozen=True)
class Subscription:
    """The samples of a symbol, as they come."""

    symbol: str


Handler: TypeAlias = Callable[[Site, Request], Answer | Subscription]


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
        path: With at most one parameter in braces, the symbol, at its end.
        access: The plan it needs.
        handler: Makes or names the answer; pure but for what the source does.
        summary: One line for the documentation.
        answers: The shapes of a 200 body, one of which it has.
        also: Other statuses that come with such a body.
        query: The query parameters it knows.
        errors: The codes it may answer with.
        media: What its body is.
        changes: How often an answer may turn out different, so how long one is kept; None: it is
            made anew for everybody.
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
    changes: Changes | None = None
    off_loop: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A route and the symbol in the path that led there, as it was written."""

    route: Route
    symbol: str | None = None

    def request(self, query_string: bytes) -> Request:
        """What is asked, as handlers see it."""
        path = {} if self.symbol is None else {"symbol": self.symbol}
        return Request(path, read_query(query_string))

    def key(self, query_string: bytes) -> Hashable:
        """What is asked, whatever the spelling; raises ApiError where it is not of its form."""
        asked = read_query(query_string) if query_string else {}
        symbol = self.symbol if self.symbol is None else read_symbol(self.symbol)
        values = (parameter.of(asked) for parameter in self.route.query)
        return (self.route.path, symbol, *values)


#: Passes or refuses, by an ApiError, a request for a route.
Guard: TypeAlias = Callable[[Route, Scope], None]


class RouteMap:
    """Routes by path."""

    def __init__(self, routes: Sequence[Route]) -> None:
        """Index them."""
        self._fixed = {route.path: route for route in routes if "{" not in route.path}
        self._of_symbol = {
            route.path.removesuffix("/{symbol}"): route
            for route in routes
            if route.path.endswith("/{symbol}")
        }

    def find(self, path: str) -> Found | None:
        """Where a decoded path leads; slashes at its end do not count."""
        path = path.rstrip("/") or "/"
        if (route := self._fixed.get(path)) is not None:
            return Found(route)
        head, _, symbol = path.rpartition("/")
        return Found(route, symbol) if (route := self._of_symbol.get(head)) is not None else None


def headers_of(route: Route) -> dict[str, str]:
    """The headers of a route's answers, whatever they say."""
    return _MEDIA[route.media] | _COMMON | _STORED[route.changes is not None]


def headers_of_errors(status: int) -> dict[str, str]:
    """The headers of an error."""
    allow = {"allow": ", ".join(METHODS)} if status == 405 else {}
    return _MEDIA["json"] | _COMMON | _STORED[False] | allow
