"""The everyday chain that tests spoil: 21 strikes around 500 at noon, calls above, puts below."""

from typing import Final

from engine.twin_pricing import Row
from session.day import WEDNESDAY, Day, ask, osi
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


def of_stock() -> dict[str, tuple[float | None, float | None]]:
    """Bid and ask of the usual chain by symbol, as one of the stock ABC."""
    return {
        osi(right, row.strike, WEDNESDAY, "ABC"): (quote.bid, quote.ask)
        for row in usual()
        for right, quote in (("C", row.call), ("P", row.put))
        if quote is not None
    }


def heard(rows: list[Row] | None = None) -> Day:
    """A day that heard it, or other rows, at noon."""
    return send(Day(), usual() if rows is None else rows, "12:00", 500.0)


def warned(session: Session, text: str) -> bool:
    """Whether the snapshot warns of something."""
    return any(text in warning for warning in ask(session)["warnings"])
