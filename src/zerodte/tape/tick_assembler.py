"""Assembly of ticks from the arrivals of a live feed.

It does no I/O: it takes arrivals and clock times, and returns the ticks to commit. A record joins
the tick of its receive time while that is open, else the next one, and never an earlier tick than
the previous record of its stream. So the committed records of a stream are always its first ones,
and their count tells a feed where to resume.
"""

import itertools
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np

from zerodte.arrays import I64, U8
from zerodte.constants import SECOND
from zerodte.records.dbn import Records, joined_rows, times_of
from zerodte.tape.record_router import SessionSpan

#: A tick closes when the feed's clock is this far past its end.
GRACE: Final = SECOND // 4

_NO_PAIRS: Final[I64] = np.empty((0, 2), np.int64)


@dataclass(frozen=True, eq=False, slots=True)
class Piece:
    """Consecutive records of one stream.

    Attributes:
        first: Position of the first in the stream.
        records: The records, read-only.
        conditions: uint8[len(records)], where the stream has them.
        cancel_pairs: int64[k, 2], positions in the stream of cancels among the records, ascending,
            and of the trades that they cancel.
    """

    first: int
    records: Records
    conditions: U8 | None = None
    cancel_pairs: I64 = field(default_factory=lambda: _NO_PAIRS)

    def rows(self, start: int, stop: int) -> "Piece":
        """Rows `start` to `stop`, the latter excluded."""
        pairs = self.cancel_pairs
        if len(pairs):
            low, high = np.searchsorted(pairs[:, 0], (self.first + start, self.first + stop))
            pairs = pairs[low:high]
        return Piece(
            self.first + start,
            self.records[start:stop],
            None if self.conditions is None else self.conditions[start:stop],
            pairs,
        )


def next_piece(counts: dict[str, int], name: str, records: Records) -> Piece:
    """The next records of a stream, read-only from now on; counts them in `counts`, by stream."""
    records.flags.writeable = False
    first = counts[name]
    counts[name] = first + len(records)
    return Piece(first, records)


def _concatenate(pieces: Sequence[Piece]) -> Piece:
    """Join consecutive pieces."""
    if len(pieces) == 1:
        return pieces[0]
    records = joined_rows([piece.records for piece in pieces])
    records.flags.writeable = False
    conditions = [piece.conditions for piece in pieces if piece.conditions is not None]
    return Piece(
        pieces[0].first,
        records,
        np.concatenate(conditions) if conditions else None,
        np.concatenate([piece.cancel_pairs for piece in pieces]),
    )


@dataclass(frozen=True, eq=False, slots=True)
class Arrival:
    """New records of one stream, or a clock update.

    Attributes:
        clock: The feed's clock, UTC ns; none of the records was received later.
        name: The stream's; empty for a clock update.
        piece: The records; None for a clock update.
        lost: Why records up to the clock may be missing, in words; empty if none is.
        lost_since: Since when they may be, UTC ns.
    """

    clock: int
    name: str = ""
    piece: Piece | None = None
    lost: str = ""
    lost_since: int = 0


@dataclass(frozen=True, eq=False, slots=True)
class ClosedTick:
    """A complete tick.

    Attributes:
        end: UTC ns, a whole second.
        pieces: Its records by the name of their stream; only streams that have any.
        gap: Why records of the tick may be missing; empty if none is.
    """

    end: int
    pieces: Mapping[str, Piece]
    gap: str = ""


class _PendingRecords(NamedTuple):
    """Records of open ticks: those of the tick that ends at ends[k] are bounds[k] to bounds[k+1].

    Attributes:
        ends: UTC ns, ascending.
        bounds: Rows, one more than ends.
        piece: The records.
    """

    ends: list[int]
    bounds: list[int]
    piece: Piece


class _Gap(NamedTuple):
    """Ticks that end after `since` and by `until`, both UTC ns, and why records may be missing."""

    since: int
    until: int
    reason: str


