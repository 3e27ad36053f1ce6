"""Compressed files as sequences of frames: writing one frame, finding the complete ones.

Frames carry a checksum, so a torn or damaged frame never passes for a complete one.
"""

import threading
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import zstandard

#: Bytes passed to the decompressor at once.
_READ_SIZE: Final = 1 << 16
#: Of a second's quotes, level 1 is as small as the default of 3, and a quarter faster.
_LEVEL: Final = 1
#: A compressor is of one thread.
_THREAD: Final = threading.local()


class CompressedFrame(NamedTuple):
    """A complete frame of a file.

    Attributes:
        stop: The position of its end, in bytes of the file.
        size: Bytes of its plain content.
    """

    stop: int
    size: int


def compress_frame(content: bytes) -> bytes:
    """Compress `content` as one frame."""
    return _compressor().compress(content)


def compress_frames(contents: Sequence[memoryview]) -> list[bytes]:
    """Compress many contents, each as one frame, in one call that leaves the lock to others."""
    frames = _compressor().multi_compress_to_buffer(list(contents), threads=1)
    return [frames[number].tobytes() for number in range(len(frames))]


def _compressor() -> zstandard.ZstdCompressor:
    # A compressor takes longer to make than a second of records to compress.
    if not hasattr(_THREAD, "compressor"):
        _THREAD.compressor = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
    compressor: zstandard.ZstdCompressor = _THREAD.compressor
    return compressor


def complete_frames(content: memoryview) -> Iterator[CompressedFrame]:
    """The frames of a file from its beginning, up to the first incomplete one."""
    decompressor = zstandard.ZstdDecompressor()
    position = 0
    while position < len(content):
        frame = decompressor.decompressobj()
        size = 0
        try:
            while not frame.eof and position < len(content):
                block = content[position : position + _READ_SIZE]
                size += len(frame.decompress(block))
                position += len(block)
        except zstandard.ZstdError:
            return
        if not frame.eof:
            return
        position -= len(frame.unused_data)
        yield CompressedFrame(position, size)
