"""The server as one ASGI application: route, admission, query, answer.

Answers come from the cache, where concurrent requests share one computation. Streams bypass it.
Every request is measured here, whether it succeeds or fails. OPTIONS is answered from the route
table, without admission.
"""

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from time import perf_counter

from zerodte.server import asgi
from zerodte.server.access import Admission
from zerodte.server.content_coding import SMALL, choose
from zerodte.server.errors import failure, refuse, rejection
from zerodte.server.hosts import AllowedHosts, host_of
from zerodte.server.mount import MOUNT_METHODS, Mount, MountPoint
from zerodte.server.origins import AllowedOrigins
from zerodte.server.response_cache import AnswerHead, CachedResponse, ResponseCache
from zerodte.server.route import (
    HTTP_METHODS,
    AppState,
    Match,
    Response,
    Route,
    RouteMap,
    headers_of,
    split_secrets,
)
from zerodte.server.settings import ServerSettings
from zerodte.server.stream import Stream
from zerodte.wire.errors import ApiError
from zerodte.wire.query import Query
from zerodte.wire.stream import StreamQuery, StreamsQuery

#: Answers about the past under way at the same time, most of them waiting for a store.
_HISTORY_THREADS = 8
#: Host headers remembered as allowed, so that they are parsed once.
_MAX_CHECKED_HOSTS = 1024
#: The extensions of a server that has none.
_NONE: Mapping[str, Mapping[str, asgi.SendWhole]] = {}
#: The answers that count.
_COUNTED = (200, 304)


class _Exchange:
    """A request and its answer: forwards messages and records what is measured.

    Attributes:
        scope: The request's ASGI scope.
        receive: The connection's ASGI callable.
        match: The route; None if the path has none.
        admission: Set once the caller is known.
        headers: Added to whatever is answered, admitted or not.
        status: The answer's HTTP status; 0 until it starts.
        size: Bytes of the body sent.
    """

    def __init__(
        self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send, match: Match | None
    ) -> None:
        self.scope, self.receive, self.match = scope, receive, match
        self.admission: Admission | None = None
        self.headers: asgi.Headers = []
        self.status = self.size = 0
        self._send = send
        self._is_head = scope["method"] == "HEAD"

    async def send(self, message: asgi.Message) -> None:
        """Send a message: a 200 or 304 is counted first, and HEAD gets no body.

        Raises:
            ApiError: It may not be sent; something else is to be answered.
        """
        if message["type"] == "http.response.start":
            added = await self._settle(message["status"])
            self.status = message["status"]
            if added:
                message = asgi.begin(self.status, [*message["headers"], *added])
        elif self._is_head:
            message = asgi.body(b"", more=message["more_body"])
        else:
            self.size += len(message["body"])
        await self._send(message)

    async def send_whole(self, head: AnswerHead, content: bytes) -> None:
        """Send an answer whose head is prepared, in one piece if the server can.

        Raises:
            ApiError: It may not be sent; something else is to be answered.
        """
        if (extension := self.scope.get("extensions", _NONE).get(asgi.WHOLE)) is None:
            await self.send(asgi.begin(head.status, head.headers))
            await self.send(asgi.body(content))
            return
        added = await self._settle(head.status)
        self.status = head.status
        if self._is_head:
            content = b""
        self.size = len(content)
        send: asgi.SendWhole = extension["send"]
        await send(head.status, head.lines + asgi.lines(added) if added else head.lines, content)

    async def _settle(self, status: int) -> asgi.Headers:
        """Count an answer that is about to be sent; the headers to add to it."""
        if (admission := self.admission) is None:
            return self.headers
        if status in _COUNTED and (counting := admission.settle()) is not None:
            await counting
        return [*self.headers, *admission.headers] if self.headers else admission.headers

    def header(self, name: bytes) -> bytes | None:
        """A header of the request."""
        return asgi.header(self.scope["headers"], name)


