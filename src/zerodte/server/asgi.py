"""The types of ASGI 3.0, and helpers for its messages."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]
#: Sends a whole answer: its status, the lines of its headers, its body.
SendWhole: TypeAlias = Callable[[int, bytes, bytes], Awaitable[None]]

#: The extension of a scope in which a server has a `SendWhole`, as `send`.
WHOLE = "zerodte.whole"


def begin(status: int, headers: Headers) -> Message:
    """The message that starts an answer."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> Message:
    """The message of a body, or of a part of one if `more` follows."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """All values of a header, joined by commas; None if it is absent."""
    values = [value for key, value in headers if key == name]
    return b",".join(values) if values else None


def encoded(headers: Mapping[str, str]) -> Headers:
    """Headers as ASGI sends them."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]


def lines(headers: Headers) -> bytes:
    """Headers as HTTP/1.1 sends them (RFC 9112, section 5)."""
    return b"".join([b"%b: %b\r\n" % header for header in headers])
