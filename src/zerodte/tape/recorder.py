"""Recording of a live session: files that grow by one frame per tick, and commits that count them.

A tick's records are written first, one zstd frame per file, then the tick's line in `ticks`. After
a kill at any point, the next recorder rolls the tape back to its last commit and resumes.
"""

import itertools
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from zerodte.tape.append_file import AppendFile, lock_file, sync_folder, write_synced
from zerodte.tape.dbnfile import find_files
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedManifest, FeedStream
from zerodte.tape.frames import compress_frame, compress_frames
from zerodte.tape.manifest import check_bytes, read_manifest, remove_manifest, write_manifest
from zerodte.tape.metadata import encode_metadata
from zerodte.tape.recent_records import RecordingPosition
from zerodte.tape.record_router import SessionSpan
from zerodte.tape.recovery import MAX_LOST_COMMITS, Recovery, recover
from zerodte.tape.sidecars import (
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    NOTES,
    TICKS,
    Commit,
    encode_commit,
    read_notes,
    sidecar_path,
    write_notes,
)
from zerodte.tape.symbology import read_symbols
from zerodte.tape.tick_assembler import ClosedTick, Piece

#: Commits within this many wall-clock seconds share one disk sync. At the market's own speed each
#: commit has its own.
_SYNC_EVERY: Final = 0.5
#: The frames of the pieces of ticks, in their order, as other threads make them.
TickFrames: TypeAlias = list[Future[list[bytes]]]
#: Threads that compress while a feed catches up, and pieces that one of them takes at a time.
_COMPRESSORS: Final = 2
_PIECES_AT_ONCE: Final = 64


class Recorder:
    """Records a live session; resumes an existing recording.

    Args:
        folder: The tape's folder; created if needed.
        manifest: The session to record.
        span: The receive times of the session.

    Attributes:
        recovery: The state of the existing recording, and where it resumes.

    Raises:
        TapeError: If the folder holds anything but a recording of this session, another process
            records there, or its files are damaged.
        OSError: If the folder is not writable.
    """

    def __init__(self, folder: Path, manifest: FeedManifest, span: SessionSpan) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        _check_folder(folder, manifest)
        lock = lock_file(folder / TICKS)
        if lock is None:
            raise TapeError(f"{folder}: another process is recording there")
        self._lock = lock
        self._folder = folder
        try:
            finished = read_manifest(folder)
            if finished is not None:
                check_bytes(folder, finished)
            self.recovery: Recovery = recover(folder, manifest.streams)
            _check_symbols(folder, manifest)
            remove_manifest(folder)
            if not find_files(folder):
                write_notes(folder, manifest.notes)
            for stream in manifest.streams:
                if not (folder / stream.name).exists():
                    _create(folder, stream, span, manifest.symbols.get(stream.dataset, {}))
            self._streams = {stream.name: stream for stream in manifest.streams}
            self._files = {
                path.name: AppendFile(path)
                for stream in manifest.streams
                for path in _paths(folder, stream)
            }
            self._ticks = AppendFile(folder / TICKS)
        except BaseException:
            os.close(self._lock)
            raise
        self._counts = dict.fromkeys(self._files, 0) | self.recovery.counts
        self._last_end, self._recent = self.recovery.last_end, self.recovery.recent
        self._last_sync, self._unsynced = time.monotonic(), 0
        self._pool = ThreadPoolExecutor(_COMPRESSORS, "compress")
        self._is_closed = False

    @property
    def position(self) -> RecordingPosition:
        """Where it ends; the counts are of records by stream and of pairs by file of cancels."""
        return RecordingPosition(dict(self._counts), self._last_end, self._recent)

    @property
    def missing(self) -> list[str]:
        """The names of files that were deleted, moved or replaced since they were opened."""
        files = {**self._files, TICKS: self._ticks}
        return [name for name, file in files.items() if not file.is_in_place]

    def compress(self, ticks: Sequence[ClosedTick]) -> TickFrames:
        """Begin to compress ticks in other threads, for a `commit` of the same ticks."""
        pieces = [piece for tick in ticks for piece in tick.pieces.values()]
        return [
            self._pool.submit(_frames, pieces[start : start + _PIECES_AT_ONCE])
            for start in range(0, len(pieces), _PIECES_AT_ONCE)
        ]

    def commit(self, ticks: Sequence[ClosedTick], frames: TickFrames) -> None:
        """Write complete ticks; once this returns, a killed process loses none of them.

        Args:
            ticks: They.
            frames: What `compress` has returned for them.

        Raises:
            OSError: If they could not be written. None of them was committed, and the same ticks
                may be passed again.
            TapeError: If a stream's records lack their conditions, or do not follow its last one.
        """
        counts = dict(self._counts)
        is_due = self._is_sync_due(len(ticks))
        try:
            self._roll_back()  # a failed commit whose own rollback failed too
            made = _in_order(frames)
            contents: dict[str, list[bytes]] = {}
            lines = b"".join(_line(self._streams, tick, counts, made, contents) for tick in ticks)
            for name, parts in contents.items():
                self._files[name].append(b"".join(parts))
            # Records have to reach the disk before the line that counts them.
            if is_due:
                self._sync_files()
            self._ticks.append(lines)
            if is_due:
                self._ticks.sync()
        except BaseException:
            self._roll_back()
            raise
        for file in (*self._files.values(), self._ticks):
            file.keep()
        self._counts = counts
        for tick in ticks:
            self._last_end = tick.end
            for name, piece in tick.pieces.items():
                self._recent.add(tick.end, name, piece.records)
        self._unsynced += len(ticks)
        if is_due:
            self._last_sync, self._unsynced = time.monotonic(), 0

    def close(self) -> None:
        """Sync and close the files, and write the manifest; a second call does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        with ExitStack() as cleanup:
            cleanup.callback(self._pool.shutdown)
            cleanup.callback(os.close, self._lock)
            for file in (*self._files.values(), self._ticks):
                cleanup.callback(file.close)
            self._sync_files()
            self._ticks.sync()
            # A disk that is full takes no manifest. The recording is whole without it.
            # One whose files were replaced meanwhile is not vouched for.
            with suppress(OSError, TapeError):
                self._roll_back()
                if not self.missing:
                    write_manifest(self._folder, self._counts)

    def _is_sync_due(self, count: int) -> bool:
        """Whether `count` more commits have to be on the disk before they return."""
        is_long_ago = time.monotonic() - self._last_sync >= _SYNC_EVERY
        return is_long_ago or self._unsynced + count > MAX_LOST_COMMITS // 2

    def _sync_files(self) -> None:
        for file in self._files.values():
            file.sync()

    def _roll_back(self) -> None:
        for file in (self._ticks, *self._files.values()):
            file.roll_back()


def _line(
    streams: Mapping[str, FeedStream],
    tick: ClosedTick,
    counts: dict[str, int],
    frames: Iterator[bytes],
    contents: dict[str, list[bytes]],
) -> bytes:
    """Add a tick's content to that of each file, and update `counts`; returns its line."""
    changes = {}
    for name, piece in tick.pieces.items():
        stream = streams[name]
        if piece.first != counts[name] or stream.has_conditions == (piece.conditions is None):
            raise TapeError(
                f"{name}: {len(piece.records)} records from position {piece.first}; expected: "
                f"position {counts[name]}, {'with' if stream.has_conditions else 'without'} "
                "conditions"
            )
        if piece.conditions is not None:
            contents.setdefault(name + CONDITIONS_SUFFIX, []).append(piece.conditions.tobytes())
        if stream.has_cancels and len(piece.cancel_pairs):
            cancels = name + CANCELS_SUFFIX
            contents.setdefault(cancels, []).append(piece.cancel_pairs.astype("<i8").tobytes())
            counts[cancels] = changes[cancels] = counts[cancels] + len(piece.cancel_pairs)
        contents.setdefault(name, []).append(next(frames))
        counts[name] = changes[name] = piece.first + len(piece.records)
    return encode_commit(Commit(tick.end, changes, tick.gap))