class TickAssembler:
    """Assembles the ticks of a session.

    Args:
        span: The receive times of the session; ticks outside of it are never closed.
        last_end: End of the last committed tick, UTC ns; 0 without one, so that the first arrival
            sets the first tick.

    Attributes:
        pending_count: The number of records in open ticks.
    """

    def __init__(self, span: SessionSpan, last_end: int = 0) -> None:
        self._opening, self._closing = span.opening, _tick_end(span.closing)
        self._last_end = last_end
        self._clock = last_end
        self._pending: dict[str, list[_PendingRecords]] = {}
        self._newest_ends: dict[str, int] = {}
        self._outage = ""
        self._gaps: list[_Gap] = []
        self.pending_count = 0

    @property
    def last_end(self) -> int:
        """End of the last complete tick, UTC ns; 0 without one."""
        return self._last_end

    @property
    def clock(self) -> int:
        """The latest time of the feed's clock, UTC ns."""
        return self._clock

    @property
    def is_over(self) -> bool:
        """Whether the session's last tick is complete."""
        return self._last_end >= self._closing

    def start_at(self, time: int) -> None:
        """Make the tick of `time` (UTC ns) the first one, unless there is one already."""
        if not self._last_end:
            self._last_end = self._clock = _tick_end(max(time, self._opening)) - SECOND

    def disconnect(self, reason: str) -> None:
        """Mark the feed as away; ticks that close until it is back have a gap."""
        self._outage = reason

    def resume(self) -> None:
        """Mark the feed as back; it sends all records after the last complete tick."""
        self._outage = ""
        self._pending.clear()
        self.pending_count = 0
        self._newest_ends.clear()
        self._clock = self._last_end

    def skip(self, until: int, reason: str) -> None:
        """Mark the feed as back; records up to `until` (UTC ns) are lost."""
        self.resume()
        self._gaps.append(_Gap(0, _tick_end(until), reason))
        self.advance(until)

    def advance(self, clock: int) -> None:
        """Advance to the feed's clock (UTC ns), or to its estimate by the wall clock."""
        self._clock = max(self._clock, min(clock, self._closing + GRACE))

    def add(self, arrival: Arrival) -> None:
        """Add records to open ticks, and advance the clock."""
        piece = arrival.piece
        if arrival.lost:
            self._gaps.append(_Gap(arrival.lost_since, _tick_end(arrival.clock), arrival.lost))
        if piece is not None and len(piece.records):
            ends, bounds = self._runs(arrival.name, piece.records, arrival.clock)
            pending = _PendingRecords(ends, bounds, piece)
            self._pending.setdefault(arrival.name, []).append(pending)
            self._newest_ends[arrival.name] = ends[-1]
            self.pending_count += len(piece.records)
        else:
            self.start_at(arrival.clock)
        self.advance(arrival.clock)

    def close_ticks(self) -> list[ClosedTick]:
        """Close the ticks that the clock has passed; returns them in order."""
        if not self._last_end:
            return []
        return list(self._close(until=(self._clock - GRACE) // SECOND * SECOND))

    def finish(self) -> list[ClosedTick]:
        """Close every open tick at the end of the feed; returns them in order."""
        if not self._last_end:
            return []
        newest = max([_tick_end(self._clock), *self._newest_ends.values()])
        return list(self._close(until=newest))

    def _runs(self, name: str, records: Records, clock: int) -> tuple[list[int], list[int]]:
        """The ends of the records' ticks and the rows that bound them; see `_PendingRecords`."""
        times = times_of(records, "ts_recv")
        newest = min(clock, self._closing)
        is_orderly = times[0] >= self._opening and times[-1] <= newest
        if is_orderly and (times[1:] >= times[:-1]).all():
            first, last = (_tick_end(int(times[row])) for row in (0, -1))
            earliest = self._earliest(name, int(times[0]))
            all_ends = np.arange(max(first, earliest), max(last, earliest) + 1, SECOND)
            stops = np.searchsorted(times, all_ends, side="right")
            filled = np.flatnonzero(np.diff(stops, prepend=0))
            return all_ends[filled].tolist(), [0, *stops[filled].tolist()]
        # A receive time ahead of the feed's own clock is wrong, so it moves no tick.
        is_valid = (times >= self._opening) & (times <= clock)
        ends = np.where(is_valid, -(-times // SECOND) * SECOND, 0)
        earliest = self._earliest(name, int(times.min(where=is_valid, initial=clock)))
        ends = np.maximum.accumulate(np.maximum(ends, earliest))
        starts = np.flatnonzero(np.diff(ends, prepend=0))
        return ends[starts].tolist(), [*starts.tolist(), len(ends)]

    def _earliest(self, name: str, time: int) -> int:
        """The end of the first tick that new records of a stream may join, the oldest of `time`."""
        self.start_at(time)
        return max(self._last_end + SECOND, self._newest_ends.get(name, 0))

    def _close(self, until: int) -> Iterator[ClosedTick]:
        until = min(until, self._closing)
        ready: dict[int, dict[str, Piece]] = {}
        for name in sorted(self._pending):
            for end, pieces in self._pop(name, until).items():
                ready.setdefault(end, {})[name] = _concatenate(pieces)
        for end in range(self._last_end + SECOND, until + 1, SECOND):
            self._last_end = end
            yield ClosedTick(end, ready.get(end, {}), self._gap(end))

    def _pop(self, name: str, until: int) -> dict[int, list[Piece]]:
        """Remove a stream's pending records of ticks up to `until`; returns them by tick."""
        found: dict[int, list[Piece]] = {}
        rest = []
        for ends, bounds, piece in self._pending.pop(name):
            count = bisect_right(ends, until)
            # Most ticks lie within one piece, so nothing is joined before it is cut.
            for end, (start, stop) in zip(ends[:count], itertools.pairwise(bounds), strict=False):
                found.setdefault(end, []).append(piece.rows(start, stop))
            first = bounds[count]
            self.pending_count -= first
            if count < len(ends):
                later = [bound - first for bound in bounds[count:]]
                records = piece.rows(first, len(piece.records))
                rest.append(_PendingRecords(ends[count:], later, records))
        if rest:
            self._pending[name] = rest
        return found

    def _gap(self, end: int) -> str:
        if not self._gaps:
            return self._outage
        self._gaps = [gap for gap in self._gaps if gap.until >= end]
        found = (gap.reason for gap in self._gaps if gap.since < end)
        return next(found, self._outage)


def _tick_end(time: int) -> int:
    """The end of the tick that contains a time, both in UTC ns."""
    return -(-time // SECOND) * SECOND
