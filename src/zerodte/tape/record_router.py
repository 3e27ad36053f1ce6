"""One file's records on their way into the batches of ticks.

What is left out, what goes where, and how trades are numbered: the same whether the records are
read from a tape or have just been recorded on it. Which tick a record belongs to is decided
elsewhere.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import I64, U8, U64, Bool, Index
from zerodte.records.dbn import UNDEF_TIME, Records
from zerodte.records.tick import Batch
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.file_selection import RecordRoute, SelectedFile, TickField

TICK_FIELDS: Final[tuple[TickField, ...]] = (
    "definitions",
    "statistics",
    "underlying",
    "quotes",
    "trades",
)
#: Later than any receive time.
END_OF_TIME: Final = 2**63 - 1

_UNTIMED: Final = "have no receive time; left out"
_EARLY: Final = "are from before the session; left out"
_LATE: Final = "are from after the session; left out"
_NO_NUMBER: Final = -1
_FIRST_ROOM: Final = 1024

Batches: TypeAlias = dict[TickField, list[Batch]]


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """The receive times that are taken, in UTC nanoseconds, both ends included.

    Attributes:
        opening: Quotes and trades before it belong to an earlier session.
        closing: Whatever comes after it belongs to a later one.
        until: How far the reader wants to go.
    """

    opening: int
    closing: int
    until: int = END_OF_TIME


class TradeNumbers:
    """Numbers for trades, in the order in which ticks give them."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> int:
        """The first of `count` new numbers."""
        first = self._next
        self._next += count
        return first


class _Cancels:
    """The number of every trade of a file by its position, to say which one a cancel means."""

    def __init__(self) -> None:
        self._numbers = np.full(_FIRST_ROOM, _NO_NUMBER, np.int64)

    def of(self, places: Index, first: int, pairs: I64) -> I64:
        """The number of the trade that each record cancels, -1 for none.

        Args:
            places: Positions of the records in their file, ascending, shape (m,).
            first: Number of the first record; the others follow it.
            pairs: int64[k, 2], the cancels among the records, and perhaps others; by position.
        """
        after = int(places[-1]) + 1
        if after > len(self._numbers):
            room = np.full(max(after, 2 * len(self._numbers)), _NO_NUMBER, np.int64)
            room[: len(self._numbers)] = self._numbers
            self._numbers = room
        self._numbers[places] = first + np.arange(len(places))
        cancels = np.full(len(places), -1, np.int64)
        start, stop = np.searchsorted(pairs[:, 0], (places[0], after))
        near = pairs[start:stop]
        rows = np.searchsorted(places, near[:, 0])
        is_here = places[rows] == near[:, 0]
        rows, originals = rows[is_here], self._numbers[near[is_here, 1]]
        # A trade that was left out has no number; its cancel then points to itself.
        cancels[rows] = np.where(originals == _NO_NUMBER, first + rows, originals)
        return cancels


@dataclass(frozen=True, slots=True)
class _Stream:
    """What goes to one outlet out of a chunk; run k is records[bounds[k]:bounds[k + 1]].

    Record i stands at position places[i] of its file; at base + i where there are no places.
    """

    outlet: RecordRoute
    records: Records
    conditions: U8 | None
    bounds: list[int]
    base: int
    places: Index | None


class RecordRouter:
    """What becomes of one file's records, chunk after chunk.

    Args:
        part: The file, and what it is used as.
        window: The receive times that are taken.
        numbers: Where the tape's trades get their numbers from.
        findings: Told what was left out.
        has_cancels: Whether there is a sidecar of cancels beside the file.
    """

    def __init__(
        self,
        part: SelectedFile,
        window: SessionSpan,
        numbers: TradeNumbers,
        findings: Diagnostics,
        *,
        has_cancels: bool,
    ) -> None:
        self.name = part.file.name
        self._dataset = part.file.dataset
        self._outlets = part.outlets
        is_market = not {o.place for o in part.outlets} <= {"definitions", "statistics"}
        self._opening = window.opening if is_market else 1
        self._window = window
        self._numbers = numbers
        self._findings = findings
        self._cancels = _Cancels() if has_cancels else None
        self._pairs: I64 = np.empty((0, 2), np.int64)
        self._left_out: Counter[str] = Counter()
        self._streams: list[_Stream] = []

    def in_session(self, times: U64) -> Bool | None:
        """Which records are of the session, by their receive times; None for all, as is usual."""
        opening, closing = self._opening, self._window.closing
        if times.min() >= opening and times.max() <= closing:
            return None
        untimed = (times == 0) | (times == UNDEF_TIME)
        early, late = times < opening, times > closing
        self._leave_out(_UNTIMED, untimed)
        self._leave_out(_EARLY, early & ~untimed)
        self._leave_out(_LATE, late & ~untimed)
        kept: Bool = ~(early | late)
        return kept

    def load(
        self,
        chunk: Records,
        at: int,
        bounds: list[int],
        keep: Bool | None,
        conditions: U8 | None,
        pairs: I64,
    ) -> None:
        """Take the file's next records, cut into runs.

        Args:
            chunk: Read-only records.
            at: How many records of the file came before.
            bounds: Run k is chunk[bounds[k]:bounds[k + 1]].
            keep: Which of them are wanted; None for all.
            conditions: The condition of each, where the file has them.
            pairs: int64[k, 2], the cancels among them, and perhaps others; by position.
        """
        self._pairs = pairs
        self._streams = [
            self._stream(outlet, chunk, at, bounds, keep, conditions) for outlet in self._outlets
        ]

    def take(self, run: int, batches: Batches) -> None:
        """Add a run of the records last loaded to a tick's batches."""
        for stream in self._streams:
            start, stop = stream.bounds[run], stream.bounds[run + 1]
            if start < stop:
                batches[stream.outlet.place].append(self._batch(stream, slice(start, stop)))

    def _batch(self, stream: _Stream, run: slice) -> Batch:
        outlet, records = stream.outlet, stream.records[run]
        if outlet.place != "trades":
            return Batch(self._dataset, outlet.schema, records)
        conditions = None if stream.conditions is None else stream.conditions[run]
        first = self._numbers.take(len(records))
        cancels = None
        if self._cancels is not None:
            places = stream.base + np.arange(run.start, run.stop)
            if stream.places is not None:
                places = stream.base + stream.places[run]
            cancels = self._cancels.of(places, first, self._pairs)
        return Batch(self._dataset, outlet.schema, records, conditions, first, cancels)

    def _stream(
        self,
        outlet: RecordRoute,
        chunk: Records,
        at: int,
        bounds: list[int],
        keep: Bool | None,
        conditions: U8 | None,
    ) -> _Stream:
        mask = keep
        if outlet.pick is not None:
            picked = outlet.pick(chunk)
            self._leave_out(outlet.leaves, ~picked)
            mask = picked if keep is None else picked & keep
        if mask is None:
            return _Stream(outlet, chunk, conditions, bounds, at, None)
        positions = np.flatnonzero(mask)
        records = chunk[positions]
        records.flags.writeable = False
        if conditions is not None:
            conditions = conditions[positions]
        runs = np.searchsorted(positions, bounds).tolist()
        return _Stream(outlet, records, conditions, runs, at, positions)

    def _leave_out(self, what: str, which: Bool) -> None:
        if what:
            self._left_out[what] += int(np.count_nonzero(which))
            self._findings.count(self.name, what, self._left_out[what])
