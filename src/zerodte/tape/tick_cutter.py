"""The two rules by which a file's records are cut into ticks.

A tape that says how it was committed is followed; any other is cut by receive time.
"""

from typing import Protocol

import numpy as np

from zerodte.arrays import I64, U64
from zerodte.constants import SECOND
from zerodte.tape.diagnostics import Diagnostics
from zerodte.tape.error import TapeError

#: Records more than this many seconds ahead of those around them have a clock that jumped.
_JUMP = 60


class TickCutter(Protocol):
    """Which tick each record of one file belongs to; asked once for every chunk, in order."""

    def runs(self, times: U64, at: int, following: int) -> tuple[list[int], list[int]]:
        """Cut the next records of the file into runs, each of one tick.

        Args:
            times: uint64[n], receive times; 0 where unknown.
            at: How many records of the file came before.
            following: Receive time of the record after them; 0 where unknown or none.

        Returns:
            The ends of k ticks, ascending, and the k + 1 positions that bound their runs.
        """

    def finish(self, at: int) -> None:
        """Hear that the file ended after `at` records."""


class ReceiveTimeCutter:
    """A record belongs to the second it was received in; once that has passed, to the next.

    A second has passed when the file has a record of a later one. Records far ahead of both those
    before and those after them have a clock that jumped, and no time passed: they go with the one
    before them.

    Args:
        name: The file's.
        findings: Told how many clocks jumped.
    """

    def __init__(self, name: str, findings: Diagnostics) -> None:
        self._name = name
        self._findings = findings
        self._newest = 0
        self._jumped = 0

    def runs(
        self,
        times: U64,
        at: int,  # noqa: ARG002
        following: int,
    ) -> tuple[list[int], list[int]]:
        """Cut where the second changes; see `TickCutter`."""
        seconds = times // SECOND
        seconds += times > seconds * SECOND
        then = -(-following // SECOND)
        is_late = seconds[0] < self._newest or 0 < then < seconds[-1]
        if is_late or (seconds[1:] < seconds[:-1]).any():
            self._flatten(seconds, then)
            seconds[0] = max(int(seconds[0]), self._newest)
            np.maximum.accumulate(seconds, out=seconds)
        self._newest = int(seconds[-1])
        starts = np.concatenate(([0], np.flatnonzero(seconds[1:] != seconds[:-1]) + 1))
        return (seconds[starts] * SECOND).tolist(), [*starts.tolist(), len(times)]

    def _flatten(self, seconds: U64, then: int) -> None:
        """Take clocks that jumped back to the record before them, in place.

        The file's first record, with none before it, may go with the one after it; `then` is the
        second of the record that comes after all of these. Untimed records are passed over.
        """
        timed = np.flatnonzero(seconds)
        known = np.append(seconds[timed], [then] if then else []).astype(np.int64)
        if not len(known):
            return
        before = self._newest or known[:2].min()
        levels = np.concatenate(([before], known))
        jumped = np.zeros(len(levels), np.bool_)
        for start, stop in _jumps(levels):
            levels[start:stop] = levels[start - 1]
            jumped[start:stop] = True
        seconds[timed] = levels[1 : len(timed) + 1]
        self._jumped += int(np.count_nonzero(jumped))
        self._findings.count(self._name, "have a clock that jumped ahead", self._jumped)

    def finish(self, at: int) -> None:
        """Every record had its second."""


def _jumps(levels: I64) -> list[tuple[int, int]]:
    """The runs of records whose clock jumped ahead, as slices, inner ones first.

    A run begins with a rise and ends with a fall to about the level before it. A fall without such
    a rise is a record that came late, and the rise after it only leads back. A run whose clock
    itself ran for longer than a jump is time that passed.

    Args:
        levels: int64[n], seconds.
    """
    steps = np.diff(levels)
    is_far = np.abs(steps) > _JUMP
    ran = np.concatenate(([0], np.where(is_far, 0, steps).cumsum()))
    rises: list[tuple[int, int]] = []
    runs = []
    newest = 0
    for at in (np.flatnonzero(is_far) + 1).tolist():
        level, last = int(levels[at]), int(levels[at - 1])
        if level > last:
            if level > newest + _JUMP:
                rises.append((at, max(last, newest)))
            continue
        for place in reversed(range(len(rises))):
            start, base = rises[place]
            if abs(level - base) <= _JUMP and ran[at - 1] - ran[start] <= _JUMP:
                runs.append((start, at))
                del rises[place:]
                break
        else:
            newest = max(newest, last)
    return runs


class CommitCutter:
    """A record belongs to the tick that it was committed with.

    Args:
        name: The file's.
        ends: int64[m], the committed ticks, ascending.
        counts: int64[m], how many records of the file each of them comes up to.
        findings: Told how many records were never committed.
    """

    def __init__(
        self,
        name: str,
        ends: I64,
        counts: I64,
        findings: Diagnostics,
    ) -> None:
        self._name = name
        self._ends = ends
        self._counts = counts
        self._findings = findings

    @property
    def committed(self) -> int:
        """How many records of the file were ever committed."""
        return int(self._counts[-1]) if len(self._counts) else 0

    def runs(
        self,
        times: U64,
        at: int,
        following: int,  # noqa: ARG002
    ) -> tuple[list[int], list[int]]:
        """Cut where a commit says so. Records after the last commit are in no run."""
        first = int(np.searchsorted(self._counts, at, side="right"))
        last = int(np.searchsorted(self._counts, at + len(times), side="left"))
        bounds = np.minimum(self._counts[first : last + 1] - at, len(times))
        return self._ends[first : last + 1].tolist(), [0, *bounds.tolist()]

    def finish(self, at: int) -> None:
        """Count what was never committed.

        Raises:
            TapeError: If more was committed than there is.
        """
        missing = int(np.searchsorted(self._counts, at, side="right"))
        if missing < len(self._counts):
            raise TapeError(
                f"ticks, line {missing + 1}: {self._counts[missing]} records of {self._name}, "
                f"which has {at}"
            )
        self._findings.count(self._name, "were never committed; left out", at - self.committed)
