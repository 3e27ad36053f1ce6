"""Recovery of an interrupted recording: it is cut back to its last valid commit.

A killed recorder leaves uncommitted records and an incomplete last line. After a power cut there
may also be commits whose records never reached the disk; those are dropped too.
"""

import mmap
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
import zstandard

from zerodte.arrays import I64
from zerodte.clock import new_york_clock
from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape.dbnfile import read_metadata
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.frames import complete_frames
from zerodte.tape.recent_records import RECENT, RecentRecords
from zerodte.tape.sidecars import (
    CANCEL_SIZE,
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    TICKS,
    Commit,
    read_commits,
    sidecar_path,
)

#: A power cut loses fewer commits than this; if more lack their records, the files were altered.
MAX_LOST_COMMITS: Final = 600


@dataclass(frozen=True, slots=True)
class Recovery:
    """The state from which a recording resumes.

    Attributes:
        last_end: End of the last commit, UTC ns; 0 without one.
        counts: Committed records by file.
        dropped: Records that were never committed, by file; only files that had any.
        lost: Commits whose records were missing.
        recent: The records of the last commits.
    """

    last_end: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    dropped: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    recent: RecentRecords = field(default_factory=RecentRecords, compare=False)

    def sentences(self) -> list[str]:
        """Messages for the user; none for a new recording."""
        sentences = []
        if self.last_end:
            sentences.append(f"resuming after {new_york_clock(self.last_end):%H:%M:%S} New York")
        sentences += [
            f"{name}: dropped {count:,} uncommitted records" for name, count in self.dropped.items()
        ]
        if self.lost:
            sentences.append(f"dropped {self.lost} committed ticks that had not reached the disk")
        return sentences


@dataclass(frozen=True, slots=True)
class _StreamContent:
    """The complete content of a stream's files.

    Attributes:
        counts: Records up to the end of each frame.
        stops: Bytes up to the end of each frame.
        records: Complete records, with their conditions if the stream has them.
        cancels: Complete pairs.
    """

    counts: I64
    stops: I64
    records: int
    cancels: int


def recover(folder: Path, streams: Sequence[FeedStream]) -> Recovery:
    """Cut a recording back to the last commit that has all its records.

    Args:
        folder: The recording; the caller holds its lock.
        streams: Its streams.

    Raises:
        TapeError: If neither a kill nor a power cut explains its state.
    """
    commits, _ = read_commits(folder) or ([], False)
    contents = {
        stream.name: _read(folder, stream) for stream in streams if (folder / stream.name).exists()
    }
    valid, counts = _valid_commits(folder, commits, contents)
    lost = len(commits) - valid
    if lost > MAX_LOST_COMMITS:
        raise TapeError(
            f"{folder}: the last {lost:,} of {len(commits):,} lines of {TICKS} count records that "
            "are missing; restore the files, or record to another folder"
        )
    _truncate_lines(folder / TICKS, valid)
    for stream in streams:
        if stream.name in contents:
            _truncate(folder, stream, contents[stream.name], counts)
    dropped = {
        name: extra
        for name, content in contents.items()
        if (extra := int(content.counts[-1]) - counts.get(name, 0))
    }
    recent = RecentRecords()
    for stream in streams:
        if stream.name in contents:
            found = _recent(folder, stream, contents[stream.name], commits[:valid])
            for end, records in found:
                recent.add(end, stream.name, records)
    return Recovery(commits[valid - 1].end if valid else 0, counts, dropped, lost, recent)


def _recent(
    folder: Path, stream: FeedStream, content: _StreamContent, commits: Sequence[Commit]
) -> Iterator[tuple[int, Records]]:
    """The end and the records of its last commits, read from the frames that hold them."""
    totals = [(commit.end, commit.counts[stream.name]) for commit in commits
              if stream.name in commit.counts]  # fmt: skip
    since = totals[-1][0] - RECENT if totals else 0
    rows = [number for number, (end, _) in enumerate(totals) if end > since]
    if not rows:
        return
    begin = totals[rows[0] - 1][1] if rows[0] else 0
    first, last = np.searchsorted(content.counts, (begin, totals[-1][1]))
    with (folder / stream.name).open("rb") as file:
        file.seek(int(content.stops[first]))
        packed = file.read(int(content.stops[last]) - int(content.stops[first]))
    plain = zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True).read()
    records: Records = np.frombuffer(plain, SCHEMAS[stream.schema])
    for row in rows:
        end, count = totals[row]
        start = totals[row - 1][1] if row else 0
        yield end, records[start - begin : count - begin]


