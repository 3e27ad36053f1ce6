"""The types of ASGI 3.0, and the few messages that are sent as they are."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, TypeAlias

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = Mapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers: TypeAlias = list[tuple[bytes, bytes]]


def begin(status: int, headers: Headers) -> Message:
    """The message that begins an answer."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> Message:
    """The message of a body, or of a part of it after which more comes."""
    return {"type": "http.response.body", "body": content, "more_body": more}


def header(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> bytes | None:
    """The values of a header as one list; None where it is not given."""
    values = [value for given, value in headers if given == name]
    return b",".join(values) if values else None


def encoded(headers: Mapping[str, str]) -> Headers:
    """Headers as they are sent."""
    return [(name.encode(), value.encode()) for name, value in headers.items()]
