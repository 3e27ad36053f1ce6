"""The error of estimated open interest through the day."""

import numpy as np

from zerodte.clock import new_york_clock
from zerodte.constants import MINUTE
from zerodte.engine.arithmetic import ratio
from zerodte.evaluate.observations import (
    ALL,
    INTEREST_METHODS,
    LEVELS,
    ReplayObservations,
    ScoreRows,
)
from zerodte.evaluate.statistic import mean_of
from zerodte.market.calendar import TradingSession
from zerodte.records.dbn import Records

_HOUR = 60


def score_interest(observations: ReplayObservations) -> ScoreRows:
    """Score by (symbol, time, method).

    All symbols together at every hour since the open; each symbol at the last minute too.
    """
    rows = observations.minutes
    minutes = np.unique(rows["minute"]).tolist()
    out: ScoreRows = {}
    for minute in (m for m in minutes if m % _HOUR == 0 or m == minutes[-1]):
        now = rows[rows["minute"] == minute]
        scopes = {ALL: now}
        if minute == minutes[-1]:
            scopes |= {name: now[now["symbol"] == n] for name, n in observations.scopes().items()}
        for symbol, own_rows in scopes.items():
            for column, method in enumerate(INTEREST_METHODS):
                out[symbol, clock(observations.hours, minute), method] = _score(own_rows, column)
    return out


def score_levels(observations: ReplayObservations) -> ScoreRows:
    """Score by (symbol, method): how often the convention finds the levels of true open interest.

    Figures of all symbols are means over symbols, so that every chain has the same weight.
    """
    rows = observations.minutes[observations.minutes["gross_gex"] > 0.0]
    scores = {
        name: own
        for name, n in observations.scopes().items()
        if len(own := rows[rows["symbol"] == n])
    }
    out: ScoreRows = {}
    for column, method in enumerate(INTEREST_METHODS):
        figures = {
            symbol: {level: float(own[f"{level}_right"][:, column].mean()) for level in LEVELS}
            for symbol, own in scores.items()
        }
        out[ALL, method] = mean_of(list(figures.values()))
        out.update({(symbol, method): figures[symbol] for symbol in figures})
    return out


def clock(hours: TradingSession, minute: int) -> str:
    """New York time at this minute of the session, HH:MM."""
    return f"{new_york_clock(hours.open + minute * MINUTE):%H:%M}"


def _score(rows: Records, method: int) -> dict[str, float]:
    true = float(rows["true_oi"].sum())
    difference = float(rows["oi"][:, method].sum()) - true
    return {
        "contract_error": ratio(float(rows["oi_error"][:, method].sum()), true),
        "total_error": ratio(float(np.abs(rows["oi"][:, method] - rows["true_oi"]).sum()), true),
        "bias": ratio(difference, true),
    }
