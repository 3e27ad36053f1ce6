"""The records of one file, routed into the batches of ticks.

It filters records, assigns them to fields of a tick, and numbers trades, the same way for records
read from a tape and for records just recorded. The tick of a record is decided elsewhere.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import I64, U8, U64, Bool, Index
from zerodte.records.dbn import UNDEF_TIME, Records, chosen_rows
from zerodte.records.tick import Batch
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.file_selection import (
    RecordRoute,
    SelectedFile,
    TickField,
)

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
_DUPLICATE: Final = "are in another file too; left out"
_NO_NUMBER: Final = -1
_INITIAL_CAPACITY: Final = 1024

Batches: TypeAlias = dict[TickField, list[Batch]]


@dataclass(frozen=True, slots=True)
class SessionSpan:
    """The receive times of a session in UTC nanoseconds, both ends included.

    Attributes:
        opening: Records before it belong to an earlier session, except statistics.
        closing: Every record after it belongs to a later one.
        until: The last receive time that the reader wants.
    """

    opening: int
    closing: int
    until: int = END_OF_TIME


class TradeNumbers:
    """Consecutive numbers for the tape's trades, in tick order."""

    def __init__(self) -> None:
        self._next = 0

    def allocate(self, count: int) -> int:
        """Allocate `count` numbers; returns the first."""
        first = self._next
        self._next += count
        return first


class _CancelResolver:
    """Trade numbers by position in a file, which turn cancels by position into trade numbers."""

    def __init__(self) -> None:
        self._numbers = np.full(_INITIAL_CAPACITY, _NO_NUMBER, np.int64)

    def resolve(self, positions: Index, first: int, cancel_pairs: I64) -> I64:
        """The number of the trade that each record cancels, -1 for none.

        Args:
            positions: Positions of the records in their file, ascending, shape (m,).
            first: Number of the first record; the others follow it.
            cancel_pairs: int64[k, 2], (cancel, trade) by position; may include other records'.
        """
        stop = int(positions[-1]) + 1
        if stop > len(self._numbers):
            numbers = np.full(max(stop, 2 * len(self._numbers)), _NO_NUMBER, np.int64)
            numbers[: len(self._numbers)] = self._numbers
            self._numbers = numbers
        self._numbers[positions] = first + np.arange(len(positions))
        cancels = np.full(len(positions), -1, np.int64)
        low, high = np.searchsorted(cancel_pairs[:, 0], (positions[0], stop))
        pairs = cancel_pairs[low:high]
        rows = np.searchsorted(positions, pairs[:, 0])
        is_here = positions[rows] == pairs[:, 0]
        rows, originals = rows[is_here], self._numbers[pairs[is_here, 1]]
        # A trade that was left out has no number; its cancel then points to itself.
        cancels[rows] = np.where(originals == _NO_NUMBER, first + rows, originals)
        return cancels


@dataclass(frozen=True, slots=True)
class _RoutedChunk:
    """The records of a chunk that take one route.

    Run k is records[bounds[k]:bounds[k + 1]]. Record i has position base + positions[i] in its
    file, or base + i without `positions`.
    """

    route: RecordRoute
    records: Records
    conditions: U8 | None
    bounds: list[int]
    base: int
    positions: Index | None


