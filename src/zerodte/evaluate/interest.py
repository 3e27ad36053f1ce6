"""How far estimates of open interest are from the true one, through the day."""

import numpy as np

from zerodte.constants import MINUTE
from zerodte.engine.arithmetic import ratio
from zerodte.evaluate.observations import ALL, METHODS, ReplayObservations, ScoreRows
from zerodte.market.calendar import TradingSession, new_york_clock
from zerodte.records.dbn import Records

_HOUR = 60


def score_interest(watched: ReplayObservations) -> ScoreRows:
    """Score by (symbol, time, method).

    All symbols each hour from the open on; each of them, as all, at the last minute.
    """
    rows = watched.minutes
    minutes = np.unique(rows["minute"]).tolist()
    out: ScoreRows = {}
    for minute in (m for m in minutes if m % _HOUR == 0 or m == minutes[-1]):
        now = rows[rows["minute"] == minute]
        scopes = {ALL: now}
        if minute == minutes[-1]:
            scopes |= {name: now[now["symbol"] == n] for name, n in watched.scopes().items()}
        for symbol, mine in scopes.items():
            for at, method in enumerate(METHODS):
                out[symbol, clock(watched.hours, minute), method] = _score(mine, at)
    return out


def clock(hours: TradingSession, minute: int) -> str:
    """What New York's clocks show so many minutes after the open."""
    return f"{new_york_clock(hours.open + minute * MINUTE):%H:%M}"


def _score(rows: Records, method: int) -> dict[str, float]:
    true = float(rows["true_oi"].sum())
    missed = float(rows["oi"][:, method].sum()) - true
    return {
        "contract_error": ratio(float(rows["oi_error"][:, method].sum()), true),
        "total_error": ratio(float(np.abs(rows["oi"][:, method] - rows["true_oi"]).sum()), true),
        "bias": ratio(missed, true),
    }
