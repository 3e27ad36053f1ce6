"""The server as one ASGI application: a request's route, its access, then its answer.

Whoever may have an answer gets it as bytes that were made once for all who ask. Streams have their
own way. Every answer, good or bad, is measured here.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter

from zerodte.server import asgi
from zerodte.server.answers import Answers, Kept
from zerodte.server.coding import SMALL, choose
from zerodte.server.etag import is_known
from zerodte.server.failures import failure, refuse, rejection
from zerodte.server.route import (
    METHODS,
    Answer,
    Found,
    Guard,
    Route,
    RouteMap,
    Site,
    Subscription,
    headers_of,
)
from zerodte.server.source import Changes
from zerodte.server.stream import Stream
from zerodte.wire.errors import ApiError

#: A host and a port by their characters (RFC 3986, section 3.2): what matters is that it is one.
_HOST = re.compile(rb"[0-9A-Za-z!$&'()*+,;=._~:\[\]%-]*")


@dataclass(slots=True)
class _Watched:
    """Passes messages on, notes what is measured, and keeps the bodies of HEAD to itself."""

    send: asgi.Send
    is_head: bool
    status: int = 0
    size: int = 0

    async def __call__(self, message: asgi.Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
        elif self.is_head:
            message = asgi.body(b"", more=message["more_body"])
        else:
            self.size += len(message["body"])
        await self.send(message)


class Hub:
    """The whole server as one ASGI application.

    Args:
        site: What handlers draw on.
        routes: All that is answered.
        guards: What every request passes before anything is answered.
    """

    def __init__(self, site: Site, routes: Sequence[Route], guards: Sequence[Guard]) -> None:
        self._site = site
        self._map = RouteMap(routes)
        self._headers = {route.path: asgi.encoded(headers_of(route)) for route in routes}
        self._guards = guards
        self._answers = Answers()
        self._stream = Stream(site.source)
        self._metrics = site.metrics
        self._metrics.watch(self._answers, self._stream)

    def stop(self) -> None:
        """End the streams, which would keep the server from stopping; on the event loop."""
        self._stream.stop()

    def cut(self, reason: str) -> None:
        """Count a connection that the server ended for what its client did."""
        self._metrics.cut(reason)

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer a request, or take part in the server's start and end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._measured(scope, receive, send)

    async def _live(self, receive: asgi.Receive, send: asgi.Send) -> None:
        await receive()
        with self._stream.listening():
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _measured(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        began = perf_counter()
        found = self._map.find(scope["path"])
        watched = _Watched(send, scope["method"] == "HEAD")
        try:
            await self._admitted(found, scope, receive, watched)
        except ApiError as error:
            await refuse(error, watched)
        except Exception as error:
            if watched.status:
                raise
            await refuse(failure(scope, error), watched)
        finally:
            if watched.status:
                path = found.route.path if found else "none"
                self._metrics.answered(path, watched.status, perf_counter() - began, watched.size)

    async def _admitted(
        self,
        found: Found | None,
        scope: asgi.Scope,
        receive: asgi.Receive,
        send: asgi.Send,
    ) -> None:
        hosts = [value for name, value in scope["headers"] if name == b"host"]
        if len(hosts) > 1 or (hosts and not _HOST.fullmatch(hosts[0])):
            raise rejection(400)
        if found is None:
            raise rejection(404)
        if scope["method"] not in METHODS:
            raise rejection(405)
        route = found.route
        for guard in self._guards:
            guard(route, scope)
        if route.changes is not None:
            await self._keep(found, route.changes, scope, send)
            return
        given = await self._handled(found, scope)
        headers = self._headers[route.path]
        if isinstance(given, Subscription):
            await self._stream.serve(given.symbol, headers, scope, receive, send)
        else:
            await _send_once(given, headers, send)

    async def _keep(
        self, found: Found, changes: Changes, scope: asgi.Scope, send: asgi.Send
    ) -> None:
        key = found.key(scope["query_string"])
        version = self._site.source.version(changes)
        headers = self._headers[found.route.path]
        made: Kept | Answer | None = self._answers.find(key, version)
        if made is not None:
            self._metrics.looked_up("hit")
        else:
            made, lookup = await self._answers.make(
                key, version, headers, lambda: self._answered(found, scope)
            )
            self._metrics.looked_up(lookup)
        if isinstance(made, Kept):
            await self._send_kept(made, scope, send)
        else:
            await _send_once(made, headers, send)

    async def _answered(self, found: Found, scope: asgi.Scope) -> Answer:
        given = await self._handled(found, scope)
        if isinstance(given, Subscription):
            raise TypeError(f"{found.route.path} has no end, so it cannot be kept")
        return given

    async def _handled(self, found: Found, scope: asgi.Scope) -> Answer | Subscription:
        handler, request = found.route.handler, found.request(scope["query_string"])
        if found.route.off_loop:
            return await asyncio.to_thread(handler, self._site, request)
        return handler(self._site, request)

    async def _send_kept(self, kept: Kept, scope: asgi.Scope, send: asgi.Send) -> None:
        accepted = asgi.header(scope["headers"], b"accept-encoding")
        coding = choose(accepted, is_small=len(kept.content) < SMALL)
        if coding is None:
            raise ApiError(
                "not_acceptable", "Answers come as zstd, br, gzip or identity; accept one of them."
            )
        form = kept.forms.get(coding) or await self._answers.form(kept, coding)
        known = asgi.header(scope["headers"], b"if-none-match")
        if known is not None and is_known(known, form.tag):
            await send(form.unchanged)
            await send(asgi.body(b""))
        else:
            await send(form.start)
            await send(form.body)


async def _send_once(answer: Answer, headers: asgi.Headers, send: asgi.Send) -> None:
    length = (b"content-length", b"%d" % len(answer.body))
    await send(asgi.begin(answer.status, [*headers, length]))
    await send(asgi.body(answer.body))
