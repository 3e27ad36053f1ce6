"""A tape's files merged into ticks.

Each file is read chunk by chunk and cut into runs, the records of one tick; the merge takes, tick
after tick, every file's run of that tick. All work on records is done on whole chunks; per tick
there are only slices.
"""

import functools
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from zerodte.config import SECOND
from zerodte.records.dbn import TRADE_SCHEMAS, UNDEF_TIME, Records
from zerodte.records.tick import Batch, Tick
from zerodte.tape.choice import Outlet, Part, Place
from zerodte.tape.cuts import ByCommit, ByReceiveTime, Rule, Times
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.findings import Findings
from zerodte.tape.sidecars import Commit, check_conditions, read_cancels, read_conditions

_PLACES: Final[tuple[Place, ...]] = (
    "definitions",
    "statistics",
    "underlying",
    "quotes",
    "trades",
)
_NEVER: Final = 2**63 - 1

_UNTIMED: Final = "have no receive time; left out"
_EARLY: Final = "are from before the session; left out"
_LATE: Final = "are from after the session; left out"

_Mask = npt.NDArray[np.bool_]
_Batches = dict[Place, list[Batch]]


@dataclass(frozen=True, slots=True)
class Window:
    """The receive times that are taken, in UTC nanoseconds, both ends included.

    Attributes:
        opening: Quotes and trades before it belong to an earlier session.
        closing: Whatever comes after it belongs to a later one.
        until: How far the reader wants to go.
    """

    opening: int
    closing: int
    until: int = _NEVER


@dataclass(frozen=True, slots=True)
class _Stream:
    """What goes to one outlet out of a chunk; run k is records[bounds[k]:bounds[k + 1]].

    Record i stands at position places[i] of its file; at base + i where there are no places.
    """

    outlet: Outlet
    records: Records
    conditions: npt.NDArray[np.uint8] | None
    bounds: list[int]
    base: int
    places: npt.NDArray[np.intp] | None


class _Numbers:
    """Numbers for trades, in the order in which ticks give them."""

    def __init__(self) -> None:
        self._next = 0

    def take(self, count: int) -> int:
        """The first of `count` new numbers."""
        first = self._next
        self._next += count
        return first


class _Cancels:
    """Which trades of a file are cancelled by which, positions turned into numbers."""

    def __init__(self, pairs: npt.NDArray[np.int64]) -> None:
        self._original = dict(pairs.tolist())
        self._cancelled = np.unique(pairs[:, 1])
        self._cancelling = np.unique(pairs[:, 0])
        self._numbers: dict[int, int] = {}

    def of(self, places: npt.NDArray[np.intp], first: int) -> npt.NDArray[np.int64]:
        """The number of the trade that each record cancels, -1 for none.

        Args:
            places: Positions of the records in their file, ascending, shape (m,).
            first: Number of the first record; the others follow it.
        """
        for row in _rows(places, self._cancelled):
            self._numbers[int(places[row])] = first + row
        cancels = np.full(len(places), -1, np.int64)
        for row in _rows(places, self._cancelling):
            # A trade that was left out has no number; its cancel then points to itself.
            original = self._original[int(places[row])]
            cancels[row] = self._numbers.get(original, first + row)
        return cancels


def _rows(places: npt.NDArray[np.intp], wanted: npt.NDArray[np.int64]) -> list[int]:
    """Which of `places` are wanted; both ascend, and of `wanted` only their reach is looked at."""
    start, stop = np.searchsorted(wanted, (places[0], places[-1] + 1))
    near = wanted[start:stop]
    rows = np.searchsorted(places, near)
    found: list[int] = rows[places[rows] == near].tolist()
    return found


