"""A tape's files merged into ticks.

Each file is read chunk by chunk and cut into runs, the records of one tick; tick by tick, the
reader collects every file's run. All work on records is done on whole chunks; per tick there are
only slices. During a recording, ticks that were just committed continue where the files end.
"""

import functools
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import I64, U64
from zerodte.constants import SECOND
from zerodte.records.dbn import TRADE_SCHEMAS, UNDEF_TIME, Records
from zerodte.records.tick import Tick
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.duplicates import FileOverlap, find_overlaps
from zerodte.tape.file_selection import SelectedFile, TickField
from zerodte.tape.record_router import (
    END_OF_TIME,
    TICK_FIELDS,
    Batches,
    RecordRouter,
    SessionSpan,
    TradeNumbers,
)
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    Commit,
    check_conditions,
    read_cancels,
    read_conditions,
)
from zerodte.tape.tick_assembler import ClosedTick
from zerodte.tape.tick_cutter import CommitCutter, ReceiveTimeCutter, TickCutter

_DUPLICATES: Final[TickField] = "duplicates"
_NO_PAIRS: Final[I64] = np.empty((0, 2), np.int64)


class _FileCursor:
    """The next run of one file.

    Attributes:
        end: The end of its tick; `END_OF_TIME` after the last run.
        router: Routes the file's records.
    """

    def __init__(
        self,
        selected: SelectedFile,
        cutter: TickCutter,
        span: SessionSpan,
        numbers: TradeNumbers,
        diagnostics: Diagnostics,
        committed_count: int | None = None,
        overlap: FileOverlap | None = None,
    ) -> None:
        """Open the file; `committed_count` is None if all of its records count."""
        self._overlap = overlap
        file = selected.file
        self._file = file
        self._cutter = cutter
        self._until = span.until
        self._committed_count = committed_count
        may_have_sidecars = file.schema in TRADE_SCHEMAS
        self._conditions = (
            read_conditions(file.sidecar(CONDITIONS_SUFFIX), committed_count)
            if may_have_sidecars
            else None
        )
        pairs = None
        if may_have_sidecars:
            count = functools.partial(file.count, diagnostics.warn)
            pairs = read_cancels(file.sidecar(CANCELS_SUFFIX), count, committed_count)
        self._cancel_pairs = _NO_PAIRS if pairs is None else pairs
        self.router = RecordRouter(
            selected, span, numbers, diagnostics, has_cancels=pairs is not None
        )
        self._chunks = file.chunks(diagnostics.warn)
        self._next_chunk = next(self._chunks, None)
        self._position = 0
        self._ends: list[int] = []
        self._run = -1
        self._advance()

    def read(self, batches: Batches) -> None:
        """Add the records of tick `end` to `batches`, and advance to the next tick."""
        end = self.end
        while self.end == end:
            self.router.route(self._run, batches)
            self._advance()

    def _advance(self) -> None:
        self._run += 1
        while self._run == len(self._ends):
            chunk = self._next_chunk
            if chunk is None:
                self.end = END_OF_TIME
                if self._overlap is not None:
                    self._overlap.finish()
                self._cutter.finish(self._position)
                count = self._committed_count
                self._check_conditions(self._position if count is None else count)
                return
            self._next_chunk = next(self._chunks, None)
            count = len(chunk)
            if self._committed_count is not None:
                count = self._committed_count - self._position
            self._run, self._ends = 0, []
            if count > 0:
                self._load(chunk[:count])
            self._position += len(chunk)
        self.end = self._ends[self._run]

    def _load(self, chunk: Records) -> None:
        times: U64 = np.ascontiguousarray(chunk["ts_recv"])
        mask = self.router.in_session(times)
        if mask is not None:
            times = np.where(mask, times, np.uint64(0))
        following = 0 if self._next_chunk is None else int(self._next_chunk["ts_recv"][0])
        self._ends, bounds = self._cutter.cut(
            times, self._position, following if following != UNDEF_TIME else 0
        )
        duplicates = None if self._overlap is None else self._overlap.find(chunk, times)
        if times.max() > self._until:
            is_wanted = times <= self._until
            mask = is_wanted if mask is None else mask & is_wanted
        conditions, stop = self._conditions, self._position + len(chunk)
        if conditions is not None:
            if len(conditions) < stop:
                self._check_conditions(stop)
            conditions = conditions[self._position : stop]
        self.router.load(
            chunk, self._position, bounds, mask, conditions, self._cancel_pairs, duplicates
        )

    def _check_conditions(self, count: int) -> None:
        if self._conditions is not None:
            check_conditions(self._conditions, count, f"conditions of {self._file.name}")