def _frames(pieces: Sequence[Piece]) -> list[bytes]:
    return compress_frames([piece.records.view(np.uint8).data for piece in pieces])


def _in_order(frames: TickFrames) -> Iterator[bytes]:
    return itertools.chain.from_iterable(made.result() for made in frames)


def _check_folder(folder: Path, manifest: FeedManifest) -> None:
    """Check that an existing tape is a recording of the same session of the same feed."""
    files = find_files(folder)
    names = {stream.name for stream in manifest.streams}
    others = [file.name for file in files if file.name not in names]
    if others or (files and not (folder / TICKS).exists()):
        name = (others or [files[0].name])[0]
        raise TapeError(
            f"{folder}: a tape with {name}, which is not a recording of this feed; "
            "record the same again, with what was beside it, or choose another folder"
        )
    if files and read_notes(folder) != manifest.notes:
        raise TapeError(
            f"{folder}: {NOTES} differs from the notes of the feed: other symbols, or another feed "
            "beside it; record the same again, or choose another folder"
        )


def _check_symbols(folder: Path, manifest: FeedManifest) -> None:
    """Check that the recorded instruments have the same symbols in the feed."""
    for dataset, symbols in read_symbols(
        find_files(folder), manifest.date, warn=lambda _: None
    ).items():
        for instrument_id, symbol in manifest.symbols.get(dataset, {}).items():
            if symbols.get(instrument_id, symbol) != symbol:
                raise TapeError(
                    f"{folder}: instrument {instrument_id} of {dataset} is "
                    f"{symbols[instrument_id]}, but {symbol} in the feed; choose another folder"
                )


def _paths(folder: Path, stream: FeedStream) -> list[Path]:
    """A stream's sidecars and its file, which is last."""
    file = folder / stream.name
    conditions = [sidecar_path(file, CONDITIONS_SUFFIX)] if stream.has_conditions else []
    cancels = [sidecar_path(file, CANCELS_SUFFIX)] if stream.has_cancels else []
    return [*conditions, *cancels, file]


def _create(folder: Path, stream: FeedStream, span: SessionSpan, symbols: dict[int, str]) -> None:
    """Create an empty file and its sidecars, and wait until they are on the disk."""
    *sidecars, file = _paths(folder, stream)
    metadata = encode_metadata(stream.dataset, stream.schema, span.opening, span.closing, symbols)
    part = file.with_name(file.name + ".part")
    for path in sidecars:
        write_synced(path, b"")
    write_synced(part, compress_frame(metadata))
    part.replace(file)
    sync_folder(folder)
