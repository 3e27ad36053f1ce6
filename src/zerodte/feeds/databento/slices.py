"""The slices of a session that is being fetched: files that survive a kill, each whole or a part.

A slice is a file of its own, named by its query. It is written as `.part`, checked record by
record, and renamed; so whatever has its name is whole, and is never paid for twice.
"""

import datetime
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from zerodte.feeds.databento.historical import HistoricalClient, HistoricalQuery
from zerodte.feeds.databento.historical_http import HistoricalBusyError
from zerodte.feeds.feed import FeedError
from zerodte.records.dbn import Records
from zerodte.tape.append_file import sync_folder
from zerodte.tape.compression import ZSTD_SUFFIX
from zerodte.tape.dbnfile import DbnFile, read_metadata
from zerodte.tape.error import TapeError

_PART: Final = ".part"


class SliceFolder:
    """The slices of one session. As a context it keeps other processes out.

    Args:
        out: The folder of tapes.
        date: The session's.
    """

    def __init__(self, out: Path, date: datetime.date) -> None:
        self.path = out / f".{date.isoformat()}.databento"
        self._date = date
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

    def has(self, query: HistoricalQuery) -> bool:
        """Whether a slice is there, whole."""
        try:
            _read(self._path(query), query)
        except (TapeError, OSError):
            return False
        return True

    def fetch(self, client: HistoricalClient, query: HistoricalQuery) -> int:
        """Fetch a slice; returns its size in bytes.

        Raises:
            FeedError: As `HistoricalClient.download`, once asking again does not help.
            TapeError: If the disk is full.
        """
        path = self._path(query)
        part = self._path(query, _PART)
        damages: list[TapeError] = []

        def attempt() -> int:
            with _disk_errors(part), part.open("wb") as file:

                def write(block: bytes) -> None:
                    with _disk_errors(part):
                        file.write(block)

                client.download(query, write)
                file.flush()
                os.fsync(file.fileno())
            try:
                _read(part, query)
            except TapeError as error:
                # What cannot be read twice is not paid for a third time.
                kind = FeedError if damages else HistoricalBusyError
                damages.append(error)
                raise kind(
                    f"{client.host.name} sent records that cannot be read: {error}"
                ) from error
            with _disk_errors(part):
                part.rename(path)
                sync_folder(path.parent)
                return path.stat().st_size

        return client.host.patiently(attempt)

    def read(self, query: HistoricalQuery) -> tuple[DbnFile, list[Records]]:
        """A slice's metadata and records.

        Raises:
            TapeError: If it is damaged.
        """
        return _read(self._path(query), query)

    def remove(self) -> None:
        """Remove all slices, which are of no more use."""
        shutil.rmtree(self.path, ignore_errors=True)

    def _path(self, query: HistoricalQuery, mark: str = "") -> Path:
        return self.path / f"{query.schema}.{query.digest()}{mark}{ZSTD_SUFFIX}"


def _read(path: Path, query: HistoricalQuery) -> tuple[DbnFile, list[Records]]:
    if not path.is_file():
        raise TapeError(f"{path}: missing")
    file = read_metadata(path, path.name)
    if (file.dataset, file.schema) != (query.dataset, query.schema):
        raise TapeError(
            f"{path}: {file.schema} of {file.dataset}; expected: {query.schema} of {query.dataset}"
        )
    return file, list(file.chunks(_refuse))


def _refuse(sentence: str) -> None:
    """A file that is not whole is of no use."""
    raise TapeError(sentence)


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
