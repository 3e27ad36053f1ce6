"""One question to the server: its address, its parameters as text, and how to read its answer."""

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import quote, urlencode

import msgspec
from msgspec import Struct

from zerodte.client.errors import ShapeError
from zerodte.client.tolerant import tolerant
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.flat import degraded_form
from zerodte.wire.query import Query
from zerodte.wire.snapshot import NoZeroDte, SessionClosed

T_co = TypeVar("T_co", covariant=True)
S = TypeVar("S", bound=Struct)

#: A past instant: a datetime (New York unless it has a time zone), a date for its 16:00, or a text
#: as the HTTP API takes it.
Time: TypeAlias = datetime.datetime | datetime.date | str
#: A date, or its text yyyy-MM-dd.
Day: TypeAlias = datetime.date | str


@dataclass(frozen=True, slots=True)
class Call(Generic[T_co]):
    """A question, and how its answer is read.

    Attributes:
        target: Path and query string.
        decode: Reads a body; it raises ShapeError.
        statuses: The HTTP statuses that have such a body.
    """

    target: str
    decode: Callable[[bytes], T_co]
    statuses: tuple[int, ...] = (200,)


def call_of(
    query: type[Query], decode: Callable[[bytes], T_co], /, **parameters: Any
) -> Call[T_co]:
    """A call; parameters that are None are left out."""
    endpoint = ENDPOINTS[query]
    target = target_of(endpoint.path, parameters)
    return Call(target, decode, (200, *endpoint.also))


def target_of(path: str, parameters: Mapping[str, Any]) -> str:
    """A path with its parameter filled in, and the query string."""
    texts = {name: _text(value) for name, value in parameters.items() if value is not None}
    for name in tuple(texts):
        if f"{{{name}}}" in path:
            segment = quote(texts.pop(name), safe="")
            if not segment.strip("."):  # would be taken for a folder on the way
                segment = segment.replace(".", "%2E")
            path = path.replace(f"{{{name}}}", segment)
    return f"{path}?{urlencode(texts)}" if texts else path


def reader_of(shape: type[S]) -> Callable[[bytes], S]:
    """Reads bodies of a shape, however many fields they lack.

    The reader raises ShapeError for a body of another shape.
    """
    decoder: msgspec.json.Decoder[S] = _decoder(shape)

    def decode(content: bytes) -> S:
        try:
            return decoder.decode(content)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise _shape_error(shape.__name__, error) from error

    return decode


@cache
def _decoder(shape: type[Struct]) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(tolerant(shape))


def form_of(content: bytes) -> type[NoZeroDte | SessionClosed] | None:
    """The shape of a chain's answer where there is no chain; None where there is one.

    Raises:
        ShapeError: It is no answer of this API.
    """
    try:
        return degraded_form(content)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise _shape_error("chain", error) from error


def _shape_error(name: str, error: Exception) -> ShapeError:
    return ShapeError(
        f"the answer is not a {name} of this API ({error}); is this address a server of it?"
    )


def _text(value: Any) -> str:
    """A parameter as text of a query string."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            return f"{value.astimezone(datetime.UTC):%Y-%m-%dT%H:%M:%SZ}"
        return f"{value:%Y-%m-%dT%H:%M:%S}"
    if isinstance(value, tuple):
        low, high = value
        return f"{low:.10g}-{high:.10g}"
    return str(value)
