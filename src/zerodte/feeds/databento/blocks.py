"""Mixed DBN records as they come over a connection, split into blocks of one type.

Records stay where the connection put them. Only one that lies across two buffers is moved.
"""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import U8
from zerodte.feeds.databento.protocol import CONTROL_LAYOUTS
from zerodte.feeds.feed import FeedError
from zerodte.feeds.socket_reader import ReceivedBytes
from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, Records

#: Bytes of the length and the type, with which a record begins.
_PREFIX: Final = 2
#: Record type to the schema of a subscription, where only one sends it.
_SCHEMA_OF: Final = {
    RTYPES[schema]: schema
    for schema in ("definition", "statistics", "cbbo-1s", "cbbo-1m", "cmbp-1", "tcbbo")
}
_LAYOUTS: Final = CONTROL_LAYOUTS | {rtype: SCHEMAS[schema] for rtype, schema in _SCHEMA_OF.items()}
#: Records of one type that are looked for at first; twice as many each time.
_FIRST_LOOK: Final = 4


class RecordBlock(NamedTuple):
    """Consecutive records of one type.

    Attributes:
        rtype: The type.
        schema: The schema that it belongs to; empty for control records and unknown types.
        records: The records, read-only; empty for an unknown type.
    """

    rtype: int
    schema: str
    records: Records


class RecordSplitter:
    """Splits a connection's bytes into blocks. Bytes of an incomplete record wait for the rest."""

    def __init__(self) -> None:
        self._rest: U8 = np.empty(0, np.uint8)

    def split(self, chunks: Iterable[ReceivedBytes]) -> Iterator[RecordBlock]:
        """The blocks that are complete with more bytes, of one chunk after the other.

        Raises:
            FeedError: If a record's length cannot be that of its type: nothing after it can be
                read.
        """
        for chunk in chunks:
            yield from self._split(chunk)

    def _split(self, chunk: ReceivedBytes) -> list[RecordBlock]:
        start = chunk.start - len(self._rest)
        if len(self._rest):
            # Where it was in the same buffer this changes nothing.
            chunk.buffer[start : chunk.start] = self._rest
        view = chunk.buffer[start : chunk.stop]
        view.flags.writeable = False
        blocks, position = [], 0
        while position + _PREFIX <= len(view):
            size = int(view[position]) * LENGTH_UNIT
            rtype = int(view[position + 1])
            layout = _LAYOUTS.get(rtype)
            if not size or (layout is not None and layout.itemsize != size):
                raise FeedError(f"garbled records: type {rtype} with {size} bytes")
            count = _run(view[position:], size)
            if not count:
                break
            stop = position + count * size
            if layout is None:
                blocks.append(RecordBlock(rtype, "", np.empty(0, SCHEMAS["trades"])))
            else:
                rows: Records = view[position:stop].view(layout)
                blocks.append(RecordBlock(rtype, _SCHEMA_OF.get(rtype, ""), rows))
            position = stop
        self._rest = view[position:]
        return blocks


def _run(view: U8, size: int) -> int:
    """How many complete records of the first one's length and type follow one another."""
    available = len(view) // size
    prefix = view[:_PREFIX].view(np.uint16)[0]
    found, look = 0, _FIRST_LOOK
    while found < available:
        stop = min(found + look, available)
        rows = view[found * size : stop * size].reshape(-1, size)
        is_same = rows[:, :_PREFIX].view(np.uint16)[:, 0] == prefix
        if not is_same.all():
            return found + int(np.argmin(is_same))
        found, look = stop, 2 * look
    return available
