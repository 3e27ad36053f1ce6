"""A reader of server-sent events, as the HTML standard says in section 9.2.6."""

import http.client
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Event:
    """An event as a browser would see it."""

    kind: str
    data: str
    id: str


class EventReader:
    """An open stream; `next` waits for an event or, as None, a comment."""

    def __init__(self, url: str, last_id: str | None = None) -> None:
        parts = urlsplit(url)
        assert parts.hostname is not None
        self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=20)
        headers = {} if last_id is None else {"Last-Event-ID": last_id}
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        self._connection.request("GET", path, headers=headers)
        self.response = self._connection.getresponse()
        self.last_id = last_id or ""
        self.retry = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Go away."""
        self.response.close()
        self._connection.close()

    def next(self) -> Event | None:
        """The next event; None for a comment; EOFError at the end."""
        kind, data = "message", list[str]()
        while line := self._line():
            name, _, value = line.partition(":")
            value = value.removeprefix(" ")
            match name:
                case "":
                    if self._line():
                        raise AssertionError("a comment runs into an event")
                    return None
                case "event":
                    kind = value
                case "data":
                    data.append(value)
                case "id":
                    self.last_id = value
                case "retry":
                    self.retry = int(value)
        return Event(kind, "\n".join(data), self.last_id) if data else self.next()

    def _line(self) -> str:
        line = self.response.readline()
        if not line:
            raise EOFError
        return line.decode().rstrip("\n")
