"""One DBN file: its metadata, and its records as arrays.

The metadata alone identifies the content; the name only tells whether the file is compressed.
Plain and compressed files are read chunk by chunk. The vendor's decoder upgrades definitions and
statistics of earlier DBN versions; no other layout ever changed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import databento_dbn as dbn
import numpy as np

from zerodte.records.dbn import LENGTH_UNIT, RTYPES, SCHEMAS, Records
from zerodte.tape.checksums import FileBytes, TapeManifest, file_bytes
from zerodte.tape.compression import Warn, is_compressed, read_blocks
from zerodte.tape.error import TapeError
from zerodte.tape.manifest import is_dbn, read_manifest, tape_files
from zerodte.tape.sidecars import sidecar_path

_PREFIX = 8  # bytes: b"DBN", the version, and the size of the metadata that follow
_NEWEST_VERSION = 3
_UPGRADED = ("definition", "statistics")

# The package's type stubs declare the members of its enums as integers.
_TO_V3 = cast("dbn.VersionUpgradePolicy", dbn.VersionUpgradePolicy.UPGRADE_TO_V3)

#: Bytes of records in one array, on the order of a processor's cache.
CHUNK = 1 << 21


@dataclass(frozen=True, eq=False, slots=True)
class DbnFile:
    """A file of one dataset and one schema.

    Attributes:
        path: The file's location.
        name: Its path within the tape, with slashes.
        dataset: Such as "OPRA.PILLAR".
        schema: Such as "cbbo-1s"; possibly one that is not in `SCHEMAS`.
        version: Of the DBN format: 1 to 3.
        offset: The position of the first record, in bytes of plain content.
        metadata: The complete metadata.
        manifest: The manifest of the tape; None without one.
    """

    path: Path
    name: str
    dataset: str
    schema: str
    version: int
    offset: int
    metadata: dbn.Metadata
    manifest: TapeManifest | None = None

    @property
    def content(self) -> FileBytes:
        """Its bytes."""
        return file_bytes(self.path, self.name, self.manifest)

    def sidecar(self, suffix: str) -> FileBytes:
        """The bytes of its sidecar, which need not exist."""
        return file_bytes(sidecar_path(self.path, suffix), self.name + suffix, self.manifest)

    def chunks(self, warn: Warn) -> Iterator[Records]:
        """The records, in file order, as read-only arrays of about `CHUNK` bytes.

        An incomplete last record is left out, with a warning.

        Raises:
            TapeError: If the content is damaged, or becomes shorter meanwhile.
        """
        position = 0
        for chunk in self._raw_chunks(warn):
            self._check(chunk, position)
            chunk.flags.writeable = False
            position += len(chunk)
            yield chunk

    def count(self, warn: Warn) -> int:
        """The number of complete records; reads all of a compressed file."""
        return sum(len(chunk) for chunk in self._raw_chunks(warn))

    def _raw_chunks(self, warn: Warn) -> Iterator[Records]:
        if self.version < _NEWEST_VERSION and self.schema in _UPGRADED:
            return self._upgrade(warn)
        if is_compressed(self.path):
            return self._whole_records(self._large_blocks(warn), warn)
        # Blocks of whole records need no copy; those that share a checksum are of any size.
        step = CHUNK // SCHEMAS[self.schema].itemsize * SCHEMAS[self.schema].itemsize
        return self._whole_records(self.content.blocks(step, self.offset), warn)

    def _whole_records(self, blocks: Iterator[bytes], warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        rest = b""
        for block in blocks:
            data = rest + block
            count = len(data) // layout.itemsize
            rest = data[count * layout.itemsize :]
            if count:
                yield np.frombuffer(data, layout, count)
        self._warn_of_remainder(len(rest), warn)

    def _upgrade(self, warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        decoder = dbn.DBNDecoder(
            has_metadata=False,
            input_version=self.version,
            upgrade_policy=_TO_V3,
        )
        for block in self._large_blocks(warn):
            try:
                decoded = b"".join(map(bytes, decoder.write_and_decode(block)))
            except dbn.DBNError as error:
                raise TapeError(f"{self.path}: damaged: {error}") from error
            if len(decoded) % layout.itemsize:
                raise TapeError(f"{self.path}: holds records of schemas other than {self.schema}")
            if decoded:
                yield np.frombuffer(decoded, layout)
        self._warn_of_remainder(len(decoder.buffer()), warn)

    def _large_blocks(self, warn: Warn) -> Iterator[bytes]:
        """The content after the metadata; small blocks are joined, so that no array is tiny."""
        buffer: list[bytes] = []
        size = -self.offset
        for block in read_blocks(self.content, warn):
            buffer.append(block)
            size += len(block)
            if size >= CHUNK:
                content = b"".join(buffer)
                yield content[len(content) - size :]
                buffer, size = [], 0
        if size > 0:
            content = b"".join(buffer)
            yield content[len(content) - size :]

    def _warn_of_remainder(self, size: int, warn: Warn) -> None:
        if size:
            warn(f"{self.name}: the last record is cut off ({size} bytes); it is left out")

    def _check(self, chunk: Records, position: int) -> None:
        """Check every record's length and type, as one comparison of two bytes."""
        layout = SCHEMAS[self.schema]
        expected = RTYPES[self.schema] << 8 | layout.itemsize // LENGTH_UNIT
        header = chunk.getfield(np.dtype("<u2"), 0)
        is_valid = header == expected
        if not is_valid.all():
            wrong = int(np.argmin(is_valid))
            rtype, length = divmod(int(header[wrong]), 256)
            raise TapeError(
                f"{self.path}: record {position + wrong} has length {length * LENGTH_UNIT} and "
                f"type {rtype:#04x}; records of {self.schema} have {layout.itemsize} and "
                f"{RTYPES[self.schema]:#04x}; the file is damaged, or holds several schemas"
            )


