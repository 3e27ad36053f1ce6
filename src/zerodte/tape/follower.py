"""The committed ticks of a recording, read by another than its recorder as it grows."""

import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import zstandard

from zerodte.arrays import I64, U8
from zerodte.records.dbn import SCHEMAS, Records
from zerodte.tape.error import TapeError
from zerodte.tape.feed_manifest import FeedStream
from zerodte.tape.sidecars import (
    CANCEL_SIZE,
    CANCELS_SUFFIX,
    CONDITIONS_SUFFIX,
    TICKS,
    Commit,
    sidecar_path,
)
from zerodte.tape.tick_assembler import ClosedTick, Piece

_READ_SIZE: Final = 1 << 18
#: What DBN metadata begins with: a mark, a version, and the length of the rest.
_METADATA: Final = struct.Struct("<4sI")
_COMMIT: Final = msgspec.json.Decoder(Commit)


class RecordingFollower:
    """Reads the ticks of a recording, and then those that its recorder commits meanwhile.

    Args:
        folder: The recording; its streams' files exist.
        streams: Its streams.

    Raises:
        OSError: If a file cannot be opened.
    """

    def __init__(self, folder: Path, streams: Sequence[FeedStream]) -> None:
        self._ticks = (folder / TICKS).open("rb")
        self._line = b""
        self._streams = [_StreamFile(folder, stream) for stream in streams]

    def ticks(self, most: int) -> list[ClosedTick]:
        """The next committed ticks, at most so many; none where no more is committed.

        Raises:
            TapeError: If a file has fewer records than were committed.
        """
        found: list[ClosedTick] = []
        while len(found) < most:
            self._line += self._ticks.readline()
            if not self._line.endswith(b"\n"):
                break
            commit, self._line = _COMMIT.decode(self._line), b""
            pieces = {
                stream.name: piece
                for stream in self._streams
                if (piece := stream.take(commit)) is not None
            }
            found.append(ClosedTick(commit.end, pieces, commit.gap))
        return found

    def close(self) -> None:
        """Close the files."""
        self._ticks.close()
        for stream in self._streams:
            stream.close()


class _StreamFile:
    """The records of a stream, in their order.

    Attributes:
        name: The stream's.
    """

    def __init__(self, folder: Path, stream: FeedStream) -> None:
        self.name = stream.name
        path = folder / stream.name
        self._layout = SCHEMAS[stream.schema]
        self._records = _Frames(path)
        cancels = sidecar_path(path, CANCELS_SUFFIX)
        self._cancels_name = cancels.name
        self._conditions = (
            sidecar_path(path, CONDITIONS_SUFFIX).open("rb") if stream.has_conditions else None
        )
        self._cancels = cancels.open("rb") if stream.has_cancels else None
        self._count = self._pair_count = 0

    def take(self, commit: Commit) -> Piece | None:
        """The records of the next tick; None if it has none of this stream."""
        first, self._count = self._count, commit.counts.get(self.name, self._count)
        size = self._count - first
        pairs, self._pair_count = (
            self._pair_count,
            commit.counts.get(self._cancels_name, self._pair_count),
        )
        if not size:
            return None
        plain = self._records.read(size * self._layout.itemsize)
        records: Records = np.frombuffer(plain, self._layout)
        conditions: U8 | None = None
        if self._conditions is not None:
            conditions = np.frombuffer(_exactly(self._conditions, size), np.uint8)
        cancels: I64 = np.empty((0, 2), np.int64)
        if self._cancels is not None and self._pair_count > pairs:
            content = _exactly(self._cancels, CANCEL_SIZE * (self._pair_count - pairs))
            cancels = np.frombuffer(content, "<i8").astype(np.int64).reshape(-1, 2)
        return Piece(first, records, conditions, cancels)

    def close(self) -> None:
        self._records.close()
        for file in (self._conditions, self._cancels):
            if file is not None:
                file.close()


class _Frames:
    """The plain content behind the metadata of a compressed file that grows frame by frame."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("rb")
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._packed = b""
        self._plain = bytearray()
        _, size = _METADATA.unpack(self.read(_METADATA.size))
        self.read(size)

    def read(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            TapeError: If there are fewer.
        """
        while len(self._plain) < size:
            self._packed = self._packed or self._file.read(_READ_SIZE)
            if not self._packed:
                raise _short(self._file)
            try:
                self._plain += self._frame.decompress(self._packed)
            except zstandard.ZstdError as error:
                raise TapeError(f"{self._file.name}: damaged: {error}") from error
            self._packed = self._frame.unused_data
            if self._frame.eof:
                self._frame = self._decompressor.decompressobj()
        found = bytes(self._plain[:size])
        del self._plain[:size]
        return found

    def close(self) -> None:
        self._file.close()


def _exactly(file: io.BufferedReader, size: int) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise _short(file)
    return content


def _short(file: io.BufferedReader) -> TapeError:
    return TapeError(f"{file.name}: fewer records than its recording has committed")
