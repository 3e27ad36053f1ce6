"""The bytes of a file, inflated where it is compressed, in pieces of bounded size.

Nothing here knows what the bytes mean.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import zstandard

from zerodte.tape.error import TapeError

#: What is read from a file at once. Quotes inflate tenfold, the same record again a thousandfold.
_PIECE = 1 << 14

Warn = Callable[[str], None]

PLAIN_SUFFIX = ".dbn"
ZSTD_SUFFIX = ".dbn.zst"


def is_compressed(path: Path) -> bool:
    """Whether a file's content is read through zstd."""
    return path.name.endswith(ZSTD_SUFFIX)


def pieces(path: Path, warn: Warn) -> Iterator[bytes]:
    """The file's content, in order, as pieces of any size.

    A compressed file may hold any number of frames. One that ends within a frame, as a killed
    recorder leaves it, gives what is whole, and a warning.

    Raises:
        TapeError: If a compressed file is not zstd, or damaged.
    """
    with path.open("rb") as source:
        read = iter(lambda: source.read(_PIECE), b"")
        yield from _inflated(path, read, warn) if is_compressed(path) else read


def _inflated(path: Path, read: Iterator[bytes], warn: Warn) -> Iterator[bytes]:
    inflater, frame = zstandard.ZstdDecompressor(), None
    try:
        for compressed in read:
            rest = compressed
            while rest:
                frame = frame or inflater.decompressobj()
                if piece := frame.decompress(rest):
                    yield piece
                rest = frame.unused_data
                if frame.eof:
                    frame = None
    except zstandard.ZstdError as error:
        raise TapeError(
            f"{path}: not zstd, or damaged ({error}); a file named *{ZSTD_SUFFIX} is compressed, "
            f"a plain one is named *{PLAIN_SUFFIX}"
        ) from error
    if frame is not None:
        warn(f"{path.name}: ends within a compressed frame; what comes before is used")
