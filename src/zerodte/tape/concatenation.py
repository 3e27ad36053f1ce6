"""Records of a file that may be several DBN files, one after the other, as `cat` joins them."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np

from zerodte.records.dbn import LENGTH_UNIT, Records
from zerodte.tape.error import TapeError

MAGIC: Final = b"DBN"
#: Bytes: the magic, the version, and the size of the metadata that follow.
PREFIX: Final = 8
#: The largest metadata that are read, in bytes: those of over a million symbols.
LARGEST_METADATA: Final = 1 << 28


def metadata_size(header: bytes | bytearray, name: str) -> int:
    """The size of metadata with their prefix, by the prefix; 0 if that is incomplete.

    Raises:
        TapeError: If they are larger than any that are read.
    """
    if len(header) < PREFIX:
        return 0
    size = PREFIX + int.from_bytes(header[4:PREFIX], "little")
    if size > LARGEST_METADATA:
        raise TapeError(
            f"{name}: damaged: its metadata claim {size:,} bytes; at most {LARGEST_METADATA:,} "
            "are read"
        )
    return size


class RecordStream:
    """The records of one file, as arrays; headers between them are checked and skipped.

    Args:
        name: The file's, in messages.
        schema: In messages.
        layout: Of a record.
        rtype: The record type of each.
        accept_header: Checks the prefix and metadata of a later part; it raises if they are not
            those of the same kind of file.

    Attributes:
        rest: The bytes after the last complete record, at the end.
    """

    def __init__(
        self,
        name: str,
        schema: str,
        layout: np.dtype[np.void],
        rtype: int,
        accept_header: Callable[[bytes], None],
    ) -> None:
        self.rest = b""
        self._name, self._schema = name, schema
        self._layout, self._rtype = layout, rtype
        self._accept_header = accept_header
        self._position = 0

    def read(self, blocks: Iterator[bytes]) -> Iterator[Records]:
        """The records of blocks of bytes, in order.

        Raises:
            TapeError: If a record has another length or type, or a later part does not fit.
        """
        for block in blocks:
            data = self.rest + block if self.rest else block
            start = 0
            while True:
                count, is_complete = self._valid(data, start)
                if count:
                    records = np.frombuffer(data, self._layout, count, start)
                    # After a header, records may begin anywhere; they are read as aligned words.
                    yield records if start % 8 == 0 else records.copy()
                    self._position += count
                    start += count * self._layout.itemsize
                size = self._header_size(data[start : start + PREFIX])
                if size is None and not is_complete:
                    raise self._wrong(data, start)
                if not size or len(data) < start + size:
                    break
                self._accept_header(data[start : start + size])
                start += size
            self.rest = data[start:]
        # Zeros are what a disk puts where nothing was written; other bytes begin a record.
        if self.rest[:1].strip(b"\0") and not MAGIC.startswith(self.rest[: len(MAGIC)]):
            header = bytes((self._layout.itemsize // LENGTH_UNIT, self._rtype))
            if not header.startswith(self.rest[:2]):
                raise self._wrong(self.rest + b"\0", 0)

    def _valid(self, data: bytes, start: int) -> tuple[int, bool]:
        """The number of records from `start` on, and whether they are all complete ones there."""
        size = self._layout.itemsize
        count = (len(data) - start) // size
        if count == 0:
            return 0, True
        # Every record's length and type, as one comparison of two bytes.
        header = np.frombuffer(data, self._layout, count, start).getfield(np.dtype("<u2"), 0)
        is_valid = header == (self._rtype << 8 | size // LENGTH_UNIT)
        return (count, True) if is_valid.all() else (int(np.argmin(is_valid)), False)

    def _header_size(self, prefix: bytes) -> int | None:
        """The size of a header; 0 if more bytes must tell; None if there is none."""
        if not prefix or not prefix.startswith(MAGIC):
            return None
        return metadata_size(prefix, self._name)

    def _wrong(self, data: bytes, start: int) -> TapeError:
        length, rtype = data[start], data[start + 1]
        return TapeError(
            f"{self._name}: record {self._position} has length {length * LENGTH_UNIT} and "
            f"type {rtype:#04x}; records of {self._schema} have {self._layout.itemsize} and "
            f"{self._rtype:#04x}; the file is damaged, or holds several schemas"
        )