class TickReader:
    """Reads the ticks of a tape, and then those that are still being recorded.

    Args:
        selection: The files to read, in their order within a tick.
        commits: The lines of `ticks`; None cuts by receive time.
        span: The receive times of the session.
        diagnostics: Receives counts of the records that are left out.

    Raises:
        TapeError: If a file is damaged or has fewer records than were committed; `ticks` likewise.
    """

    def __init__(
        self,
        selection: Sequence[SelectedFile],
        commits: Sequence[Commit] | None,
        span: SessionSpan,
        diagnostics: Diagnostics,
    ) -> None:
        numbers = TradeNumbers()
        self._commits = commits
        self._last_end = min(-(-span.until // SECOND) * SECOND, END_OF_TIME - 1)
        if commits is None:
            overlaps = find_overlaps([selected.file for selected in selection], diagnostics.warn)
            self._cursors = [
                _FileCursor(
                    selected,
                    ReceiveTimeCutter(selected.file.name, diagnostics),
                    span,
                    numbers,
                    diagnostics,
                    overlap=overlap,
                )
                for selected, overlap in zip(selection, overlaps, strict=True)
            ]
        else:
            cutters = _commit_cutters(selection, commits, diagnostics)
            self._cursors = [
                _FileCursor(selected, cutter, span, numbers, diagnostics, cutter.committed_count)
                for selected, cutter in zip(selection, cutters, strict=True)
            ]

    def ticks(self) -> Iterator[Tick]:
        """Every committed tick, silent ones included; without commits, every one with records."""
        if self._commits is None:
            while (end := min(cursor.end for cursor in self._cursors)) <= self._last_end:
                tick = self._read(end)
                if any(getattr(tick, name) for name in TICK_FIELDS):
                    yield tick
            return
        for commit in self._commits:
            if commit.end > self._last_end:
                return
            yield self._read(commit.end, commit.gap)

    def tick_of(self, closed: ClosedTick) -> Tick:
        """A tick committed after `ticks` ended, the same as a reader of the files would give."""
        batches = _no_batches()
        for cursor in self._cursors:
            router = cursor.router
            piece = closed.pieces.get(router.name)
            if piece is not None:
                times: U64 = np.ascontiguousarray(piece.records["ts_recv"])
                router.load(
                    piece.records,
                    piece.first,
                    [0, len(times)],
                    router.in_session(times),
                    piece.conditions,
                    piece.cancel_pairs,
                )
                router.route(0, batches)
        return _tick(closed.end, batches, closed.gap)

    def _read(self, end: int, gap: str = "") -> Tick:
        batches = _no_batches()
        for cursor in self._cursors:
            if cursor.end == end:
                cursor.read(batches)
        return _tick(end, batches, gap)


def _tick(end: int, batches: Batches, gap: str) -> Tick:
    return Tick(end, **{name: tuple(found) for name, found in batches.items()}, gap=gap)


def _no_batches() -> Batches:
    return {name: [] for name in (*TICK_FIELDS, _DUPLICATES)}


def _commit_cutters(
    selection: Sequence[SelectedFile], commits: Sequence[Commit], diagnostics: Diagnostics
) -> Iterator[CommitCutter]:
    ends = np.array([commit.end for commit in commits], np.int64)
    for name in (selected.file.name for selected in selection):
        counts = np.zeros(len(commits), np.int64)
        count = 0
        for line, commit in enumerate(commits):
            count = counts[line] = commit.counts.get(name, count)
        yield CommitCutter(name, ends, counts, diagnostics)
