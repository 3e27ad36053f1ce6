"""What a history holds, session by session, and what of it cannot be read."""

import datetime
from collections.abc import Iterator

import msgspec

from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.wire.base import Timestamp, timestamp


class CatalogGap(msgspec.Struct, frozen=True):
    """An interval in which nothing was received."""

    start: Timestamp
    end: Timestamp
    reason: str


class CatalogSymbol(msgspec.Struct, frozen=True):
    """A symbol's day.

    Attributes:
        symbol: The underlying's.
        size: Bytes.
        samples: How many; None where the file cannot be read.
        gaps: Ascending.
        problem: Why it cannot be read.
    """

    symbol: str
    size: int
    samples: int | None = None
    gaps: tuple[CatalogGap, ...] = ()
    problem: str | None = None


class CatalogSession(msgspec.Struct, frozen=True):
    """A date, and its symbols in order."""

    date: datetime.date
    symbols: tuple[CatalogSymbol, ...]


def catalog(history: History, *, check: bool = False) -> Iterator[CatalogSession]:
    """The sessions of a history, by date.

    Args:
        history: Where to look.
        check: Whether to read the files whole, not their ends alone.

    Raises:
        HistoryError: If its root cannot be listed.
    """
    for date, sizes in history.sizes().items():
        kept = (_symbol(history, date, symbol, size, check) for symbol, size in sizes.items())
        yield CatalogSession(date, tuple(kept))


def _symbol(
    history: History, date: datetime.date, symbol: str, size: int, check: bool
) -> CatalogSymbol:
    try:
        if check:
            history.read(date, symbol)
        about = history.about(date, symbol)
    except HistoryError as error:
        return CatalogSymbol(symbol, size, problem=str(error))
    if about is None:
        return CatalogSymbol(symbol, size, problem="gone since it was listed")
    gaps = (CatalogGap(timestamp(gap.start), timestamp(gap.end), gap.reason) for gap in about.gaps)
    return CatalogSymbol(symbol, size, about.samples, tuple(gaps))
