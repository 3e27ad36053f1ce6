"""Files that only grow, with rollback and control over when content reaches the disk."""

import fcntl
import os
from pathlib import Path


class AppendFile:
    """An append-only file. Content appended since the last `keep` can be rolled back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._final_size = os.fstat(self._fd).st_size
        self._size = self._final_size
        self._is_synced = True

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still there under its path: not deleted, moved or replaced."""
        try:
            found = self._path.stat()
        except OSError:
            return False
        mine = os.fstat(self._fd)
        return (found.st_dev, found.st_ino) == (mine.st_dev, mine.st_ino)

    def append(self, content: bytes) -> None:
        """Write at the end.

        Raises:
            OSError: If not all of it could be written.
        """
        rest = memoryview(content)
        try:
            while rest:
                written = os.write(self._fd, rest)
                self._size += written
                rest = rest[written:]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from error
        self._is_synced = self._is_synced and not content

    def keep(self) -> None:
        """Make everything appended so far final."""
        self._final_size = self._size

    def roll_back(self) -> None:
        """Cut off everything appended since the last `keep`."""
        if self._size != self._final_size:
            os.ftruncate(self._fd, self._final_size)
            self._size = self._final_size

    def sync(self) -> None:
        """Wait until everything appended is on the disk."""
        if not self._is_synced:
            os.fdatasync(self._fd)
            self._is_synced = True

    def close(self) -> None:
        """Close the file."""
        os.close(self._fd)


def lock_file(path: Path) -> int | None:
    """Lock a file, creating it if needed, until it is closed or this process ends.

    Returns:
        The file descriptor; None if another process holds the lock.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until its content is on the disk."""
    with path.open("wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def sync_folder(path: Path) -> None:
    """Wait until the names of a folder's files are on the disk."""
    folder = os.open(path, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
