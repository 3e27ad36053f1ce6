"""What a history holds, session by session, and what of it cannot be read."""

import datetime
from collections.abc import Iterator

import msgspec

from zerodte.history.error import HistoryError
from zerodte.history.history import History
from zerodte.wire.base import Instant, instant


class Silence(msgspec.Struct, frozen=True):
    """An interval in which nothing was received."""

    start: Instant
    end: Instant
    reason: str


class KeptSymbol(msgspec.Struct, frozen=True):
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
    gaps: tuple[Silence, ...] = ()
    problem: str | None = None


class KeptSession(msgspec.Struct, frozen=True):
    """A date, and its symbols in order."""

    date: datetime.date
    symbols: tuple[KeptSymbol, ...]


def survey(history: History, *, check: bool = False) -> Iterator[KeptSession]:
    """The sessions of a history, by date.

    Args:
        history: Where to look.
        check: Whether to read the files whole, not their ends alone.

    Raises:
        HistoryError: If its root cannot be listed.
    """
    for date, sizes in history.sizes().items():
        kept = (_symbol(history, date, symbol, size, check) for symbol, size in sizes.items())
        yield KeptSession(date, tuple(kept))


def _symbol(
    history: History, date: datetime.date, symbol: str, size: int, check: bool
) -> KeptSymbol:
    try:
        if check:
            history.read(date, symbol)
        about = history.about(date, symbol)
    except HistoryError as error:
        return KeptSymbol(symbol, size, problem=str(error))
    if about is None:
        return KeptSymbol(symbol, size, problem="gone since it was listed")
    gaps = (Silence(instant(gap.start), instant(gap.end), gap.reason) for gap in about.gaps)
    return KeptSymbol(symbol, size, about.samples, tuple(gaps))
