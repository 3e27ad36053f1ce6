"""Ticks cut by underlying, as the messages that carry them."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import I64
from zerodte.feeds.nats.positions import PositionMap
from zerodte.feeds.nats.subjects import UNKNOWN, suffix_of
from zerodte.feeds.tcp_protocol import encode_piece
from zerodte.records.dbn import Records
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.folder import kind_of
from zerodte.tape.tick_assembler import ClosedTick, Piece

#: Bytes of records in one message; servers take a megabyte.
_MESSAGE_SIZE: Final = 1 << 19


class Message(NamedTuple):
    """What is published: the suffix of its subject, and its content."""

    suffix: str
    payload: bytes


class TickSplitter:
    """Cuts the ticks of a session, from its first one.

    Args:
        manifest: The session.
    """

    def __init__(self, manifest: FeedManifest) -> None:
        self._owners = {
            dataset: _Owners(dataset, manifest.symbols.get(dataset, {}))
            for dataset in {stream.dataset for stream in manifest.streams}
        }
        self._streams = {
            stream.name: _StreamSplitter(number, stream, self._owners[stream.dataset])
            for number, stream in enumerate(manifest.streams)
        }
        self._definitions = [stream for stream in manifest.streams if stream.schema == "definition"]

    def split(self, tick: ClosedTick) -> list[Message]:
        """The messages of a tick: each underlying's records of each stream, in their order."""
        for stream in self._definitions:
            if (piece := tick.pieces.get(stream.name)) is not None:
                self._owners[stream.dataset].learn(piece.records)
        return [
            message
            for name, piece in tick.pieces.items()
            for message in self._streams[name].split(tick.end, piece)
        ]


class _Owners:
    """The subjects of a dataset's instruments."""

    def __init__(self, dataset: str, symbols: Mapping[int, str]) -> None:
        self._kind = kind_of(dataset, symbols)
        self._numbers = {UNKNOWN: 0}
        self._places: dict[int, int] = {}
        self._add(symbols)

    @property
    def suffixes(self) -> list[str]:
        """Suffixes by number."""
        return list(self._numbers)

    def learn(self, definitions: Records) -> None:
        """Learn the instruments of definitions; the first one of an id stands."""
        ids, raws = definitions["instrument_id"].tolist(), definitions["raw_symbol"].tolist()
        self._add(
            {
                number: raw.decode("ascii", "replace")
                for number, raw in zip(reversed(ids), reversed(raws), strict=True)
                if number not in self._places
            }
        )

    def _add(self, symbols: Mapping[int, str]) -> None:
        for number, raw in symbols.items():
            suffix = suffix_of(self._kind, raw)
            self._places[number] = self._numbers.setdefault(suffix, len(self._numbers))
        self._keys = np.array(sorted(self._places), np.int64)
        self._values = np.array([self._places[key] for key in self._keys.tolist()], np.int64)

    def of(self, records: Records) -> I64:
        """The number of each record's suffix, shape (n,)."""
        ids = records["instrument_id"].astype(np.int64)
        if not len(self._keys):
            return np.zeros(len(ids), np.int64)
        places = np.minimum(np.searchsorted(self._keys, ids), len(self._keys) - 1)
        found: I64 = np.where(self._keys[places] == ids, self._values[places], 0)
        return found


class _StreamSplitter:
    """Cuts the records of one stream."""

    def __init__(self, number: int, stream: FeedStream, owners: _Owners) -> None:
        self.owners = owners
        self._number, self._has_cancels = number, stream.has_cancels
        self._counts: dict[int, int] = {}
        self._own = PositionMap()

    def split(self, end: int, piece: Piece) -> Iterator[Message]:
        """The messages of a piece."""
        owners = self.owners.of(piece.records)
        order = np.argsort(owners, kind="stable")
        starts = np.flatnonzero(np.diff(owners[order], prepend=-1)).tolist()
        own = np.empty(len(owners), np.int64)
        parts = []
        for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
            rows, owner = order[start:stop], int(owners[order[start]])
            first = self._counts.get(owner, 0)
            self._counts[owner] = first + len(rows)
            own[rows] = np.arange(first, first + len(rows))
            parts.append((owner, first, rows))
        if self._has_cancels:
            self._own.add(piece.first, own)
        pairs = self._own.of(piece.cancel_pairs) if len(piece.cancel_pairs) else piece.cancel_pairs
        cancelling = owners[piece.cancel_pairs[:, 0] - piece.first]
        suffixes = self.owners.suffixes
        for owner, first, rows in parts:
            conditions = None if piece.conditions is None else piece.conditions[rows]
            mine = Piece(first, piece.records[rows], conditions, pairs[cancelling == owner])
            step = _MESSAGE_SIZE // (piece.records.dtype.itemsize + 1)
            for low in range(0, len(rows), step):
                part = mine.rows(low, min(low + step, len(rows)))
                yield Message(suffixes[owner], encode_piece(end, self._number, part))
