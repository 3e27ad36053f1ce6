"""HTTP whose answers are over by a deadline, however slowly a host sends.

A socket's timeout starts anew with every byte, so a host that sends one now and then is never late
by it: neither in the status line and the headers, nor in a body and the sizes of its chunks.
"""

import functools
import http.client
import io
import socket
import time
import urllib.request
from typing import Any


class SlowAnswerError(TimeoutError):
    """An answer that is not over by its deadline.

    Args:
        count: Bytes that came.
        longest: Seconds that it had.
    """

    def __init__(self, count: int, longest: float) -> None:
        super().__init__(f"{count:,} bytes in {longest:g} seconds; given up")


def deadline_handlers(longest: float) -> tuple[urllib.request.BaseHandler, ...]:
    """Handlers of http and https whose answers end after some seconds.

    Args:
        longest: Seconds for a connection and all that it answers; one that has not ended raises
            `SlowAnswerError`.
    """
    return _HTTPHandler(longest), _HTTPSHandler(longest)


class _HTTPHandler(urllib.request.HTTPHandler):
    def __init__(self, longest: float) -> None:
        super().__init__()
        self._connect = functools.partial(_connection, http.client.HTTPConnection, longest)

    def http_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect, req)


class _HTTPSHandler(urllib.request.HTTPSHandler):
    def __init__(self, longest: float) -> None:
        super().__init__()
        self._connect = functools.partial(_connection, http.client.HTTPSConnection, longest)

    def https_open(self, req: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(self._connect, req)


def _connection(
    kind: type[http.client.HTTPConnection], longest: float, host: str, **arguments: Any
) -> http.client.HTTPConnection:
    """A connection whose answers share one deadline, that of a proxy included."""
    found = kind(host, **arguments)
    answer = functools.partial(_TimelyAnswer, time.monotonic() + longest, longest)
    found.response_class = answer  # type: ignore[assignment]
    return found


class _TimelyAnswer(http.client.HTTPResponse):
    """An answer that is read until a deadline, seconds of the monotonic clock."""

    def __init__(
        self, deadline: float, longest: float, sock: socket.socket, **arguments: Any
    ) -> None:
        super().__init__(sock, **arguments)
        # The file keeps the socket open for as long as the answer is.
        file = self.fp.detach()
        self.fp = io.BufferedReader(_TimelyFile(file, sock, deadline, longest))


class _TimelyFile(io.RawIOBase):
    """The bytes of a socket until a deadline."""

    def __init__(
        self, file: io.RawIOBase, sock: socket.socket, deadline: float, longest: float
    ) -> None:
        super().__init__()
        self._file, self._socket = file, sock
        self._deadline, self._longest = deadline, longest
        self._patience = sock.gettimeout()
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        rest = self._deadline - time.monotonic()
        if rest <= 0.0:
            raise SlowAnswerError(self._count, self._longest)
        is_last = self._patience is None or rest < self._patience
        self._socket.settimeout(rest if is_last else self._patience)
        try:
            count = self._file.readinto(buffer)
        except TimeoutError:
            if is_last:
                raise SlowAnswerError(self._count, self._longest) from None
            raise
        self._count += count or 0
        return count

    def close(self) -> None:
        self._file.close()
        super().close()
