"""The text of server-sent events (HTML standard, section 9.2): samples as bytes, and their ids.

An id is its sample's time, so it is valid on every server and after a restart.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import msgspec

from zerodte.constants import SECOND
from zerodte.wire.base import timestamp
from zerodte.wire.stream import SampleEvent

#: A comment, sent so that idle connections stay open.
HEARTBEAT = b":\n\n"
#: How long a reader should wait before it reconnects, in ms.
RETRY = b"retry: 2000\n\n"

_ID = "%Y-%m-%dT%H:%M:%SZ"


def samples(events: Iterable[SampleEvent]) -> bytes:
    """The events of samples: a `bar` each, and a `snapshot` if there is one."""
    return b"".join(
        _id(event.time) + part for event in events for part in _parts(event.bar, event.snapshot)
    )


def samples_of(symbol: str, events: Iterable[SampleEvent]) -> list[bytes]:
    """Events of a symbol's samples beside those of others: each says whose it is, without an id."""
    name = msgspec.json.encode(symbol)
    return [
        part
        for event in events
        for part in _parts(b'{"symbol":%b,%b' % (name, event.bar[1:]), event.snapshot)
    ]


def numbered(events: list[bytes], time: int | None) -> bytes:
    """Events as one text, the last with the id of `time` (UTC ns), unless that is None."""
    if not events or time is None:
        return b"".join(events)
    return b"".join(events[:-1]) + _id(time) + events[-1]


def tick(symbols: Iterable[bytes]) -> bytes:
    """The event `tick`; it has no id, because it is never sent again."""
    return _body(b"tick", b'{"symbols":[%b]}' % b",".join(symbols))


def skipped(count: int) -> bytes:
    """The event of skipped samples; it has no id, so the reader's last id stays."""
    return _body(b"skipped", b'{"samples":%d}' % count) if count else b""


def skipped_of(symbol: str, count: int) -> bytes:
    """The same, of one symbol among others."""
    body = b'{"symbol":%b,"samples":%d}' % (msgspec.json.encode(symbol), count)
    return _body(b"skipped", body) if count else b""


def read_id(last: bytes | None) -> int | None:
    """The sample time, UTC ns, in a Last-Event-ID; None if it is not one of our ids."""
    try:
        read = datetime.strptime((last or b"").decode("ascii"), _ID).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(read.timestamp()) * SECOND


def _parts(sample: bytes, snapshot: bytes | None) -> list[bytes]:
    """The events of one sample, without ids."""
    parts = [_body(b"bar", sample)]
    return parts if snapshot is None else [*parts, _body(b"snapshot", snapshot)]


def _id(time: int) -> bytes:
    return b"id: %b\n" % timestamp(time).strftime(_ID).encode()


def _body(kind: bytes, data: bytes) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind, data)