class RecordRouter:
    """Routes one file's records, chunk by chunk.

    Args:
        selected: The file and its routes.
        span: The receive times of the session.
        numbers: Numbers for the tape's trades.
        diagnostics: Receives counts of the records that are left out.
        has_cancels: Whether the file has a sidecar of cancels.
    """

    def __init__(
        self,
        selected: SelectedFile,
        span: SessionSpan,
        numbers: TradeNumbers,
        diagnostics: Diagnostics,
        *,
        has_cancels: bool,
    ) -> None:
        self.name = selected.file.name
        self._dataset = selected.file.dataset
        self._routes = selected.routes
        # Whether a statistic is of today is for its reader to judge, by its event time.
        self._opening = 1 if selected.file.schema == "statistics" else span.opening
        self._span = span
        self._numbers = numbers
        self._diagnostics = diagnostics
        self._resolver = _CancelResolver() if has_cancels else None
        self._cancel_pairs: I64 = np.empty((0, 2), np.int64)
        self._left_out: Counter[str] = Counter()
        self._chunks: list[_RoutedChunk] = []

    def in_session(self, times: U64) -> Bool | None:
        """Mark the records of the session by their receive times; None if all are, as usual."""
        opening, closing = self._opening, self._span.closing
        if times.min() >= opening and times.max() <= closing:
            return None
        is_untimed = (times == 0) | (times == UNDEF_TIME)
        is_early, is_late = times < opening, times > closing
        self._leave_out(_UNTIMED, is_untimed)
        self._leave_out(_EARLY, is_early & ~is_untimed)
        self._leave_out(_LATE, is_late & ~is_untimed)
        is_inside: Bool = ~(is_early | is_late)
        return is_inside

    def load(
        self,
        chunk: Records,
        position: int,
        bounds: list[int],
        mask: Bool | None,
        conditions: U8 | None,
        cancel_pairs: I64,
        duplicates: Bool | None = None,
    ) -> None:
        """Load the file's next records, divided into runs.

        Args:
            chunk: Read-only records.
            position: Position of the first in the file.
            bounds: Run k is chunk[bounds[k]:bounds[k + 1]].
            mask: Marks the records to route; None routes all.
            conditions: The condition of each, where the file has them.
            cancel_pairs: int64[k, 2], (cancel, trade) by position; may include other records'.
            duplicates: Marks the records that another file has too; None if none is.
        """
        self._cancel_pairs = cancel_pairs
        routes = [(route, mask) for route in self._routes]
        if duplicates is not None:
            wanted = np.ones(len(chunk), np.bool_) if mask is None else mask
            self._leave_out(_DUPLICATE, duplicates & wanted)
            routes = [(route, wanted & ~duplicates) for route in self._routes]
            routes += [
                (replace(route, field="duplicates", rejections=()), wanted & duplicates)
                for route in self._routes
            ]
        self._chunks = [
            self._routed_chunk(route, chunk, position, bounds, wanted, conditions)
            for route, wanted in routes
        ]

    def route(self, run: int, batches: Batches) -> None:
        """Add a run of the loaded records to a tick's batches."""
        for chunk in self._chunks:
            start, stop = chunk.bounds[run], chunk.bounds[run + 1]
            if start < stop:
                batches[chunk.route.field].append(self._batch(chunk, slice(start, stop)))

    def _batch(self, chunk: _RoutedChunk, run: slice) -> Batch:
        route, records = chunk.route, chunk.records[run]
        if route.field != "trades":
            return Batch(self._dataset, route.schema, records)
        conditions = None if chunk.conditions is None else chunk.conditions[run]
        first = self._numbers.allocate(len(records))
        cancels = None
        if self._resolver is not None:
            positions = chunk.base + np.arange(run.start, run.stop)
            if chunk.positions is not None:
                positions = chunk.base + chunk.positions[run]
            cancels = self._resolver.resolve(positions, first, self._cancel_pairs)
        return Batch(self._dataset, route.schema, records, conditions, first, cancels)

    def _routed_chunk(
        self,
        route: RecordRoute,
        chunk: Records,
        position: int,
        bounds: list[int],
        mask: Bool | None,
        conditions: U8 | None,
    ) -> _RoutedChunk:
        if route.accepts is not None:
            is_accepted = route.accepts(chunk)
            for marks, problem in route.rejections:
                self._leave_out(problem, ~is_accepted & marks(chunk))
            mask = is_accepted if mask is None else is_accepted & mask
        if mask is None:
            return _RoutedChunk(route, chunk, conditions, bounds, position, None)
        rows = np.flatnonzero(mask)
        records = chosen_rows(chunk, rows)
        records.flags.writeable = False
        if conditions is not None:
            conditions = conditions[rows]
        runs = np.searchsorted(rows, bounds).tolist()
        return _RoutedChunk(route, records, conditions, runs, position, rows)

    def _leave_out(self, problem: str, mask: Bool) -> None:
        self._left_out[problem] += int(np.count_nonzero(mask))
        self._diagnostics.count(self.name, problem, self._left_out[problem])
