"""The frame of an answer about several chains of a symbol: which, when, and what to know of it."""

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from zerodte.clock import new_york_clock
from zerodte.engine.chain_group import ChainGroup
from zerodte.session.group_reading import GroupReading
from zerodte.session.session import Session
from zerodte.views.chain_blocks import lone_text, without_quotes
from zerodte.views.frame import check_symbol, data_as_of
from zerodte.views.sentences import NET_GEX_WITHHELD
from zerodte.wire.base import timestamp
from zerodte.wire.envelope import Source
from zerodte.wire.errors import ApiError
from zerodte.wire.numbers import number
from zerodte.wire.symbol_flow import ChainsQuery


@dataclass(frozen=True, eq=False, slots=True)
class GroupFrame:
    """Chains of a symbol, and what is told about them.

    Attributes:
        symbol: Upper-case.
        source: live, replay or simulated.
        market_open: Whether any of the chains trades now.
        today: The date in New York.
        expiry: The only expiry asked for, or None for all.
        reading: The chains.
    """

    symbol: str
    source: Source
    market_open: bool
    today: datetime.date
    expiry: datetime.date | None
    reading: GroupReading

    @property
    def live(self) -> ChainGroup:
        """The chains on effective open interest."""
        return self.reading.live

    def head(self) -> dict[str, Any]:
        """The fields of `SymbolHead`."""
        context = self.reading.context
        return {
            "source": self.source,
            "data_as_of": data_as_of(context.arrivals),
            "symbol": self.symbol,
            "as_of": timestamp(context.at),
            "market_open": self.market_open,
            "underlying_price": number(self.live.spot),
            "warnings": _warnings(self),
        }


def group_frame(
    session: Session,
    source: Source,
    query: ChainsQuery,
    *,
    needs_prices: bool = True,
) -> GroupFrame:
    """The chains of a symbol, of one expiry or all.

    Args:
        session: The day.
        source: live, replay or simulated.
        query: Whose, and which of them.
        needs_prices: Whether chains without a usable quote leave nothing to answer.

    Raises:
        ApiError: symbol_not_found, expiry_not_found or warming_up.
    """
    symbol, expiry = query.symbol, query.only
    check_symbol(session, symbol)
    chains = session.chains(symbol, expiry)
    if not chains:
        raise ApiError("expiry_not_found", _no_expiry(session, symbol, expiry))
    reading = session.group_reading(chains)
    is_open = any(session.is_open_for(symbol, chain.expiry) for chain in chains)
    today = new_york_clock(session.now).date()
    frame = GroupFrame(symbol, source, is_open, today, expiry, reading)
    if needs_prices and reading.live.unpriced == len(chains):
        raise without_quotes(symbol, expiry, session.now)
    return frame


def _no_expiry(session: Session, symbol: str, expiry: datetime.date | None) -> str:
    if expiry is None:
        return f"every listed contract of {symbol} has expired"
    known = sorted({chain.expiry for chain in session.chains(symbol)})
    later = [one for one in known if one >= expiry] or known
    hint = f"; the nearest listed one is {later[0]}" if later else ""
    return f"{symbol} has no chain that expires on {expiry}{hint}"


def _warnings(frame: GroupFrame) -> list[str]:
    """What a reader should know before trusting the answer, most important first."""
    live, spot, context = frame.live, frame.reading.spot, frame.reading.context
    instants = [one.instant for one in live.chains]
    count = len(instants)
    stale = sum(not now.fresh for now in instants)
    unpublished = sum(not np.isfinite(now.official).any() for now in instants)
    unknown = sum(int((now.listed & np.isnan(now.official)).sum()) for now in instants)
    lone = lone_text(np.concatenate([now.official for now in instants], axis=1))
    floored = any(now.clock.is_floored for now in instants)
    notices = [
        (not frame.market_open, "the market is closed: figures are those of the last quotes"),
        (live.unpriced > 0, f"no quote can be used of {live.unpriced} of {count} chains"),
        (stale > 0 and frame.market_open, f"quotes are stale of {stale} of {count} chains"),
        (unpublished > 0, f"open interest is missing of {unpublished} of {count} chains"),
        (
            0 < unpublished < count or 0 < unknown < live.listed,
            f"open interest is unknown of {unknown} of {live.listed} contracts",
        ),
        (
            not frame.reading.has_trades,
            f"no trade of {frame.symbol} has come: its flow is unknown",
        ),
        (bool(lone), lone),
        (live.exposures.is_withheld, NET_GEX_WITHHELD),
        (floored, "less than a minute is left: sigma and charm are not known"),
        (math.isnan(live.spot), f"nothing says the price of {frame.symbol}"),
        (
            spot is not None and spot.is_overruled,
            "the underlying's own price is not used: it lies far from the parity of many strikes",
        ),
    ]
    return [text for applies, text in notices if applies] + list(context.warnings)