class _Source:
    """One file on its way into ticks.

    Attributes:
        end: The tick of its next run; later than any where there is none.
    """

    def __init__(
        self, part: Part, rule: Rule, window: Window, numbers: _Numbers, findings: Findings
    ) -> None:
        self._file = part.file
        self._outlets = part.outlets
        self._rule = rule
        self._window = window
        self._findings = findings
        is_market = not {o.place for o in part.outlets} <= {"definitions", "statistics"}
        self._opening = window.opening if is_market else 1
        has_conditions = part.file.schema in TRADE_SCHEMAS
        self._conditions = read_conditions(part.file.path) if has_conditions else None
        self._numbers = numbers
        self._cancels = _cancels(part.file, findings) if has_conditions else None
        self._chunks = part.file.chunks(findings.warn)
        self._next_chunk = next(self._chunks, None)
        self._left_out: Counter[str] = Counter()
        self._at = 0
        self._streams: list[_Stream] = []
        self._ends: list[int] = []
        self._run = -1
        self._next_run()

    def take(self, batches: _Batches) -> None:
        """Add the records of tick `end` to `batches`, and go on to the next."""
        end = self.end
        while self.end == end:
            for stream in self._streams:
                start, stop = stream.bounds[self._run], stream.bounds[self._run + 1]
                if start < stop:
                    batches[stream.outlet.place].append(self._batch(stream, slice(start, stop)))
            self._next_run()

    def _batch(self, stream: _Stream, run: slice) -> Batch:
        dataset, outlet, records = self._file.dataset, stream.outlet, stream.records[run]
        if outlet.place != "trades":
            return Batch(dataset, outlet.schema, records)
        conditions = None if stream.conditions is None else stream.conditions[run]
        first = self._numbers.take(len(records))
        cancels = None
        if self._cancels is not None:
            places = stream.base + np.arange(run.start, run.stop)
            if stream.places is not None:
                places = stream.base + stream.places[run]
            cancels = self._cancels.of(places, first)
        return Batch(dataset, outlet.schema, records, conditions, first, cancels)

    def _next_run(self) -> None:
        self._run += 1
        while self._run == len(self._ends):
            chunk = self._next_chunk
            if chunk is None:
                self.end = _NEVER
                self._rule.finish(self._at)
                self._check_conditions(self._at)
                return
            self._next_chunk = next(self._chunks, None)
            self._load(chunk)
            self._run = 0
        self.end = self._ends[self._run]

    def _load(self, chunk: Records) -> None:
        times: Times = np.ascontiguousarray(chunk["ts_recv"])
        keep = self._in_session(times)
        if keep is not None:
            times = np.where(keep, times, np.uint64(0))
        following = 0 if self._next_chunk is None else int(self._next_chunk["ts_recv"][0])
        self._ends, bounds = self._rule.runs(
            times, self._at, following if following != UNDEF_TIME else 0
        )
        if times.max() > self._window.until:
            wanted = times <= self._window.until
            keep = wanted if keep is None else keep & wanted
        if self._conditions is not None and len(self._conditions) < self._at + len(chunk):
            self._check_conditions(self._at + len(chunk))
        self._streams = [self._stream(outlet, chunk, keep, bounds) for outlet in self._outlets]
        self._at += len(chunk)

    def _in_session(self, times: Times) -> _Mask | None:
        """Which records are of the session; None for all, by far the usual case."""
        opening, closing = self._opening, self._window.closing
        if times.min() >= opening and times.max() <= closing:
            return None
        untimed = (times == 0) | (times == UNDEF_TIME)
        early, late = times < opening, times > closing
        self._leave_out(_UNTIMED, untimed)
        self._leave_out(_EARLY, early & ~untimed)
        self._leave_out(_LATE, late & ~untimed)
        kept: _Mask = ~(early | late)
        return kept

    def _stream(
        self, outlet: Outlet, chunk: Records, keep: _Mask | None, bounds: list[int]
    ) -> _Stream:
        conditions = self._conditions
        if conditions is not None:
            conditions = conditions[self._at : self._at + len(chunk)]
        mask = keep
        if outlet.pick is not None:
            picked = outlet.pick(chunk)
            self._leave_out(outlet.leaves, ~picked)
            mask = picked if keep is None else picked & keep
        if mask is None:
            return _Stream(outlet, chunk, conditions, bounds, self._at, None)
        positions = np.flatnonzero(mask)
        records = chunk[positions]
        records.flags.writeable = False
        if conditions is not None:
            conditions = conditions[positions]
        runs = np.searchsorted(positions, bounds).tolist()
        return _Stream(outlet, records, conditions, runs, self._at, positions)

    def _leave_out(self, what: str, which: _Mask) -> None:
        if what:
            self._left_out[what] += int(np.count_nonzero(which))
            self._findings.count(self._file.name, what, self._left_out[what])

    def _check_conditions(self, count: int) -> None:
        if self._conditions is not None:
            check_conditions(self._conditions, count, f"conditions of {self._file.name}")


def merge(
    parts: Sequence[Part],
    commits: Sequence[Commit] | None,
    window: Window,
    findings: Findings,
) -> Iterator[Tick]:
    """The ticks of a tape, in order.

    Args:
        parts: The files that are used, in the order in which they come within a tick.
        commits: The lines of `ticks`; None cuts by receive time.
        window: The receive times that are taken.
        findings: Told what was left out.

    Yields:
        Every committed tick, silent ones included; without commits, every second that has records.

    Raises:
        TapeError: If a file is damaged, or does not have what was committed.
    """
    numbers = _Numbers()
    last = min(-(-window.until // SECOND) * SECOND, _NEVER - 1)
    if commits is None:
        timed = [
            _Source(part, ByReceiveTime(part.file.name, findings), window, numbers, findings)
            for part in parts
        ]
        while (end := min(source.end for source in timed)) <= last:
            tick = _take(timed, end)
            if tick.definitions or tick.statistics or tick.underlying or tick.quotes or tick.trades:
                yield tick
        return
    committed = [
        _Source(part, rule, window, numbers, findings)
        for part, rule in zip(parts, _rules(parts, commits, findings), strict=True)
    ]
    for commit in commits:
        if commit.end > last:
            return
        yield _take(committed, commit.end)


def _cancels(file: DbnFile, findings: Findings) -> _Cancels | None:
    pairs = read_cancels(file.path, functools.partial(file.count, findings.warn))
    return None if pairs is None else _Cancels(pairs)


def _take(sources: Sequence[_Source], end: int) -> Tick:
    batches: _Batches = {place: [] for place in _PLACES}
    for source in sources:
        if source.end == end:
            source.take(batches)
    return Tick(end, *(tuple(batches[place]) for place in _PLACES))


def _rules(
    parts: Sequence[Part], commits: Sequence[Commit], findings: Findings
) -> Iterator[ByCommit]:
    ends = np.array([commit.end for commit in commits], np.int64)
    for name in (part.file.name for part in parts):
        counts = np.zeros(len(commits), np.int64)
        count = 0
        for line, commit in enumerate(commits):
            count = counts[line] = commit.counts.get(name, count)
        yield ByCommit(name, ends, counts, findings)
