"""A tape as a live feed would send it: its ticks as pieces of streams, and a clock of its own.

Files of one dataset and schema become one stream, whatever they were cut into.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from zerodte.arrays import I64
from zerodte.constants import SECOND
from zerodte.records.condition import Condition
from zerodte.records.dbn import TRADE_SCHEMAS
from zerodte.records.tick import Batch
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.folder import Tape
from zerodte.tape.record_router import TICK_FIELDS
from zerodte.tape.sidecars import CANCELS_SUFFIX, CONDITIONS_SUFFIX, beside
from zerodte.tape.tick_assembler import Piece

_FIRST_ROOM: Final = 1024


class FeedClock:
    """A clock that showed `opening` (UTC ns) when this was made and goes `speed` times as fast."""

    def __init__(self, opening: int, speed: float) -> None:
        self.speed = speed
        self._opening = opening
        self._began = time.monotonic_ns()

    def now(self) -> int:
        """What it shows, UTC ns."""
        return self._opening + round((time.monotonic_ns() - self._began) * self.speed)

    def until(self, at: int) -> float:
        """Seconds of the wall clock until it shows `at`; 0 where it has."""
        return max(at - self.now(), 0) / self.speed / SECOND


@dataclass(frozen=True, eq=False, slots=True)
class Burst:
    """A tick's records by the place of their stream in the offer, in the order to be sent.

    Attributes:
        end: Of the tick, UTC ns.
        pieces: (place, records).
    """

    end: int
    pieces: tuple[tuple[int, Piece], ...]


class Playback:
    """One way through a tape.

    Args:
        tape: What to send.

    Attributes:
        offer: What that is.
    """

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        streams: dict[tuple[str, str], FeedStream] = {}
        for file in tape.used:
            key = file.dataset, file.schema
            is_sided = file.schema in TRADE_SCHEMAS
            has_cancels = is_sided and beside(file.path, CANCELS_SUFFIX).exists()
            has_conditions = is_sided and beside(file.path, CONDITIONS_SUFFIX).exists()
            known = streams.get(key, FeedStream(*key))
            streams[key] = FeedStream(
                *key,
                # A cancel whose trade is not on the tape is only known by its condition.
                has_conditions=known.has_conditions or has_conditions or has_cancels,
                has_cancels=known.has_cancels or has_cancels,
            )
        self.offer = FeedManifest(
            tape.session.date, tuple(streams.values()), tape.listed, tape.notes
        )
        self._places = {key: place for place, key in enumerate(streams)}
        self._counts = [0] * len(streams)
        self._positions = np.empty(_FIRST_ROOM, np.int64)

    def bursts(self) -> Iterator[Burst]:
        """The tape's ticks, in order.

        Raises:
            TapeError: If the tape is damaged.
        """
        for tick in self._tape.ticks():
            pieces = []
            for name in TICK_FIELDS:
                for batch in getattr(tick, name):
                    place = self._places.get((batch.dataset, batch.schema))
                    if place is not None:  # trades inside cmbp-1 are sent with its quotes
                        pieces.append((place, self._piece(place, batch)))
            yield Burst(tick.end, tuple(pieces))

    def _piece(self, place: int, batch: Batch) -> Piece:
        stream, first, count = self.offer.streams[place], self._counts[place], len(batch.records)
        self._counts[place] += count
        codes = batch.conditions
        if stream.has_conditions and codes is None:
            codes = np.zeros(count, np.uint8)
        if codes is None or batch.cancels is None:
            return Piece(first, batch.records, codes)
        return self._with_cancels(Piece(first, batch.records, codes), batch.first, batch.cancels)

    def _with_cancels(self, piece: Piece, first: int, cancels: I64) -> Piece:
        """The same, with the numbers that trades have on the tape turned to positions.

        Args:
            piece: Trades.
            first: Number of the first of them.
            cancels: The number of the trade that each of them cancels, -1 for none.
        """
        count = len(cancels)
        while first + count > len(self._positions):
            self._positions = np.concatenate([self._positions, np.empty_like(self._positions)])
        self._positions[first : first + count] = piece.first + np.arange(count)
        rows = np.flatnonzero(cancels >= 0)
        codes = np.array(piece.conditions)
        codes[rows] = Condition.CANCEL
        pairs = np.column_stack([piece.first + rows, self._positions[cancels[rows]]])
        return Piece(piece.first, piece.records, codes, pairs[pairs[:, 1] < pairs[:, 0]])
