"""The two ways to cut a file's records into ticks: by its commits, if it has any, or by time."""

from typing import Protocol

import numpy as np

from zerodte.arrays import I64, U64
from zerodte.constants import SECOND
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.error import TapeError

#: Records more than this many seconds ahead of their neighbours have a clock that jumped.
_JUMP = 60


class TickCutter(Protocol):
    """Assigns the records of one file to ticks, chunk by chunk in file order."""

    def cut(self, times: U64, position: int, following: int) -> tuple[list[int], list[int]]:
        """Cut the next records of the file into runs, each of one tick.

        Args:
            times: uint64[n], receive times; 0 if unknown.
            position: Position of the first of them in the file.
            following: Receive time of the record after them; 0 if unknown, or at the end.

        Returns:
            The ends of k ticks, ascending, and the k + 1 rows that bound their runs.
        """

    def finish(self, count: int) -> None:
        """Check the number of records at the end of the file."""


class ReceiveTimeCutter:
    """Cuts where the second of receive time changes.

    A second is over when the file has a record of a later one; a record of an earlier second joins
    the current tick. Records far ahead of both their neighbours have a clock that jumped: they join
    the tick of the previous record.

    Args:
        name: The file's.
        diagnostics: Receives the count of jumps.
    """

    def __init__(self, name: str, diagnostics: Diagnostics) -> None:
        self._name = name
        self._diagnostics = diagnostics
        self._newest = 0
        self._jump_count = 0

    def cut(
        self,
        times: U64,
        position: int,  # noqa: ARG002
        following: int,
    ) -> tuple[list[int], list[int]]:
        """Cut where the second changes; see `TickCutter`."""
        seconds = times // SECOND
        seconds += times > seconds * SECOND
        next_second = -(-following // SECOND)
        is_late = seconds[0] < self._newest or 0 < next_second < seconds[-1]
        if is_late or (seconds[1:] < seconds[:-1]).any():
            self._undo_jumps(seconds, next_second)
            seconds[0] = max(int(seconds[0]), self._newest)
            np.maximum.accumulate(seconds, out=seconds)
        self._newest = int(seconds[-1])
        starts = np.concatenate(([0], np.flatnonzero(seconds[1:] != seconds[:-1]) + 1))
        return (seconds[starts] * SECOND).tolist(), [*starts.tolist(), len(times)]

    def _undo_jumps(self, seconds: U64, next_second: int) -> None:
        """Set jumped seconds to that of the record before the jump, in place.

        The file's first record has none before it and may take the second of the next. Untimed
        records are skipped. `next_second` is that of the record after all of these, 0 if unknown.
        """
        rows = np.flatnonzero(seconds)
        timed = np.append(seconds[rows], [next_second] if next_second else []).astype(np.int64)
        if not len(timed):
            return
        previous = self._newest or timed[:2].min()
        levels = np.insert(timed, 0, previous)
        is_jump = np.zeros(len(levels), np.bool_)
        for start, stop in _jumps(levels):
            levels[start:stop] = levels[start - 1]
            is_jump[start:stop] = True
        seconds[rows] = levels[1 : len(rows) + 1]
        self._jump_count += int(np.count_nonzero(is_jump))
        self._diagnostics.count(self._name, "have a clock that jumped ahead", self._jump_count)

    def finish(self, count: int) -> None:
        """Accept any number of records."""


def _jumps(levels: I64) -> list[tuple[int, int]]:
    """The runs of records whose clock jumped ahead, as slices, inner ones first.

    A run begins with a rise and ends with a fall to about the level before it. A fall without such
    a rise is a late record, and the rise after it only leads back. If the clock within a run
    advances by more than a jump, real time passed, and the run is not a jump.

    Args:
        levels: int64[n], seconds.
    """
    steps = np.diff(levels)
    is_far = np.abs(steps) > _JUMP
    elapsed = np.concatenate(([0], np.where(is_far, 0, steps).cumsum()))
    rises: list[tuple[int, int]] = []
    runs = []
    newest = 0
    for row in (np.flatnonzero(is_far) + 1).tolist():
        level, previous = int(levels[row]), int(levels[row - 1])
        if level > previous:
            if level > newest + _JUMP:
                rises.append((row, max(previous, newest)))
            continue
        for depth in reversed(range(len(rises))):
            start, base = rises[depth]
            if abs(level - base) <= _JUMP and elapsed[row - 1] - elapsed[start] <= _JUMP:
                runs.append((start, row))
                del rises[depth:]
                break
        else:
            newest = max(newest, previous)
    return runs


class CommitCutter:
    """Cuts at the record counts of the tape's commits.

    Args:
        name: The file's.
        ends: int64[m], ends of the committed ticks, ascending.
        counts: int64[m], the number of the file's records up to and including each.
        diagnostics: Receives the count of uncommitted records.
    """

    def __init__(
        self,
        name: str,
        ends: I64,
        counts: I64,
        diagnostics: Diagnostics,
    ) -> None:
        self._name = name
        self._ends = ends
        self._counts = counts
        self._diagnostics = diagnostics

    @property
    def committed_count(self) -> int:
        """The number of the file's committed records."""
        return int(self._counts[-1]) if len(self._counts) else 0

    def cut(
        self,
        times: U64,
        position: int,
        following: int,  # noqa: ARG002
    ) -> tuple[list[int], list[int]]:
        """Cut at the commits; records after the last one are in no run."""
        first = int(np.searchsorted(self._counts, position, side="right"))
        last = int(np.searchsorted(self._counts, position + len(times), side="left"))
        bounds = np.minimum(self._counts[first : last + 1] - position, len(times))
        return self._ends[first : last + 1].tolist(), [0, *bounds.tolist()]

    def finish(self, count: int) -> None:
        """Count the uncommitted records.

        Raises:
            TapeError: If the file has fewer records than were committed.
        """
        commit = int(np.searchsorted(self._counts, count, side="right"))
        if commit < len(self._counts):
            raise TapeError(
                f"ticks, line {commit + 1}: {self._counts[commit]} records of {self._name}, "
                f"which has {count}"
            )
        uncommitted = count - self.committed_count
        self._diagnostics.count(self._name, "were never committed; left out", uncommitted)
