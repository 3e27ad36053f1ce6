"""The plain bytes of a CSV file, which vendors deliver in a ZIP archive or compressed as well."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import zstandard

from zerodte.tape.error import TapeError

#: Bytes of one plain file; the busiest day of all option trades has fewer.
_LARGEST: Final = 4 << 30
#: Plain bytes per compressed one; text of quotes has about 20.
_LARGEST_RATIO: Final = 400
_FREE: Final = 1 << 24  # plain bytes to which the ratio does not apply
_BLOCK: Final = 1 << 20
_MAGIC: Final = {b"PK\x03\x04": "ZIP", b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def read_content(path: Path) -> bytes:
    """Read a plain CSV file, or one that is zipped or compressed with gzip or zstd.

    The first bytes tell, whatever the name.

    Raises:
        TapeError: If it cannot be read, is damaged, is an archive of several files, or holds far
            more than a table of text can.
    """
    try:
        with path.open("rb") as source:
            start = source.read(4)
            source.seek(0)
            kind = next((kind for magic, kind in _MAGIC.items() if start.startswith(magic)), "")
            if not kind:
                return source.read()
            size = path.stat().st_size
            return b"".join(_bounded(path, size, _blocks(path, kind, source)))
    except OSError as error:
        # gzip reports damage as an error of reading.
        raise TapeError(f"{path}: cannot be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, zlib.error, zstandard.ZstdError, EOFError, RuntimeError) as error:
        raise TapeError(f"{path}: damaged: {error}") from error


def _blocks(path: Path, kind: str, source: io.BufferedReader) -> Iterator[bytes]:
    if kind == "zstd":
        reader = zstandard.ZstdDecompressor(max_window_size=1 << 31)
        with reader.stream_reader(source, read_across_frames=True) as plain:
            yield from iter(lambda: plain.read(_BLOCK), b"")
    elif kind == "gzip":
        with gzip.GzipFile(fileobj=source) as unzipped:
            yield from iter(lambda: unzipped.read(_BLOCK), b"")
    else:
        with zipfile.ZipFile(source) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            names = [name for name in names if not name.startswith("__MACOSX/")]
            if len(names) != 1:
                raise TapeError(
                    f"{path}: an archive of {len(names)} files; expected: one CSV file; unzip it "
                    "and import them one by one"
                )
            with archive.open(names[0]) as member:
                yield from iter(lambda: member.read(_BLOCK), b"")


def _bounded(path: Path, size: int, blocks: Iterator[bytes]) -> Iterator[bytes]:
    total = 0
    for block in blocks:
        total += len(block)
        if total > _LARGEST or total > max(_FREE, _LARGEST_RATIO * size):
            raise TapeError(
                f"{path}: {size:,} bytes hold more than {total - len(block):,} plain ones, which "
                "is no table of text"
            )
        yield block
