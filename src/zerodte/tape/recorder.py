"""A live session onto a tape: files that grow by a frame a tick, and the commits that count them.

A tick's records are written first, one zstd frame for each file, then its line in `ticks`. Whatever
a recorder was doing when it was killed, the next one takes the tape back to its last commit and
goes on.
"""

import os
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import msgspec

from zerodte.tape.append_file import AppendFile, sync_folder, sync_new, take_lock
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.frames import frame
from zerodte.tape.metadata import encode_metadata
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.recovery import MOST_LOST, Recovery, recover
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    NOTES,
    TICKS,
    Commit,
    beside,
    read_notes,
    write_notes,
)
from zerodte.tape.symbology import read_symbols
from zerodte.tape.tick_assembler import ClosedTick

#: Commits closer together than this, seconds of the wall clock, share one wait for the disk. At the
#: speed of the market itself every commit has its own.
_SYNC_EVERY: Final = 0.5


class Recorder:
    """Writes a session as it comes; goes on with one that was begun.

    Args:
        folder: The tape's; made where it does not exist.
        offer: What is to be recorded.
        window: The time that the session owns.

    Attributes:
        recovery: What was found there, and where the recording goes on.

    Raises:
        TapeError: If the folder holds something else than a recording of this, another process
            records there, or its files are damaged.
        OSError: If it cannot be written to.
    """

    def __init__(self, folder: Path, offer: FeedManifest, window: SessionSpan) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _check_folder(folder, offer)
        lock = take_lock(folder / TICKS)
        if lock is None:
            raise TapeError(f"{folder}: another process is recording there")
        self._lock = lock
        try:
            self.recovery: Recovery = recover(folder, offer.streams)
            _check_symbols(folder, offer)
            if not find_files(folder):
                write_notes(folder, offer.notes)
            for stream in offer.streams:
                if not (folder / stream.name).exists():
                    _create(folder, stream, window, offer.symbols.get(stream.dataset, {}))
            self._streams = {stream.name: stream for stream in offer.streams}
            self._logs = {
                path.name: AppendFile(path)
                for stream in offer.streams
                for path in _paths(folder, stream)
            }
            self._ticks = AppendFile(folder / TICKS)
        except BaseException:
            os.close(self._lock)
            raise
        self._counts = dict.fromkeys(self._logs, 0) | self.recovery.counts
        self._synced, self._unsynced = time.monotonic(), 0
        self._is_closed = False

    @property
    def counts(self) -> dict[str, int]:
        """How many records of each stream were committed, and pairs of cancels beside them."""
        return dict(self._counts)

    def commit(self, ticks: Sequence[ClosedTick]) -> None:
        """Write complete ticks; when this returns, a killed process loses nothing of them.

        Raises:
            OSError: If they could not be written. Nothing of them was committed, and the same
                ticks may be given again.
            TapeError: If a stream's records come without their conditions, or not where the
                stream stood.
        """
        counts = dict(self._counts)
        is_due = self._is_due(len(ticks))
        try:
            self._take_back()  # what could not be taken back when an earlier attempt failed
            lines = b"".join(self._append(tick, counts) for tick in ticks)
            # What a line counts is to be on the disk before the line is.
            if is_due:
                self._sync()
            self._ticks.append(lines)
            if is_due:
                self._ticks.sync()
        except BaseException:
            self._take_back()
            raise
        for file in (*self._logs.values(), self._ticks):
            file.settle()
        self._counts = counts
        self._unsynced += len(ticks)
        if is_due:
            self._synced, self._unsynced = time.monotonic(), 0

    def close(self) -> None:
        """Have everything on the disk and let go of the files; a second time changes nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        with ExitStack() as last:
            last.callback(os.close, self._lock)
            for log in (*self._logs.values(), self._ticks):
                last.callback(log.close)
            self._sync()
            self._ticks.sync()

    def _append(self, tick: ClosedTick, counts: dict[str, int]) -> bytes:
        """Write a tick's records; its line in `ticks`, which is not yet written."""
        changed = {}
        for name, piece in tick.pieces.items():
            stream = self._streams[name]
            if piece.first != counts[name] or stream.has_conditions == (piece.conditions is None):
                raise TapeError(f"{name}: records that do not follow those before them")
            if piece.conditions is not None:
                self._logs[name + CONDITIONS_SUFFIX].append(piece.conditions.tobytes())
            if stream.has_cancels and len(piece.pairs):
                cancels = name + CANCELS_SUFFIX
                self._logs[cancels].append(piece.pairs.astype("<i8").tobytes())
                counts[cancels] = changed[cancels] = counts[cancels] + len(piece.pairs)
            self._logs[name].append(frame(piece.records.tobytes()))
            counts[name] = changed[name] = piece.first + len(piece.records)
        return msgspec.json.encode(Commit(tick.end, changed, tick.gap)) + b"\n"

    def _is_due(self, count: int) -> bool:
        """Whether so many more commits have to be on the disk as they are made."""
        is_long_ago = time.monotonic() - self._synced >= _SYNC_EVERY
        return is_long_ago or self._unsynced + count > MOST_LOST // 2

    def _sync(self) -> None:
        for file in self._logs.values():
            file.sync()

    def _take_back(self) -> None:
        for file in (self._ticks, *self._logs.values()):
            file.take_back()


def _check_folder(folder: Path, offer: FeedManifest) -> None:
    """Hold what is there already against what is to be recorded."""
    files = find_files(folder)
    names = {stream.name for stream in offer.streams}
    others = [file.name for file in files if file.name not in names]
    if others or (files and not (folder / TICKS).exists()):
        name = (others or [files[0].name])[0]
        raise TapeError(
            f"{folder}: a tape with {name}, which is no recording of this feed; "
            "choose another folder"
        )
    if files and read_notes(folder) != offer.notes:
        raise TapeError(f"{folder}: {NOTES} is not what the feed says of itself")


def _check_symbols(folder: Path, offer: FeedManifest) -> None:
    """Hold what is recorded of instruments against what the feed says of them."""
    known = read_symbols(find_files(folder), offer.date, warn=lambda _: None)
    for dataset, symbols in known.items():
        for number, symbol in offer.symbols.get(dataset, {}).items():
            if symbols.get(number, symbol) != symbol:
                raise TapeError(
                    f"{folder}: instrument {number} of {dataset} is {symbols[number]}, and "
                    f"{symbol} in the feed; choose another folder"
                )


def _paths(folder: Path, stream: FeedStream) -> list[Path]:
    """A stream's file and those beside it."""
    file = folder / stream.name
    conditions = [beside(file, CONDITIONS_SUFFIX)] if stream.has_conditions else []
    cancels = [beside(file, CANCELS_SUFFIX)] if stream.has_cancels else []
    return [*conditions, *cancels, file]


def _create(folder: Path, stream: FeedStream, window: SessionSpan, symbols: dict[int, str]) -> None:
    """A file without records and what lies beside it, all of them on the disk."""
    file, *sidecars = reversed(_paths(folder, stream))
    metadata = encode_metadata(
        stream.dataset, stream.schema, window.opening, window.closing, symbols
    )
    part = file.with_name(file.name + ".part")
    for path in sidecars:
        sync_new(path, b"")
    sync_new(part, frame(metadata))
    part.replace(file)
    sync_folder(folder)
