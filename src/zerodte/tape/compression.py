"""The plain bytes of a file, decompressed if necessary, in blocks of bounded size.

This module does not interpret the bytes. Names count in any case: `q.DBN.GZ` is `q.dbn.gz`.
"""

import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import zstandard

from zerodte.tape.checksums import FileBytes
from zerodte.tape.error import TapeError

#: Bytes that are read at once.
_BLOCK_SIZE: Final = 1 << 16
#: Bytes that are decompressed at once. A block of zstd is of at least 4 bytes and gives at most
#: 128 KiB, so they give at most 128 MiB, whatever the file.
_READ_SIZE: Final = 1 << 12
#: Bytes that one step of gzip gives.
_GZIP_SIZE: Final = 1 << 20
#: The largest window of zstd that is read, in bytes: that of `zstd --long=30`.
_LARGEST_WINDOW: Final = 1 << 30

Warn = Callable[[str], None]

PLAIN_SUFFIX = ".dbn"
ZSTD_SUFFIX = ".dbn.zst"
GZIP_SUFFIX = ".dbn.gz"
DBN_SUFFIXES: Final = (PLAIN_SUFFIX, ZSTD_SUFFIX, GZIP_SUFFIX)


def is_dbn_name(name: str) -> bool:
    """Whether a file is DBN, plain or compressed, by its name."""
    return name.lower().endswith(DBN_SUFFIXES)


def is_compressed(path: Path) -> bool:
    """Whether a file is compressed, by its name."""
    return path.name.lower().endswith((ZSTD_SUFFIX, GZIP_SUFFIX))


def read_blocks(content: FileBytes, warn: Warn) -> Iterator[bytes]:
    """The file's plain content, in order, as blocks of any size.

    A compressed file may hold any number of frames. If the last frame is incomplete, as a killed
    recorder leaves it, the readable part is used, with a warning.

    Raises:
        TapeError: If a compressed file is damaged, not of the compression that its name says, or
            of a window above 1 GiB, or as `FileBytes.blocks`.
    """
    blocks = content.blocks(_BLOCK_SIZE)
    if is_compressed(content.path):
        is_gzip = content.path.name.lower().endswith(GZIP_SUFFIX)
        decompress = _decompress_gzip if is_gzip else _decompress_zstd
        blocks = decompress(content.path, _small(blocks), warn)
    yield from blocks


def _small(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes in blocks of `_READ_SIZE`."""
    for block in blocks:
        for start in range(0, len(block), _READ_SIZE):
            yield block[start : start + _READ_SIZE]


def _decompress_zstd(path: Path, blocks: Iterator[bytes], warn: Warn) -> Iterator[bytes]:
    decompressor, frame = zstandard.ZstdDecompressor(max_window_size=_LARGEST_WINDOW), None
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
        if "too much memory" in str(error):
            raise TapeError(
                f"{path}: compressed with a window above {_LARGEST_WINDOW >> 30} GiB, as by "
                f"`zstd --long=31`; compress it anew with a smaller one: zstd -d --long=31, zstd"
            ) from error
        raise _damaged(path, "zstd", error) from error
    if frame is not None:
        _warn_of_cut(path, warn)


def _decompress_gzip(path: Path, blocks: Iterator[bytes], warn: Warn) -> Iterator[bytes]:
    member = None
    try:
        for block in blocks:
            rest = block
            while rest:
                if member is None:
                    # Zeros may fill up the last block of a tape of the other kind.
                    rest = rest.lstrip(b"\0")
                    if not rest:
                        break
                    member = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
                content = member.decompress(rest, _GZIP_SIZE)
                while content:
                    yield content
                    content = member.decompress(member.unconsumed_tail, _GZIP_SIZE)
                rest = member.unused_data
                if member.eof:
                    member = None
    except zlib.error as error:
        raise _damaged(path, "gzip", error) from error
    if member is not None:
        _warn_of_cut(path, warn)


def _damaged(path: Path, kind: str, error: Exception) -> TapeError:
    return TapeError(
        f"{path}: damaged, or not {kind} ({error}); *{ZSTD_SUFFIX} and *{GZIP_SUFFIX} name "
        f"compressed files, *{PLAIN_SUFFIX} a plain one"
    )


def _warn_of_cut(path: Path, warn: Warn) -> None:
    warn(f"{path.name}: ends within a compressed frame; the part before that is used")