class Application:
    """The whole server as one ASGI application.

    Args:
        state: What handlers need.
        routes: The route table.
        mount: An application of its own beside the routes, if there is one.
    """

    def __init__(
        self, state: AppState, routes: Sequence[Route], mount: Mount | None = None
    ) -> None:
        self._state = state
        self._mount = None if mount is None else MountPoint(mount)
        self._map = RouteMap([*routes, self._mount.route] if self._mount else routes)
        self._headers = {route.path: asgi.encoded(headers_of(route)) for route in routes}
        self._hosts = _hosts(state.settings)
        self._origins = _origins(state.settings)
        self._cache = ResponseCache()
        self._stream = Stream(state.service)
        self._history = ThreadPoolExecutor(_HISTORY_THREADS, "past answers")
        self._metrics = state.metrics
        self._metrics.watch(self._cache, self._stream)

    def reload(self, settings: ServerSettings) -> None:
        """Answer for the hosts and origins of new settings; callable from any thread."""
        self._hosts = _hosts(settings)
        self._origins = _origins(settings)

    def stop(self) -> None:
        """End the streams, which would delay shutdown; call on the event loop."""
        self._stream.stop()

    def count_abort(self, reason: str) -> None:
        """Count a connection that the server aborted because of its client."""
        self._metrics.count_abort(reason)

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer a request, or take part in startup and shutdown."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            match = self._map.find(scope["raw_path"].decode("latin-1"))
            await self._measure(_Exchange(scope, receive, send, match))

    async def _lifespan(self, receive: asgi.Receive, send: asgi.Send) -> None:
        await receive()
        running = nullcontext() if self._mount is None else self._mount.running()
        with self._stream.listening():
            async with running:
                await send({"type": "lifespan.startup.complete"})
                await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _measure(self, exchange: _Exchange) -> None:
        began = perf_counter()
        try:
            await self._answer(exchange)
        except ApiError as error:
            await refuse(error, exchange.send)
        except Exception as error:
            if exchange.status:
                raise
            await refuse(failure(exchange.scope, error), exchange.send)
        finally:
            if exchange.status:
                path = exchange.match.route.path if exchange.match else "none"
                elapsed = perf_counter() - began
                self._metrics.count_answer(path, exchange.status, elapsed, exchange.size)

    async def _answer(self, exchange: _Exchange) -> None:
        """Check the request, admit it, parse its query and answer it."""
        scope, match = exchange.scope, exchange.match
        self._check_host(scope)
        exchange.headers = self._origins.headers(scope["headers"])
        if match is None:
            raise rejection(404)
        is_mounted = self._mount is not None and match.route is self._mount.route
        if scope["method"] == "OPTIONS":
            methods = MOUNT_METHODS if is_mounted else HTTP_METHODS
            await exchange.send(asgi.begin(204, self._options(scope, methods)))
            await exchange.send(asgi.body(b""))
            return
        if self._mount is not None and is_mounted:
            await self._serve_mount(self._mount, exchange)
            return
        if scope["method"] not in HTTP_METHODS:
            raise rejection(405)
        route = match.route
        query_string, secrets = split_secrets(scope["query_string"])
        texts = match.texts(query_string)
        admission = self._state.access.admit(
            route, {**texts, **secrets} if secrets else texts, scope["headers"]
        )
        exchange.admission = admission
        if admission.refusal is not None:
            raise admission.refusal
        query = match.query(query_string)
        if isinstance(query, StreamQuery | StreamsQuery):
            await self._stream.serve(
                query,
                self._headers[route.path],
                scope,
                exchange.receive,
                exchange.send,
                admission.is_valid,
            )
        elif route.respond_to is not None:
            if (counting := admission.settle()) is not None:
                await counting
            await self._send(route.respond_to(self._state, admission), route, exchange)
        elif route.cache == "none":
            await self._send(await self._response(route, query), route, exchange)
        else:
            await self._answer_from_cache(route, query, exchange)

    async def _serve_mount(self, mount: MountPoint, exchange: _Exchange) -> None:
        """Admit a caller to the mounted application."""
        scope = exchange.scope
        _, secrets = split_secrets(scope["query_string"])
        admission = self._state.access.admit(mount.route, secrets, scope["headers"])
        exchange.headers = [*exchange.headers, *admission.headers]
        # A day that is used up is said in words, by what it asks for.
        if admission.refusal is not None and admission.refusal.code != "quota_exceeded":
            raise admission.refusal
        await mount.serve(self._origins, scope, exchange.receive, exchange.send)

    def _options(self, scope: asgi.Scope, methods: Sequence[str]) -> asgi.Headers:
        """The headers of an answer to OPTIONS, which has no body and needs no key."""
        allowed = ", ".join(methods).encode()
        preflight = self._origins.preflight(scope["headers"], allowed)
        return [(b"allow", allowed), (b"cache-control", b"no-store"), *preflight]

    def _check_host(self, scope: asgi.Scope) -> None:
        """Refuse a request unless it has one Host that is answered here (RFC 9112, section 3.2)."""
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        allowed, checked = self._hosts
        if len(hosts) == 1 and hosts[0] in checked:
            return
        host = host_of(hosts[0]) if len(hosts) == 1 else None
        if host is None:
            if hosts or scope["http_version"] != "1.0":
                raise rejection(400)
        elif not allowed.allows(host):
            raise ApiError(
                "misdirected_request",
                f"This server does not answer for the host {host!r}; start it with "
                f"--allow-host {host}.",
            )
        elif len(checked) < _MAX_CHECKED_HOSTS:
            checked.add(hosts[0])

    async def _answer_from_cache(self, route: Route, query: Query, exchange: _Exchange) -> None:
        version = self._state.service.version(query)
        response: CachedResponse | Response | None = self._cache.find(query, version)
        if response is not None:
            self._metrics.count_lookup("hit")
        else:
            response, lookup = await self._cache.compute(
                query, version, self._headers[route.path], lambda: self._response(route, query)
            )
            self._metrics.count_lookup(lookup)
        if isinstance(response, CachedResponse):
            await self._send_cached(response, exchange)
        else:
            await self._send(response, route, exchange)

    async def _response(self, route: Route, query: Query) -> Response:
        if not route.in_thread:
            return route.respond(self._state, query)
        # A store may hang, so whoever asks about the past waits on threads of their own.
        pool = self._history if self._state.service.reads_history(query) else None
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(pool, route.respond, self._state, query)

    async def _send_cached(self, cached: CachedResponse, exchange: _Exchange) -> None:
        accepted = exchange.header(b"accept-encoding")
        coding = choose(accepted, is_small=len(cached.content) < SMALL)
        if coding is None:
            raise ApiError(
                "not_acceptable", "Answers come as zstd, br, gzip or identity; accept one of them."
            )
        form = cached.forms.get(coding) or await self._cache.form(cached, coding)
        condition = exchange.header(b"if-none-match")
        if condition is not None and form.matches(condition):
            await exchange.send_whole(form.unchanged, b"")
        else:
            await exchange.send_whole(form.fresh, form.content)

    async def _send(self, response: Response, route: Route, exchange: _Exchange) -> None:
        length = (b"content-length", b"%d" % len(response.body))
        await exchange.send(asgi.begin(response.status, [*self._headers[route.path], length]))
        await exchange.send(asgi.body(response.body))


def _hosts(settings: ServerSettings) -> tuple[AllowedHosts, set[bytes]]:
    """The allowed hosts, and the Host headers that were found to be among them."""
    return AllowedHosts(settings.base_url, settings.hosts), set()


def _origins(settings: ServerSettings) -> AllowedOrigins:
    """The pages that may read answers."""
    return AllowedOrigins(settings.origins)
