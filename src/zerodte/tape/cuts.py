"""The two rules by which a file's records are cut into ticks.

A tape that says how it was committed is followed; any other is cut by receive time.
"""

from typing import Protocol

import numpy as np
import numpy.typing as npt

from zerodte.config import SECOND
from zerodte.tape.error import TapeError
from zerodte.tape.findings import Findings

#: A lone record this many seconds ahead of its neighbours has a clock that jumped.
_JUMP = 60

Times = npt.NDArray[np.uint64]


class Rule(Protocol):
    """Which tick each record of one file belongs to; asked once for every chunk, in order."""

    def runs(self, times: Times, at: int, following: int) -> tuple[list[int], list[int]]:
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


class ByReceiveTime:
    """A record belongs to the second it was received in; once that has passed, to the next.

    A second has passed when the file has a record of a later one. A lone record far ahead of both
    its neighbours is a clock that jumped, not time that passed: it goes with the one before it.

    Args:
        name: The file's.
        findings: Told how many clocks jumped.
    """

    def __init__(self, name: str, findings: Findings) -> None:
        self._name = name
        self._findings = findings
        self._newest = 0
        self._jumped = 0

    def runs(
        self,
        times: Times,
        at: int,  # noqa: ARG002
        following: int,
    ) -> tuple[list[int], list[int]]:
        """Cut where the second changes; see `Rule`."""
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

    def _flatten(self, seconds: Times, then: int) -> None:
        """Take clocks that jumped back to the record before them, in place.

        The file's first record, with none before it, goes with the one after it; `then` is the
        second of the record that comes after all of these.
        """
        before, after = np.empty_like(seconds), np.empty_like(seconds)
        after[-1], after[:-1] = then, seconds[1:]
        before[0], before[1:] = self._newest or after[0], seconds[:-1]
        timed = (before > 0) & (after > 0)
        jumped = timed & (seconds > before + _JUMP) & (seconds > after + _JUMP)
        seconds[jumped] = before[jumped]
        self._jumped += int(np.count_nonzero(jumped))
        self._findings.count(self._name, "have a clock that jumped ahead", self._jumped)

    def finish(self, at: int) -> None:
        """Every record had its second."""


class ByCommit:
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
        ends: npt.NDArray[np.int64],
        counts: npt.NDArray[np.int64],
        findings: Findings,
    ) -> None:
        self._name = name
        self._ends = ends
        self._counts = counts
        self._findings = findings

    def runs(
        self,
        times: Times,
        at: int,
        following: int,  # noqa: ARG002
    ) -> tuple[list[int], list[int]]:
        """Cut where a commit says so; see `Rule`. Records after the last commit are in no run."""
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
        committed = int(self._counts[-1]) if len(self._counts) else 0
        self._findings.count(self._name, "were never committed; left out", at - committed)
