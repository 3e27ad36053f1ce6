"""Files that only grow, and when what was written to them is safe."""

import fcntl
import os
from pathlib import Path


class AppendFile:
    """A file that is appended to. What was appended stands once settled; else it is taken back."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self._settled = os.fstat(self._fd).st_size
        self._size = self._settled
        self._is_synced = True

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

    def settle(self) -> None:
        """Let everything that was appended stand."""
        self._settled = self._size

    def take_back(self) -> None:
        """Cut off what was appended since it was last settled."""
        if self._size != self._settled:
            os.ftruncate(self._fd, self._settled)
            self._size = self._settled

    def sync(self) -> None:
        """Wait until everything that was appended is on the disk."""
        if not self._is_synced:
            os.fdatasync(self._fd)
            self._is_synced = True

    def close(self) -> None:
        """Let go of it."""
        os.close(self._fd)


def take_lock(path: Path) -> int | None:
    """Lock a file, made where there is none, until it is closed or this process ends, however.

    Returns:
        Its descriptor; None where another process has the lock.
    """
    lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def sync_new(path: Path, content: bytes) -> None:
    """Write a file, and wait until its content is on the disk."""
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
