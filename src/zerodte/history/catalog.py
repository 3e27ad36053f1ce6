"""The catalog of a history: its sessions, and the files that cannot be read."""

import datetime
from collections.abc import Iterator

import msgspec

from zerodte.history.error import HistoryError
from zerodte.history.history import History
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
    """The symbols of a date, ascending."""

    date: datetime.date
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
        symbols = (_symbol(history, date, symbol, size, check) for symbol, size in sizes.items())
        yield CatalogSession(date, tuple(symbols))


def _symbol(
    history: History, date: datetime.date, symbol: str, size: int, check: bool
) -> CatalogSymbol:
    try:
        if check:
            history.read(date, symbol)
        header = history.header(date, symbol)
    except HistoryError as error:
        return CatalogSymbol(symbol, size, problem=str(error))
    if header is None:
        return CatalogSymbol(symbol, size, problem="removed while the sessions were listed")
    gaps = (CatalogGap(timestamp(gap.start), timestamp(gap.end), gap.reason) for gap in header.gaps)
    return CatalogSymbol(symbol, size, header.samples, tuple(gaps))
