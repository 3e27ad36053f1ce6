"""Files in a local folder or an object store, by name."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeVar

import pyarrow as pa
from pyarrow import fs

from zerodte.history.error import HistoryError, StoreError

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
        display_root: The root for messages, without the keys and options of a URL.

    Raises:
        HistoryError: If the URL cannot be used.
    """

    def __init__(self, root: str) -> None:
        url = _URL.fullmatch(root)
        self.display_root = "".join(url.groups()) if url else root
        self._files: fs.FileSystem = fs.LocalFileSystem()
        self._path = str(Path(root).absolute())
        if url:
            self._files, self._path = self._from_url(root)

    def exists(self) -> bool:
        """Whether there is a folder, or a file in it.

        Raises:
            HistoryError: If that cannot be found out.
        """
        info = self._attempt("list", "", lambda: self._files.get_file_info(self._path))
        return info is not None and info.type != fs.FileType.NotFound

    def files(self) -> Iterator[tuple[str, int]]:
        """Every file in the folder and below: its name, with slashes, and its size, by name.

        Raises:
            HistoryError: If the folder cannot be listed.
        """
        selector = fs.FileSelector(self._path, allow_not_found=True, recursive=True)
        infos = self._attempt("list", "", lambda: self._files.get_file_info(selector))
        for info in sorted(infos or (), key=lambda info: str(info.path)):
            if info.type == fs.FileType.File:
                yield info.path[len(self._path) :].lstrip("/"), info.size

    def open(self, name: str) -> pa.NativeFile | None:
        """Open a file for reading at any position; None if there is no such file.

        Raises:
            HistoryError: If it cannot be opened.
        """
        return self._attempt("read", name, lambda: self._files.open_input_file(self._full(name)))

    def content(self, name: str, file: pa.NativeFile) -> pa.Buffer:
        """All bytes of an open file.

        Raises:
            HistoryError: If it cannot be read.
        """
        return self._attempt("read", name, file.read_buffer)

    def write(self, name: str, content: pa.Buffer) -> None:
        """Write a file atomically; an error leaves the previous one.

        Raises:
            HistoryError: If it cannot be written.
        """
        self._attempt("write", name, lambda: self._write(self._full(name), content))

    def _from_url(self, url: str) -> tuple[fs.FileSystem, str]:
        reason = "no bucket"
        try:
            files, path = fs.FileSystem.from_uri(url)
            if path:
                return files, path
        except (pa.ArrowException, OSError) as error:
            reason = _reason(error).replace(url, self.display_root)  # The URL may hold keys.
        raise HistoryError(
            f"{self.display_root}: {reason}; use a path or a URL such as s3://bucket/folder"
        ) from None

    def _write(self, path: str, content: pa.Buffer) -> None:
        if isinstance(self._files, fs.LocalFileSystem):
            _replace(Path(path), content)
            return
        # An object appears when its upload is complete.
        with self._files.open_output_stream(path) as out:
            out.write(content)

    def _full(self, name: str) -> str:
        return f"{self._path}/{name}"

    def _attempt(self, verb: str, name: str, action: Callable[[], T]) -> T | None:
        """Run an action; None if it reads or lists and there is no such file or folder."""
        try:
            return action()
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, FileNotFoundError) and verb != "write":
                return None
            path = f"{self.display_root}/{name}" if name else self.display_root
            kind = HistoryError if isinstance(self._files, fs.LocalFileSystem) else StoreError
            raise kind(f"{path}: cannot {verb}: {_reason(error)}") from error


def _replace(path: Path, content: pa.Buffer) -> None:
    """Write a temporary file, sync it to the disk, then rename it."""
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
    """The reason of an error in one line, by the system's message if there is one."""
    return getattr(error, "strerror", None) or str(error).partition("\n")[0]
