"""Records that several files of one dataset and schema have: copies, downloads that overlap.

Equal records at an instant are a multiset per file. The tape has of each record as many as the file
with most of them, so equal fills within one file stay separate. Only files whose spans overlap are
looked at, and of them only the records within the overlap.

Of equal records those are kept whose file has more sidecars (conditions, cancels), then the first.
"""

from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

import numpy as np

from zerodte.arrays import I64, U64, Bool, Rows
from zerodte.compiled import inline, kernel
from zerodte.constants import SECOND
from zerodte.records.dbn import UNDEF_TIME, Records
from zerodte.records.digest import record_hash, words
from zerodte.tape.compression import Warn
from zerodte.tape.dbnfile import DbnFile
from zerodte.tape.sidecars import CANCELS_SUFFIX, CONDITIONS_SUFFIX

#: First and last receive time, UTC ns, both included.
Interval: TypeAlias = tuple[int, int]

#: How often a record was seen in one file, or is in the tape; 0 where the slot is empty.
_COUNT = np.dtype([("key", "u8"), ("time", "u8"), ("count", "i8")])
_FIRST_ROOM: Final = 4096
#: A record this much older than what every file has reached is forgotten.
_REACH: Final = 600 * SECOND
_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)


def find_overlaps(files: Sequence[DbnFile], warn: Warn) -> list["FileOverlap | None"]:
    """For each file, the filter of what another one of its dataset and schema has; None if none.

    The spans are those that the metadata state. Files with more sidecars than others are read here
    within their overlaps, so that their records are known before those of the others.
    """
    groups: dict[tuple[str, str], list[int]] = {}
    for number, file in enumerate(files):
        groups.setdefault((file.dataset, file.schema), []).append(number)
    overlaps: list[FileOverlap | None] = [None] * len(files)
    for numbers in groups.values():
        spans = {number: _span(files[number]) for number in numbers}
        shared = {number: _shared(number, spans) for number in numbers}
        shared = {number: intervals for number, intervals in shared.items() if intervals}
        counts = _RecordCounts(shared)
        facts = {number: _sidecar_count(files[number]) for number in shared}
        ranked = sorted(shared, key=lambda number: -facts[number])
        for number in ranked:
            overlap = FileOverlap(number, shared[number], counts)
            if facts[number] > facts[ranked[-1]]:
                overlap.read_ahead(files[number], warn)
            overlaps[number] = overlap
    return overlaps


def _sidecar_count(file: DbnFile) -> int:
    suffixes = (CONDITIONS_SUFFIX, CANCELS_SUFFIX)
    return sum(file.sidecar(suffix).path.exists() for suffix in suffixes)


def _span(file: DbnFile) -> Interval:
    start, end = file.metadata.start, file.metadata.end
    return start, UNDEF_TIME if end is None else max(end - 1, start)


def _shared(number: int, spans: Mapping[int, Interval]) -> list[Interval]:
    """The times that a file shares with others, ascending and disjoint."""
    start, end = spans[number]
    merged: list[Interval] = []
    for other, (first, last) in sorted(spans.items(), key=lambda item: item[1]):
        low, high = max(start, first), min(end, last)
        if other == number or low > high:
            continue
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(high, merged[-1][1]))
        else:
            merged.append((low, high))
    return merged


