"""Where finished sessions lie: a folder or an object store. Names and bytes, nothing of markets."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
from pyarrow import fs

from zerodte.history.error import HistoryError

T = TypeVar("T")

#: Scheme, keys, bucket and folder, options.
_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^/?@]*@)?([^?]*)(?:\?.*)?", re.DOTALL)
_PART: Final = ".part"


class FileStore:
    """A folder, or a folder of an object store.

    Args:
        root: A path, or a URL that pyarrow knows, such as
            `s3://bucket/folder?endpoint_override=http://127.0.0.1:9000`.

    Attributes:
        shown: The root without the keys and options that a URL may hold, to be printed.

    Raises:
        HistoryError: If the URL cannot be used.
    """

    def __init__(self, root: str) -> None:
        url = _URL.fullmatch(root)
        self.shown = "".join(url.groups()) if url else root
        self._files: fs.FileSystem = fs.LocalFileSystem()
        self._path = str(Path(root).absolute())
        if url:
            self._files, self._path = self._store(root)

    def files(self) -> Iterator[tuple[str, int]]:
        """Every file below: its name there, parts joined by '/', and its size, by name.

        Raises:
            HistoryError: If the place cannot be listed.
        """
        everything = fs.FileSelector(self._path, allow_not_found=True, recursive=True)
        infos = self._try("list", "", lambda: self._files.get_file_info(everything))
        for info in sorted(infos or (), key=lambda info: str(info.path)):
            if info.type == fs.FileType.File:
                yield info.path[len(self._path) :].lstrip("/"), info.size

    def open(self, name: str) -> pa.NativeFile | None:
        """A file, to be read at any position; None where there is none.

        Raises:
            HistoryError: If it cannot be opened.
        """
        return self._try("read", name, lambda: self._files.open_input_file(self._full(name)))

    def put(self, name: str, content: pa.Buffer) -> None:
        """Write a file whole, or leave what was there: nobody ever reads half of one.

        Raises:
            HistoryError: If it cannot be written.
        """
        self._try("write", name, lambda: self._put(self._full(name), content))

    def _store(self, url: str) -> tuple[fs.FileSystem, str]:
        reason = "no bucket"
        try:
            files, path = fs.FileSystem.from_uri(url)
            if path:
                return files, path
        except (pa.ArrowException, OSError) as error:
            reason = _reason(error).replace(url, self.shown)  # Which holds no key.
        raise HistoryError(
            f"{self.shown}: {reason}; use a path or a URL such as s3://bucket/folder"
        ) from None

    def _put(self, path: str, content: pa.Buffer) -> None:
        if isinstance(self._files, fs.LocalFileSystem):
            _replace(Path(path), content)
            return
        # An object is there, under the name it was given, when its upload is complete.
        with self._files.open_output_stream(path) as out:
            out.write(content)

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _try(self, what: str, name: str, job: Callable[[], T]) -> T | None:
        """Do a job; None where a file or folder is missing that it was to read."""
        try:
            return job()
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, FileNotFoundError) and what != "write":
                return None
            place = f"{self.shown}/{name}" if name else self.shown
            raise HistoryError(f"{place}: cannot {what}: {_reason(error)}") from error


def _replace(path: Path, content: pa.Buffer) -> None:
    """Write beside the file and to the disk, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + _PART)
    try:
        with part.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _reason(error: Exception) -> str:
    """What went wrong, in the system's words where it has some, on one line."""
    return getattr(error, "strerror", None) or str(error).partition("\n")[0]
