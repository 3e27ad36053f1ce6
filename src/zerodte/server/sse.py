"""The text of server-sent events (HTML standard, section 9.2): samples as bytes, and their ids.

An id is its sample's time, so it is valid on every server and after a restart.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

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
        _event(event.time, kind, data)
        for event in events
        for kind, data in ((b"bar", event.bar), (b"snapshot", event.snapshot))
        if data is not None
    )


def skipped(count: int) -> bytes:
    """The event of skipped samples; it has no id, so the reader's last id stays."""
    return b'event: skipped\ndata: {"samples":%d}\n\n' % count if count else b""


def read_id(last: bytes | None) -> int | None:
    """The sample time, UTC ns, in a Last-Event-ID; None if it is not one of our ids."""
    try:
        read = datetime.strptime((last or b"").decode("ascii"), _ID).replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(read.timestamp()) * SECOND


def _event(time: int, kind: bytes, data: bytes) -> bytes:
    return b"id: %b\nevent: %b\ndata: %b\n\n" % (timestamp(time).strftime(_ID).encode(), kind, data)
