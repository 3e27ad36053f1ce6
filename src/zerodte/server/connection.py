"""One connection, within limits: heads in time and of a size, answers that are taken.

uvicorn's protocol parses requests and writes answers; what it leaves to a proxy is done here, so
that a server may stand without one. Whoever does not keep to the limits is cut off, and counted.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from zerodte.server.asgi import encoded
from zerodte.server.route import headers_of_errors
from zerodte.wire.errors import ApiError

#: Bytes of a request's target and of its whole head; common servers allow about as much.
TARGET_BYTES, HEAD_BYTES = 8 * 1024, 32 * 1024
#: Seconds for a head to come, from when the connection is open or the head has begun.
_HEAD_S = 10.0
#: Seconds that a client may leave an answer untaken; and once the server is about to end.
_STALL_S, _LAST_STALL_S = 60.0, 1.0
#: Seconds that a refused client has to hear why.
_LINGER_S = 1.0

_MALFORMED = ApiError("bad_request", "This is not a well-formed HTTP/1.1 request.")
_LATE = ApiError("request_timeout", f"A request's head must come within {_HEAD_S:g} seconds.")
_LONG_TARGET = ApiError("uri_too_long", f"A path and query have at most {TARGET_BYTES:,} bytes.")
_LONG_HEAD = ApiError("headers_too_large", f"A request's head has at most {HEAD_BYTES:,} bytes.")


class Connection(HttpToolsProtocol):
    """An HTTP connection that waits for nobody for ever.

    Args:
        aborted: Told why, when a connection is ended for what its client does.
        uvicorn: What uvicorn gives its protocols.
    """

    def __init__(self, *, aborted: Callable[[str], None], **uvicorn: Any) -> None:
        super().__init__(**uvicorn)
        self._aborted = aborted
        self._fault = _MALFORMED
        self._is_in_head, self._is_refused = True, False
        self._head_size = self._piece_size = 0
        self._due: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None

    # Heads

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a head."""
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._cancel_due()
        self._cancel_stalled()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take a piece of whatever comes."""
        if self._is_refused:
            return
        self._piece_size = len(data)
        self._head_size += len(data)
        super().data_received(data)
        if self._is_refused or self.transport.is_closing():
            return
        if self._is_in_head and self._head_size > HEAD_BYTES:
            self._refuse(_LONG_HEAD)
        elif self._is_in_head or self.cycle.response_complete:
            self._expect()

    def on_message_begin(self) -> None:
        """A head begins within the piece."""
        super().on_message_begin()
        self._is_in_head, self._head_size = True, self._piece_size

    def on_headers_complete(self) -> None:
        """A head has come; begin to answer."""
        self._is_in_head = False
        self._cancel_due()
        if len(self.url) > TARGET_BYTES:
            self._fault = _LONG_TARGET
        elif self._head_size > HEAD_BYTES and _size(self.headers) + len(self.url) > HEAD_BYTES:
            self._fault = _LONG_HEAD
        if self._fault is not _MALFORMED:
            # The parser passes it on as its own, to `send_400_response`.
            raise ValueError(self._fault.message)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, unless this one's body, which nobody reads, still comes."""
        if self.cycle.more_body and not self.pipeline:
            self.transport.close()
        super().on_response_complete()

    def _expect(self) -> None:
        if self._due is None:
            self._due = self.loop.call_later(_HEAD_S, self._refuse, _LATE)

    def _cancel_due(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    # Answers that are not taken

    def pause_writing(self) -> None:
        """The client takes less than is sent; wait, but not for ever."""
        super().pause_writing()
        self._stalled = self.loop.call_later(_STALL_S, self._abort)

    def resume_writing(self) -> None:
        """The client has caught up."""
        self._cancel_stalled()
        super().resume_writing()

    def shutdown(self) -> None:
        """End soon: finish what is being answered, if the client takes it."""
        if self.flow.write_paused:
            self._cancel_stalled()
            self._stalled = self.loop.call_later(_LAST_STALL_S, self._abort)
        super().shutdown()

    def _cancel_stalled(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _abort(self) -> None:
        self._aborted("stalled")
        self.transport.abort()

    # Refusals

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser could not read, whatever uvicorn would have said."""
        del msg
        self._refuse(self._fault)

    def _refuse(self, error: ApiError) -> None:
        """Say what was wrong, where no answer is under way, and end."""
        self._aborted(error.code)
        self._is_refused = True
        self._cancel_due()
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()
            return
        body = error.body()
        headers = headers_of_errors(error.status) | {
            "connection": "close",
            "content-length": str(len(body)),
        }
        lines = [b"%b: %b\r\n" % header for header in encoded(headers)]
        self.transport.write(b"".join([STATUS_LINE[error.status], *lines, b"\r\n", body]))
        # Closed at once, with what the client still sends unread, the system would take this back.
        self.transport.write_eof()
        self._due = self.loop.call_later(_LINGER_S, self.transport.close)


def _size(headers: list[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) + len(b": \r\n") for name, value in headers)
