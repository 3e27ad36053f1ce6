"""Afternoons made by hand: a chain that is quoted at every sample while spot follows a script."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

from session.day import Day
from session.generated import priced, send
from zerodte.session.session import Session

#: Strikes of a step of 2 around 500.
STRIKES: Final = [480.0 + 2 * n for n in range(21)]
_HALF_MINUTES: Final = 2
_OPENING: Final = 570


def heavy_calls_at(strike: float, contracts: int = 3000) -> list[tuple[int | None, int | None]]:
    """Open interest of a positive chain whose magnet is a strike."""
    return [(contracts if k == strike else 100, 60) for k in STRIKES]


def heavy_puts_at(strike: float, contracts: int = 3000) -> list[tuple[int | None, int | None]]:
    """Open interest of a negative chain whose magnet is a strike."""
    return [(60, contracts if k == strike else 100) for k in STRIKES]


def clock_of(half_minute: int) -> str:
    """The time in New York so many half minutes after the open."""
    minutes, half = divmod(half_minute, _HALF_MINUTES)
    hours, minute = divmod(_OPENING + minutes, 60)
    return f"{hours:02d}:{minute:02d}:{30 * half:02d}"


def afternoon(
    spot: Callable[[float], float],
    first: int,
    last: int,
    oi: list[tuple[int | None, int | None]],
    vol: float = 0.4,
    day: Day | None = None,
) -> Iterator[Session]:
    """The session after each sample.

    Args:
        spot: By minute of the session, dollars.
        first: Minute of the session.
        last: Likewise; included.
        oi: Of calls and puts by strike of `STRIKES`.
        vol: Of all quotes.
        day: Goes on from there; by default a new Wednesday.
    """
    day = day or Day()
    for half in range(_HALF_MINUTES * first, _HALF_MINUTES * last + 1):
        minute = half / _HALF_MINUTES
        rows = priced(STRIKES, spot(minute), int(minute), vol=vol, oi=oi)
        yield send(day, rows, clock_of(half), spot(minute)).session


def at_the_end(made: Iterator[Session]) -> Session:
    """The session after the last sample."""
    return deque(made, maxlen=1).pop()
