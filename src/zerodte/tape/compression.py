"""The plain bytes of a file, decompressed if necessary, in blocks of bounded size.

This module does not interpret the bytes.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from zerodte.tape.checksums import FileBytes
from zerodte.tape.error import TapeError

#: Bytes per read. Quotes decompress tenfold, one repeated record a thousandfold.
_READ_SIZE = 1 << 14

Warn = Callable[[str], None]

PLAIN_SUFFIX = ".dbn"
ZSTD_SUFFIX = ".dbn.zst"


def is_compressed(path: Path) -> bool:
    """Whether a file is zstd-compressed, by its name."""
    return path.name.endswith(ZSTD_SUFFIX)


def read_blocks(content: FileBytes, warn: Warn) -> Iterator[bytes]:
    """The file's plain content, in order, as blocks of any size.

    A compressed file may hold any number of frames. If the last frame is incomplete, as a killed
    recorder leaves it, the readable part is used, with a warning.

    Raises:
        TapeError: If a compressed file is damaged or not zstd, or as `FileBytes.blocks`.
    """
    blocks = content.blocks(_READ_SIZE)
    if is_compressed(content.path):
        blocks = _decompress(content.path, _small(blocks), warn)
    yield from blocks


def _small(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `_READ_SIZE`; those that share a checksum are larger."""
    for block in blocks:
        for start in range(0, len(block), _READ_SIZE):
            yield block[start : start + _READ_SIZE]


def _decompress(path: Path, blocks: Iterator[bytes], warn: Warn) -> Iterator[bytes]:
    decompressor, frame = zstandard.ZstdDecompressor(), None
    try:
        for block in blocks:
            rest = block
            while rest:
                frame = frame or decompressor.decompressobj()
                if content := frame.decompress(rest):
                    yield content
                rest = frame.unused_data
                if frame.eof:
                    frame = None
    except zstandard.ZstdError as error:
        raise TapeError(
            f"{path}: damaged, or not zstd ({error}); *{ZSTD_SUFFIX} names a compressed file, "
            f"*{PLAIN_SUFFIX} a plain one"
        ) from error
    if frame is not None:
        warn(f"{path.name}: ends within a compressed frame; the part before that is used")