class FileOverlap:
    """Finds the records of one file that other files brought already.

    Args:
        number: The file's.
        intervals: The times that it shares with other files.
        counts: Those of all of these files.
    """

    def __init__(self, number: int, intervals: Sequence[Interval], counts: "_RecordCounts") -> None:
        self._number = number
        self._intervals = intervals
        self._counts = counts
        self._known: list[Bool] | None = None

    def read_ahead(self, file: DbnFile, warn: Warn) -> None:
        """Read the whole file, so that its records count before those of files read later."""
        self._known = []
        for chunk in file.chunks(warn):
            times = np.ascontiguousarray(chunk["ts_recv"])
            times[times == UNDEF_TIME] = 0
            found = self._find(chunk, times)
            self._known.append(np.zeros(len(chunk), np.bool_) if found is None else found)
        self._known.reverse()

    def find(self, records: Records, times: U64) -> Bool | None:
        """Mark duplicates, shape (m,); None if there are none.

        Args:
            records: The file's next records, shape (m,).
            times: Their receive times; 0 for those that do not count.
        """
        low = int(times.min(initial=UNDEF_TIME, where=times > 0))
        self._counts.reach(self._number, low)
        if self._known is None:
            return self._find(records, times)
        known = self._known.pop()[: len(records)] & (times > 0)
        return known if known.any() else None

    def _find(self, records: Records, times: U64) -> Bool | None:
        low, high = int(times.min(initial=UNDEF_TIME, where=times > 0)), int(times.max(initial=0))
        is_shared = np.zeros(len(times), np.bool_)
        for start, end in self._intervals:
            if low <= end and start <= high:
                is_shared |= (times >= np.uint64(start)) & (times <= np.uint64(end))
        rows = np.flatnonzero(is_shared & (times > 0))
        if not len(rows):
            return None
        is_duplicate = self._counts.add(self._number, records, times, rows)
        return is_duplicate if is_duplicate.any() else None

    def finish(self) -> None:
        """Say that the file has no more records."""
        self._counts.reach(self._number, UNDEF_TIME)


class _RecordCounts:
    """How often each record was seen in each of some files, and is in the tape."""

    def __init__(self, files: Mapping[int, Sequence[Interval]]) -> None:
        self._reached = {number: intervals[0][0] for number, intervals in files.items()}
        self._table: Rows = np.zeros(_FIRST_ROOM, _COUNT)
        self._used = 0

    def reach(self, number: int, time: int) -> None:
        """Note how far a file has been read; only late records are from before that."""
        self._reached[number] = max(self._reached[number], time)

    def add(self, number: int, records: Records, times: U64, rows: I64) -> Bool:
        """Add rows of a file's records; marks, among all of them, those that are duplicates."""
        if 2 * (self._used + 2 * len(rows)) > len(self._table):
            self._rebuild(2 * len(rows))
        out = np.zeros(len(records), np.bool_)
        self._used += _count(words(records), times, rows, np.uint64(number + 1), self._table, out)
        return out

    def _rebuild(self, more: int) -> None:
        """Make room for `more` counts, without those that are forgotten."""
        old = self._table[self._table["count"] > 0]
        old = old[old["time"] >= np.uint64(max(min(self._reached.values()) - _REACH, 0))]
        size = max(_FIRST_ROOM, 1 << (4 * (len(old) + more) - 1).bit_length())
        self._table, self._used = np.zeros(size, _COUNT), len(old)
        _insert(old, self._table)


@inline
def _place(table: Rows, key: np.uint64, time: np.uint64) -> np.uint64:
    """Where a table keeps a record of a time, or would."""
    mask = np.uint64(table.shape[0] - 1)
    place = key & mask
    while table[place].count != 0 and (table[place].key != key or table[place].time != time):
        place = (place + np.uint64(1)) & mask
    return place


@kernel
def _insert(entries: Rows, table: Rows) -> None:
    for i in range(entries.shape[0]):
        table[_place(table, entries[i].key, entries[i].time)] = entries[i]


@kernel
def _count(
    words: U64, times: U64, rows: I64, file: np.uint64, table: Rows, is_duplicate: Bool
) -> int:
    """Mark the duplicates; returns how many slots of the table were taken."""
    taken = 0
    for row in rows:
        time = times[row]
        key = record_hash(words, row, np.uint64(0))
        of_file = key + file * _GOLDEN
        mine = table[_place(table, of_file, time)]
        taken += mine.count == 0
        mine.key, mine.time, mine.count = of_file, time, mine.count + 1
        count = mine.count
        kept = table[_place(table, key, time)]
        if count <= kept.count:
            is_duplicate[row] = True
            continue
        taken += kept.count == 0
        kept.key, kept.time, kept.count = key, time, count
    return taken
