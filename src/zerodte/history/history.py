"""The finished sessions below a root: what there is, one written, one read."""

import datetime
import re
from typing import Final

import pyarrow as pa

from zerodte.history.decode import decode, decode_about
from zerodte.history.encode import StoredSession, encode
from zerodte.history.error import HistoryError
from zerodte.history.file_store import FileStore
from zerodte.history.schema import FileHeader
from zerodte.market.osi import is_root

# The form that DuckDB, Polars and pyarrow take for a column `date`.
_FILE: Final = re.compile(r"date=(\d{4}-\d\d-\d\d)/([^/]+)\.parquet", re.ASCII)


class History:
    """Finished sessions, a folder per date and a file per symbol.

    Args:
        root: A path, or a URL of an object store; see `FileStore`.

    Attributes:
        shown: The root, to be printed.

    Raises:
        HistoryError: If `root` is a URL that cannot be used.
    """

    def __init__(self, root: str) -> None:
        self._place = FileStore(root)
        self.shown = self._place.shown

    def sizes(self) -> dict[datetime.date, dict[str, int]]:
        """What there is: bytes by date and symbol, both ascending. Other files are left alone.

        Raises:
            HistoryError: If the root cannot be listed.
        """
        found: dict[datetime.date, dict[str, int]] = {}
        for name, size in self._place.files():
            match = _FILE.fullmatch(name)
            if match and is_root(match[2]) and (date := _date(match[1])):
                found.setdefault(date, {})[match[2]] = size
        return found

    def about(self, date: datetime.date, symbol: str) -> FileHeader | None:
        """What a finished session says of itself, by the end of its file alone.

        Returns:
            None where there is no such session.

        Raises:
            HistoryError: If the file cannot be read.
        """
        if not is_root(symbol) or (file := self._place.open(_name(date, symbol))) is None:
            return None
        with file:
            try:
                return decode_about(file)
            except HistoryError as error:
                raise self._unreadable(date, symbol, error) from error

    def read(self, date: datetime.date, symbol: str) -> StoredSession | None:
        """A finished session; None where there is none.

        Raises:
            HistoryError: If its file cannot be read, or holds another session.
        """
        if not is_root(symbol) or (file := self._place.open(_name(date, symbol))) is None:
            return None
        with file:
            try:
                finished = decode(file.read_buffer())
            except (HistoryError, OSError) as error:
                raise self._unreadable(date, symbol, error) from error
        held = finished.day
        if (held.hours.date, held.symbol) != (date, symbol):
            raise self._unreadable(date, symbol, f"it holds {held.symbol} of {held.hours.date}")
        return finished

    def keep(self, finished: StoredSession) -> int:
        """Write a finished session, in the place of an older one; the same one is left as it is.

        Returns:
            The size of its file.

        Raises:
            HistoryError: If it cannot be written, or holds nothing.
        """
        day = finished.day
        if not len(day):
            raise HistoryError(f"{day.symbol} of {day.hours.date} has no sample; nothing to keep")
        name, content = _name(day.hours.date, day.symbol), encode(finished)
        size: int = content.size
        if not self._holds(name, content):
            self._place.put(name, content)
        return size

    def _holds(self, name: str, content: pa.Buffer) -> bool:
        """Whether a file has exactly this content; what cannot be read has not."""
        try:
            with self._place.open(name) or pa.BufferReader(b"") as file:
                return file.size() == content.size and bool(file.read_buffer().equals(content))
        except (HistoryError, OSError):
            return False

    def _unreadable(self, date: datetime.date, symbol: str, error: object) -> HistoryError:
        return HistoryError(f"{self.shown}/{_name(date, symbol)}: {error}")


def _name(date: datetime.date, symbol: str) -> str:
    return f"date={date}/{symbol}.parquet"


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
