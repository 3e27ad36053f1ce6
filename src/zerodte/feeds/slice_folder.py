"""The slices of a session that is being fetched: files that survive a kill, each whole or a part.

A slice is a file of its own, named by its query. It is written as `.part`, checked, and renamed;
so whatever has its name is whole, and is never asked or paid for twice.
"""

import abc
import datetime
import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

from zerodte.feeds.feed import FeedError
from zerodte.feeds.history_host import HistoryBusyError, HistoryHost
from zerodte.tape.append_file import sync_folder
from zerodte.tape.error import TapeError

_PART: Final = ".part"

Query = TypeVar("Query")
Content = TypeVar("Content")


class SliceSource(abc.ABC, Generic[Query, Content]):
    """What a vendor's history can be asked for, and how that is read from a file.

    Attributes:
        vendor: The vendor's name.
        suffix: The end of its files' names.
        host: Who is asked.
    """

    vendor: str
    suffix: str
    host: HistoryHost

    @abc.abstractmethod
    def file_name(self, query: Query) -> str:
        """What a query's file is called, without the suffix."""

    @abc.abstractmethod
    def download(self, query: Query, write: Callable[[bytes], object]) -> None:
        """Receive what a query asks for once, compressed by zstd.

        Args:
            query: What is asked for.
            write: Takes each block of bytes; what it raises is passed on.

        Raises:
            HistoryBusyError: If the vendor asks for patience, or the connection breaks.
            FeedRefusalError: If it refuses.
        """

    @abc.abstractmethod
    def read(self, path: Path, query: Query) -> Content:
        """What a file has.

        Raises:
            TapeError: If it is missing, damaged, or something else.
        """


class SliceFolder(Generic[Query, Content]):
    """The slices of one session. As a context it keeps other processes out.

    Args:
        out: The folder of tapes.
        date: The session's.
        source: Where the slices come from.
    """

    def __init__(self, out: Path, date: datetime.date, source: SliceSource[Query, Content]) -> None:
        self.path = out / f".{date.isoformat()}.{source.vendor}"
        self._date = date
        self._source = source
        self._open = ExitStack()

    def __enter__(self) -> Self:
        """Create it if needed.

        Raises:
            FeedError: If another process fetches the same session.
            TapeError: If it cannot be created.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError as error:
            raise TapeError(f"{self.path}: {error.strerror}") from error
        self._open.callback(os.close, lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._open.close()
            raise FeedError(f"another process is fetching {self._date} there") from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let others in."""
        self._open.close()

    def has(self, query: Query) -> bool:
        """Whether a slice is there, whole."""
        try:
            self.read(query)
        except (TapeError, OSError):
            return False
        return True

    def fetch(self, query: Query) -> int:
        """Fetch a slice; returns its size in bytes.

        Raises:
            FeedError: As the source's `download`, once asking again does not help.
            TapeError: If the disk is full.
        """
        source, path, part = self._source, self._path(query), self._path(query, _PART)
        damages: list[TapeError] = []

        def attempt() -> int:
            with _disk_errors(part), part.open("wb") as file:

                def write(block: bytes) -> None:
                    with _disk_errors(part):
                        file.write(block)

                source.download(query, write)
                file.flush()
                os.fsync(file.fileno())
            try:
                source.read(part, query)
            except TapeError as error:
                # What cannot be read twice is not paid for a third time.
                kind = FeedError if damages else HistoryBusyError
                damages.append(error)
                raise kind(
                    f"{source.host.name} sent records that cannot be read: {error}"
                ) from error
            with _disk_errors(part):
                part.rename(path)
                sync_folder(path.parent)
                return path.stat().st_size

        return source.host.patiently(attempt)

    def read(self, query: Query) -> Content:
        """What a slice has.

        Raises:
            TapeError: If it is missing or damaged.
        """
        return self._source.read(self._path(query), query)

    def remove(self) -> None:
        """Remove all slices, which are of no more use."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _path(self, query: Query, mark: str = "") -> Path:
        return self.path / f"{self._source.file_name(query)}{mark}{self._source.suffix}"


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    """Errors of the disk in words; those of the vendor pass."""
    try:
        yield
    except FeedError:
        raise
    except OSError as error:
        raise TapeError(
            f"{path.parent}: {error.strerror or error}; the whole slices there are used next time"
        ) from error
