"""Finished sessions whose chain prices a known variance, and whose spot moves by a known share."""

import math
from pathlib import Path

import numpy as np

from zerodte.arrays import F64
from zerodte.constants import MINUTE, SESSIONS_PER_YEAR
from zerodte.engine.aggressor import SideRule
from zerodte.history.history import History
from zerodte.history.stored import StoredSession
from zerodte.market.calendar import TradingSession
from zerodte.pricing import black
from zerodte.session.decision import NO_LATCHES
from zerodte.session.sample import (
    COLUMN_KINDS,
    FIGURES,
    FLIP_STATUSES,
    INPUTS,
    LATCHES,
    REGIMES,
    SPOT_SOURCES,
    Columns,
    SampleContext,
    SampleDay,
    VenueStatistics,
    units,
)

STRIKES = np.arange(482.5, 518.0, 2.5)
#: Volatility that chains price, a year.
VOLATILITY = 0.16
START = 500.0


def finished(hours: TradingSession, moved: float, seed: int, symbol: str = "SPY") -> StoredSession:
    """A session with a sample every minute.

    Args:
        hours: The session.
        moved: Sigma of spot over the sigma that the chain prices.
        seed: Of the path.
        symbol: The underlying.
    """
    count = int(hours.minutes)
    random = np.random.default_rng(seed)
    step = moved * VOLATILITY / math.sqrt(SESSIONS_PER_YEAR * count)
    return with_path(hours, START * np.exp(np.cumsum(random.normal(0.0, step, count))), symbol)


def with_path(hours: TradingSession, spot: F64, symbol: str = "SPY") -> StoredSession:
    """A session whose spot at the end of each minute is given, (minutes,)."""
    count = len(spot)
    at = hours.open + MINUTE * np.arange(1, count + 1)
    columns = {
        name: np.full(kind.shape(count, len(STRIKES)), kind.nothing, kind.dtype)
        for name, kind in COLUMN_KINDS.items()
    }
    left = np.maximum((hours.close - at) / (hours.close - hours.open), 1.0 / hours.minutes)
    volatility = np.full(len(STRIKES), VOLATILITY)
    for row in range(count):
        tau = float(left[row]) / SESSIONS_PER_YEAR
        for right in (0, 1):
            calls = np.full(len(STRIKES), right == 0)
            price = black.price(float(spot[row]), STRIKES, tau, volatility, calls)
            counts = price > 0.01
            columns["mid"][row, right] = units(np.where(counts, price, np.nan))
            columns["spread"][row, right] = units(np.where(counts, 0.02, np.nan))
    columns["volatility"][:] = VOLATILITY
    columns["quoted"][:] = True
    inputs, figures = np.zeros(count, INPUTS), np.zeros(count, FIGURES)
    inputs["at"], inputs["smile_at"], inputs["newest"] = at, at, at
    inputs["spot"] = inputs["forward"] = spot
    inputs["spot_source"] = SPOT_SOURCES.index("equity_quote")
    inputs["fresh"] = True
    figures["atm_iv"] = np.where(hours.close - at < MINUTE, np.nan, VOLATILITY)
    figures["flip_status"] = FLIP_STATUSES.index("no_boundary")
    figures["regime"] = REGIMES.index("unknown")
    nothing = np.full((2, len(STRIKES)), np.nan, np.float32)
    day = SampleDay(
        symbol=symbol,
        root=symbol,
        hours=hours,
        strikes=STRIKES,
        since=np.zeros((2, len(STRIKES)), np.int32),
        columns=Columns(**columns),
        inputs=inputs,
        figures=figures,
        latches=np.array([NO_LATCHES] * count, LATCHES),
        volume_by_rule=np.zeros((count, len(SideRule)), np.int32),
        statistics=(VenueStatistics(0, nothing, nothing, None),),
        contexts=tuple(
            SampleContext(
                at=when, digest="0" * 16, arrivals={}, scheduled=(), notices=(), vix=np.nan
            )
            for when in at.tolist()
        ),
        gaps=(),
    )
    return StoredSession(day, "replay")


def store(root: Path, *sessions: StoredSession) -> History:
    """A history of sessions in a folder."""
    history = History(str(root))
    for session in sessions:
        history.store(session)
    return history