def _read(folder: Path, stream: FeedStream) -> _StreamContent:
    path = folder / stream.name
    file = read_metadata(path, stream.name)
    with (
        path.open("rb") as source,
        mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ) as mapping,
        memoryview(mapping) as content,
    ):
        frames = np.array(list(complete_frames(content)), np.int64).reshape(-1, 2)
    counts, partial = np.divmod(
        np.cumsum(frames[:, 1]) - file.offset, SCHEMAS[stream.schema].itemsize
    )
    if not len(frames) or partial.any():
        raise TapeError(
            f"{path}: not written by a recorder, whose frames hold complete records; "
            "record to another folder"
        )
    conditions = sidecar_path(path, CONDITIONS_SUFFIX)
    if conditions.exists() != stream.has_conditions or (
        sidecar_path(path, CANCELS_SUFFIX).exists() != stream.has_cancels
    ):
        raise TapeError(
            f"{path}: its sidecars are not those that the feed now offers; record to another folder"
        )
    records = int(counts[-1])
    if stream.has_conditions:
        records = min(records, conditions.stat().st_size)
    cancels = _complete_pairs(path) if stream.has_cancels else 0
    return _StreamContent(counts, frames[:, 0], records, cancels)


def _complete_pairs(file: Path) -> int:
    """The number of pairs of cancels that were written, without any filler from the disk."""
    content = sidecar_path(file, CANCELS_SUFFIX).read_bytes()
    numbers = np.frombuffer(content[: len(content) // CANCEL_SIZE * CANCEL_SIZE], "<i8")
    pairs = numbers.reshape(-1, 2)
    is_pair = np.append(pairs[:, 1] < pairs[:, 0], np.False_)
    return int(np.argmin(is_pair))


def _valid_commits(
    folder: Path, commits: Sequence[Commit], contents: dict[str, _StreamContent]
) -> tuple[int, dict[str, int]]:
    """The number of leading commits that have all their records, and those records by file."""
    counts: dict[str, int] = {}
    available = {name: content.records for name, content in contents.items()}
    available |= {name + CANCELS_SUFFIX: content.cancels for name, content in contents.items()}
    for number, commit in enumerate(commits):
        for name, count in commit.counts.items():
            if name not in available:
                raise TapeError(
                    f"{folder}: {TICKS}, line {number + 1}: no file {name}; restore it, or record "
                    "to another folder"
                )
            if count > available[name]:
                return number, counts
        counts.update(commit.counts)
    return len(commits), counts


def _truncate(
    folder: Path, stream: FeedStream, content: _StreamContent, counts: dict[str, int]
) -> None:
    """Truncate a file and its sidecars to the last commit."""
    path = folder / stream.name
    count = counts.get(stream.name, 0)
    frame = int(np.searchsorted(content.counts, count))
    if content.counts[frame] != count:
        raise TapeError(
            f"{path}: a commit ends within a frame, which no recorder writes; "
            "record to another folder"
        )
    os.truncate(path, int(content.stops[frame]))
    if stream.has_conditions:
        os.truncate(sidecar_path(path, CONDITIONS_SUFFIX), count)
    if stream.has_cancels:
        cancels = sidecar_path(path, CANCELS_SUFFIX)
        os.truncate(cancels, CANCEL_SIZE * counts.get(cancels.name, 0))


def _truncate_lines(path: Path, count: int) -> None:
    """Truncate a text file to its first `count` lines."""
    if path.exists():
        lines = path.read_bytes().split(b"\n")
        os.truncate(path, sum(len(line) + 1 for line in lines[:count]))
