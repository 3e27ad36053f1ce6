"""One DBN file: what its metadata says, and its records as arrays.

The content is known by the metadata alone; the name only says whether it is compressed. Plain
files are mapped into memory, compressed ones inflated chunk by chunk. Definitions and statistics
of earlier DBN versions are upgraded by the vendor's decoder; no other layout ever changed.
"""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import databento_dbn as dbn
import numpy as np

from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, Records
from zerodte.tape.compression import PLAIN_SUFFIX, ZSTD_SUFFIX, Warn, is_compressed, pieces
from zerodte.tape.error import TapeError

_PREFIX = 8  # b"DBN", the version, and how many bytes of metadata follow
_NEWEST_VERSION = 3
_UPGRADED = ("definition", "statistics")

# The package's type stubs declare the members of its enums as integers.
_TO_V3 = cast("dbn.VersionUpgradePolicy", dbn.VersionUpgradePolicy.UPGRADE_TO_V3)

#: Bytes of records in one array; of the order of a processor's cache.
CHUNK = 1 << 21


@dataclass(frozen=True, eq=False, slots=True)
class DbnFile:
    """A file of one dataset and one schema.

    Attributes:
        path: Where it lies.
        name: Its path within the tape, with slashes.
        dataset: Such as "OPRA.PILLAR".
        schema: Such as "cbbo-1s"; possibly one that `SCHEMAS` does not know.
        version: Of the DBN format: 1 to 3.
        offset: Where the records begin, in bytes of plain content.
        metadata: All that the file says of itself.
    """

    path: Path
    name: str
    dataset: str
    schema: str
    version: int
    offset: int
    metadata: dbn.Metadata

    def chunks(self, warn: Warn) -> Iterator[Records]:
        """The records, in file order, as read-only arrays of about `CHUNK` bytes.

        A last record that is cut off is left out, with a warning.

        Raises:
            TapeError: If the content is damaged.
        """
        at = 0
        for chunk in self._raw_chunks(warn):
            self._check(chunk, at)
            chunk.flags.writeable = False
            at += len(chunk)
            yield chunk

    def count(self, warn: Warn) -> int:
        """How many whole records there are; reads all of a compressed file."""
        return sum(len(chunk) for chunk in self._raw_chunks(warn))

    def _raw_chunks(self, warn: Warn) -> Iterator[Records]:
        if self.version < _NEWEST_VERSION and self.schema in _UPGRADED:
            return self._upgraded(warn)
        if is_compressed(self.path):
            return self._inflated(warn)
        return self._mapped(warn)

    def _mapped(self, warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        size = self.path.stat().st_size - self.offset
        count, cut = divmod(size, layout.itemsize)
        self._warn_of_cut(cut, warn)
        if count == 0:
            return
        with self.path.open("rb") as source:
            content = mmap.mmap(source.fileno(), 0, access=mmap.ACCESS_READ)
        whole: Records = np.frombuffer(content, layout, count, self.offset)
        step = CHUNK // layout.itemsize
        # Metadata of an earlier version may end anywhere; records are read as aligned words.
        aligned = self.offset % 8 == 0
        for start in range(0, count, step):
            chunk = whole[start : start + step]
            yield chunk if aligned else chunk.copy()

    def _inflated(self, warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        rest = b""
        for block in self._blocks(warn):
            data = rest + block
            count = len(data) // layout.itemsize
            rest = data[count * layout.itemsize :]
            if count:
                yield np.frombuffer(data, layout, count)
        self._warn_of_cut(len(rest), warn)

    def _upgraded(self, warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        decoder = dbn.DBNDecoder(
            has_metadata=False,
            input_version=self.version,
            upgrade_policy=_TO_V3,
        )
        for block in self._blocks(warn):
            try:
                decoded = b"".join(map(bytes, decoder.write_and_decode(block)))
            except dbn.DBNError as error:
                raise TapeError(f"{self.path}: damaged: {error}") from error
            if len(decoded) % layout.itemsize:
                raise TapeError(f"{self.path}: holds records of other schemas than {self.schema}")
            if decoded:
                yield np.frombuffer(decoded, layout)
        self._warn_of_cut(len(decoder.buffer()), warn)

    def _blocks(self, warn: Warn) -> Iterator[bytes]:
        """What follows the metadata, small pieces gathered, so that no array is tiny."""
        held: list[bytes] = []
        size = -self.offset
        for piece in pieces(self.path, warn):
            held.append(piece)
            size += len(piece)
            if size >= CHUNK:
                block = b"".join(held)
                yield block[len(block) - size :]
                held, size = [], 0
        if size > 0:
            block = b"".join(held)
            yield block[len(block) - size :]

    def _warn_of_cut(self, cut: int, warn: Warn) -> None:
        if cut:
            warn(f"{self.name}: the last record is cut off ({cut} bytes); it is left out")

    def _check(self, chunk: Records, at: int) -> None:
        """Every record's length and type, as one comparison of two bytes."""
        layout = SCHEMAS[self.schema]
        expected = RTYPES[self.schema] << 8 | layout.itemsize // LENGTH_UNIT
        head = chunk.getfield(np.dtype("<u2"), 0)
        good = head == expected
        if not good.all():
            wrong = int(np.argmin(good))
            kind, length = divmod(int(head[wrong]), 256)
            raise TapeError(
                f"{self.path}: record {at + wrong} has length {length * LENGTH_UNIT} and type "
                f"{kind:#04x}, where {self.schema} has {layout.itemsize} and "
                f"{RTYPES[self.schema]:#04x}; the file is damaged, or not of one schema"
            )


def read_metadata(path: Path, name: str) -> DbnFile:
    """Open a file as far as its metadata.

    Args:
        path: Where it lies.
        name: What to call it in messages.

    Raises:
        TapeError: If it is empty, not DBN, cut within its metadata, of a newer version, of
            several schemas, or of records with send times.
    """
    if path.stat().st_size == 0:
        raise TapeError(f"{path}: empty, where a DBN file begins with metadata")
    head = _head(path)
    if not _may_be_dbn(head):
        raise TapeError(f"{path}: not a DBN file; it begins with {head[:8]!r} and not with b'DBN'")
    if len(head) >= _PREFIX and head[3] > _NEWEST_VERSION:
        raise TapeError(f"{path}: DBN version {head[3]}; versions 1 to {_NEWEST_VERSION} are read")
    size = _PREFIX + int.from_bytes(head[4:8], "little")
    if len(head) < max(size, _PREFIX):
        raise TapeError(f"{path}: cut off within its metadata; there are no records in it")
    try:
        metadata = dbn.Metadata.decode(head)
    except dbn.DBNError as error:
        raise TapeError(f"{path}: its metadata cannot be read: {error}") from error
    if metadata.schema is None:
        raise TapeError(f"{path}: holds several schemas in one file; write one file per schema")
    if metadata.ts_out:
        raise TapeError(f"{path}: its records carry send times (ts_out); record without them")
    schema = str(metadata.schema)
    # Decoded metadata is upgraded, and no longer tells of which version the records are.
    return DbnFile(path, name, metadata.dataset, schema, head[3], size, metadata)


def _head(path: Path) -> bytes:
    """The first bytes of the content: all of the metadata, where there is that much."""
    head = b""
    wanted = _PREFIX
    for piece in pieces(path, warn=lambda _: None):
        head += piece
        if len(head) >= _PREFIX:
            wanted = _PREFIX + int.from_bytes(head[4:8], "little")
        if len(head) >= wanted or not _may_be_dbn(head):
            break
    return head[:wanted]


def _may_be_dbn(head: bytes) -> bool:
    return head[:3] == b"DBN"[: len(head)]


def find_files(folder: Path) -> list[DbnFile]:
    """Every DBN file at or below a folder, in the order of their names.

    What a simulator keeps under `truth/`, and hidden folders, are not the tape's.

    Raises:
        TapeError: As `read_metadata`.
    """
    found = []
    for path in folder.rglob("*"):
        inside = path.relative_to(folder)
        if not path.name.endswith((PLAIN_SUFFIX, ZSTD_SUFFIX)) or not path.is_file():
            continue
        if inside.parts[0] != "truth" and not any(part.startswith(".") for part in inside.parts):
            found.append((inside.as_posix(), path))
    return [read_metadata(path, name) for name, path in sorted(found)]
