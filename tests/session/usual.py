"""The everyday chain that tests spoil: 21 strikes around 500 at noon, calls above, puts below."""

from typing import Final

from engine.twin_pricing import Row
from session.day import Day, ask, osi
from session.generated import priced, send
from zerodte.session.session import Session

STRIKES: Final = [480.0 + 2 * n for n in range(21)]
INTEREST: Final = [(300, 100) if k > 500 else (100, 300) for k in STRIKES]
#: The row of an out-of-the-money put two strikes below the money, and its symbol.
AT: Final = 8
SPOILT: Final = osi("P", STRIKES[AT])


def usual(vol: float = 0.4, elapsed: int = 150) -> list[Row]:
    """The chain at a flat volatility, so many minutes into the session."""
    return priced(STRIKES, 500.0, elapsed, vol=vol, oi=INTEREST)


def heard(rows: list[Row] | None = None) -> Day:
    """A day that heard it, or other rows, at noon."""
    return send(Day(), usual() if rows is None else rows, "12:00", 500.0)


def warned(session: Session, text: str) -> bool:
    """Whether the snapshot warns of something."""
    return any(text in warning for warning in ask(session)["warnings"])
