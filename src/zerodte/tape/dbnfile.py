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

from zerodte.records.dbn import RTYPES, SCHEMAS, Records
from zerodte.tape.checksums import FileBytes, TapeManifest, file_bytes
from zerodte.tape.compression import Warn, is_compressed, read_blocks
from zerodte.tape.concatenation import MAGIC, PREFIX, RecordStream, metadata_size
from zerodte.tape.error import TapeError
from zerodte.tape.manifest import is_dbn, read_manifest, tape_files
from zerodte.tape.sidecars import sidecar_path

_NEWEST_VERSION = 3
_UPGRADED = ("definition", "statistics")
#: Bytes of a record of an earlier version, by schema and version.
_OLD_SIZES = {
    ("definition", 1): 360,
    ("definition", 2): 400,
    ("statistics", 1): 64,
    ("statistics", 2): 64,
}
_HEADER_WORD = [("length", "u1"), ("rtype", "u1")]

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
        for chunk in self._raw_chunks(warn):
            chunk.flags.writeable = False
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
        stream = self._stream(SCHEMAS[self.schema], warn)
        yield from stream.read(blocks)
        self._warn_of_remainder(len(stream.rest), warn)

    def _stream(self, layout: np.dtype[np.void], warn: Warn) -> RecordStream:
        def accept(header: bytes) -> None:
            self._accept_part(header, warn)

        return RecordStream(str(self.path), self.schema, layout, RTYPES[self.schema], accept)

    def _accept_part(self, header: bytes, warn: Warn) -> None:
        """Check the header of another file that was appended to this one."""
        metadata = _decode_metadata(header, self.path)
        found = metadata.dataset, str(metadata.schema), header[3]
        if found != (self.dataset, self.schema, self.version):
            raise TapeError(
                f"{self.path}: another DBN file begins within it, of {found[0]}, {found[1]}, "
                f"version {found[2]}, after {self.dataset}, {self.schema}, version {self.version}; "
                "only files of one kind can be joined; write them as separate files"
            )
        if metadata.mappings.keys() - self.metadata.mappings.keys():
            warn(
                f"{self.name}: the symbols that only the metadata in its middle name are not read; "
                "unless definitions name them, write the files that were joined as separate ones"
            )

    def _upgrade(self, warn: Warn) -> Iterator[Records]:
        layout = SCHEMAS[self.schema]
        decoder = dbn.DBNDecoder(
            has_metadata=False,
            input_version=self.version,
            upgrade_policy=_TO_V3,
        )
        old = np.dtype([*_HEADER_WORD, ("rest", f"V{_OLD_SIZES[self.schema, self.version] - 2}")])
        stream = self._stream(old, warn)
        for records in stream.read(self._large_blocks(warn)):
            try:
                decoded = b"".join(map(bytes, decoder.write_and_decode(records.tobytes())))
            except dbn.DBNError as error:
                raise TapeError(f"{self.path}: damaged: {error}") from error
            if len(decoded) != len(records) * layout.itemsize:
                raise TapeError(f"{self.path}: damaged: records of {self.schema} cannot be read")
            yield np.frombuffer(decoded, layout)
        self._warn_of_remainder(len(stream.rest), warn)

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
    if len(header) >= PREFIX and header[3] > _NEWEST_VERSION:
        raise TapeError(
            f"{path}: DBN version {header[3]}; versions 1 to {_NEWEST_VERSION} are supported"
        )
    size = metadata_size(header, str(path))
    if len(header) < max(size, PREFIX):
        raise TapeError(f"{path}: cut off within its metadata; it has no records")
    metadata = _decode_metadata(header, path)
    schema = str(metadata.schema)
    # The decoder upgrades the metadata, which hides the version of the records.
    return DbnFile(path, name, metadata.dataset, schema, header[3], size, metadata, manifest)


def _decode_metadata(header: bytes, path: Path) -> dbn.Metadata:
    """Decode a complete header; errors as for `read_metadata`."""
    try:
        metadata = dbn.Metadata.decode(header)
    except dbn.DBNError as error:
        raise TapeError(f"{path}: its metadata cannot be read: {error}") from error
    if metadata.schema is None:
        raise TapeError(f"{path}: holds several schemas; write one file per schema")
    if metadata.ts_out:
        raise TapeError(f"{path}: its records have send times (ts_out); record without them")
    return metadata


def _read_header(content: FileBytes) -> bytes:
    """The prefix and the metadata, or all of a shorter file."""
    header = bytearray()
    size = PREFIX
    for block in read_blocks(content, warn=lambda _: None):
        header += block
        if not _may_be_dbn(header) or (len(header) >= PREFIX and header[3] > _NEWEST_VERSION):
            break
        size = max(metadata_size(header[:PREFIX], str(content.path)), PREFIX)
        if len(header) >= size:
            break
    return bytes(header[:size])


def _may_be_dbn(header: bytes | bytearray) -> bool:
    return header[:3] == MAGIC[: len(header)]


def find_files(folder: Path) -> list[DbnFile]:
    """Every DBN file in a folder and its sub-folders, by name.

    Hidden folders and a simulator's `truth/` are not part of the tape.

    Raises:
        TapeError: As `read_metadata` and `read_manifest`.
    """
    manifest = read_manifest(folder)
    names = sorted(name for name in tape_files(folder) if is_dbn(name))
    return [read_metadata(folder / name, name, manifest) for name in names]
