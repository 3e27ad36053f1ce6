"""Until when contracts trade on a day: their product decides."""

import datetime

from zerodte.market.calendar import TradingSession
from zerodte.market.roots import root_info


def trades_until(symbol: str, expiry: datetime.date, hours: TradingSession) -> int:
    """Until when contracts of an expiry trade in a session, UTC ns, that instant included.

    Options on indices trade to 16:15 New York time, but on their last day to 16:00 (Cboe Rule
    5.1(b)(2)); those on some funds to 16:15 on every day; all others to 16:00. On a half day each
    stops three hours earlier.

    Args:
        symbol: Of the underlying.
        expiry: The day on which they expire.
        hours: The session.
    """
    info = root_info(symbol)
    stops_early = info.is_index and expiry == hours.date
    return hours.late_close if info.trades_late and not stops_early else hours.close


def in_session(symbol: str, expiry: datetime.date, hours: TradingSession, at: int) -> bool:
    """Whether contracts of an expiry trade at an instant (UTC ns) of a session."""
    return hours.open <= at <= trades_until(symbol, expiry, hours)
