"""How near the flow's signed delta dollars come to what dealers truly had to hedge.

A dealer who sold a call buys delta: the truth of a trade is minus dealers' contracts x delta x 100
x spot, with the delta and spot at which its estimate was valued. So only sides and sizes differ.
"""

from typing import Final

import numpy as np

from zerodte.arrays import F64, Bool
from zerodte.constants import MULTIPLIER
from zerodte.evaluate.observations import ALL, ReplayObservations, ScoreRows
from zerodte.evaluate.statistic import correlation, mean_of, relative_error, same_sign, share, slope

FIVE_MINUTES: Final = "5 minutes"
#: Ways to add flow up over time, with the minutes of a step; cumulative sums run on.
STEPS: Final = (("1 minute", 1, False), (FIVE_MINUTES, 5, False), ("cumulative", 1, True))


def hedge_flow(watched: ReplayObservations, place: int) -> tuple[F64, F64]:
    """A symbol's hedge flow of every minute in its same-day chain, estimated and true, dollars.

    Up to the last minute that was watched. Trades that were taken back are no part of the truth;
    estimates hold them until they are.
    """
    judged, truth = watched.trades, watched.truth
    length = int(watched.minutes["minute"].max(initial=0))
    which = _of_chain(watched, place) & (judged["minute"] >= 0) & (judged["minute"] < length)
    judged, truth = judged[which], truth[which]
    minute = judged["minute"].astype(np.intp)
    need = -truth["dealers"] * judged["delta"] * judged["spot"] * MULTIPLIER
    stood = ~truth["is_cancelled"] & ~truth["is_cancel"]
    need = np.where(stood & np.isfinite(need), need, 0.0)
    estimate, true = np.zeros((2, length))
    np.add.at(estimate, minute, judged["delta_dollars"])
    np.add.at(true, minute, need)
    return estimate, true


def score_hedging(watched: ReplayObservations) -> ScoreRows:
    """Score by (symbol, step); figures of all symbols are the means of theirs."""
    symbols: ScoreRows = {}
    for symbol, place in watched.scopes().items():
        estimate, true = hedge_flow(watched, place)
        unknown = _unknown_delta(watched, place)
        for step, minutes, runs_on in STEPS:
            by_step = (
                np.cumsum(flow) if runs_on else _steps(flow, minutes) for flow in (estimate, true)
            )
            symbols[symbol, step] = {**_score(*by_step), "delta_unknown": unknown}
    means = {
        (ALL, step): mean_of([symbols[symbol, step] for symbol in watched.scopes()])
        for step, *_ in STEPS
    }
    return means | symbols


def _of_chain(watched: ReplayObservations, place: int) -> Bool:
    which: Bool = watched.trades["same_day"] & (watched.trades["symbol"] == place)
    return which


def _unknown_delta(watched: ReplayObservations, place: int) -> float:
    """The share of contracts without a delta: they are 0 in the estimate, and in the truth."""
    mine = watched.trades[_of_chain(watched, place)]
    need = mine["delta"] * mine["spot"]
    return share(~np.isfinite(need), mine["size"].astype(np.float64))


def _steps(flow: F64, minutes: int) -> F64:
    """Sums over steps of whole minutes; the last one may be shorter."""
    return np.add.reduceat(flow, np.arange(0, len(flow), minutes)) if len(flow) else flow


def _score(estimate: F64, true: F64) -> dict[str, float]:
    return {
        "correlation": correlation(estimate, true),
        "slope": slope(estimate, true),
        "error": relative_error(estimate, true),
        "sign": same_sign(estimate, true),
    }
