"""One connection within limits: on the time and size of a request's head, and on stalled writes.

uvicorn's protocol parses requests and writes answers. The limits that it leaves to a proxy are
enforced here, so a server can run without one. A client that exceeds them is disconnected and
counted.

This uses internals of uvicorn (`STATUS_LINE`, `cycle`, `pipeline`, `flow`), which is why
pyproject.toml caps its version.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from zerodte.server.asgi import WHOLE, App, Message, Receive, Scope, Send, encoded, lines
from zerodte.server.route import headers_of_errors
from zerodte.wire.errors import ApiError

#: Maximum bytes of a request's target and of its whole head, about as in common servers.
TARGET_BYTES, HEAD_BYTES = 8 * 1024, 32 * 1024
#: Seconds for a whole head to arrive, from when the connection opens or the head starts.
_HEAD_S = 10.0
#: Seconds that a client may stop reading an answer; and the same during shutdown.
_STALL_S, _LAST_STALL_S = 60.0, 1.0
#: Seconds that a refused client has to read the error.
_LINGER_S = 1.0

_CLOSE = (b"connection", b"close")
_MALFORMED = ApiError("bad_request", "This is not a well-formed HTTP/1.1 request.")
_LATE = ApiError("request_timeout", f"A request's head must come within {_HEAD_S:g} seconds.")
_LONG_TARGET = ApiError("uri_too_long", f"A path and query have at most {TARGET_BYTES:,} bytes.")
_LONG_HEAD = ApiError("headers_too_large", f"A request's head has at most {HEAD_BYTES:,} bytes.")


class Connection(HttpToolsProtocol):
    """An HTTP connection that never waits indefinitely.

    Args:
        on_abort: Called with the reason when a connection is ended because of its client.
        uvicorn: The arguments that uvicorn passes to a protocol.
    """

    def __init__(self, *, on_abort: Callable[[str], None], **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._on_abort = on_abort
        self._fault = _MALFORMED
        self._is_in_head, self._is_refused = True, False
        self._is_in_body = False
        self._refusal: ApiError | None = None
        self._running: RequestResponseCycle | None = None
        self._head_size = self._chunk_size = 0
        self._due: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # Heads

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start waiting for a head."""
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel all timers, and tell the request that is being answered."""
        self._cancel_due()
        self._cancel_stalled()
        # uvicorn tells only the last request, which may wait behind this one.
        if self._running is not None:
            _disconnect(self._running)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse received bytes."""
        if self._is_refused:
            return
        self._chunk_size = len(data)
        self._head_size += len(data)
        super().data_received(data)
        if self._is_refused or self.transport.is_closing():
            return
        if self._is_in_head and self._head_size > HEAD_BYTES:
            self._refuse(_LONG_HEAD)
        elif self._is_in_head or self.cycle.response_complete:
            self._expect_head()

    def on_message_begin(self) -> None:
        """Note that a head starts within the current chunk."""
        super().on_message_begin()
        self._is_in_head, self._head_size = True, self._chunk_size

    def on_headers_complete(self) -> None:
        """Check the complete head against the limits, then answer."""
        self._is_in_head = False
        self._cancel_due()
        if len(self.url) > TARGET_BYTES:
            self._fault = _LONG_TARGET
        elif self._head_size > HEAD_BYTES and _size(self.headers) + len(self.url) > HEAD_BYTES:
            self._fault = _LONG_HEAD
        if self._fault is not _MALFORMED:
            # The parser reports this as its own error, to `send_400_response`.
            raise ValueError(self._fault.message)
        if not self.url.startswith(b"/") and (host := httptools.parse_url(self.url).host):
            # The host of a target in absolute form counts (RFC 9112, section 3.2.2).
            host = b"[" + host + b"]" if b":" in host else host  # the parser strips an IPv6's
            self.headers[:] = [
                (name, host if name == b"host" else value) for name, value in self.headers
            ]
        super().on_headers_complete()
        self._is_in_body = True

    def on_message_complete(self) -> None:
        """Note that the body is complete."""
        self._is_in_body = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request; close if this one's body, which is not read, is incomplete."""
        if self._refusal is not None and not self.pipeline and not self.transport.is_closing():
            self._write_refusal(self._refusal)
            return
        if self.cycle.more_body and not self.pipeline:
            self.transport.close()
        super().on_response_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        if cycle.scope["http_version"] == "1.1":
            cycle.scope["extensions"] = {WHOLE: {"send": partial(_send_whole, cycle)}}
        else:
            app = _until_close(app, cycle)
        super()._start_asgi_task(cycle, app)

    def _expect_head(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(_HEAD_S, self._refuse, _LATE)

    def _cancel_due(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    # Answers that the client does not read

    def pause_writing(self) -> None:
        """The client reads too slowly: start the stall timer."""
        super().pause_writing()
        self._stalled = self.loop.call_later(_STALL_S, self._abort)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._cancel_stalled()
        super().resume_writing()

    def shutdown(self) -> None:
        """Shut down: finish the current answer if the client reads it."""
        if self.flow.write_paused:
            self._cancel_stalled()
            self._stalled = self.loop.call_later(_LAST_STALL_S, self._abort)
        super().shutdown()

    def _cancel_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _abort(self) -> None:
        self._on_abort("stalled")
        self.transport.abort()

    # Refusals

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that could not be parsed, with our error instead of uvicorn's."""
        del msg
        self._refuse(self._fault)

    def _refuse(self, error: ApiError) -> None:
        """Send an error after the answers under way, and close."""
        self._on_abort(error.code)
        self._is_refused = True
        self._cancel_due()
        if self._is_in_body and not self._drop_request():
            self.transport.close()
        elif self._running is None or self._running.response_complete or self._running.disconnected:
            self._write_refusal(error)
        else:
            self._refusal = error

    def _drop_request(self) -> bool:
        """Drop the last request, whose body is malformed; False if its answer has begun."""
        self._is_in_body = False
        if self.cycle.response_started:
            return False
        if self.pipeline:
            self.pipeline.popleft()
        _disconnect(self.cycle)
        return True

    def _write_refusal(self, error: ApiError) -> None:
        body = error.body()
        headers = headers_of_errors(error.status) | {
            "connection": "close",
            "content-length": str(len(body)),
        }
        head = lines(encoded(headers))
        self.transport.write(b"".join((STATUS_LINE[error.status], head, b"\r\n", body)))
        # Closing at once, with data unread, would make the system reset the connection and discard
        # this answer.
        self.transport.write_eof()
        self._due = self.loop.call_later(_LINGER_S, self.transport.close)


def _disconnect(cycle: RequestResponseCycle) -> None:
    """End a request: its application is told, and what it still sends is dropped."""
    if not cycle.response_complete:
        cycle.disconnected = True
    cycle.message_event.set()


async def _send_whole(cycle: RequestResponseCycle, status: int, head: bytes, body: bytes) -> None:
    """Send an answer in one piece; uvicorn would check and write each header of it again."""
    if cycle.flow.write_paused and not cycle.disconnected:
        await cycle.flow.drain()
    if cycle.disconnected:
        return
    cycle.response_started = cycle.response_complete = True
    cycle.waiting_for_100_continue = False
    ours = lines(cycle.default_headers if cycle.keep_alive else [*cycle.default_headers, _CLOSE])
    cycle.transport.write(b"".join((STATUS_LINE[status], ours, head, b"\r\n", body)))
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()


def _until_close(app: App, cycle: RequestResponseCycle) -> App:
    """The application for HTTP/1.0, which has no chunks: a body without length ends the connection.

    uvicorn would send chunks to such clients too.
    """

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        is_bare = False

        async def send_bare(message: Message) -> None:
            nonlocal is_bare
            if message["type"] == "http.response.start":
                is_bare = all(name != b"content-length" for name, _ in message["headers"])
                cycle.chunked_encoding = False if is_bare else None
            elif is_bare:
                cycle.expected_content_length = len(message["body"])
            await send(message)

        await app(scope, receive, send_bare)

    return run


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)
