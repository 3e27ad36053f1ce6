"""The catalog of a history: its sessions, and the files that cannot be read."""

import datetime
from collections.abc import Iterator

import msgspec

from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.history.schema import FileHeader
from zerodte.wire.base import Timestamp, timestamp


class CatalogGap(msgspec.Struct, frozen=True):
    """An interval without market data."""

    start: Timestamp
    end: Timestamp
    reason: str


class CatalogSymbol(msgspec.Struct, frozen=True):
    """A symbol's file.

    Attributes:
        symbol: The underlying.
        size: Bytes.
        samples: The number of samples; None if the file cannot be read.
        gaps: Ascending.
        problem: Why the file cannot be read; None if it can.
    """

    symbol: str
    size: int
    samples: int | None = None
    gaps: tuple[CatalogGap, ...] = ()
    problem: str | None = None


class CatalogSession(msgspec.Struct, frozen=True):
    """A date.

    Attributes:
        date: The market's.
        open: When the session began; None if no file can be read.
        close: When it ended, early on a half day; likewise.
        symbols: Ascending.
    """

    date: datetime.date
    open: Timestamp | None
    close: Timestamp | None
    symbols: tuple[CatalogSymbol, ...]


def catalog(history: History, *, check: bool = False) -> Iterator[CatalogSession]:
    """The sessions of a history, by date.

    Args:
        history: The history.
        check: Whether to read the files completely, not only their headers.

    Raises:
        HistoryError: If its root cannot be listed.
    """
    for date, sizes in history.sizes().items():
        files = [_file(history, date, symbol, size, check) for symbol, size in sizes.items()]
        header = next((header for header, _ in files if header is not None), None)
        yield CatalogSession(
            date,
            None if header is None else timestamp(header.open),
            None if header is None else timestamp(header.close),
            tuple(listed for _, listed in files),
        )


def _file(
    history: History, date: datetime.date, symbol: str, size: int, check: bool
) -> tuple[FileHeader | None, CatalogSymbol]:
    """The header of a file, None if it cannot be read, and its entry."""
    try:
        if check:
            history.read(date, symbol)
        header = history.header(date, symbol)
    except HistoryError as error:
        return None, CatalogSymbol(symbol, size, problem=str(error))
    if header is None:
        gone = "removed while the sessions were listed"
        return None, CatalogSymbol(symbol, size, problem=gone)
    gaps = (CatalogGap(timestamp(gap.start), timestamp(gap.end), gap.reason) for gap in header.gaps)
    return header, CatalogSymbol(symbol, size, header.samples, tuple(gaps))
