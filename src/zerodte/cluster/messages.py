"""What workers and nodes say to each other, in MessagePack.

zerodte.pulse.WORKER   what a worker owns, and how far that is; each second, and when it changes
zerodte.ask.WORKER     a question to a worker, which replies
"""

import datetime
from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias, TypeVar

import msgspec
import zstandard

from zerodte.feeds.feed import FeedError
from zerodte.service.market_service import MarketStats
from zerodte.wire.endpoints import ENDPOINTS
from zerodte.wire.errors import STATUS, ApiError
from zerodte.wire.health import Health
from zerodte.wire.query import Changes, Query
from zerodte.wire.stream import SampleEvent

#: What is asked for: the answer to a query, a symbol's samples, a symbol now.
AskKind: TypeAlias = Literal["answer", "events", "tick"]

PULSES: Final = "zerodte.pulse.*"
#: Replies of more bytes are compressed; a broker passes on a megabyte at most.
_LARGE: Final = 1 << 16
_PLAIN, _PACKED = b"\0", b"\1"
_MOST_BYTES: Final = 256 << 20
_QUERIES: Final[Mapping[str, type[Query]]] = {query.__name__: query for query in ENDPOINTS}

T = TypeVar("T")


def pulse_subject(worker: str) -> str:
    """Where a worker says what it owns."""
    return f"zerodte.pulse.{worker}"


def ask_subject(worker: str) -> str:
    """Where a worker is asked."""
    return f"zerodte.ask.{worker}"


class GroupPulse(msgspec.Struct, frozen=True):
    """Symbols that a worker plays together.

    Attributes:
        session: Their session's date.
        is_ready: Whether they have caught up with the stream.
        owned: The generation of each symbol that the worker owns.
        versions: See `MarketService.version`, by what changes an answer.
        health: Of their market.
        stats: Its counts.
    """

    session: datetime.date
    is_ready: bool
    owned: dict[str, int]
    versions: dict[Changes, int]
    health: Health
    stats: MarketStats


class Pulse(msgspec.Struct, frozen=True):
    """What a worker owns now; nothing once it leaves."""

    worker: str
    groups: list[GroupPulse]


class Ask(msgspec.Struct, frozen=True):
    """A question to a worker.

    Attributes:
        kind: What is asked for.
        name: The query's type.
        query: The query.
        after: Of samples: the last one that is known, UTC ns.
        generation: Of the ownership that the asker knows of; None where any worker can answer.
    """

    kind: AskKind
    name: str
    query: msgspec.Raw
    after: int | None = None
    generation: int | None = None


class AskError(msgspec.Struct, frozen=True):
    """An `ApiError` on its way."""

    code: str
    message: str
    retry_after: int | None
    extra: dict[str, str | int | None]

    @classmethod
    def of(cls, error: ApiError) -> "AskError":
        """Of the error of a service."""
        return cls(error.code, error.message, error.retry_after, error.extra)

    def restored(self) -> ApiError:
        """The same error, to be raised; one that another version knows is one of the server."""
        if self.code not in STATUS:
            return ApiError("internal_error", f"{self.code}: {self.message}")
        found = ApiError(self.code, self.message, retry_after=self.retry_after)
        found.extra |= self.extra
        return found


class AskReply(msgspec.Struct, frozen=True):
    """A worker's reply.

    Attributes:
        is_owner: Whether it may answer; not without a lease of the asked generation.
        body: The answer, or a symbol's tick; None without one.
        symbols: Of an answer about all: those that it is about.
        events: A symbol's samples.
        error: Why there is no answer.
    """

    is_owner: bool
    body: bytes | None = None
    symbols: list[str] = msgspec.field(default_factory=list)
    events: list[SampleEvent] = msgspec.field(default_factory=list)
    error: AskError | None = None


def encode_ask(
    kind: AskKind, query: Query, after: int | None = None, generation: int | None = None
) -> bytes:
    """A question as bytes."""
    content = msgspec.Raw(msgspec.msgpack.encode(query))
    return msgspec.msgpack.encode(Ask(kind, type(query).__name__, content, after, generation))


def decode_ask(content: bytes) -> tuple[Ask, Query]:
    """A question, and its query.

    Raises:
        FeedError: If it is none.
    """
    ask = _decoded(content, Ask)
    if ask.name not in _QUERIES:
        raise FeedError(f"unknown question {ask.name}; is another version running there?")
    return ask, _decoded(bytes(ask.query), _QUERIES[ask.name])


def encode_reply(reply: AskReply) -> bytes:
    """A reply as bytes, compressed where it is large."""
    content = msgspec.msgpack.encode(reply)
    if len(content) < _LARGE:
        return _PLAIN + content
    return _PACKED + zstandard.compress(content, 1)


def decode_reply(content: bytes) -> AskReply:
    """A reply.

    Raises:
        FeedError: If it is none.
    """
    mark, rest = content[:1], content[1:]
    if mark == _PACKED:
        try:
            rest = zstandard.decompress(rest, _MOST_BYTES)
        except zstandard.ZstdError as error:
            raise FeedError(f"a reply that cannot be read: {error}") from error
    return _decoded(rest, AskReply)


def encode_pulse(pulse: Pulse) -> bytes:
    """A pulse as bytes."""
    return msgspec.msgpack.encode(pulse)


def decode_pulse(content: bytes) -> Pulse:
    """A pulse.

    Raises:
        FeedError: If it is none.
    """
    return _decoded(content, Pulse)


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except msgspec.DecodeError as error:
        problem = f"a message that cannot be read: {error}; is another version running there?"
        raise FeedError(problem) from error


def symbol_of(query: Any) -> str | None:
    """The symbol of a query; None if it is about all."""
    symbol: str | None = getattr(query, "symbol", None)
    return symbol
