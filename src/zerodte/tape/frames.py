"""A compressed file as frames that stand one after another: making one, finding what is whole.

Frames carry a checksum, so that one which is torn or damaged is never taken for whole.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import zstandard

#: What is handed to the decompressor at once.
_PIECE: Final = 1 << 16


class CompressedFrame(NamedTuple):
    """A whole frame of a file.

    Attributes:
        stop: Where it ends, in bytes of the file.
        size: How many bytes it holds, inflated.
    """

    stop: int
    size: int


def frame(content: bytes) -> bytes:
    """Compress `content` as one frame."""
    return zstandard.ZstdCompressor(write_checksum=True).compress(content)


def whole_frames(content: memoryview) -> Iterator[CompressedFrame]:
    """The frames of a file from its beginning, up to the first that is not whole."""
    inflater = zstandard.ZstdDecompressor()
    at = 0
    while at < len(content):
        inflating = inflater.decompressobj()
        size = 0
        try:
            while not inflating.eof and at < len(content):
                size += len(inflating.decompress(content[at : at + _PIECE]))
                at += len(content[at : at + _PIECE])
        except zstandard.ZstdError:
            return
        if not inflating.eof:
            return
        at -= len(inflating.unused_data)
        yield CompressedFrame(at, size)
