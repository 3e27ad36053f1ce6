"""The finished sessions in a folder or an object store."""

import datetime
import re
from typing import Final

import pyarrow as pa

from zerodte.history.decode import decode, decode_header
from zerodte.history.encode import encode
from zerodte.history.error import HistoryError, StoreError
from zerodte.history.file_store import FileStore
from zerodte.history.schema import FileHeader
from zerodte.history.stored import StoredSession
from zerodte.market.osi import is_root

# The form that DuckDB, Polars and pyarrow read as a column `date`.
_FILE: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)/([^/]+)\.parquet", re.ASCII)


class History:
    """Finished sessions, a folder per date and a file per symbol.

    Args:
        root: A path, or a URL of an object store; see `FileStore`.

    Attributes:
        display_root: The root for messages, without keys.

    Raises:
        HistoryError: If `root` is an unusable URL.
    """

    def __init__(self, root: str) -> None:
        self._files = FileStore(root)
        self.display_root = self._files.display_root

    def exists(self) -> bool:
        """Whether there is anything at the root, if only an empty folder.

        Raises:
            HistoryError: If that cannot be found out.
        """
        return self._files.exists()

    def sizes(self) -> dict[datetime.date, dict[str, int]]:
        """File sizes in bytes by date and symbol, both ascending. Other files are ignored.

        Raises:
            HistoryError: If the root cannot be listed.
        """
        sizes: dict[datetime.date, dict[str, int]] = {}
        for name, size in self._files.files():
            match = _FILE.fullmatch(name)
            if match and is_root(match[2]) and (date := _date(match[1])):
                sizes.setdefault(date, {})[match[2]] = size
        return sizes

    def header(self, date: datetime.date, symbol: str) -> FileHeader | None:
        """Read a session's header, which needs only the end of its file.

        Returns:
            None if there is no such session.

        Raises:
            HistoryError: If the file cannot be read.
        """
        if not is_root(symbol) or (file := self._files.open(_name(date, symbol))) is None:
            return None
        with file:
            try:
                return decode_header(file)
            except HistoryError as error:
                raise self._unreadable(date, symbol, error) from error

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """Read a session; None if there is no such session.

        Raises:
            HistoryError: If its file cannot be read, or holds another session.
        """
        name = _name(date, symbol)
        if not is_root(symbol) or (file := self._files.open(name)) is None:
            return None
        with file:
            try:
                session = decode(self._files.content(name, file))
            except StoreError:
                raise
            except (HistoryError, OSError) as error:
                raise self._unreadable(date, symbol, error) from error
        day = session.day
        if (day.hours.date, day.symbol) != (date, symbol):
            raise self._unreadable(date, symbol, f"it holds {day.symbol} of {day.hours.date}")
        return session

    def store(self, session: StoredSession) -> int:
        """Write a session, replacing an older version; an identical file is not rewritten.

        Returns:
            The size of its file.

        Raises:
            HistoryError: If it cannot be written, or has no sample.
        """
        day = session.day
        if not len(day):
            raise HistoryError(f"{day.symbol} of {day.hours.date} has no sample to store")
        name, content = _name(day.hours.date, day.symbol), encode(session)
        size: int = content.size
        if not self._is_stored(name, content):
            self._files.write(name, content)
        return size

    def _is_stored(self, name: str, content: pa.Buffer) -> bool:
        """Whether a readable file has exactly this content."""
        try:
            with self._files.open(name) or pa.BufferReader(b"") as file:
                return file.size() == content.size and bool(file.read_buffer().equals(content))
        except (HistoryError, OSError):
            return False

    def _unreadable(self, date: datetime.date, symbol: str, error: object) -> HistoryError:
        return HistoryError(f"{self.display_root}/{_name(date, symbol)}: {error}")


def _name(date: datetime.date, symbol: str) -> str:
    return f"date={date}/{symbol}.parquet"


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
