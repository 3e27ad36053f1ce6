"""A tape as a live feed would send it: its ticks as pieces of streams, and a simulated clock.

All files of one dataset and schema become one stream.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import I64
from zerodte.records.condition import Condition
from zerodte.records.dbn import TRADE_SCHEMAS, UNDEF_TIME, Records, times_of
from zerodte.records.tick import Batch
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.record_router import TICK_FIELDS
from zerodte.tape.sidecars import CANCELS_SUFFIX, CONDITIONS_SUFFIX, sidecar_path
from zerodte.tape.source import FileSource
from zerodte.tape.tick_assembler import Piece

_INITIAL_CAPACITY: Final = 1024


@dataclass(frozen=True, eq=False, slots=True)
class PlaybackTick:
    """A tick's records by stream, in sending order.

    Attributes:
        end: UTC ns.
        pieces: The index of each one's stream in the manifest, and its records.
    """

    end: int
    pieces: tuple[tuple[int, Piece], ...]


class Playback:
    """One pass through a tape.

    Args:
        tape: The tape to send.

    Attributes:
        manifest: Its session and streams.
    """

    def __init__(self, tape: FileSource) -> None:
        self._tape = tape
        streams: dict[tuple[str, str], FeedStream] = {}
        for file in tape.selected_files:
            key = file.dataset, file.schema
            may_have_sidecars = file.schema in TRADE_SCHEMAS
            has_cancels = may_have_sidecars and sidecar_path(file.path, CANCELS_SUFFIX).exists()
            has_conditions = (
                may_have_sidecars and sidecar_path(file.path, CONDITIONS_SUFFIX).exists()
            )
            stream = streams.get(key, FeedStream(*key))
            streams[key] = FeedStream(
                *key,
                # Only its condition identifies a cancel whose trade is not on the tape.
                has_conditions=stream.has_conditions or has_conditions or has_cancels,
                has_cancels=stream.has_cancels or has_cancels,
            )
        symbols = {dataset: dict(names) for dataset, names in tape.initial_symbols.items()}
        self.manifest = FeedManifest(
            tape.session.date, tuple(streams.values()), symbols, tape.notes
        )
        self._indices = {key: index for index, key in enumerate(streams)}
        self._counts = [0] * len(streams)
        self._positions = np.empty(_INITIAL_CAPACITY, np.int64)

    def ticks(self) -> Iterator[PlaybackTick]:
        """The tape's ticks, in order.

        Raises:
            TapeError: If the tape is damaged.
        """
        for tick in self._tape.ticks():
            pieces = []
            for name in TICK_FIELDS:
                for batch in getattr(tick, name):
                    index = self._indices.get((batch.dataset, batch.schema))
                    if index is not None:  # trades inside cmbp-1 are sent with its quotes
                        pieces.append((index, self._piece(index, batch)))
            yield PlaybackTick(tick.end, tuple(pieces))

    def _piece(self, index: int, batch: Batch) -> Piece:
        stream, first, count = self.manifest.streams[index], self._counts[index], len(batch.records)
        self._counts[index] += count
        conditions = batch.conditions
        if stream.has_conditions and conditions is None:
            conditions = np.zeros(count, np.uint8)
        piece = Piece(first, batch.records, conditions)
        if conditions is None or batch.cancels is None:
            return piece
        return self._with_cancels(piece, batch.first, batch.cancels)

    def _with_cancels(self, piece: Piece, first: int, cancels: I64) -> Piece:
        """Add the cancels of trades, with trade numbers of the tape turned into positions.

        Args:
            piece: Trades.
            first: Trade number of the first.
            cancels: The number of the trade that each of them cancels, -1 for none.
        """
        count = len(cancels)
        while first + count > len(self._positions):
            self._positions = np.concatenate([self._positions, np.empty_like(self._positions)])
        self._positions[first : first + count] = piece.first + np.arange(count)
        rows = np.flatnonzero(cancels >= 0)
        conditions = np.array(piece.conditions)
        conditions[rows] = Condition.CANCEL
        pairs = np.column_stack([piece.first + rows, self._positions[cancels[rows]]])
        return Piece(piece.first, piece.records, conditions, pairs[pairs[:, 1] < pairs[:, 0]])


def event_times(rows: Records) -> I64:
    """When the market says that it was; else when it was received. UTC ns, int64[n]."""
    is_known = rows["ts_event"] != UNDEF_TIME
    return np.where(is_known, times_of(rows, "ts_event"), times_of(rows, "ts_recv"))
