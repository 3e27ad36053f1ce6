"""An application of its own at one path, behind the hosts, keys and origins of this server.

It alone is sent requests with a body. The body is read here, within limits, before the application
sees the request.
"""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from zerodte.server import asgi
from zerodte.server.errors import refuse
from zerodte.server.origins import AllowedOrigins
from zerodte.server.route import Route
from zerodte.wire.endpoint import Endpoint
from zerodte.wire.errors import ApiError
from zerodte.wire.query import Query

#: Maximum bytes of a body, and seconds for it to arrive.
BODY_BYTES: Final = 256 * 1024
_BODY_S: Final = 10.0
#: What the path answers.
MOUNT_METHODS: Final = ("POST", "OPTIONS")
_ALLOW: Final = ", ".join(MOUNT_METHODS)
#: What every answer of this server has.
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class Mount(Protocol):
    """An application to be mounted.

    Attributes:
        path: Where it answers.
    """

    path: str

    def running(self) -> AbstractAsyncContextManager[None]:
        """Run whatever it needs while the server does; on the event loop."""
        ...

    async def __call__(self, scope: asgi.Scope, receive: asgi.Receive, send: asgi.Send) -> None:
        """Answer a POST, whose body is complete."""
        ...


class MountPoint:
    """Where an application is mounted.

    Any valid key may ask it, and asking is not counted: what it asks for in turn is.

    Args:
        mount: The application.

    Attributes:
        route: Its route, for admission.
        running: As the application's.
    """

    def __init__(self, mount: Mount) -> None:
        self._mount = mount
        self.running = mount.running
        endpoint = Endpoint(Query, mount.path, "An application of its own")
        self.route = Route(endpoint, "free", cache="none", is_documented=False)

    async def serve(
        self,
        origins: AllowedOrigins,
        scope: asgi.Scope,
        receive: asgi.Receive,
        send: asgi.Send,
    ) -> None:
        """Answer a request whose caller was admitted.

        A page's request names its origin, and is refused unless that page may read answers: keys
        protect nothing where a server needs none.

        Raises:
            ApiError: origin_refused, body_too_large or request_timeout.
        """
        if scope["method"] != "POST":
            error = ApiError("method_not_allowed", f"This path answers {_ALLOW}.")
            await refuse(error, send, allow=_ALLOW)
            return
        origin = asgi.header(scope["headers"], b"origin")
        if origin is not None and not origins.allows(origin):
            raise ApiError(
                "origin_refused",
                "Pages of this origin may not ask; the operator can name it with --allow-origin.",
            )
        try:
            async with asyncio.timeout(_BODY_S):
                content = await _body(receive)
        except TimeoutError as error:
            message = f"A request's body must come within {_BODY_S:g} seconds."
            raise ApiError("request_timeout", message) from error
        if content is not None:
            await self._mount(scope, _received(content, receive), _sent(send))


async def _body(receive: asgi.Receive) -> bytes | None:
    """A request's whole body; None if the client has left."""
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        content += message.get("body", b"")
        if len(content) > BODY_BYTES:
            raise ApiError("body_too_large", f"A body has at most {BODY_BYTES:,} bytes.")
        if not message.get("more_body", False):
            return bytes(content)


def _received(content: bytes, receive: asgi.Receive) -> asgi.Receive:
    """The body at once, then whatever the connection says."""
    parts = [content]

    async def next_message() -> asgi.Message:
        if parts:
            return {"type": "http.request", "body": parts.pop(), "more_body": False}
        return await receive()

    return next_message


def _sent(send: asgi.Send) -> asgi.Send:
    """Messages as this server sends them."""

    async def forward(message: asgi.Message) -> None:
        if message["type"] == "http.response.start":
            own = dict(message.get("headers", ()))
            headers = [*own.items(), *(pair for pair in _HEADERS if pair[0] not in own)]
            await send(asgi.begin(message["status"], headers))
        else:
            await send(asgi.body(message.get("body", b""), more=message.get("more_body", False)))

    return forward
