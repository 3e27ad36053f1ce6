"""A recording that ended anyhow, taken back to its last commit.

A killed recorder leaves records without a commit and a torn last line. After a power cut there may
also be commits whose records never reached the disk: those are taken back too.
"""

import mmap
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from zerodte.arrays import I64
from zerodte.market.calendar import new_york_clock
from zerodte.records.dbn import SCHEMAS
from zerodte.tape.dbnfile import read_metadata
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.frames import whole_frames
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    PAIR,
    TICKS,
    Commit,
    beside,
    read_commits,
)

#: More commits without records than this are no power cut, but files that somebody changed.
MOST_LOST: Final = 600


@dataclass(frozen=True, slots=True)
class Recovery:
    """Where a recording goes on.

    Attributes:
        last: End of the last commit, UTC ns; 0 without any.
        counts: Committed records by file.
        dropped: Records that were never committed, by file; only files that had any.
        lost: Commits whose records were not there.
    """

    last: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    lost: int = 0

    def sentences(self) -> list[str]:
        """What is to be said of it; nothing of a recording that only begins."""
        said = []
        if self.last:
            said.append(f"going on after {new_york_clock(self.last):%H:%M:%S} New York")
        said += [f"{name}: {n:,} records were not committed" for name, n in self.dropped.items()]
        if self.lost:
            said.append(f"{self.lost} ticks were committed but not on the disk, and are taken back")
        return said


@dataclass(frozen=True, slots=True)
class _Content:
    """What is whole of a stream's files.

    Attributes:
        counts: Records up to the end of each frame.
        stops: The bytes up to there.
        records: Whole records, with their conditions where the stream has them.
        cancels: Whole pairs.
    """

    counts: I64
    stops: I64
    records: int
    cancels: int


def recover(folder: Path, streams: Sequence[FeedStream]) -> Recovery:
    """Take a recording back to its last commit whose records are there.

    Args:
        folder: A recording; its lock is held.
        streams: What is recorded in it.

    Raises:
        TapeError: If it is not as a recorder leaves it, not even after a power cut.
    """
    found = read_commits(folder)
    commits = found[0] if found else []
    contents = {
        stream.name: _read(folder, stream) for stream in streams if (folder / stream.name).exists()
    }
    kept, counts = _sound(folder, commits, contents)
    lost = len(commits) - kept
    if lost > MOST_LOST:
        raise TapeError(
            f"{folder}: the last {lost:,} of {len(commits):,} lines of {TICKS} count records that "
            "are not there; restore the files, or record to another folder"
        )
    _cut_lines(folder / TICKS, kept)
    for stream in streams:
        if stream.name in contents:
            _cut(folder, stream, contents[stream.name], counts)
    dropped = {
        name: extra
        for name, content in contents.items()
        if (extra := int(content.counts[-1]) - counts.get(name, 0))
    }
    return Recovery(commits[kept - 1].end if kept else 0, counts, dropped, lost)


def _read(folder: Path, stream: FeedStream) -> _Content:
    path = folder / stream.name
    file = read_metadata(path, stream.name)
    with (
        path.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as held,
        memoryview(held) as content,
    ):
        frames = np.array(list(whole_frames(content)), np.int64).reshape(-1, 2)
    counts, cut = np.divmod(np.cumsum(frames[:, 1]) - file.offset, SCHEMAS[stream.schema].itemsize)
    if not len(frames) or cut.any():
        raise TapeError(f"{path}: not written by a recorder, which writes whole records a frame")
    codes = beside(path, CONDITIONS_SUFFIX)
    if codes.exists() != stream.has_conditions or (
        beside(path, CANCELS_SUFFIX).exists() != stream.has_cancels
    ):
        raise TapeError(f"{path}: what lies beside it is not what the feed now offers")
    records = int(counts[-1])
    if stream.has_conditions:
        records = min(records, codes.stat().st_size)
    return _Content(counts, frames[:, 0], records, _whole_pairs(path) if stream.has_cancels else 0)


def _whole_pairs(file: Path) -> int:
    """How many pairs of cancels were written; what the disk filled up after them are none."""
    content = beside(file, CANCELS_SUFFIX).read_bytes()
    pairs = np.frombuffer(content[: len(content) // PAIR * PAIR], "<i8").reshape(-1, 2)
    is_pair = np.append(pairs[:, 1] < pairs[:, 0], np.False_)
    return int(np.argmin(is_pair))


def _sound(
    folder: Path, commits: Sequence[Commit], contents: dict[str, _Content]
) -> tuple[int, dict[str, int]]:
    """How many commits have all their records, and how many records those are, by file."""
    counts: dict[str, int] = {}
    whole = {name: content.records for name, content in contents.items()}
    whole |= {name + CANCELS_SUFFIX: content.cancels for name, content in contents.items()}
    for number, commit in enumerate(commits):
        for name, count in commit.counts.items():
            if name not in whole:
                raise TapeError(
                    f"{folder}: {TICKS}, line {number + 1}: no file {name}; restore it, or record "
                    "to another folder"
                )
            if count > whole[name]:
                return number, counts
        counts.update(commit.counts)
    return len(commits), counts


def _cut(folder: Path, stream: FeedStream, content: _Content, counts: dict[str, int]) -> None:
    """End a file and what lies beside it where the last commit does."""
    path = folder / stream.name
    count = counts.get(stream.name, 0)
    at = int(np.searchsorted(content.counts, count))
    if content.counts[at] != count:
        raise TapeError(f"{path}: its commits do not end where its frames do")
    os.truncate(path, int(content.stops[at]))
    if stream.has_conditions:
        os.truncate(beside(path, CONDITIONS_SUFFIX), count)
    if stream.has_cancels:
        cancels = beside(path, CANCELS_SUFFIX)
        os.truncate(cancels, PAIR * counts.get(cancels.name, 0))


def _cut_lines(path: Path, kept: int) -> None:
    """End a file of lines after so many of them."""
    if path.exists():
        lines = path.read_bytes().split(b"\n")
        os.truncate(path, sum(len(line) + 1 for line in lines[:kept]))
