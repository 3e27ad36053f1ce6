"""The bytes of a tape's files, checked against the manifest of the tape before they are used.

A finished tape has a manifest: the size of each file, and a CRC-32 of each of its blocks. Files of
a tape without one, and files that are not in it, are read as they are.
"""

import os
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final

import msgspec

from zerodte.tape.error import TapeError

#: Not manifest.json: the vendor puts one of its own into a download.
MANIFEST: Final = "checksums.json"
#: Bytes that share a checksum in the manifests that we write.
BLOCK_SIZE: Final = 1 << 20

_Natural = Annotated[int, msgspec.Meta(ge=0)]


class FileChecksums(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """A file as it was finished.

    Attributes:
        size: Bytes.
        crc32: The CRC-32 (as in zlib) of each block; the last block may be shorter.
        records: The number of its records; None if that was not known.
    """

    size: _Natural
    crc32: tuple[Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)], ...]
    records: _Natural | None = None


class TapeManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The files of a finished tape.

    Attributes:
        block_size: Bytes that share a checksum.
        files: Each file by its path within the tape, with slashes.
    """

    block_size: Annotated[int, msgspec.Meta(ge=1 << 10, le=1 << 26)]
    files: dict[str, FileChecksums]


@dataclass(frozen=True, slots=True)
class FileBytes:
    """The bytes of one file.

    Attributes:
        path: Its location.
        checksums: What they must be; None if nobody knows.
        block_size: Bytes that share a checksum.
    """

    path: Path
    checksums: FileChecksums | None = None
    block_size: int = BLOCK_SIZE

    def blocks(self, size: int, start: int = 0) -> Iterator[bytes]:
        """The bytes from `start` on, in order, up to the end that the file has now.

        Args:
            size: Bytes per block; a file with checksums gives its own blocks instead.
            start: The position of the first byte.

        Raises:
            TapeError: If a block is not what it was when the tape was finished, or the file
                becomes shorter meanwhile.
        """
        known = self.checksums
        if known is not None:
            size = self.block_size
        with self.path.open("rb", buffering=0) as source:
            end = os.fstat(source.fileno()).st_size
            if known is not None and end != known.size:
                raise wrong_size(self.path, end, known.size)
            # Checksums are those of whole blocks.
            position = start if known is None else start // size * size
            while position < end:
                block = self._read(source.fileno(), position, min(position + size, end))
                if known is not None and zlib.crc32(block) != known.crc32[position // size]:
                    raise TapeError(
                        f"{self.path}: damaged: bytes {position:,} to {position + len(block):,} "
                        f"are not those of which {MANIFEST} has the checksum; restore the file"
                    )
                yield block[start - position :] if position < start else block
                position += len(block)

    def read(self) -> bytes:
        """All of it; errors as for `blocks`."""
        return b"".join(self.blocks(self.block_size))

    def _read(self, source: int, start: int, stop: int) -> bytes:
        # Read, not mapped: a file that shrinks under a mapping kills the process.
        block = os.pread(source, stop - start, start)
        while len(block) < stop - start:
            more = os.pread(source, stop - start - len(block), start + len(block))
            if not more:
                raise TapeError(
                    f"{self.path}: became shorter while it was read; it ended after "
                    f"{start + len(block):,} bytes"
                )
            block += more
        return block


def file_bytes(path: Path, name: str, manifest: TapeManifest | None) -> FileBytes:
    """The bytes of a tape's file.

    Args:
        path: Its location.
        name: Its path within the tape, with slashes.
        manifest: The tape's.
    """
    if manifest is None:
        return FileBytes(path)
    return FileBytes(path, manifest.files.get(name), manifest.block_size)


def checksums_of(path: Path, block_size: int, records: int | None) -> FileChecksums:
    """Read a finished file and compute its checksums; `records` is their number, if known."""
    size, checksums = 0, []
    for block in FileBytes(path).blocks(block_size):
        size += len(block)
        checksums.append(zlib.crc32(block))
    return FileChecksums(size, tuple(checksums), records)


def wrong_size(path: Path, size: int, expected: int) -> TapeError:
    """The error of a file whose size is not that of the manifest."""
    if size < expected:
        what = f"bytes {size:,} to {expected:,} are missing"
    else:
        what = f"bytes {expected:,} to {size:,} were added"
    return TapeError(
        f"{path}: {size:,} bytes; {MANIFEST} says {expected:,}, so {what}; restore the file"
    )
