"""A tape's files merged into ticks.

Each file is read chunk by chunk and cut into runs, the records of one tick; the merge takes, tick
after tick, every file's run of that tick. All work on records is done on whole chunks; per tick
there are only slices. A tape that is being recorded goes on where its last commit ends.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from zerodte.arrays import I64, U64
from zerodte.constants import SECOND
from zerodte.records.dbn import TRADE_SCHEMAS, UNDEF_TIME, Records
from zerodte.records.tick import Tick
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.file_selection import SelectedFile
from zerodte.tape.record_router import (
    END_OF_TIME,
    TICK_FIELDS,
    Batches,
    RecordRouter,
    SessionSpan,
    TradeNumbers,
)
from zerodte.tape.sidecars import Commit, check_conditions, read_cancels, read_conditions
from zerodte.tape.tick_assembler import ClosedTick
from zerodte.tape.tick_cutter import CommitCutter, ReceiveTimeCutter, TickCutter

_NO_PAIRS: Final[I64] = np.empty((0, 2), np.int64)


class _Source:
    """One file on its way into ticks.

    Attributes:
        end: The tick of its next run; later than any where there is none.
        out: What becomes of its records.
    """

    def __init__(
        self,
        part: SelectedFile,
        rule: TickCutter,
        window: SessionSpan,
        numbers: TradeNumbers,
        findings: Diagnostics,
        committed: int | None = None,
    ) -> None:
        """Begin to read; `committed` is how many of its records were, None where all count."""
        file = part.file
        self._file = file
        self._rule = rule
        self._until = window.until
        self._committed = committed
        is_sided = file.schema in TRADE_SCHEMAS
        self._conditions = read_conditions(file.path, committed) if is_sided else None
        pairs = None
        if is_sided:
            pairs = read_cancels(file.path, lambda: file.count(findings.warn), committed)
        self._pairs = _NO_PAIRS if pairs is None else pairs
        self.out = RecordRouter(part, window, numbers, findings, has_cancels=pairs is not None)
        self._chunks = file.chunks(findings.warn)
        self._next_chunk = next(self._chunks, None)
        self._at = 0
        self._ends: list[int] = []
        self._run = -1
        self._next_run()

    def take(self, batches: Batches) -> None:
        """Add the records of tick `end` to `batches`, and go on to the next."""
        end = self.end
        while self.end == end:
            self.out.take(self._run, batches)
            self._next_run()

    def _next_run(self) -> None:
        self._run += 1
        while self._run == len(self._ends):
            chunk = self._next_chunk
            if chunk is None:
                self.end = END_OF_TIME
                self._rule.finish(self._at)
                self._check_conditions(self._at if self._committed is None else self._committed)
                return
            self._next_chunk = next(self._chunks, None)
            left = len(chunk) if self._committed is None else self._committed - self._at
            self._run, self._ends = 0, []
            if left > 0:
                self._load(chunk[:left])
            self._at += len(chunk)
        self.end = self._ends[self._run]

    def _load(self, chunk: Records) -> None:
        times: U64 = np.ascontiguousarray(chunk["ts_recv"])
        keep = self.out.in_session(times)
        if keep is not None:
            times = np.where(keep, times, np.uint64(0))
        following = 0 if self._next_chunk is None else int(self._next_chunk["ts_recv"][0])
        self._ends, bounds = self._rule.runs(
            times, self._at, following if following != UNDEF_TIME else 0
        )
        if times.max() > self._until:
            wanted = times <= self._until
            keep = wanted if keep is None else keep & wanted
        conditions, after = self._conditions, self._at + len(chunk)
        if conditions is not None:
            if len(conditions) < after:
                self._check_conditions(after)
            conditions = conditions[self._at : after]
        self.out.load(chunk, self._at, bounds, keep, conditions, self._pairs)

    def _check_conditions(self, count: int) -> None:
        if self._conditions is not None:
            check_conditions(self._conditions, count, f"conditions of {self._file.name}")


class TickReader:
    """The files of a tape on their way into ticks.

    Args:
        parts: The files that are used, in the order in which they come within a tick.
        commits: The lines of `ticks`; None cuts by receive time.
        window: The receive times that are taken.
        findings: Told what was left out.

    Raises:
        TapeError: If a file is damaged, or does not have what was committed; `ticks` likewise.
    """

    def __init__(
        self,
        parts: Sequence[SelectedFile],
        commits: Sequence[Commit] | None,
        window: SessionSpan,
        findings: Diagnostics,
    ) -> None:
        numbers = TradeNumbers()
        self._commits = commits
        self._last = min(-(-window.until // SECOND) * SECOND, END_OF_TIME - 1)
        if commits is None:
            self._sources = [
                _Source(
                    part, ReceiveTimeCutter(part.file.name, findings), window, numbers, findings
                )
                for part in parts
            ]
        else:
            self._sources = [
                _Source(part, rule, window, numbers, findings, rule.committed)
                for part, rule in zip(parts, _rules(parts, commits, findings), strict=True)
            ]

    def ticks(self) -> Iterator[Tick]:
        """Every committed tick, silent ones too; without commits, every second with records."""
        if self._commits is None:
            while (end := min(source.end for source in self._sources)) <= self._last:
                tick = self._take(end)
                if any(getattr(tick, place) for place in TICK_FIELDS):
                    yield tick
            return
        for commit in self._commits:
            if commit.end > self._last:
                return
            yield self._take(commit.end, commit.gap)

    def add(self, closed: ClosedTick) -> Tick:
        """A tick that was committed after `ticks` came to its end, as `ticks` would give it."""
        batches: Batches = {place: [] for place in TICK_FIELDS}
        for source in self._sources:
            piece = closed.pieces.get(source.out.name)
            if piece is not None:
                times: U64 = np.ascontiguousarray(piece.records["ts_recv"])
                keep = source.out.in_session(times)
                bounds = [0, len(times)]
                source.out.load(
                    piece.records, piece.first, bounds, keep, piece.conditions, piece.pairs
                )
                source.out.take(0, batches)
        return _tick(closed.end, batches, closed.gap)

    def _take(self, end: int, gap: str = "") -> Tick:
        batches: Batches = {place: [] for place in TICK_FIELDS}
        for source in self._sources:
            if source.end == end:
                source.take(batches)
        return _tick(end, batches, gap)


def _tick(end: int, batches: Batches, gap: str) -> Tick:
    return Tick(end, **{place: tuple(batches[place]) for place in TICK_FIELDS}, gap=gap)


def _rules(
    parts: Sequence[SelectedFile], commits: Sequence[Commit], findings: Diagnostics
) -> Iterator[CommitCutter]:
    ends = np.array([commit.end for commit in commits], np.int64)
    for name in (part.file.name for part in parts):
        counts = np.zeros(len(commits), np.int64)
        count = 0
        for line, commit in enumerate(commits):
            count = counts[line] = commit.counts.get(name, count)
        yield CommitCutter(name, ends, counts, findings)