def read_metadata(path: Path, name: str, manifest: TapeManifest | None = None) -> DbnFile:
    """Read a file's metadata.

    Args:
        path: The file's location.
        name: Its path within the tape.
        manifest: The tape's, against which the file is checked.

    Raises:
        TapeError: If the file is empty, not DBN, cut off within its metadata, of a newer version,
            of several schemas, or of records with send times.
    """
    if path.stat().st_size == 0:
        raise TapeError(f"{path}: empty; a DBN file begins with metadata")
    header = _read_header(file_bytes(path, name, manifest))
    if not _may_be_dbn(header):
        raise TapeError(f"{path}: not a DBN file; it begins with {header[:8]!r}, not with b'DBN'")
    if len(header) >= _PREFIX and header[3] > _NEWEST_VERSION:
        raise TapeError(
            f"{path}: DBN version {header[3]}; versions 1 to {_NEWEST_VERSION} are supported"
        )
    size = _PREFIX + int.from_bytes(header[4:8], "little")
    if len(header) < max(size, _PREFIX):
        raise TapeError(f"{path}: cut off within its metadata; it has no records")
    try:
        metadata = dbn.Metadata.decode(header)
    except dbn.DBNError as error:
        raise TapeError(f"{path}: its metadata cannot be read: {error}") from error
    if metadata.schema is None:
        raise TapeError(f"{path}: holds several schemas; write one file per schema")
    if metadata.ts_out:
        raise TapeError(f"{path}: its records have send times (ts_out); record without them")
    schema = str(metadata.schema)
    # The decoder upgrades the metadata, which hides the version of the records.
    return DbnFile(path, name, metadata.dataset, schema, header[3], size, metadata, manifest)


def _read_header(content: FileBytes) -> bytes:
    """The prefix and the metadata, or all of a shorter file."""
    header = b""
    size = _PREFIX
    for block in read_blocks(content, warn=lambda _: None):
        header += block
        if len(header) >= _PREFIX:
            size = _PREFIX + int.from_bytes(header[4:8], "little")
        if len(header) >= size or not _may_be_dbn(header):
            break
    return header[:size]


def _may_be_dbn(header: bytes) -> bool:
    return header[:3] == b"DBN"[: len(header)]


def find_files(folder: Path) -> list[DbnFile]:
    """Every DBN file in a folder and its sub-folders, by name.

    Hidden folders and a simulator's `truth/` are not part of the tape.

    Raises:
        TapeError: As `read_metadata` and `read_manifest`.
    """
    manifest = read_manifest(folder)
    names = sorted(name for name in tape_files(folder) if is_dbn(name))
    return [read_metadata(folder / name, name, manifest) for name in names]
